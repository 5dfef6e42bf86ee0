//! The sessions that users have with the users' backend, besides those with us.
//!
//! A backend that is an application as well lets nobody in but with a token of its own. So what it
//! gave at a sign-in is kept with the session that began then, encrypted, and a request that is
//! admitted by a grant of that session goes on with the backend's token. Nothing of it is ever told
//! to anybody else.
//!
//! The token is held in memory and found by the grant; the store is asked once for each grant. It is
//! renewed ahead of its end while requests go on with the old one; only if it has ended do they wait.
//! Of any number of requests, and of several processes, one renews (`renewal.rs`). What the renewal is
//! made with ends too, so `keeper.rs` renews sessions that nobody uses, and tells the backend of those
//! that ended.
//!
//! A backend that is away says nothing about a session: it goes on, and who needs the token is told to
//! come back. One that refuses the renewal ends the session, with all that was granted in it: it would
//! only be good for requests that fail.

mod entry;
mod keeper;
mod renewal;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use self::entry::Entry;
pub use self::keeper::UpstreamKeeper;
use super::UserDirectory;
use crate::clock::Clock;
use crate::model::{GrantId, SessionId, Timestamp, UpstreamSession};
use crate::store::{Store, StoreError, StoredUpstreamSession};
use crate::telemetry::Metrics;

/// What is not used for so long is read from the store again.
const REMEMBERED: Duration = Duration::from_secs(15 * 60);

/// How many grants are remembered.
const MAX_REMEMBERED: u64 = 100_000;

/// How long a request waits for a token that has ended.
const PATIENCE: Duration = Duration::from_secs(10);

/// Renewals that the backend is asked for at once.
const RENEWALS_AT_ONCE: usize = 16;

/// Sessions that are read from the store at once.
const READINGS_AT_ONCE: usize = 16;

/// A token that the backend refused is renewed, but not if it is younger than this: the backend may
/// refuse what the user may not do in the same words.
const DOUBT_PAUSE: Duration = Duration::from_secs(60);

/// What is kept of users' sessions with the backend; a handle, cheap to clone.
#[derive(Clone)]
pub struct UpstreamSessions(Arc<Shared>);

struct Shared {
    directory: Arc<dyn UserDirectory>,
    store: Store,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    /// By grant, as requests name it.
    by_grant: Cache<GrantId, Arc<Entry>>,
    /// By the session of ours, so that its grants share it.
    by_session: Cache<SessionId, Arc<Entry>>,
    turns: Semaphore,
    /// Places to read from the store.
    readings: Semaphore,
}

/// A token of the backend.
#[derive(Clone, Debug)]
pub struct UpstreamToken(Arc<StoredUpstreamSession>);

impl UpstreamToken {
    /// The token itself, for the one place that sends it to the backend.
    pub fn expose(&self) -> &str {
        self.0.upstream.access_token.expose()
    }
}

