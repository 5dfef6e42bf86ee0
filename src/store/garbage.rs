//! Deletion of what can matter no more.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::db::{Row, Statement};
use super::{Store, StoreError};
use crate::model::Timestamp;

/// How long codes and refresh tokens stay known after they expired. A replay must be recognised
/// for as long as an access token that came of the first use may live, which the configuration
/// bounds to 24 hours; the grant stays as long as they do.
const REPLAY_MEMORY: Duration = Duration::from_secs(25 * 60 * 60);

/// How long the failures of a login are remembered after the last one.
///
/// Without an end, guessed user names would fill the disk. The price: whoever spreads wrong
/// passwords of one login over silences of this length is not stopped by the ceiling.
const ATTEMPT_MEMORY: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Rows looked at in one batch, for each that it may delete, where no index tells which have ended.
const LOOKED_AT: u32 = 4;

/// Up to which row a process has looked, where it has to look at rows that may well live: a part of
/// the table at a time, and from the beginning again after the last.
#[derive(Debug, Default)]
pub(super) struct Looked {
    grants: Mutex<String>,
    session_clients: Mutex<String>,
}

impl Store {
    /// Deletes what has expired, at most `limit` rows of each kind; returns how many.
    ///
    /// Each kind is a batch of its own, so that the write lock is held for a moment only, and each
    /// finds its rows by an index, or looks at so many times `limit` rows further on than the last
    /// time: what a run costs does not grow with what is stored.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; part of the work may be done then.
    pub async fn collect_garbage(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let replay_horizon = now.before(REPLAY_MEMORY);
        let kinds = [
            (DELETE_CODES, replay_horizon),
            (DELETE_REFRESH_TOKENS, replay_horizon),
            (DELETE_APPLICATION_SESSIONS, now),
            (DELETE_ISSUER_SESSIONS, now),
            (DELETE_APPLICATION_PASSWORDS, now),
            (DELETE_SPENT_STATES, now),
            (DELETE_SESSIONS, now),
            (DELETE_SIGNING_KEYS, now),
            (DELETE_REVOCATIONS, now),
            (DELETE_CLIENTS, replay_horizon),
            (DELETE_INITIAL_TOKENS, now),
            (DELETE_ASSERTIONS, now),
            (DELETE_FAILURE_COUNTS, now),
            (DELETE_ATTEMPTS, now.before(ATTEMPT_MEMORY)),
        ];
        let mut n_deleted = 0;
        for (sql, before) in kinds {
            let delete = Statement::new(sql).bind(before).bind(limit);
            n_deleted += self.run(delete).await?.count();
        }
        let looked = &self.looked;
        n_deleted += self
            .look_further(&looked.grants, GRANTS, replay_horizon, limit)
            .await?;
        n_deleted += self
            .look_further(&looked.session_clients, SESSION_CLIENTS, now, limit)
            .await?;
        self.revocations.purge(now);
        Ok(u64::try_from(n_deleted).unwrap_or(u64::MAX))
    }

    /// Deletes what has ended of the next rows after `looked`; how many that were.
    async fn look_further(
        &self,
        looked: &Mutex<String>,
        (find_end, delete): (&'static str, &'static str),
        before: Timestamp,
        limit: u32,
    ) -> Result<usize, StoreError> {
        let from = looked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let n_looked_at = limit.saturating_mul(LOOKED_AT);
        let end = Statement::new(find_end)
            .bind(from.as_str())
            .bind(n_looked_at);
        let end = self.run(end).await?.first().as_mut().map(Row::text);
        let end = end.transpose()?;
        let delete = Statement::new(delete)
            .bind(before)
            .bind(limit)
            .bind(from.as_str())
            // No name is longer than this one, or has its characters.
            .bind(end.as_deref().unwrap_or("\u{10ffff}"));
        let n_deleted = self.run(delete).await?.count();
        // With as many as may be deleted at once there may be more of them here.
        if u32::try_from(n_deleted).unwrap_or(u32::MAX) < limit {
            *looked.lock().unwrap_or_else(PoisonError::into_inner) = end.unwrap_or_default();
        }
        Ok(n_deleted)
    }
}

const DELETE_CODES: &str = "DELETE FROM codes WHERE digest IN
    (SELECT digest FROM codes WHERE expires_at <= $1 LIMIT $2)";

