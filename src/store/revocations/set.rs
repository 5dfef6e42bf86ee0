//! What of revocations is in memory, to be asked on every request.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use super::{ClientTokens, GRANT_REVOCATION_LIFETIME, Revoked, Taken, read_entry};
use crate::model::{ClientId, GrantId, Revocable, Timestamp};
use crate::store::StoreError;
use crate::store::db::Rows;

/// Entries for tokens and grants that are remembered one by one.
///
/// Somebody who signs in and out for a day makes them faster than they expire. They are not to fill
/// the memory then, and none of the tokens that were revoked is to come back. It is what a hash table
/// of 2^20 places holds before it doubles.
const MAX_REMEMBERED: usize = 900_000;

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
    pub(super) seen: AtomicI64,
    /// When all that is in the table was last known here, in seconds since the epoch.
    pub(super) read_at: AtomicU64,
    /// Whether that is too long ago to let anybody in by it.
    pub(super) is_stale: AtomicBool,
}

/// Each with the moment from which on it need not be remembered.
#[derive(Debug, Default)]
struct Sets {
    tokens: HashMap<String, Timestamp>,
    grants: HashMap<GrantId, Timestamp>,
    /// As many as there are clients.
    clients: HashMap<ClientId, (ClientTokens, Timestamp)>,
    forgotten: Forgotten,
}

/// What stands for entries that there was no room for: more than what was revoked, never less.
///
/// The tokens that it covers are the oldest, and most of them have expired. Clients whose token is
/// among the others refresh it. It is about access tokens: what sessions of applications and
/// application passwords stand for is read from the database again and again.
#[derive(Clone, Copy, Debug, Default)]
struct Forgotten {
    /// For single tokens: those that expire by then.
    expiring_until: Option<Timestamp>,
    /// For grants: tokens that were issued by then.
    issued_until: Option<Timestamp>,
}

