//! The background work that empties the outbox.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::outbound::Outbound;
use crate::provider::{Provider, ProviderError};

/// How often the outbox is looked into when nothing was heard of it: retries that are due, and
/// sessions that another process ended.
const PERIOD: Duration = Duration::from_secs(5);

/// Tells clients that sessions ended, as long as it runs. The work survives it: it is all in the
/// store, so it can be dropped at any moment and another one goes on.
#[derive(Debug)]
pub struct LogoutCourier {
    provider: Arc<Provider>,
    outbound: Outbound,
}

impl LogoutCourier {
    /// A courier for the clients of `provider`.
    ///
    /// # Errors
    ///
    /// [`ProviderError::Outbound`] when there is no TLS to call them with.
    pub fn new(provider: Arc<Provider>) -> Result<Self, ProviderError> {
        let timeout = provider.settings.back_channel_logout.timeout;
        Ok(Self {
            outbound: Outbound::new(timeout)?,
            provider,
        })
    }

    /// Works until dropped.
    pub async fn run(self) {
        let parts = &self.provider.parts;
        let mut period = interval(PERIOD);
        period.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            match self.provider.deliver_logouts(&self.outbound).await {
                // There may be more.
                Ok(1..) => continue,
                Ok(0) => {}
                Err(error) => {
                    tracing::error!(%error, "the outbox of logout tokens cannot be read");
                    parts.metrics.maintenance_failed("logout_tokens");
                }
            }
            tokio::select! {
                () = parts.store.outbox_filled() => {}
                _ = period.tick() => {}
            }
        }
    }
}