/// Spent tokens too stay until they would have expired: a client may come back with one after
/// weeks, and only then is the theft of its successor noticed.
const DELETE_REFRESH_TOKENS: &str = "DELETE FROM refresh_tokens WHERE digest IN
    (SELECT digest FROM refresh_tokens WHERE expires_at <= $1 LIMIT $2)";

/// The last of the rows that are looked at, and what is deleted of them. Most grants that are older
/// than a day live on, by refresh tokens.
const GRANTS: (&str, &str) = (
    "SELECT id FROM grants WHERE id > $1 ORDER BY id LIMIT 1 OFFSET $2",
    "DELETE FROM grants WHERE id IN
    (SELECT id FROM grants WHERE id > $3 AND id <= $4 AND granted_at <= $1
        AND NOT EXISTS (SELECT 1 FROM codes WHERE codes.grant_id = grants.id)
        AND NOT EXISTS (SELECT 1 FROM refresh_tokens WHERE refresh_tokens.grant_id = grants.id)
        AND NOT EXISTS (SELECT 1 FROM application_sessions a WHERE a.grant_id = grants.id)
     LIMIT $2)",
);

const DELETE_APPLICATION_SESSIONS: &str = "DELETE FROM application_sessions WHERE cookie IN
    (SELECT cookie FROM application_sessions WHERE idle_until <= $1 OR expires_at <= $1 LIMIT $2)";

const DELETE_ISSUER_SESSIONS: &str = "DELETE FROM issuer_sessions WHERE id IN
    (SELECT id FROM issuer_sessions WHERE idle_until <= $1 OR expires_at <= $1 LIMIT $2)";

const DELETE_APPLICATION_PASSWORDS: &str = "DELETE FROM application_passwords WHERE id IN
    (SELECT id FROM application_passwords WHERE expires_at <= $1 LIMIT $2)";

const DELETE_SPENT_STATES: &str = "DELETE FROM spent_states WHERE digest IN
    (SELECT digest FROM spent_states WHERE expires_at <= $1 LIMIT $2)";

const DELETE_SESSIONS: &str = "DELETE FROM sessions WHERE cookie IN
    (SELECT cookie FROM sessions WHERE idle_until <= $1 OR expires_at <= $1 LIMIT $2)";

/// Whoever signs out by an old ID token may still have been signed in to other clients.
const SESSION_CLIENTS: (&str, &str) = (
    "SELECT session_id FROM session_clients WHERE session_id > $1
     ORDER BY session_id LIMIT 1 OFFSET $2",
    "DELETE FROM session_clients WHERE (session_id, client_id) IN
    (SELECT c.session_id, c.client_id FROM session_clients c
      WHERE c.session_id > $3 AND c.session_id <= $4 AND c.first_at <= $1
        AND NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.id = c.session_id)
        AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.session_id = c.session_id
                            AND g.client_id = c.client_id AND g.revoked_at IS NULL)
     LIMIT $2)",
);

const DELETE_SIGNING_KEYS: &str = "DELETE FROM signing_keys WHERE id IN
    (SELECT id FROM signing_keys WHERE published_until <= $1 LIMIT $2)";

const DELETE_REVOCATIONS: &str = "DELETE FROM revocations WHERE sequence IN
    (SELECT sequence FROM revocations WHERE expires_at <= $1 LIMIT $2)";

/// A client that was removed stays known for a while: see `insert_grant`.
const DELETE_CLIENTS: &str = "DELETE FROM clients WHERE id IN
    (SELECT id FROM clients WHERE removed_at <= $1 LIMIT $2)";

const DELETE_INITIAL_TOKENS: &str = "DELETE FROM initial_access_tokens WHERE digest IN
    (SELECT digest FROM initial_access_tokens WHERE expires_at <= $1 LIMIT $2)";

const DELETE_ASSERTIONS: &str = "DELETE FROM client_assertions WHERE digest IN
    (SELECT digest FROM client_assertions WHERE expires_at <= $1 LIMIT $2)";

const DELETE_FAILURE_COUNTS: &str = "DELETE FROM failure_counts WHERE digest IN
    (SELECT digest FROM failure_counts WHERE expires_at <= $1 LIMIT $2)";

const DELETE_ATTEMPTS: &str = "DELETE FROM attempts WHERE (login, lane) IN
    (SELECT login, lane FROM attempts WHERE last_at <= $1 LIMIT $2)";
