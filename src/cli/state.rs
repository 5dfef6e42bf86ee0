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
        let (store, provider) = stored(path)?;
        let provider = provider.ok_or(CliError::NoProvider)?;
        Ok(Self { store, provider })
    }
}

/// The same where a provider is not needed.
///
/// # Errors
///
/// [`CliError`] when the configuration is refused or has no state, or before the first start.
pub(super) fn stored(
    path: &Path,
) -> Result<(store::Settings, Option<provider::Settings>), CliError> {
    let config = load(path)?;
    let store = config.store.ok_or(CliError::NoProvider)?;
    if let Some(file) = store.file().filter(|file| !file.exists()) {
        return Err(CliError::NoState(file.to_owned()));
    }
    Ok((store.as_it_is(), config.provider))
}
