//! What is done without being asked: sessions that nobody uses are kept alive, and the backend is told
//! of those that ended.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::time::{MissedTickBehavior, interval};

use super::UpstreamSessions;
use crate::store::{StoreError, StoredUpstreamSession};

/// How often there is looked for work.
const PERIOD: Duration = Duration::from_secs(2);

/// Sessions of each kind in one round.
const BATCH: u32 = 64;

/// How long telling the backend of an end may take before another process tries.
const LEASE: Duration = Duration::from_secs(150);

/// How often the backend is told of an end before it is left to end by itself.
const MAX_ATTEMPTS: i64 = 3;

/// Looks after the sessions at the users' backend, as long as it runs. The work survives it: it is all
/// in the store.
#[derive(Debug)]
pub struct UpstreamKeeper(UpstreamSessions);

impl UpstreamKeeper {
    /// A keeper of `sessions`.
    pub const fn new(sessions: UpstreamSessions) -> Self {
        Self(sessions)
    }

    /// Works until dropped.
    pub async fn run(self) {
        let mut period = interval(PERIOD);
        period.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            period.tick().await;
            if let Err(error) = self.round().await {
                tracing::error!(%error, "sessions at the users' backend cannot be looked after");
                self.0.0.metrics.maintenance_failed("upstream_sessions");
            }
        }
    }

    /// Does what there is to do now.
    pub(super) async fn round(&self) -> Result<(), StoreError> {
        let shared = &self.0.0;
        let store = &shared.store;
        let now = shared.clock.now();
        store.end_orphaned_upstream_sessions(BATCH, now).await?;
        let ended = store
            .claim_ended_upstream_sessions(BATCH, LEASE, now)
            .await?;
        stream::iter(ended)
            .for_each_concurrent(None, |(stored, attempts)| self.tell(stored, attempts))
            .await;
        let due = store.due_renewals(BATCH, now).await?;
        stream::iter(due)
            .for_each_concurrent(None, |stored| async move {
                let version = stored.version;
                let entry = shared.entry_of(stored);
                // What came of it is in the entry, and in the log.
                drop(shared.renew(&entry, version).await);
            })
            .await;
        Ok(())
    }

    /// Tells the backend that a session ended.
    async fn tell(&self, stored: StoredUpstreamSession, attempts: i64) {
        let shared = &self.0.0;
        let Ok(turn) = shared.turns.acquire().await else {
            return;
        };
        let told = shared.directory.end(&stored.upstream).await;
        drop(turn);
        let is_done = match &told {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(
                    session.id = stored.session_id.as_str(),
                    attempts,
                    %error,
                    "the users' backend was not told of the end of a session"
                );
                attempts >= MAX_ATTEMPTS
            }
        };
        if !is_done {
            return;
        }
        if let Err(error) = shared.store.delete_upstream_session(&stored).await {
            tracing::error!(%error, "an ended session at the users' backend is still there");
        }
    }
}
