//! When the keys of a client are fetched, and when not.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use serde_json::json;
use tokio::sync::Semaphore;

use super::*;
use crate::jose::{SigningAlgorithm, SigningKey};
use crate::model::{ClientEndpoint, ClientKeys, KeySource, Reach};
use crate::outbound::{DocumentFetcher, OutboundError};
use crate::provider::tests::support::join_all;
use crate::provider::token::ClientKeySets;
use crate::telemetry::Metrics;

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
            sets: ClientKeySets::new(Arc::<Server>::clone(&server), Arc::new(Metrics::new())),
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

/// Else who hangs up each time keeps the client out.
#[tokio::test]
async fn a_fetch_goes_on_when_whoever_asked_goes_away() {
    let key = new_key();
    let world = World::with(&[&key]);
    world.server.open.forget_permits(1000);
    let mut first = Box::pin(world.verify(&key, 0));
    assert!(first.as_mut().now_or_never().is_none());
    drop(first);
    world.server.open.add_permits(1);

    assert_eq!(world.verify(&key, 1).await, Ok(()));

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
