//! How the process is doing, for the admin listener.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::timeout;

use super::assembly::{Foundation, State};
use super::certificates::Certificates;
use super::connection::Slots;
use crate::clock::Clock;
use crate::issuers::Issuers;
use crate::jose::TokenVerifier;
use crate::telemetry::{self, Metrics};

/// A store that needs longer than this to answer is not ready.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// Why no requests should be sent here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotReady {
    /// SIGTERM came.
    #[error("draining")]
    Draining,
    /// The database does not answer.
    #[error("the store does not answer")]
    Store,
    /// There is a provider, and nothing to sign with.
    #[error("there is no signing key")]
    NoKeys,
}

/// What the admin listener looks at.
#[derive(Debug)]
pub(super) struct Vitals {
    /// Everything that is counted.
    pub(super) metrics: Arc<Metrics>,
    /// The provider's state and keys; `None` without a provider.
    pub(super) state: Option<State>,
    /// The verifier in force; its counts are read when metrics are.
    pub(super) verifier: ArcSwap<TokenVerifier>,
    /// The certificates in force; what they have left is reckoned when metrics are read.
    pub(super) certificates: ArcSwap<Certificates>,
    /// The trusted issuers in force; the age of their keys is read when metrics are.
    pub(super) issuers: ArcSwap<Issuers>,
    /// Where the present comes from.
    pub(super) clock: Arc<dyn Clock>,
    /// The places of downstream connections.
    pub(super) slots: Arc<Slots>,
    /// Whether SIGTERM came.
    pub(super) is_draining: AtomicBool,
}

impl Vitals {
    /// Of a process that begins with these.
    pub(super) fn new(
        foundation: &Foundation,
        verifier: Arc<TokenVerifier>,
        issuers: Arc<Issuers>,
        certificates: Arc<Certificates>,
    ) -> Self {
        Self {
            metrics: Arc::clone(&foundation.metrics),
            state: foundation.state.clone(),
            verifier: ArcSwap::new(verifier),
            certificates: ArcSwap::new(certificates),
            issuers: ArcSwap::new(issuers),
            clock: Arc::clone(&foundation.clock),
            slots: Arc::default(),
            is_draining: AtomicBool::new(false),
        }
    }

    /// Whether requests should be sent here.
    pub(super) async fn check_ready(&self) -> Result<(), NotReady> {
        if self.is_draining.load(Ordering::Relaxed) {
            return Err(NotReady::Draining);
        }
        let Some(state) = &self.state else {
            return Ok(());
        };
        if self.verifier.load().has_own() && state.keys.keys().is_empty() {
            return Err(NotReady::NoKeys);
        }
        match timeout(PING_TIMEOUT, state.store.ping()).await {
            Ok(Ok(())) => Ok(()),
            // Whoever takes every node out because the database they share is away ends what still
            // works: tokens are good for as long as is known what was revoked.
            _ if state.store.is_shared() && !state.store.revocations().is_stale() => Ok(()),
            Ok(Err(error)) => {
                tracing::error!(%error, "the store does not answer");
                Err(NotReady::Store)
            }
            Err(_) => Err(NotReady::Store),
        }
    }

    /// What is said when requests should be sent here.
    ///
    /// A name without a certificate is said and no reason to send none: whoever validates the name
    /// may come the same way.
    pub(super) fn ready(&self) -> String {
        let certificates = self.certificates.load();
        let missing: Vec<&str> = certificates.missing().collect();
        match missing.as_slice() {
            [] => "ready\n".to_owned(),
            names => format!(
                "ready, without a certificate yet for {}\n",
                names.join(", ")
            ),
        }
    }

    /// From now on [`Self::check_ready`] says no.
    pub(super) fn begin_draining(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// The metrics as text, with the numbers that others count brought up to date.
    pub(super) fn render_metrics(&self) -> String {
        let (hits, verified, failed) = self.verifier.load().counts();
        self.metrics.verifications(hits, verified, failed);
        self.issuers.load().report(&self.metrics, self.clock.now());
        self.metrics.connections(self.slots.taken());
        let certificates = self.certificates.load();
        certificates.measure(&self.metrics, self.clock.now());
        self.metrics.log_lines_lost(telemetry::log::lost());
        if let Some(state) = &self.state {
            let revocations = state.store.revocations();
            let age = revocations.age(self.clock.now());
            self.metrics.revocations(revocations.len(), age);
        }
        self.metrics.render()
    }
}
