//! Rows of I of the corpus: keys that are fetched, and issuers that are slow, down or hostile.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use url::Url;

use super::super::{FetchError, KeyLocation, KeySource, TrustedIssuer};
use super::script::{
    ISSUER, KEYS, METADATA, NOW, World, after, fetched, jwks, key, metadata, reply, reply_for,
    token, trusted,
};
use crate::jose::{JwtError, SigningKey, TokenVerifier};
use crate::model::Timestamp;
use crate::outbound::{OutboundError, Reply};

/// A world in which [`ISSUER`] shows its metadata and this key.
fn world_with(key: &SigningKey) -> World {
    let world = World::of(&[trusted(ISSUER)]);
    world.script.show(METADATA, &metadata());
    world.script.show(KEYS, &jwks(&[key]));
    world
}

fn verifier(world: &World) -> TokenVerifier {
    TokenVerifier::new(None, &world.issuers.verifiable(), 100).unwrap()
}

fn verify(verifier: &TokenVerifier, token: &str, now: Timestamp) -> Result<(), JwtError> {
    verifier.verify(token, now).map(drop)
}

#[tokio::test]
async fn keys_are_where_the_metadata_says() {
    let key = key();
    let world = world_with(&key);
    let (verifier, token) = (verifier(&world), token(&key, ISSUER, |_| {}));
    assert_eq!(
        verify(&verifier, &token, NOW),
        Err(JwtError::KeysUnavailable)
    );

    assert_eq!(world.issuer().renew_keys(NOW).await, Ok(()));

    assert_eq!(verify(&verifier, &token, NOW), Ok(()));
    assert_eq!(world.script.asked(), [METADATA, KEYS]);
}

#[tokio::test]
async fn keys_are_where_the_operator_says() {
    let key = key();
    let settings = TrustedIssuer {
        keys: fetched(KeyLocation::Jwks(Url::parse(KEYS).unwrap())),
        ..trusted(ISSUER)
    };
    let world = World::of(&[settings]);
    world.script.show(KEYS, &jwks(&[&key]));

    assert_eq!(world.issuer().renew_keys(NOW).await, Ok(()));

    assert_eq!(world.script.asked(), [KEYS]);
}

