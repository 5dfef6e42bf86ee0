//! Signing keys over their whole lives: no client notices that one follows another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::support::{Ground, NoWeb, TestProvider, TestUsers, clients_in, read_jwt, settings};
use crate::clock::ManualClock;
use crate::jose::{RingKey, SigningKey};
use crate::model::{SigningAlgorithm, Timestamp};
use crate::provider::{Handover, KeyRotation, Settings};
use crate::store::{self, Predecessors, Store};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
const START: Timestamp = Timestamp::from_secs(1_800_000_000);

/// Keys that are quick to make, and to be followed every ten days.
fn quick() -> Settings {
    Settings {
        id_token_algorithm: SigningAlgorithm::EdDsa,
        id_token_lifetime: DAY,
        key_rotation: KeyRotation {
            period: 10 * DAY,
            publish_before: DAY,
        },
        ..settings()
    }
}

/// Two processes over one state, which has keys of these algorithms.
async fn two_processes(algorithms: &[SigningAlgorithm]) -> [TestProvider; 2] {
    let in_memory = store::Settings::in_memory();
    let store = Store::open(&in_memory).await.unwrap();
    store.ensure_keys(algorithms, START).await.unwrap();
    let ground = Ground {
        store,
        clock: Arc::new(ManualClock::at(START)),
        users: Arc::<TestUsers>::default(),
        clients: clients_in(Arc::new(NoWeb)),
    };
    let processes = [(), ()].map(|()| TestProvider::over(ground.clone(), quick(), u32::MAX));
    for process in &processes {
        refresh(process).await;
    }
    processes
}

/// What background work does every few seconds.
async fn refresh(process: &TestProvider) {
    let keys = process.store.load_keys().await.unwrap();
    process.provider.parts.keys.replace(keys);
}

