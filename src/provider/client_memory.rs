//! What this process knows of clients, whatever configuration is in force.

use std::sync::Arc;
use std::time::Duration;

use super::ProviderError;
use super::token::ClientKeySets;
use crate::failures::FailureCounts;
use crate::outbound::{DocumentFetcher, Outbound};
use crate::telemetry::Metrics;

/// For a whole document of a client; a request waits for it.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What a reload must not lose: keys that cannot be fetched at the moment, and how often whom was
/// refused.
#[derive(Debug)]
pub struct ClientMemory {
    /// Fetches what clients have elsewhere.
    pub(super) documents: Arc<dyn DocumentFetcher>,
    pub(super) keys: ClientKeySets,
    /// Failures of each address at proving who it is.
    pub(super) failures: Arc<FailureCounts>,
    /// How often each address wrote metadata of clients.
    pub(super) registrations: Arc<FailureCounts>,
    /// Wrong application passwords of each login.
    pub(super) passwords: Arc<FailureCounts>,
}

impl ClientMemory {
    /// One that knows nothing yet.
    ///
    /// # Errors
    ///
    /// [`ProviderError::Outbound`] when no HTTP client can be made.
    pub fn new(metrics: &Arc<Metrics>) -> Result<Self, ProviderError> {
        Ok(Self::over(Arc::new(Outbound::new(TIMEOUT)?), metrics))
    }

    /// The same, fetching with `documents`.
    pub(crate) fn over(documents: Arc<dyn DocumentFetcher>, metrics: &Arc<Metrics>) -> Self {
        Self {
            keys: ClientKeySets::new(Arc::clone(&documents), Arc::clone(metrics)),
            documents,
            failures: Arc::default(),
            registrations: Arc::default(),
            passwords: Arc::default(),
        }
    }
}