#[tokio::test]
async fn an_answer_that_cannot_be_used_is_a_failure_with_a_reason() {
    let key = key();
    for (row, url, answer, reason) in unusable_answers() {
        let world = world_with(&key);
        world.script.answer(url, answer);

        let outcome = world.issuer().renew_keys(NOW).await;

        assert_eq!(
            outcome.map_err(|error| error.reason()),
            Err(reason),
            "{row}"
        );
        let counted =
            format!(r#"cellgate_issuer_key_fetches_total{{issuer="{ISSUER}",outcome="{reason}"}}"#);
        assert_eq!(world.sample(&counted).as_deref(), Some("1"), "{row}");
    }
}

/// A sentence, the address, what it answers, and what is counted.
type Row = (
    &'static str,
    &'static str,
    Result<Reply, OutboundError>,
    &'static str,
);

fn unusable_answers() -> Vec<Row> {
    let page = "<!doctype html><title>Maintenance</title>";
    vec![
        (
            "I01 metadata of another issuer",
            METADATA,
            Ok(reply(
                200,
                r#"{"issuer":"https://login.test","jwks_uri":"https://login.test/keys"}"#,
            )),
            "other_issuer",
        ),
        (
            "I02 keys over plain http",
            METADATA,
            Ok(reply(
                200,
                r#"{"issuer":"https://login.test/","jwks_uri":"http://login.test/keys"}"#,
            )),
            "location",
        ),
        ("I02 a redirection", METADATA, Ok(reply(302, "")), "status"),
        (
            "I03 a page for metadata",
            METADATA,
            Ok(reply(200, page)),
            "metadata",
        ),
        ("I03 a page for keys", KEYS, Ok(reply(200, page)), "keys"),
        (
            "I03 too long",
            KEYS,
            Err(OutboundError::TooLarge),
            "no_answer",
        ),
        (
            "I03 too slow",
            KEYS,
            Err(OutboundError::Timeout),
            "no_answer",
        ),
        ("I03 an error", KEYS, Ok(reply(500, "")), "status"),
        ("I09 no key", KEYS, Ok(reply(200, r#"{"keys":[]}"#)), "keys"),
        (
            "I04 a shared key alone",
            KEYS,
            Ok(reply(200, r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#)),
            "keys",
        ),
    ]
}

/// I02: what is asked of the network beside the issuer is bounded to the public part of it.
#[tokio::test]
async fn i02_keys_elsewhere_are_looked_for_on_the_public_internet_only() {
    let world = World::of(&[trusted(ISSUER)]);
    let elsewhere = json!({"issuer": ISSUER, "jwks_uri": "https://keys.test/"});
    world.script.show(METADATA, &elsewhere);

    assert!(world.issuer().renew_keys(NOW).await.is_err());

    assert_eq!(world.script.last().url.as_str(), "https://keys.test/");
    assert_eq!(world.script.last().reach, crate::model::Reach::Public);
}

#[tokio::test]
async fn i05_however_many_ask_there_is_one_fetch_in_an_interval() {
    let key = key();
    let world = world_with(&key);
    world.script.hold();
    let issuer = world.issuer();
    let asking = join_all((0..1000).map(|_| issuer.renew_keys(NOW)));
    let release = async {
        tokio::task::yield_now().await;
        world.script.go_on();
    };

    let (outcomes, ()) = tokio::join!(asking, release);

    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(world.script.n_asked(KEYS), 1);
    for (seconds, expected) in [(0, 1), (9, 1), (10, 2), (19, 2), (20, 3)] {
        assert_eq!(issuer.renew_keys(after(seconds)).await, Ok(()));
        assert_eq!(world.script.n_asked(KEYS), expected, "{seconds}");
    }
}

/// Beyond a bound nobody waits: the place of each is memory that strangers could fill.
#[tokio::test]
async fn i05_a_bounded_number_wait_for_a_fetch() {
    let key = key();
    let world = world_with(&key);
    world.script.hold();
    let issuer = world.issuer();
    let asking = join_all((0..5000).map(|_| issuer.renew_keys(NOW)));
    let release = async {
        tokio::task::yield_now().await;
        world.script.go_on();
    };

    let (outcomes, ()) = tokio::join!(asking, release);

    let n_served = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(n_served, 1 + 4096);
    assert_eq!(world.script.n_asked(KEYS), 1);
}

#[tokio::test]
async fn i06_a_key_published_since_is_found_by_one_fetch() {
    let (old, new) = (key(), key());
    let world = world_with(&old);
    let verifier = verifier(&world);
    world.issuer().renew_keys(NOW).await.unwrap();
    world.script.show(KEYS, &jwks(&[&old, &new]));
    let token = token(&new, ISSUER, |_| {});
    assert_eq!(
        verify(&verifier, &token, after(10)),
        Err(JwtError::UnknownKey)
    );

    world.issuer().renew_keys(after(10)).await.unwrap();

    assert_eq!(verify(&verifier, &token, after(10)), Ok(()));
}

#[tokio::test]
async fn i07_while_the_issuer_is_down_its_keys_are_believed_for_a_while() {
    let key = key();
    let world = world_with(&key);
    let verifier = verifier(&world);
    world.issuer().renew_keys(NOW).await.unwrap();
    world.script.take_down(METADATA);
    let day = 86_400;
    let token = token(&key, ISSUER, |claims| {
        claims["exp"] = (NOW.as_secs() + 2 * day).into();
    });

    for seconds in [10, 3600, day - 1] {
        let down = Err(FetchError::NoAnswer("no answer in time"));
        assert_eq!(world.issuer().renew_keys(after(seconds)).await, down);
        assert_eq!(
            verify(&verifier, &token, after(seconds)),
            Ok(()),
            "{seconds}"
        );
    }

    let refused = verify(&verifier, &token, after(day));
    assert_eq!(refused, Err(JwtError::KeysUnavailable));
}

#[tokio::test]
async fn i09_a_set_without_a_key_leaves_the_last_good_one() {
    let key = key();
    let world = world_with(&key);
    let verifier = verifier(&world);
    world.issuer().renew_keys(NOW).await.unwrap();

    world.script.show(KEYS, &json!({"keys": []}));
    assert!(world.issuer().renew_keys(after(10)).await.is_err());

    let token = token(&key, ISSUER, |_| {});
    assert_eq!(verify(&verifier, &token, after(10)), Ok(()));
    world.issuers.report(&world.metrics, after(10));
    let failing = format!(r#"cellgate_issuer_keys_failing{{issuer="{ISSUER}"}}"#);
    assert_eq!(
        world.sample(&failing).as_deref(),
        Some("1"),
        "and it is told"
    );
    let age = format!(r#"cellgate_issuer_keys_age_seconds{{issuer="{ISSUER}"}}"#);
    assert_eq!(world.sample(&age).as_deref(), Some("10"));
}

/// Whoever hangs up must not keep the keys from everybody else.
#[tokio::test]
async fn a_fetch_goes_on_when_who_asked_goes_away() {
    let key = key();
    let world = world_with(&key);
    world.script.hold();
    let issuer = world.issuer();
    let asking = tokio::spawn({
        let issuer = Arc::clone(&issuer);
        async move { issuer.renew_keys(NOW).await }
    });
    while world.script.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    asking.abort();
    drop(asking.await);
    world.script.go_on();

    assert_eq!(issuer.renew_keys(NOW).await, Ok(()));

    assert_eq!(
        world.script.asked(),
        [METADATA, KEYS],
        "it was the first fetch"
    );
}

/// Lets some seconds of the runtime pass, and whoever waits for them do something. What is due is
/// said by the other clock.
async fn some_ticks() {
    for _ in 0..3 {
        tokio::time::advance(Duration::from_secs(1)).await;
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
}

/// I08, I10: nobody asks, and still there are keys, and fresh ones.
#[tokio::test(start_paused = true)]
async fn keys_are_fetched_at_start_and_whenever_they_are_due() {
    let key = key();
    let world = World::of(&[trusted(ISSUER), trusted("https://down.test/")]);
    world.script.show(METADATA, &metadata());
    world
        .script
        .answer(KEYS, Ok(reply_for(&jwks(&[&key]), 300)));
    let watching = tokio::spawn(world.issuers.watch());

    some_ticks().await;
    assert_eq!(world.script.n_asked(KEYS), 1, "at start");
    world.clock.advance(Duration::from_secs(299));
    some_ticks().await;
    assert_eq!(world.script.n_asked(KEYS), 1, "not before their time");
    world.clock.advance(Duration::from_secs(1));
    some_ticks().await;
    assert_eq!(world.script.n_asked(KEYS), 2, "then again");
    let down = "https://down.test/.well-known/openid-configuration";
    assert!(
        world.script.n_asked(down) > 1,
        "the other one is tried again"
    );
    watching.abort();
}

#[tokio::test]
async fn a_reload_keeps_the_keys_of_issuers_that_stay_and_of_no_other() {
    let key = key();
    let mut world = world_with(&key);
    world.issuer().renew_keys(NOW).await.unwrap();
    let token = token(&key, ISSUER, |_| {});

    world.reload(&[trusted(ISSUER)]);
    assert_eq!(verify(&verifier(&world), &token, NOW), Ok(()));

    let elsewhere = TrustedIssuer {
        keys: fetched(KeyLocation::Jwks(
            Url::parse("https://new.test/keys").unwrap(),
        )),
        ..trusted(ISSUER)
    };
    world.reload(&[elsewhere]);
    let refused = verify(&verifier(&world), &token, NOW);
    assert_eq!(refused, Err(JwtError::KeysUnavailable));

    world.reload(&[]);
    let refused = verify(&verifier(&world), &token, NOW);
    assert_eq!(refused, Err(JwtError::UnknownIssuer), "J10");
}

#[test]
fn keys_of_the_configuration_are_never_fetched() {
    let key = key();
    let settings = TrustedIssuer {
        keys: KeySource::Written(jwks(&[&key]).to_string()),
        ..trusted(ISSUER)
    };
    let world = World::of(&[settings]);

    let token = token(&key, ISSUER, |_| {});

    assert_eq!(verify(&verifier(&world), &token, NOW), Ok(()));
    assert!(!world.issuer().has_changing_keys());
    assert!(world.script.asked().is_empty());
}
