//! The background work that replaces signing keys.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::Handover;
use crate::jose::RingKey;
use crate::model::Timestamp;
use crate::provider::Provider;
use crate::provider::audit;
use crate::store::{Duty, LEASE_PERIOD, Lease, Predecessors, StoreError, generate_key};

/// How often keys are looked at.
const PERIOD: Duration = Duration::from_secs(60);

/// Replaces signing keys when their time has come, as long as it runs.
///
/// It can be dropped at any moment: a key and the end of its predecessor are stored together or not
/// at all. Of several processes one does; that each key is replaced once does not rest on it.
#[derive(Debug)]
pub struct KeyKeeper {
    provider: Arc<Provider>,
}

impl KeyKeeper {
    /// A keeper for the keys of `provider`.
    pub const fn new(provider: Arc<Provider>) -> Self {
        Self { provider }
    }

    /// Works until dropped. A failure is logged, counted and tried again: the keys in use go on
    /// signing.
    pub async fn run(self) {
        let parts = &self.provider.parts;
        let mut lease = parts.store.lease(Duty::Keys);
        let mut period = interval(LEASE_PERIOD);
        period.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            period.tick().await;
            if let Err(error) = self.keep(&mut lease).await {
                tracing::error!(%error, "signing keys cannot be looked after");
                parts.metrics.maintenance_failed("key_rotation");
            }
            parts.metrics.duty(Duty::Keys.as_str(), lease.is_held());
        }
    }

    /// Looks at the keys, where this process is the one that does and it is time.
    async fn keep(&self, lease: &mut Lease) -> Result<(), StoreError> {
        let uptime = self.provider.parts.clock.uptime();
        if lease.is_due(PERIOD, uptime).await? {
            self.provider.keep_keys().await?;
        }
        Ok(())
    }
}

impl Provider {
    /// Replaces every key whose time has come, or lets it end if nothing is signed with its
    /// algorithm any more. Of several processes that do so at once one succeeds for each key.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot answer or a key cannot be made; keys that were
    /// replaced before are.
    pub(crate) async fn keep_keys(&self) -> Result<(), StoreError> {
        let now = self.parts.clock.now();
        let store = &self.parts.store;
        let rotation = &self.settings.key_rotation;
        let keys = store.load_keys().await?;
        let due: Vec<_> = keys
            .iter()
            .filter(|key| key.published_until.is_none() && rotation.is_due(key.active_from, now))
            .collect();
        if due.is_empty() {
            return Ok(());
        }
        let mut in_use = self.settings.signing_algorithms();
        in_use.extend(self.clients.stored_algorithms().await?);
        for key in due {
            if in_use.contains(&key.key.algorithm()) {
                self.replace_key(key, now).await?;
            } else {
                self.retire_key(key, now).await?;
            }
        }
        self.parts.keys.replace(store.load_keys().await?);
        Ok(())
    }

    async fn replace_key(&self, old: &RingKey, now: Timestamp) -> Result<(), StoreError> {
        let handover = Handover::by_itself(&self.settings.key_rotation, now);
        let new = RingKey {
            key: Arc::new(generate_key(old.key.algorithm()).await?),
            created_at: handover.made_at,
            active_from: handover.active_from,
            published_until: None,
        };
        let predecessors = Predecessors::Only {
            id: old.key.id(),
            until: handover.predecessors_until,
        };
        if self.parts.store.save_key(&new, predecessors).await? {
            audit::key_replaced(&new, old.key.id());
        }
        Ok(())
    }

    async fn retire_key(&self, old: &RingKey, now: Timestamp) -> Result<(), StoreError> {
        let until = Handover::by_hand(now).predecessors_until;
        if self.parts.store.retire_key(old.key.id(), until).await? {
            audit::key_retired(old);
        }
        Ok(())
    }
}
