//! The state that a configuration names, for commands that work on it beside a running server.

use std::path::Path;

use super::error::CliError;
use super::report::load;
use crate::provider;
use crate::store;

/// Where the state is, and the provider it belongs to.
pub(super) struct State {
    pub(super) store: store::Settings,
    pub(super) provider: provider::Settings,
}

impl State {
    /// The state of the configuration at `path`.
    ///
    /// # Errors
    ///
    /// [`CliError`] when the configuration is refused or has no provider, or before the first
    /// start: opening the state would create it, which only a start should do.
    pub(super) fn of(path: &Path) -> Result<Self, CliError> {
        let config = load(path)?;
        let (Some(store), Some(provider)) = (config.store, config.provider) else {
            return Err(CliError::NoProvider);
        };
        if let Some(file) = store.file().filter(|file| !file.exists()) {
            return Err(CliError::NoState(file.to_owned()));
        }
        let store = store.as_it_is();
        Ok(Self { store, provider })
    }
}
