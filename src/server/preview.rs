//! What requests would be served with, for who asks why one is refused.

use std::path::Path;
use std::sync::Arc;

use super::assembly::{Foundation, Pieces};
use super::error::StartError;
use crate::clock::Clock;
use crate::config::Config;
use crate::gateway::Snapshot;
use crate::issuers::Issuers;
use crate::store;

/// A configuration, compiled but not served.
#[derive(Debug)]
pub struct Preview {
    /// What requests would see.
    pub snapshot: Snapshot,
    /// What could not be looked at, in a sentence for the operator; `None`: everything was.
    pub doubt: Option<&'static str>,
}

/// Compiles `config` over the state that a running server uses.
///
/// Its keys and revocations are as they are now, and so are those that trusted issuers publish. Makes
/// no keys, and no state where there is none yet.
///
/// # Errors
///
/// The [`StartError`] that `run` would end with.
pub async fn preview(config: &Config, clock: Arc<dyn Clock>) -> Result<Preview, StartError> {
    let file = config.store.as_ref().and_then(store::Settings::file);
    let is_there = file.is_none_or(Path::exists);
    let foundation = if is_there {
        Foundation::as_it_is(config, clock).await?
    } else {
        Foundation::in_memory(config, clock).await?
    };
    if let Some(state) = &foundation.state {
        state.keys.replace(state.store.load_keys().await?);
    }
    let Pieces {
        snapshot, issuers, ..
    } = Pieces::assemble(config, &foundation, &Issuers::default())?;
    issuers.fetch_keys().await;
    Ok(Preview {
        snapshot,
        doubt: (!is_there).then_some(
            "the state does not exist yet (`cellgate run` creates it), so no token of our own is \
             known",
        ),
    })
}
