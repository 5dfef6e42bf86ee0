//! Background work: what other processes changed in the store, and what has expired.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::clock::Clock;
use crate::jose::{KeyRing, RingKey};
use crate::model::Timestamp;
use crate::store::{Duty, LEASE_PERIOD, Lease, Store, StoreError};
use crate::telemetry::Metrics;

/// How soon a rotated key or a revocation by another process (`cellgate keys rotate`) counts where
/// the database does not announce it.
const REFRESH_PERIOD: Duration = Duration::from_secs(5);

/// The same while another process takes the place of this one, or this one that of another.
const REFRESH_PERIOD_BESIDE: Duration = Duration::from_millis(250);

/// How often expired rows are deleted.
const GARBAGE_PERIOD: Duration = Duration::from_secs(60);

/// Rows of each kind deleted in one batch: short enough that no request waits noticeably.
const GARBAGE_BATCH: u32 = 500;

/// Batches in a row; what is left then waits for the next round.
const GARBAGE_BATCHES: u32 = 20;

/// Keeps state fresh and small.
#[derive(Debug)]
pub(super) struct Maintenance {
    /// Whose state.
    pub(super) store: Store,
    /// The keys to keep up to date.
    pub(super) keys: Arc<KeyRing>,
    /// Tells what has expired.
    pub(super) clock: Arc<dyn Clock>,
    /// Told of failures.
    pub(super) metrics: Arc<Metrics>,
}

impl Maintenance {
    /// Works until dropped. A failure is logged, counted and tried again next time: what is
    /// known stays in force.
    pub(super) async fn run(self) {
        let mut refresh = every(REFRESH_PERIOD);
        let mut garbage = every(LEASE_PERIOD);
        let mut lease = self.store.lease(Duty::Garbage);
        let mut forget = every(GARBAGE_PERIOD);
        let changes = self.store.changes();
        loop {
            tokio::select! {
                _ = refresh.tick() => {
                    self.report("keys", self.refresh_keys().await);
                    self.follow_revocations().await;
                }
                changed = changes.next() => {
                    if changed.revocations {
                        self.follow_revocations().await;
                    }
                    if changed.keys {
                        self.report("keys", self.refresh_keys().await);
                    }
                }
                // Every process has a set of its own, whoever deletes the rows.
                _ = forget.tick() => self.store.revocations().purge(self.clock.now()),
                _ = garbage.tick() => {
                    self.report("garbage", self.collect_garbage(&mut lease).await);
                    self.metrics.duty(Duty::Garbage.as_str(), lease.is_held());
                }
            }
        }
    }

    /// Takes over revocations of another process at once, until dropped: while two serve, somebody
    /// who signs out at one of them is signed out at both.
    pub(super) async fn run_beside_another(self) {
        let mut refresh = every(REFRESH_PERIOD_BESIDE);
        loop {
            refresh.tick().await;
            self.follow_revocations().await;
        }
    }

    async fn refresh_keys(&self) -> Result<(), StoreError> {
        let keys = self.store.load_keys().await?;
        let ids = |keys: &[RingKey]| -> BTreeSet<String> {
            keys.iter().map(|key| key.key.id().to_owned()).collect()
        };
        let (n_keys, has_changed) = (keys.len(), ids(&keys) != ids(&self.keys.keys()));
        self.keys.replace(keys);
        if has_changed {
            tracing::info!(n_keys, "signing keys changed");
        }
        Ok(())
    }

    async fn follow_revocations(&self) {
        let now = self.clock.now();
        let outcome = self.refresh_revocations().await;
        self.note_age(now, outcome.is_ok());
        self.report("revocations", outcome);
    }

    /// Who revoked it is not known here: whoever may write the state may do so.
    async fn refresh_revocations(&self) -> Result<(), StoreError> {
        for revoked in self.store.refresh_revocations().await? {
            tracing::info!(
                target: "audit",
                event = "revocation",
                outcome = "success",
                reason = "revoked by another process",
                revoked.kind,
                revoked.id,
                "what another process revoked is refused here too"
            );
        }
        Ok(())
    }

    /// What is known of revocations may be too old to let anybody in by it.
    fn note_age(&self, now: Timestamp, is_read: bool) {
        if is_read {
            self.store.is_up_to_date(now);
        } else if self.store.is_out_of_date(now) {
            tracing::error!(
                "the database is away for so long that tokens are refused: nobody knows which of \
                 them were revoked"
            );
        }
    }

    /// Deletes, where this process is the one that does and it is time.
    async fn collect_garbage(&self, lease: &mut Lease) -> Result<(), StoreError> {
        let now = self.clock.now();
        if !lease.is_due(GARBAGE_PERIOD, self.clock.uptime()).await? {
            return Ok(());
        }
        for _ in 0..GARBAGE_BATCHES {
            if self.store.collect_garbage(now, GARBAGE_BATCH).await? == 0 {
                break;
            }
            tokio::task::yield_now().await;
            if !lease.take(self.clock.uptime()).await? {
                break;
            }
        }
        Ok(())
    }

    fn report(&self, task: &'static str, outcome: Result<(), StoreError>) {
        if let Err(error) = outcome {
            tracing::error!(task, %error, "background work failed");
            self.metrics.maintenance_failed(task);
        }
    }
}

fn every(period: Duration) -> Interval {
    let mut interval = interval(period);
    // After a pause of the machine one round is enough.
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::store::{Settings, Synchronous};
    use crate::telemetry::log::testing::Captured;

    #[tokio::test]
    async fn what_another_process_revokes_has_an_audit_line_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::sqlite(
            folder.path().join("c.db"),
            folder.path().join("c.key"),
            Synchronous::Normal,
        );
        let maintenance = Maintenance {
            store: Store::open(&settings).await.unwrap(),
            keys: Arc::new(KeyRing::new(Vec::new())),
            clock: Arc::new(SystemClock),
            metrics: Arc::default(),
        };
        let command = Store::open(&settings).await.unwrap();
        let later = SystemClock.now().after(Duration::from_secs(60));
        command.revoke_token("t1", later).await.unwrap();
        maintenance.store.revoke_token("t2", later).await.unwrap();
        let log = Captured::start();

        maintenance.refresh_revocations().await.unwrap();
        maintenance.refresh_revocations().await.unwrap();

        let text = log.text();
        let lines: Vec<&str> = text.lines().filter(|it| it.contains("\"audit\"")).collect();
        let [line] = lines[..] else { panic!("{text}") };
        for part in [
            "\"revocation\"",
            "\"revoked.kind\":\"token\"",
            "\"revoked.id\":\"t1\"",
        ] {
            assert!(line.contains(part), "{part}: {line}");
        }
    }
}
