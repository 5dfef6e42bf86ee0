//! Revocations: a table until the tokens would have expired anyway, and all of it in memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use super::db::{Row, Rows, Statement};
use super::{Store, StoreError, to_the_end};
use crate::model::{ClientId, GrantId, Revocable, Timestamp};

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

    /// Takes over what other processes (the command line) revoked since the last look, and returns
    /// it. Costs one index lookup when there is nothing new.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; what was known stays known.
    pub async fn refresh_revocations(&self) -> Result<Vec<RevokedElsewhere>, StoreError> {
        let select = Statement::new(concat!(
            "SELECT ",
            revocation_columns!(),
            " FROM revocations WHERE sequence > $1"
        ));
        let seen = self.revocations.seen.load(Ordering::SeqCst);
        let rows = self.run(select.bind(seen)).await?;
        let Taken { newest, unknown } = self.revocations.take(rows)?;
        self.revocations.seen.fetch_max(newest, Ordering::SeqCst);
        Ok(unknown)
    }
}

impl Store {
    /// Notes that all revocations were read at `now`.
    pub fn is_up_to_date(&self, now: Timestamp) {
        let revocations = &self.revocations;
        revocations.read_at.store(now.as_secs(), Ordering::Relaxed);
        revocations.is_stale.store(false, Ordering::Relaxed);
    }

    /// Notes that they could not be read at `now`; whether what is known is too old from now on.
    pub fn is_out_of_date(&self, now: Timestamp) -> bool {
        let is_stale = self.revocations.age(now) > self.stale_after;
        let was_stale = self.revocations.is_stale.swap(is_stale, Ordering::Relaxed);
        is_stale && !was_stale
    }
}

/// Something that another process revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedElsewhere {
    /// `token`, `grant` or `client`.
    pub kind: &'static str,
    /// Its name, which is no secret.
    pub id: String,
}

/// What rows of the table brought.
#[derive(Debug)]
pub(super) struct Taken {
    /// The sequence of the last; 0 when there was none.
    newest: i64,
    /// What was not known here.
    unknown: Vec<RevokedElsewhere>,
}

/// The columns that [`Revocations::take`] reads.
macro_rules! revocation_columns {
    () => {
        "sequence, kind, id, expires_at, issued_until"
    };
}
pub(super) use revocation_columns;

/// What was revoked.
pub(super) enum Revoked {
    /// A single access token, by `jti`.
    Token(String),
    /// A grant and all its tokens.
    Grant(GrantId),
    /// All tokens of a client, or those issued until a moment.
    Client(ClientId, ClientTokens),
}

/// Which tokens of a client are revoked.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClientTokens {
    /// Those up to here; `None`: all, since the client is not registered.
    issued_until: Option<Timestamp>,
    /// Of two entries the later one holds.
    sequence: i64,
}

impl Revoked {
    /// What ends here; `None` when it is a client that comes back.
    fn name(&self) -> Option<RevokedElsewhere> {
        let (kind, id) = match self {
            Self::Token(id) => ("token", id.clone()),
            Self::Grant(id) => ("grant", id.as_str().to_owned()),
            Self::Client(_, tokens) if tokens.issued_until.is_some() => return None,
            Self::Client(id, _) => ("client", id.as_str().to_owned()),
        };
        Some(RevokedElsewhere { kind, id })
    }
}

fn read_entry(mut row: Row) -> Result<(i64, Revoked, Timestamp), StoreError> {
    let sequence = row.integer()?;
    let kind = row.text()?;
    let id = row.text()?;
    let expires_at = row.timestamp()?;
    let issued_until = row.optional_timestamp()?;
    let client = |issued_until| {
        let tokens = ClientTokens {
            issued_until,
            sequence,
        };
        ClientId::parse(&id)
            .map(|id| Revoked::Client(id, tokens))
            .map_err(|_| StoreError::Corrupt("a client id"))
    };
    let revoked = match (kind.as_str(), issued_until) {
        ("jti", None) => Revoked::Token(id),
        ("grant", None) => Revoked::Grant(GrantId::new(id)),
        ("client", None) => client(None)?,
        ("client_until", Some(until)) => client(Some(until))?,
        _ => return Err(StoreError::Corrupt("a kind of revocation")),
    };
    Ok((sequence, revoked, expires_at))
}

/// Revoked tokens, grants and clients, in memory.
///
/// Asked on every request: one atomic load while nothing is revoked, else a shared lock and up to
/// three lookups.
#[derive(Debug, Default)]
pub struct Revocations {
    sets: RwLock<Sets>,
    /// The number of entries, readable without the lock.
    length: AtomicUsize,
    /// The last entry of the table that was taken over.
    seen: AtomicI64,
    /// When all that is in the table was last known here, in seconds since the epoch.
    read_at: AtomicU64,
    /// Whether that is too long ago to let anybody in by it.
    is_stale: AtomicBool,
}

/// Each with the moment from which on it need not be remembered.
#[derive(Debug, Default)]
struct Sets {
    tokens: HashMap<String, Timestamp>,
    grants: HashMap<GrantId, Timestamp>,
    clients: HashMap<ClientId, (ClientTokens, Timestamp)>,
}

