//! Renewals: one at a time of each session, whoever asks.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::entry::{Attempts, Entry};
use super::{Shared, UpstreamTokenError};
use crate::model::{SessionId, Timestamp, UpstreamSession};
use crate::store::{StoreError, StoredUpstreamSession, UpstreamRotation};
use crate::users::RenewalError;

/// How long a claim lasts: longer than a backend may take to answer.
const LEASE: Duration = Duration::from_secs(150);

/// After an attempt that brought nothing.
const PAUSE: Duration = Duration::from_secs(5);

/// How often another process that renews is looked after, and how many times.
const POLL: Duration = Duration::from_millis(200);
const POLLS: u32 = 40;

/// How often a busy store is asked again.
const TRIES: u32 = 5;

/// When what the renewal is made with has to be used: long before it ends, so that a backend that is
/// away for a while ends no session.
pub(super) fn due(upstream: &UpstreamSession, now: Timestamp) -> Timestamp {
    let lifetime = upstream.renewal_expires_at.since(now);
    now.after((lifetime / 2).max(Duration::from_secs(30)))
}

/// What became of one attempt.
enum Attempt {
    /// There is a newer one.
    Renewed(Arc<StoredUpstreamSession>),
    /// Another process is at it.
    Elsewhere,
}

impl Shared {
    /// A newer one than `version` of a session: one that is there already, or else by asking the
    /// backend, which of any number of callers one does.
    pub(super) async fn renew(
        &self,
        entry: &Entry,
        version: i64,
    ) -> Result<Arc<StoredUpstreamSession>, UpstreamTokenError> {
        let mut attempts = entry.turn.lock().await;
        for _ in 0..POLLS {
            let known = entry.stored();
            if known.version > version {
                return Ok(known);
            }
            if entry.is_over() {
                return Err(UpstreamTokenError::Ended);
            }
            let now = self.clock.now();
            if let Some((until, why)) = attempts.paused_until
                && now < until
            {
                return Err(UpstreamTokenError::Unavailable(why));
            }
            match self.attempt(entry, &mut attempts, now).await? {
                Attempt::Renewed(renewed) if renewed.version > version => return Ok(renewed),
                Attempt::Renewed(_) => {}
                Attempt::Elsewhere => pause().await,
            }
        }
        Err(UpstreamTokenError::Unavailable("another process renews it"))
    }

    async fn attempt(
        &self,
        entry: &Entry,
        attempts: &mut Attempts,
        now: Timestamp,
    ) -> Result<Attempt, UpstreamTokenError> {
        // Closed by nobody. It bounds what the store is asked for at once as well.
        let _turn = self.turns.acquire().await;
        let known = entry.stored();
        let Some(stored) = self.store.find_upstream_session(&known.id).await? else {
            entry.end();
            return Err(UpstreamTokenError::Ended);
        };
        if stored.version > known.version {
            entry.adopt(&Arc::new(stored));
            return Ok(Attempt::Renewed(entry.stored()));
        }
        if !self.store.claim_renewal(&stored, LEASE, now).await? {
            return Ok(Attempt::Elsewhere);
        }
        let answer = self.directory.renew(&stored.upstream, now).await;
        self.metrics.upstream_renewal(match &answer {
            Ok(_) => "renewed",
            Err(RenewalError::Refused(_)) => "refused",
            Err(RenewalError::Unavailable(_) | RenewalError::Unanswered(_)) => "failed",
        });
        match answer {
            Ok(upstream) => self.rotate(entry, attempts, (&stored, upstream), now).await,
            Err(error) => Err(self.fail(entry, attempts, (&stored, error), now).await?),
        }
    }

    async fn rotate(
        &self,
        entry: &Entry,
        attempts: &mut Attempts,
        (stored, upstream): (&StoredUpstreamSession, UpstreamSession),
        now: Timestamp,
    ) -> Result<Attempt, UpstreamTokenError> {
        let due = due(&upstream, now);
        match self.store_renewed(stored, &upstream, due).await {
            Ok(UpstreamRotation::Stored) => {}
            Ok(UpstreamRotation::Unwanted) => {
                entry.end();
                self.end_upstream(&upstream).await;
                return Err(UpstreamTokenError::Ended);
            }
            // It goes on in memory, for as long as this process does.
            Err(error) => {
                tracing::error!(%error, "a renewed session at the users' backend cannot be stored");
            }
        }
        *attempts = Attempts::default();
        entry.adopt(&Arc::new(StoredUpstreamSession {
            version: stored.version + 1,
            upstream,
            ..stored.clone()
        }));
        entry.note_renewed(now);
        Ok(Attempt::Renewed(entry.stored()))
    }

    /// Stores what a renewal brought. What it was made with is spent, so a store that is busy is asked
    /// again.
    async fn store_renewed(
        &self,
        stored: &StoredUpstreamSession,
        upstream: &UpstreamSession,
        due: Timestamp,
    ) -> Result<UpstreamRotation, StoreError> {
        for _ in 0..TRIES {
            let rotated = self.store.rotate_upstream_session(stored, upstream, due);
            match rotated.await {
                Err(StoreError::Overloaded) => pause().await,
                rotated => return rotated,
            }
        }
        self.store
            .rotate_upstream_session(stored, upstream, due)
            .await
    }

    /// What an attempt that brought nothing means for the session.
    async fn fail(
        &self,
        entry: &Entry,
        attempts: &mut Attempts,
        (stored, error): (&StoredUpstreamSession, RenewalError),
        now: Timestamp,
    ) -> Result<UpstreamTokenError, StoreError> {
        let (why, is_lost) = match error {
            RenewalError::Refused(reason) => {
                let reason = match attempts.lost_answer {
                    true => "the answer to a renewal was lost, and the next one refused",
                    false => reason,
                };
                entry.end();
                self.end_session(&stored.session_id, reason, now).await?;
                return Ok(UpstreamTokenError::Ended);
            }
            RenewalError::Unavailable(why) => (why, false),
            RenewalError::Unanswered(why) => (why, true),
        };
        attempts.lost_answer |= is_lost;
        if now >= stored.upstream.renewal_expires_at {
            let reason = "the users' backend was away until the session there had ended";
            entry.end();
            self.end_session(&stored.session_id, reason, now).await?;
            return Ok(UpstreamTokenError::Ended);
        }
        tracing::warn!(
            session.id = stored.session_id.as_str(),
            %error,
            "a session at the users' backend was not renewed, and will be tried again"
        );
        let again = now.after(PAUSE);
        attempts.paused_until = Some((again, why));
        self.store.postpone_renewal(stored, again).await?;
        Ok(UpstreamTokenError::Unavailable(why))
    }

    /// Ends a session of ours, because that at the backend is over.
    pub(super) async fn end_session(
        &self,
        session: &SessionId,
        reason: &'static str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.store.end_session(session, now).await?;
        tracing::warn!(
            target: "audit",
            event = "upstream_session_ended",
            outcome = "revoked",
            reason,
            session.id = session.as_str(),
            "the session at the users' backend is over; ours and what was granted in it are ended"
        );
        Ok(())
    }

    /// Ends a session at the backend of which nothing is stored.
    pub(super) async fn end_upstream(&self, upstream: &UpstreamSession) {
        if let Err(error) = self.directory.end(upstream).await {
            tracing::warn!(%error, "a session at the users' backend goes on until it ends by itself");
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "neither another process nor a busy store says when it is done"
)]
async fn pause() {
    sleep(POLL).await;
}