impl Revocations {
    /// Whether a token is revoked by its `jti`, its grant or its client. Nanoseconds when nothing
    /// is.
    pub fn covers(&self, token: &Revocable<'_>) -> bool {
        if self.is_empty() {
            return false;
        }
        let sets = self.read();
        if sets.forgotten.covers(token) {
            return true;
        }
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

    pub(in crate::store) fn insert(&self, revoked: Revoked, expires_at: Timestamp) {
        let mut sets = self.write();
        sets.insert(revoked, expires_at);
        sets.make_room(MAX_REMEMBERED);
        self.publish_length(&sets);
    }

    /// Takes over rows of the table.
    pub(in crate::store) fn take(&self, rows: Rows) -> Result<Taken, StoreError> {
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
        sets.make_room(MAX_REMEMBERED);
        self.publish_length(&sets);
        Ok(taken)
    }

    /// Takes over the rows that the statements of a batch returned; none returns others.
    pub(in crate::store) fn take_all(&self, answers: Vec<Rows>) -> Result<(), StoreError> {
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
        sets.forgotten.purge(now);
        self.publish_length(&sets);
    }

    fn publish_length(&self, sets: &Sets) {
        let length = sets.tokens.len() + sets.grants.len() + sets.clients.len();
        let length = length + sets.forgotten.n_entries();
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

    /// Where there are more than `most`, the older half of the tokens or of the grants, whichever
    /// are more, is no longer remembered one by one.
    fn make_room(&mut self, most: usize) {
        if self.tokens.len() + self.grants.len() <= most {
            return;
        }
        let forgotten = &mut self.forgotten;
        if self.grants.len() < self.tokens.len() {
            let until = forget_half(&mut self.tokens);
            forgotten.expiring_until = forgotten.expiring_until.max(Some(until));
        } else {
            let until = forget_half(&mut self.grants).before(GRANT_REVOCATION_LIFETIME);
            forgotten.issued_until = forgotten.issued_until.max(Some(until));
        }
        tracing::error!(
            most,
            tokens.expiring_until = forgotten.expiring_until.map(Timestamp::as_secs),
            tokens.issued_until = forgotten.issued_until.map(Timestamp::as_secs),
            "too many tokens and grants were revoked to remember each: tokens that expire or, being \
             of a grant, were issued by then are refused"
        );
    }
}

impl Forgotten {
    /// How many entries of the set it is.
    fn n_entries(&self) -> usize {
        let moments = [self.expiring_until, self.issued_until];
        moments.iter().flatten().count()
    }

    /// Clears what stands only for tokens that have expired.
    fn purge(&mut self, now: Timestamp) {
        self.expiring_until = self.expiring_until.filter(|until| now < *until);
        let is_alive = |until: &Timestamp| now < until.after(GRANT_REVOCATION_LIFETIME);
        self.issued_until = self.issued_until.filter(is_alive);
    }

    fn covers(&self, token: &Revocable<'_>) -> bool {
        let by = |moment, until: Option<Timestamp>| until.is_some_and(|until| moment <= until);
        token.token_id.is_some()
            && (by(token.expires_at, self.expiring_until)
                || token.grant_id.is_some() && by(token.issued_at, self.issued_until))
    }
}

/// Removes the half that expires first, and what expires in the same second; returns the last of
/// these moments.
fn forget_half<K: Eq + Hash>(entries: &mut HashMap<K, Timestamp>) -> Timestamp {
    let mut moments: Vec<Timestamp> = entries.values().copied().collect();
    let middle = moments.len() / 2;
    if moments.is_empty() {
        return Timestamp::default();
    }
    let (_, until, _) = moments.select_nth_unstable(middle);
    let until = *until;
    entries.retain(|_, expires_at| until < *expires_at);
    // What they took is to be free again.
    entries.shrink_to_fit();
    until
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
                expires_at: NOW,
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

    /// Whether a token of grant `grant` with `jti` `id`, issued and expiring then, is covered.
    fn covers(
        sets: &Revocations,
        id: &str,
        grant: Option<&str>,
        (from, until): (u64, u64),
    ) -> bool {
        let grant = grant.map(GrantId::new);
        sets.covers(&Revocable {
            token_id: Some(id),
            grant_id: grant.as_ref(),
            client_id: None,
            issued_at: Timestamp::from_secs(from),
            expires_at: Timestamp::from_secs(until),
        })
    }

    #[test]
    fn grants_too_many_to_remember_take_old_tokens_with_them() {
        let revocations = Revocations::default();
        for second in 0..=100 {
            let until = Timestamp::from_secs(1_000 + second).after(GRANT_REVOCATION_LIFETIME);
            let grant = GrantId::new(format!("g{second}"));
            revocations.insert(Revoked::Grant(grant), until);
        }

        revocations.write().make_room(101);
        assert!(!covers(&revocations, "t", Some("another"), (0, 5_000)));

        revocations.write().make_room(100);
        for second in 0..=100 {
            let grant = format!("g{second}");
            let issued = (900 + second, 5_000);
            assert!(covers(&revocations, "t", Some(&grant), issued), "{grant}");
        }
        assert_eq!(revocations.read().grants.len(), 50);
        assert!(covers(&revocations, "t", Some("another"), (1_050, 5_000)));
        assert!(!covers(&revocations, "t", Some("another"), (1_051, 5_000)));
        assert!(!covers(&revocations, "t", None, (0, 5_000)), "of no grant");
        assert!(!revocations.covers_grant("another"), "no access token");
    }

    #[test]
    fn tokens_too_many_to_remember_take_those_that_end_soon_with_them() {
        let revocations = Revocations::default();
        for second in 0..=100 {
            let until = Timestamp::from_secs(1_000 + second);
            revocations.insert(Revoked::Token(format!("t{second}")), until);
        }

        revocations.write().make_room(100);

        for second in 0..=100 {
            let id = format!("t{second}");
            assert!(covers(&revocations, &id, None, (0, 1_000 + second)), "{id}");
        }
        assert_eq!(revocations.read().tokens.len(), 50);
        assert!(covers(&revocations, "another", Some("g"), (0, 1_050)));
        assert!(!covers(&revocations, "another", Some("g"), (0, 1_051)));
    }

    #[test]
    fn what_stands_for_others_is_in_force_until_their_tokens_are_dead() {
        let revocations = Revocations::default();
        let until = NOW.after(GRANT_REVOCATION_LIFETIME);
        for name in ["g1", "g2"] {
            revocations.insert(Revoked::Grant(GrantId::new(name)), until);
        }
        let mut sets = revocations.write();
        sets.make_room(1);
        revocations.publish_length(&sets);
        drop(sets);
        assert!(revocations.read().grants.is_empty(), "of one second");

        let is_covered = || covers(&revocations, "t", Some("g1"), (1_000, 1_300));
        assert!(is_covered());
        revocations.purge(until.before(Duration::from_secs(1)));
        assert!(is_covered());
        revocations.purge(until);
        assert!(revocations.is_empty() && !is_covered());
    }
}
