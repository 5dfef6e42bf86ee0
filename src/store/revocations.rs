//! Revocations: a table until the tokens would have expired anyway, and all of it in memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use super::db::{Row, Statement};
use super::{Store, StoreError, to_the_end};
use crate::model::{GrantId, Timestamp};

/// How long the revocation of a grant is remembered: longer than any access token lives, which
/// the configuration bounds to 24 hours.
const GRANT_REVOCATION_LIFETIME: Duration = Duration::from_secs(25 * 60 * 60);

/// Until when the revocation of a grant must be remembered.
pub(super) const fn grant_revoked_until(now: Timestamp) -> Timestamp {
    now.after(GRANT_REVOCATION_LIFETIME)
}

impl Store {
    /// Revokes one access token by `jti` until `expires_at`. Durable before it returns, and seen
    /// by [`Self::revocations`] at once. Done even if the caller stops waiting.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; the token may not be revoked then.
    pub async fn revoke_token(
        &self,
        token_id: &str,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let (store, token_id) = (self.clone(), token_id.to_owned());
        to_the_end(async move {
            let remember = Statement::new(
                "INSERT INTO revocations (kind, id, expires_at) VALUES ('jti', $1, $2)
                 ON CONFLICT (kind, id) DO NOTHING",
            );
            store
                .run(remember.bind(token_id.as_str()).bind(expires_at))
                .await?;
            store
                .revocations
                .insert(Revoked::Token(token_id), expires_at);
            Ok(())
        })
        .await
    }

    /// Takes over what other processes (the command line) revoked since the last look. Costs one
    /// index lookup when there is nothing new.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; what was known stays known.
    pub async fn refresh_revocations(&self) -> Result<(), StoreError> {
        let select = Statement::new(
            "SELECT sequence, kind, id, expires_at FROM revocations WHERE sequence > $1
             ORDER BY sequence",
        );
        let seen = self.revocations.seen.load(Ordering::SeqCst);
        let entries = self.run(select.bind(seen)).await?.read_all(read_entry)?;
        for (sequence, revoked, expires_at) in entries {
            self.revocations.insert(revoked, expires_at);
            self.revocations.seen.fetch_max(sequence, Ordering::SeqCst);
        }
        Ok(())
    }
}

/// What was revoked.
pub(super) enum Revoked {
    /// A single access token, by `jti`.
    Token(String),
    /// A grant and all its tokens.
    Grant(GrantId),
}

fn read_entry(mut row: Row) -> Result<(i64, Revoked, Timestamp), StoreError> {
    let sequence = row.integer()?;
    let kind = row.text()?;
    let id = row.text()?;
    let revoked = match kind.as_str() {
        "jti" => Revoked::Token(id),
        "grant" => Revoked::Grant(GrantId::new(id)),
        _ => return Err(StoreError::Corrupt("a kind of revocation")),
    };
    Ok((sequence, revoked, row.timestamp()?))
}

/// Revoked tokens and grants, in memory.
///
/// Asked on every request: one atomic load while nothing is revoked, else a shared lock and one
/// or two lookups.
#[derive(Debug, Default)]
pub struct Revocations {
    sets: RwLock<Sets>,
    /// The number of entries, readable without the lock.
    length: AtomicUsize,
    /// The last entry of the table that was taken over.
    seen: AtomicI64,
}

/// Each with the moment from which on it need not be remembered.
#[derive(Debug, Default)]
struct Sets {
    tokens: HashMap<String, Timestamp>,
    grants: HashMap<GrantId, Timestamp>,
}

impl Revocations {
    /// Whether a token with this `jti` or grant is revoked. Nanoseconds when nothing is.
    pub fn covers(&self, token_id: Option<&str>, grant: Option<&GrantId>) -> bool {
        if self.is_empty() {
            return false;
        }
        let sets = self.read();
        token_id.is_some_and(|id| sets.tokens.contains_key(id))
            || grant.is_some_and(|grant| sets.grants.contains_key(grant))
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.length.load(Ordering::Acquire)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn insert(&self, revoked: Revoked, expires_at: Timestamp) {
        let mut sets = self.write();
        match revoked {
            Revoked::Token(id) => sets.tokens.insert(id, expires_at),
            Revoked::Grant(id) => sets.grants.insert(id, expires_at),
        };
        self.publish_length(&sets);
    }

    /// Forgets what has expired.
    pub(super) fn purge(&self, now: Timestamp) {
        let mut sets = self.write();
        sets.tokens.retain(|_, expires_at| now < *expires_at);
        sets.grants.retain(|_, expires_at| now < *expires_at);
        self.publish_length(&sets);
    }

    fn publish_length(&self, sets: &Sets) {
        let length = sets.tokens.len() + sets.grants.len();
        self.length.store(length, Ordering::Release);
    }

    // A panic while the lock was held cannot leave a map half-changed in a way that unlocks
    // anything, so a poisoned lock is used on: refusing to answer would stop every request.
    fn read(&self) -> RwLockReadGuard<'_, Sets> {
        self.sets.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Sets> {
        self.sets.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    #[test]
    fn a_token_is_covered_by_its_own_or_its_grants_revocation() {
        let revocations = Revocations::default();
        let (bad, good) = (GrantId::new("bad"), GrantId::new("good"));
        assert!(!revocations.covers(Some("t1"), Some(&bad)));

        revocations.insert(Revoked::Token("t1".to_owned()), NOW);
        revocations.insert(Revoked::Grant(bad.clone()), NOW);

        assert_eq!(revocations.len(), 2);
        assert!(revocations.covers(Some("t1"), Some(&good)));
        assert!(revocations.covers(Some("t2"), Some(&bad)));
        assert!(revocations.covers(None, Some(&bad)));
        assert!(!revocations.covers(Some("t2"), Some(&good)));
        assert!(!revocations.covers(Some("bad"), None), "a jti is no grant");
        assert!(!revocations.covers(None, None));
    }

    #[test]
    fn an_entry_is_forgotten_only_when_its_tokens_are_dead() {
        let revocations = Revocations::default();
        revocations.insert(Revoked::Token("t1".to_owned()), NOW);

        revocations.purge(NOW.before(Duration::from_secs(1)));
        assert!(revocations.covers(Some("t1"), None));

        revocations.purge(NOW);
        assert!(revocations.is_empty());
    }
}