async fn published(process: &TestProvider) -> BTreeSet<String> {
    let keys = process.get("/oidc/.well-known/jwks.json").await.json();
    let keys = keys["keys"].as_array().unwrap();
    keys.iter()
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

async fn signs(process: &TestProvider, algorithm: SigningAlgorithm) -> String {
    let now = Timestamp::from_secs(process.now());
    let key = process.provider.signing_keys.find(algorithm, now).await;
    key.unwrap().id().to_owned()
}

/// Through four generations: at every moment each token that has not expired has its key in the
/// published set, and whatever signs has been there for as long as was announced.
#[tokio::test]
async fn a_key_is_published_before_its_first_token_and_until_its_last_has_expired() {
    let algorithms = [SigningAlgorithm::Es256, SigningAlgorithm::EdDsa];
    let [one, other] = two_processes(&algorithms).await;
    let first = published(&one).await;
    let mut seen_since: BTreeMap<String, Timestamp> = BTreeMap::new();
    let mut unexpired: Vec<(Timestamp, String)> = Vec::new();
    let mut signed: BTreeSet<String> = BTreeSet::new();

    for _ in 0..(35 * 24) {
        let now = Timestamp::from_secs(one.now());
        let kept = tokio::join!(one.provider.keep_keys(), other.provider.keep_keys());
        assert!(matches!(kept, (Ok(()), Ok(()))), "{kept:?}");
        for process in [&one, &other] {
            refresh(process).await;
        }
        let published = published(&other).await;
        for id in &published {
            seen_since.entry(id.clone()).or_insert(now);
        }
        unexpired.retain(|(expires_at, _)| now < *expires_at);
        for algorithm in algorithms {
            let id = signs(&one, algorithm).await;
            let has_been_seen = now.since(seen_since[&id]) >= DAY;
            assert!(first.contains(&id) || has_been_seen, "{id} at {now}");
            unexpired.push((now.after(DAY), id.clone()));
            signed.insert(id);
        }
        for (_, id) in &unexpired {
            assert!(published.contains(id), "{id} at {now}");
        }
        one.store.collect_garbage(now, 100).await.unwrap();
        one.clock.advance(HOUR);
    }

    // Two algorithms, each with its first key and one for each ten days, whoever made it.
    assert_eq!(signed.len(), 2 * 4);
    assert_eq!(seen_since.len(), 2 * 4, "a key too many was made");
    let left = published(&one).await;
    assert!(first.is_disjoint(&left), "an old key never goes: {left:?}");
}

/// `cellgate keys rotate`, second by second: a client that keeps the set for as long as it may,
/// read from the process that learns last, finds the key of every token.
#[tokio::test]
async fn a_rotation_by_hand_is_not_noticed_by_whoever_keeps_the_set_as_long_as_allowed() {
    let algorithm = SigningAlgorithm::Es256;
    let [first_to_know, last_to_know] = two_processes(&[algorithm]).await;
    let before = signs(&first_to_know, algorithm).await;
    let answer = last_to_know.get("/oidc/.well-known/jwks.json").await;
    let max_age: u64 = answer
        .header("cache-control")
        .and_then(|value| value.rsplit_once('='))
        .and_then(|(_, seconds)| seconds.parse().ok())
        .unwrap();
    for read_at in 0..max_age {
        let now = Timestamp::from_secs(first_to_know.now());
        rotate_by_hand(&first_to_know, algorithm, now).await;
        refresh(&first_to_know).await;
        let mut copy = (0, published(&last_to_know).await);
        for second in 0..90 {
            if second % 5 == 4 {
                refresh(&last_to_know).await;
            }
            if second >= read_at && (second - read_at) % max_age == 0 {
                copy = (second, published(&last_to_know).await);
            }
            assert!(second - copy.0 <= max_age);
            let id = signs(&first_to_know, algorithm).await;
            assert!(
                copy.1.contains(&id),
                "read at {read_at}, signed at {second}"
            );
            first_to_know.clock.advance(Duration::from_secs(1));
        }
    }
    assert_ne!(signs(&first_to_know, algorithm).await, before);
}

async fn rotate_by_hand(process: &TestProvider, algorithm: SigningAlgorithm, now: Timestamp) {
    let handover = Handover::by_hand(now);
    let key = RingKey {
        key: Arc::new(SigningKey::generate(algorithm).unwrap()),
        created_at: handover.made_at,
        active_from: handover.active_from,
        published_until: None,
    };
    let predecessors = Predecessors::Youngest {
        until: handover.predecessors_until,
    };
    assert!(process.store.save_key(&key, predecessors).await.unwrap());
}

/// An administrator does not wait for what is planned: the successor by hand signs first.
#[tokio::test]
async fn a_rotation_by_hand_goes_before_one_that_is_under_way() {
    let algorithm = SigningAlgorithm::Es256;
    let [one, _] = two_processes(&[algorithm]).await;
    let old = signs(&one, algorithm).await;
    one.clock.advance(9 * DAY);
    one.provider.keep_keys().await.unwrap();
    let planned: BTreeSet<_> = published(&one).await.into_iter().collect();
    assert_eq!(planned.len(), 2);

    rotate_by_hand(&one, algorithm, Timestamp::from_secs(one.now())).await;
    refresh(&one).await;
    one.clock.advance(MINUTE);

    let by_hand = signs(&one, algorithm).await;
    assert!(!planned.contains(&by_hand));
    assert!(published(&one).await.contains(&old));
    one.clock.advance(DAY);
    assert_eq!(signs(&one, algorithm).await, by_hand);
}

/// No client has anything signed with RS256 any more: its key ends instead of being followed.
#[tokio::test]
async fn a_key_that_nothing_needs_is_not_followed() {
    let [one, _] = two_processes(&[SigningAlgorithm::Es256, SigningAlgorithm::Rs256]).await;

    one.clock.advance(9 * DAY);
    one.provider.keep_keys().await.unwrap();
    one.clock.advance(3 * DAY);

    assert_eq!(one.published_algorithms().await, ["ES256"]);
}

/// Who registers meanwhile, with an algorithm whose key has ended, gets a new one.
#[tokio::test]
async fn a_key_that_ended_is_made_anew_when_it_is_needed() {
    let [one, _] = two_processes(&[SigningAlgorithm::Rs256]).await;
    let old = signs(&one, SigningAlgorithm::Rs256).await;
    one.clock.advance(9 * DAY);
    one.provider.keep_keys().await.unwrap();

    let new = signs(&one, SigningAlgorithm::Rs256).await;

    assert_ne!(new, old);
    let published = published(&one).await;
    assert!(published.contains(&old) && published.contains(&new));
}

/// A key that signs at once, and of which another process has heard nothing yet: no token under it is
/// refused there, and no hint.
#[tokio::test]
async fn what_another_process_signed_with_a_key_it_just_made_is_good_here() {
    let [one, other] = two_processes(&[SigningAlgorithm::Es256, SigningAlgorithm::EdDsa]).await;
    one.provider.parts.keys.replace(Vec::new());
    other.provider.parts.keys.replace(Vec::new());
    refresh(&one).await;
    let tokens = one.tokens("alice", "openid").await;

    assert_eq!(other.userinfo(tokens.access_token()).await.status, 200);

    other.provider.parts.keys.replace(Vec::new());
    let hint = tokens.id_token();
    let path = format!("/oidc/oauth2/sessions/logout?id_token_hint={hint}");
    assert_eq!(other.get(&path).await.status, 200);
}

/// Whether such a key was made cannot be told while the store is away.
#[tokio::test]
async fn a_token_under_an_unknown_key_is_not_blamed_while_the_store_is_away() {
    let [one, other] = two_processes(&[SigningAlgorithm::Es256, SigningAlgorithm::EdDsa]).await;
    let tokens = one.tokens("alice", "openid").await;
    other.provider.parts.keys.replace(Vec::new());
    one.store.lose_keys().await;

    let answer = other.userinfo(tokens.access_token()).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("www-authenticate"), None);
    assert_eq!(one.userinfo(tokens.access_token()).await.status, 200);
}

/// Keys that nobody made: however many tokens name one, the store is read a few times a second.
#[tokio::test]
async fn a_flood_of_made_up_keys_reads_the_store_seldom() {
    let [one, other] = two_processes(&[SigningAlgorithm::Es256, SigningAlgorithm::EdDsa]).await;
    let tokens = one.tokens("alice", "openid").await;
    let (_, claims) = read_jwt(tokens.access_token());
    let nobodys = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
    let token = nobodys.sign_jwt("at+jwt", &claims).unwrap();
    let n_before = one.store.n_key_readings();

    let start = tokio::time::Instant::now();
    let asked = (0..100).map(|_| other.userinfo(&token));
    for answer in futures_util::future::join_all(asked).await {
        answer.assert_challenged(401, Some("invalid_token"));
    }

    let n_readings = one.store.n_key_readings() - n_before;
    let most = start.elapsed().as_millis() / 250 + 2;
    assert!(
        n_readings > 0 && n_readings as u128 <= most,
        "{n_readings} of {most}"
    );
}
