//! One key set that a client publishes at its `jwks_uri`.
//!
//! It is fetched when an assertion needs it: when nothing is known, when what is known is some
//! minutes old, and at once when an assertion is signed with a key that is not in it (OpenID
//! Connect Core §10.1.1). Whoever sends such assertions on purpose makes us ask twice a minute,
//! and no more: there is a pause after each attempt, and one attempt at a time. While the
//! client's server does not answer, what is known goes on being used for a day.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use super::client_keys::{KeySetFetcher, KeysError, RemoteSource};
use crate::gate::Gate;
use crate::jose::{Assertion, JwtError, KeySet};
use crate::model::Timestamp;

/// How long a set is believed: a key that the client withdrew is accepted for so long at most
/// while its server answers.
const FRESH: Duration = Duration::from_secs(300);

/// How long a set is used while it cannot be fetched.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// From one attempt to the next.
const PAUSE: Duration = Duration::from_secs(30);

/// How many requests wait for an attempt of another.
const MAX_WAITING: usize = 32;

/// A key set and the attempts to fetch it.
#[derive(Debug)]
pub(super) struct RemoteKeys {
    state: ArcSwap<State>,
    turn: Gate,
}

#[derive(Clone, Debug, Default)]
struct State {
    held: Option<Held>,
    tried_at: Option<Timestamp>,
}

#[derive(Clone, Debug)]
struct Held {
    keys: Arc<KeySet>,
    at: Timestamp,
}

impl Default for RemoteKeys {
    fn default() -> Self {
        Self {
            state: ArcSwap::default(),
            turn: Gate::new(1),
        }
    }
}

impl RemoteKeys {
    /// Checks that `assertion` is signed with a key of the set.
    ///
    /// # Errors
    ///
    /// [`KeysError`] says whether it is not, or cannot be told.
    pub(super) async fn verify(
        self: &Arc<Self>,
        assertion: &Assertion<'_>,
        source: RemoteSource,
        fetcher: &Arc<KeySetFetcher>,
        now: Timestamp,
    ) -> Result<(), KeysError> {
        let state = self.state.load_full();
        let known = state.verify(assertion, now);
        if !state.should_fetch(&known, assertion, now) {
            return known;
        }
        // Whoever is served by what is known does not wait for others.
        let waiting = if known.is_ok() { 0 } else { MAX_WAITING };
        let Some(turn) = self.turn.pass(waiting).await else {
            return known;
        };
        let state = self.state.load_full();
        let known = state.verify(assertion, now);
        if !state.should_fetch(&known, assertion, now) {
            return known;
        }
        // The fetch goes on when whoever asked goes away: who hangs up each time would otherwise
        // use up every attempt, and keep the client out.
        let (this, fetcher) = (Arc::clone(self), Arc::clone(fetcher));
        let fetching = tokio::spawn(async move {
            this.fetch(&source, &fetcher, now).await;
            drop(turn);
        });
        // What came of it is in the state, and nothing if it was interrupted.
        drop(fetching.await);
        self.state.load().verify(assertion, now)
    }

    /// Fetches the set; to be called in turn.
    async fn fetch(&self, source: &RemoteSource, fetcher: &KeySetFetcher, now: Timestamp) {
        let attempt = State {
            held: self.state.load().held.clone(),
            tried_at: Some(now),
        };
        // Before the answer: whoever is served by what is known does not ask meanwhile.
        self.state.store(Arc::new(attempt.clone()));
        if let Ok(keys) = fetcher.fetch(source).await {
            let held = Held {
                keys: Arc::new(keys),
                at: now,
            };
            self.state.store(Arc::new(State {
                held: Some(held),
                ..attempt
            }));
        }
    }
}

impl State {
    /// What the set as it is known says.
    fn verify(&self, assertion: &Assertion<'_>, now: Timestamp) -> Result<(), KeysError> {
        match &self.held {
            Some(held) if now.since(held.at) < KEPT => Ok(assertion.verify(&held.keys)?),
            _ => Err(KeysError::Unavailable),
        }
    }

    /// Whether the client's server could say more than `known`, and may be asked.
    fn should_fetch(
        &self,
        known: &Result<(), KeysError>,
        assertion: &Assertion<'_>,
        now: Timestamp,
    ) -> bool {
        let is_within =
            |since: Option<Timestamp>, length| since.is_some_and(|since| now.since(since) < length);
        let may_be_new = match known {
            Ok(()) => false,
            Err(KeysError::Unavailable | KeysError::Refused(JwtError::UnknownKey)) => true,
            // Without a name the old key was tried.
            Err(KeysError::Refused(JwtError::Signature)) => !assertion.names_key(),
            Err(KeysError::Refused(_)) => false,
        };
        let is_fresh = is_within(self.held.as_ref().map(|held| held.at), FRESH);
        (may_be_new || !is_fresh) && !is_within(self.tried_at, PAUSE)
    }
}