/// Why there is no token of the backend.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamTokenError {
    /// There is no session at the backend for the grant, or none any more. The session with us has
    /// ended as well, so that the user signs in anew.
    #[error("there is no session at the users' backend")]
    Ended,
    /// The token has ended, and the backend does not say what comes next.
    #[error("the session at the users' backend cannot be renewed now: {0}")]
    Unavailable(&'static str),
    /// Our store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl UpstreamSessions {
    /// Those of `directory`, kept in `store`.
    pub fn new(
        directory: Arc<dyn UserDirectory>,
        store: Store,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self(Arc::new(Shared {
            directory,
            store,
            clock,
            metrics,
            by_grant: remembering(),
            by_session: remembering(),
            turns: Semaphore::new(RENEWALS_AT_ONCE),
            readings: Semaphore::new(READINGS_AT_ONCE),
        }))
    }

    /// Keeps what the backend gave at the sign-in that `session` began with.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it cannot be kept; the session is as one without it then.
    pub async fn keep(
        &self,
        session: &SessionId,
        upstream: &UpstreamSession,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let due = renewal::due(upstream, now);
        let stored = self
            .0
            .store
            .save_upstream_session(session, upstream, due, now);
        self.0.entry_of(stored.await?).note_renewed(now);
        Ok(())
    }

    /// The token for requests that `grant` admits, if it is in memory and good at `now`. One that
    /// soon ends is renewed meanwhile. Costs one look-up.
    pub fn recall(&self, grant: &GrantId, now: Timestamp) -> Option<UpstreamToken> {
        let entry = self.0.known(grant)?;
        let stored = entry.stored();
        if now >= stored.upstream.token_expires_at {
            return None;
        }
        if entry.soon_ends(now) && entry.begin_background() {
            self.renew_in_background(entry, stored.version);
        }
        Some(UpstreamToken(stored))
    }

    /// The same, also if it has to be read or renewed first: waits for that, but not for long.
    ///
    /// # Errors
    ///
    /// [`UpstreamTokenError`] when there is none; a session of ours that has none at the backend is
    /// ended.
    pub async fn obtain(
        &self,
        grant: &GrantId,
        now: Timestamp,
    ) -> Result<UpstreamToken, UpstreamTokenError> {
        let known = self.0.known(grant);
        let was_known = known.is_some();
        let entry = match known {
            Some(entry) => entry,
            None => self.0.load(grant, now).await?,
        };
        match self.obtain_of(entry, now).await {
            // What was known is over: the user may have signed in anew in the same session.
            Err(UpstreamTokenError::Ended) if was_known => {
                let entry = self.0.load(grant, now).await?;
                self.obtain_of(entry, now).await
            }
            obtained => obtained,
        }
    }

    async fn obtain_of(
        &self,
        entry: Arc<Entry>,
        now: Timestamp,
    ) -> Result<UpstreamToken, UpstreamTokenError> {
        let stored = entry.stored();
        if now < stored.upstream.token_expires_at {
            return Ok(UpstreamToken(stored));
        }
        // To its end even if the request is given up: what a renewal is made with is spent then.
        let shared = Arc::clone(&self.0);
        let renewal = tokio::spawn(async move { shared.renew(&entry, stored.version).await });
        match timeout(PATIENCE, renewal).await {
            Ok(Ok(renewed)) => renewed.map(UpstreamToken),
            Ok(Err(_)) => Err(UpstreamTokenError::Unavailable("the renewal stopped")),
            Err(_) => Err(UpstreamTokenError::Unavailable(
                "the renewal takes too long",
            )),
        }
    }

    /// Notes that the backend refused `token`, whatever it said of its end. It is renewed unless that
    /// was just done.
    pub fn doubt(&self, grant: &GrantId, token: &UpstreamToken, now: Timestamp) {
        let Some(entry) = self.0.known(grant) else {
            return;
        };
        let was_just_renewed = now.before(DOUBT_PAUSE) < entry.renewed_at();
        if !was_just_renewed && entry.begin_background() {
            entry.note_renewed(now);
            self.renew_in_background(entry, token.0.version);
        }
    }

    fn renew_in_background(&self, entry: Arc<Entry>, version: i64) {
        let shared = Arc::clone(&self.0);
        tokio::spawn(async move {
            // What came of it is in the entry, and in the log.
            drop(shared.renew(&entry, version).await);
            entry.end_background();
        });
    }
}

impl Shared {
    /// Reads what there is for a grant. A session of ours that has none at the backend ends.
    async fn load(
        &self,
        grant: &GrantId,
        now: Timestamp,
    ) -> Result<Arc<Entry>, UpstreamTokenError> {
        // Closed by nobody.
        let _turn = self.readings.acquire().await;
        if let Some(entry) = self.known(grant) {
            return Ok(entry);
        }
        match self.store.upstream_session_of(grant).await? {
            Some((_, Some(stored))) => {
                let entry = self.entry_of(stored);
                self.by_grant.insert(grant.clone(), Arc::clone(&entry));
                Ok(entry)
            }
            Some((session, None)) => {
                let reason = "there is no session at the users' backend";
                self.end_session(&session, reason, now).await?;
                Err(UpstreamTokenError::Ended)
            }
            None => {
                let of_password = self.store.upstream_session_of_password(grant).await?;
                let entry = self.entry_of(of_password.ok_or(UpstreamTokenError::Ended)?);
                self.by_grant.insert(grant.clone(), Arc::clone(&entry));
                Ok(entry)
            }
        }
    }

    /// What is remembered for a grant, unless it is over.
    fn known(&self, grant: &GrantId) -> Option<Arc<Entry>> {
        self.by_grant.get(grant).filter(|entry| !entry.is_over())
    }

    /// The one entry of a stored session, with what is newer of the two.
    fn entry_of(&self, stored: StoredUpstreamSession) -> Arc<Entry> {
        let stored = Arc::new(stored);
        let new = || Arc::new(Entry::new(Arc::clone(&stored)));
        let session = stored.session_id.clone();
        let known = self.by_session.get_with(session.clone(), new);
        if known.stored().id == stored.id && !known.is_over() {
            known.adopt(&stored);
            return known;
        }
        // That was of an earlier sign-in; whoever holds it looks here again.
        known.end();
        let entry = new();
        self.by_session.insert(session, Arc::clone(&entry));
        entry
    }
}

fn remembering<K, V>() -> Cache<K, V>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder()
        .max_capacity(MAX_REMEMBERED)
        .time_to_idle(REMEMBERED)
        .build()
}

impl fmt::Debug for UpstreamSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpstreamSessions")
            .field("n_grants", &self.0.by_grant.entry_count())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests;