impl Revocations {
    /// Whether a token is revoked by its `jti`, its grant or its client. Nanoseconds when nothing
    /// is.
    pub fn covers(&self, token: &Revocable<'_>) -> bool {
        if self.is_empty() {
            return false;
        }
        let sets = self.read();
        let of_client = |id| {
            let revoked = sets.clients.get(id).map(|(tokens, _)| tokens.issued_until);
            revoked.is_some_and(|until| until.is_none_or(|until| token.issued_at <= until))
        };
        token
            .token_id
            .is_some_and(|id| sets.tokens.contains_key(id))
            || token
                .grant_id
                .is_some_and(|grant| sets.grants.contains_key(grant))
            || token.client_id.is_some_and(of_client)
    }

    /// Whether it is not known any more what was revoked: the database is away for too long.
    pub fn is_stale(&self) -> bool {
        self.is_stale.load(Ordering::Relaxed)
    }

    /// How long ago all of the table was last known here.
    pub fn age(&self, now: Timestamp) -> Duration {
        now.since(Timestamp::from_secs(self.read_at.load(Ordering::Relaxed)))
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
        sets.insert(revoked, expires_at);
        self.publish_length(&sets);
    }

    /// Takes over rows of the table.
    pub(super) fn take(&self, rows: Rows) -> Result<Taken, StoreError> {
        let entries = rows.read_all(read_entry)?;
        let mut taken = Taken {
            newest: 0,
            unknown: Vec::new(),
        };
        let mut sets = self.write();
        for (sequence, revoked, expires_at) in entries {
            let name = revoked.name();
            if sets.insert(revoked, expires_at) {
                taken.unknown.extend(name);
            }
            taken.newest = taken.newest.max(sequence);
        }
        self.publish_length(&sets);
        Ok(taken)
    }

    /// Takes over the rows that the statements of a batch returned; none returns others.
    pub(super) fn take_all(&self, answers: Vec<Rows>) -> Result<(), StoreError> {
        answers
            .into_iter()
            .try_for_each(|rows| self.take(rows).map(drop))
    }

    /// Forgets what has expired.
    pub fn purge(&self, now: Timestamp) {
        let mut sets = self.write();
        sets.tokens.retain(|_, expires_at| now < *expires_at);
        sets.grants.retain(|_, expires_at| now < *expires_at);
        sets.clients.retain(|_, (_, expires_at)| now < *expires_at);
        self.publish_length(&sets);
    }

    fn publish_length(&self, sets: &Sets) {
        let length = sets.tokens.len() + sets.grants.len() + sets.clients.len();
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

impl Sets {
    /// Whether that was news.
    fn insert(&mut self, revoked: Revoked, expires_at: Timestamp) -> bool {
        match revoked {
            Revoked::Token(id) => self.tokens.insert(id, expires_at).is_none(),
            Revoked::Grant(id) => self.grants.insert(id, expires_at).is_none(),
            Revoked::Client(id, tokens) => {
                let known = self.clients.get(&id).map(|(tokens, _)| tokens.sequence);
                let is_news = known.is_none_or(|known| known < tokens.sequence);
                if is_news {
                    self.clients.insert(id, (tokens, expires_at));
                }
                is_news
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    fn client(name: &str) -> ClientId {
        ClientId::parse(name).unwrap()
    }

    #[test]
    fn a_token_is_covered_by_its_own_or_its_grants_revocation() {
        let revocations = Revocations::default();
        let bad = GrantId::new("bad");
        assert!(!revocations.covers_token("t1") && !revocations.covers_grant("bad"));

        revocations.insert(Revoked::Token("t1".to_owned()), NOW);
        revocations.insert(Revoked::Grant(bad.clone()), NOW);

        assert_eq!(revocations.len(), 2);
        let covers = |token_id, grant_id| {
            revocations.covers(&Revocable {
                token_id,
                grant_id,
                client_id: None,
                issued_at: NOW,
            })
        };
        let good = GrantId::new("good");
        assert!(covers(Some("t1"), Some(&good)));
        assert!(covers(Some("t2"), Some(&bad)));
        assert!(covers(None, Some(&bad)));
        assert!(!covers(Some("t2"), Some(&good)));
        assert!(!covers(Some("bad"), None), "a jti is no grant");
        assert!(!covers(None, None));
    }

    #[test]
    fn tokens_of_a_client_are_covered_all_or_up_to_a_moment() {
        let revoke = |revocations: &Revocations, issued_until, sequence| {
            let tokens = ClientTokens {
                issued_until,
                sequence,
            };
            revocations.insert(Revoked::Client(client("app"), tokens), NOW);
        };
        let revocations = Revocations::default();
        let covers = |issued_at| revocations.covers_client("app", Timestamp::from_secs(issued_at));

        revoke(&revocations, None, 1);
        assert!(covers(0) && covers(u64::MAX), "it is not there");
        assert!(!revocations.covers_client("another", NOW));

        revoke(&revocations, Some(NOW), 3);
        assert!(covers(999) && covers(1_000), "it is there again");
        assert!(!covers(1_001));

        revoke(&revocations, None, 2);
        assert!(!covers(1_001), "news that come late change nothing");

        revoke(&revocations, None, 4);
        assert!(covers(1_001), "gone again");
        assert_eq!(revocations.len(), 1);
        revocations.purge(NOW);
        assert!(revocations.is_empty());
    }

    #[test]
    fn an_entry_is_forgotten_only_when_its_tokens_are_dead() {
        let revocations = Revocations::default();
        revocations.insert(Revoked::Token("t1".to_owned()), NOW);

        revocations.purge(NOW.before(Duration::from_secs(1)));
        assert!(revocations.covers_token("t1"));

        revocations.purge(NOW);
        assert!(revocations.is_empty());
    }
}
