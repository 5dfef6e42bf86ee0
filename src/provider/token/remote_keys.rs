//! One key set that a client publishes at its `jwks_uri`.
//!
//! It is fetched when an assertion needs it: when nothing is known, when what is known is some
//! minutes old, and at once when an assertion is signed with a key that is not in it (OpenID
//! Connect Core §10.1.1). Whoever sends such assertions on purpose makes us ask twice a minute,
//! and no more: there is a pause after each attempt, and one attempt at a time. While the
//! client's server does not answer, what is known goes on being used for a day.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use super::client_keys::{ClientKeySets, KeysError, RemoteSource};
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
        &self,
        assertion: &Assertion<'_>,
        source: &RemoteSource<'_>,
        sets: &ClientKeySets,
        now: Timestamp,
    ) -> Result<(), KeysError> {
        let state = self.state.load_full();
        let known = state.verify(assertion, now);
        if !state.should_fetch(&known, assertion, now) {
            return known;
        }
        // Whoever is served by what is known does not wait for others.
        let waiting = if known.is_ok() { 0 } else { MAX_WAITING };
        let Some(_turn) = self.turn.pass(waiting).await else {
            return known;
        };
        let state = self.state.load_full();
        let known = state.verify(assertion, now);
        if !state.should_fetch(&known, assertion, now) {
            return known;
        }
        self.fetch(&state, source, sets, now).await;
        self.state.load().verify(assertion, now)
    }

    async fn fetch(
        &self,
        before: &State,
        source: &RemoteSource<'_>,
        sets: &ClientKeySets,
        now: Timestamp,
    ) {
        let attempt = State {
            held: before.held.clone(),
            tried_at: Some(now),
        };
        // Before the answer: a peer that hangs up meanwhile has used up the attempt.
        self.state.store(Arc::new(attempt.clone()));
        if let Ok(keys) = sets.fetch(source).await {
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use async_trait::async_trait;
    use futures_util::FutureExt as _;
    use serde_json::json;
    use tokio::sync::Semaphore;

    use super::*;
    use crate::jose::{SigningAlgorithm, SigningKey};
    use crate::model::{ClientEndpoint, ClientKeys, KeySource, Reach};
    use crate::provider::outbound::{DocumentFetcher, OutboundError};
    use crate::provider::tests::support::join_all;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    /// The server of a client.
    #[derive(Debug)]
    struct Server {
        answer: Mutex<Result<String, OutboundError>>,
        asked: Mutex<Vec<Reach>>,
        /// Answers that may be given.
        open: Semaphore,
    }

    #[async_trait]
    impl DocumentFetcher for Server {
        async fn fetch(&self, _: &ClientEndpoint, reach: Reach) -> Result<String, OutboundError> {
            self.asked.lock().unwrap().push(reach);
            self.open.acquire().await.unwrap().forget();
            self.answer.lock().unwrap().clone()
        }
    }

    struct World {
        server: Arc<Server>,
        sets: ClientKeySets,
        keys: ClientKeys,
    }

    impl World {
        /// A client whose server publishes `keys`.
        fn with(keys: &[&SigningKey]) -> Self {
            let server = Arc::new(Server {
                answer: Mutex::new(Ok(String::new())),
                asked: Mutex::default(),
                open: Semaphore::new(1000),
            });
            let uri = ClientEndpoint::register("https://app.example/jwks").unwrap();
            let world = Self {
                sets: ClientKeySets::over(Arc::<Server>::clone(&server)),
                server,
                keys: ClientKeys {
                    source: KeySource::Uri(uri, Reach::Public),
                    algorithm: None,
                },
            };
            world.publish(keys);
            world
        }

        fn publish(&self, keys: &[&SigningKey]) {
            let keys: Vec<_> = keys.iter().map(|key| key.public_jwk()).collect();
            *self.server.answer.lock().unwrap() = Ok(json!({"keys": keys}).to_string());
        }

        fn fail(&self, error: OutboundError) {
            *self.server.answer.lock().unwrap() = Err(error);
        }

        fn n_asked(&self) -> usize {
            self.server.asked.lock().unwrap().len()
        }

        /// What an assertion signed with `key` comes to after `seconds`: `Ok`, or the error's
        /// text.
        async fn verify(&self, key: &SigningKey, seconds: u64) -> Result<(), String> {
            let claims = json!({"iss": "a", "sub": "a", "aud": "b", "jti": "c", "exp": 1});
            let token = key.sign_jwt("JWT", &claims).unwrap();
            let assertion = Assertion::parse(&token).unwrap();
            let now = NOW.after(Duration::from_secs(seconds));
            let verified = self.sets.verify(&assertion, &self.keys, Reach::Public, now);
            verified.await.map_err(|error| error.to_string())
        }
    }

    fn new_key() -> SigningKey {
        SigningKey::generate(SigningAlgorithm::Es256).unwrap()
    }

    fn unknown() -> Result<(), String> {
        Err(JwtError::UnknownKey.to_string())
    }

    fn unavailable() -> Result<(), String> {
        Err(KeysError::Unavailable.to_string())
    }

    #[tokio::test]
    async fn keys_are_fetched_when_needed_and_again_when_they_are_old() {
        let key = new_key();
        let world = World::with(&[&key]);

        for (seconds, n_asked) in [(0, 1), (1, 1), (299, 1), (300, 2), (301, 2), (599, 2)] {
            assert_eq!(world.verify(&key, seconds).await, Ok(()), "{seconds} s");
            assert_eq!(world.n_asked(), n_asked, "{seconds} s");
        }
    }

    #[tokio::test]
    async fn a_new_key_is_fetched_at_once_and_a_withdrawn_one_forgotten() {
        let (old, new) = (new_key(), new_key());
        let world = World::with(&[&old]);
        assert_eq!(world.verify(&old, 0).await, Ok(()));
        world.publish(&[&new]);

        assert_eq!(world.verify(&new, 30).await, Ok(()));

        assert_eq!(world.verify(&old, 31).await, unknown());
        assert_eq!(world.n_asked(), 2);
    }

    #[tokio::test]
    async fn unknown_keys_do_not_make_us_ask_more_than_twice_a_minute() {
        let (key, forged) = (new_key(), new_key());
        let world = World::with(&[&key]);
        for seconds in 0..60 {
            assert_eq!(world.verify(&forged, seconds).await, unknown());
        }

        assert_eq!(world.n_asked(), 2);
        assert_eq!(world.verify(&key, 60).await, Ok(()));
    }

    #[tokio::test]
    async fn many_at_once_ask_once() {
        let key = new_key();
        let world = World::with(&[&key]);

        let verified = join_all((0..20).map(|_| world.verify(&key, 0)).collect()).await;

        assert!(verified.iter().all(Result::is_ok), "{verified:?}");
        assert_eq!(world.n_asked(), 1);
    }

    /// Who is served by what is known does not wait for a server that is slow.
    #[tokio::test]
    async fn only_one_waits_for_a_slow_server_while_old_keys_serve() {
        let key = new_key();
        let world = World::with(&[&key]);
        assert_eq!(world.verify(&key, 0).await, Ok(()));
        world.server.open.forget_permits(1000);
        let mut slow = Box::pin(world.verify(&key, 300));
        assert!(slow.as_mut().now_or_never().is_none());

        assert_eq!(world.verify(&key, 300).await, Ok(()));

        world.server.open.add_permits(1);
        assert_eq!(slow.await, Ok(()));
    }

    #[tokio::test]
    async fn keys_are_kept_for_a_day_while_the_server_is_down() {
        let key = new_key();
        let world = World::with(&[&key]);
        assert_eq!(world.verify(&key, 0).await, Ok(()));

        for error in [
            OutboundError::Timeout,
            OutboundError::Status(http::StatusCode::NOT_FOUND),
        ] {
            world.fail(error);
            assert_eq!(world.verify(&key, 3600).await, Ok(()), "{error}");
        }
        *world.server.answer.lock().unwrap() = Ok("<html>maintenance</html>".to_owned());
        assert_eq!(world.verify(&key, 86_399).await, Ok(()));
        assert_eq!(world.verify(&key, 86_400).await, unavailable());
        world.publish(&[&key]);
        assert_eq!(world.verify(&key, 86_440).await, Ok(()));
    }

    /// It is not the fault of who sent the assertion.
    #[tokio::test]
    async fn without_keys_nothing_is_said_of_the_assertion() {
        let key = new_key();
        let world = World::with(&[&key]);
        world.fail(OutboundError::Connect);

        assert_eq!(world.verify(&key, 0).await, unavailable());
        world.publish(&[&key]);
        assert_eq!(world.verify(&key, 29).await, unavailable(), "a pause");
        assert_eq!(world.verify(&key, 30).await, Ok(()));
    }
}
