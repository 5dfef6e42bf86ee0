//! Tokens that only their issuer can vouch for: rows of H, I and J of the corpus at the gateway.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::harness::{NOW, TestGateway};
use super::support::{policy, route};
use crate::gateway::settings::{Action, Policy, Route};
use crate::issuers::TrustedIssuer;
use crate::issuers::tests::script::{
    INTROSPECTION, ISSUER, KEYS, METADATA, World, introspecting, jwks, key, metadata, token,
    trusted,
};
use crate::jose::{SigningKey, TokenVerifier};

const OTHER: &str = "https://other.test/";

/// A gateway that trusts these issuers, each on a route of its own: `/0/`, `/1/`, …
async fn gateway(settings: &[TrustedIssuer]) -> (TestGateway, World) {
    let mut gateway = TestGateway::start().await;
    let world = World::of(settings);
    gateway.reload(|gateway, parts| {
        let verifier = TokenVerifier::new(None, &world.issuers.verifiable(), 100);
        parts.verifier = Arc::new(verifier.unwrap().limiting_failures(5));
        parts.issuers = Arc::clone(&world.issuers);
        gateway.routes = settings
            .iter()
            .enumerate()
            .map(|(n, settings)| Route {
                policy: Policy {
                    issuers: vec![Arc::from(settings.issuer.as_str())],
                    ..policy()
                },
                action: Action::Upstream("u".to_owned()),
                ..route(&format!("r{n}")).path(&format!("/{n}/")).build()
            })
            .collect();
    });
    (gateway, world)
}

/// The same with [`ISSUER`], which shows this key.
async fn gateway_with(key: &SigningKey) -> (TestGateway, World) {
    let (gateway, world) = gateway(&[trusted(ISSUER)]).await;
    world.script.show(METADATA, &metadata());
    world.script.show(KEYS, &jwks(&[key]));
    (gateway, world)
}

async fn status(gateway: &TestGateway, target: &str, token: &str) -> u16 {
    let authorization = format!("Bearer {token}");
    let fields = [("Authorization", authorization.as_str())];
    gateway.get(target, &fields).await.status
}

/// I08: nothing was fetched yet, and the first request does not suffer for it.
#[tokio::test]
async fn i08_the_first_request_waits_for_the_keys() {
    let key = key();
    let (gateway, world) = gateway_with(&key).await;

    assert_eq!(
        status(&gateway, "/0/x", &token(&key, ISSUER, |_| {})).await,
        200
    );

    assert_eq!(
        gateway.upstream.field("x-auth-user").as_deref(),
        Some("alice")
    );
    assert_eq!(gateway.upstream.requests().len(), 1);
    assert_eq!(world.script.asked(), [METADATA, KEYS]);
}

#[tokio::test]
async fn i08_without_keys_it_is_503_and_the_others_are_served() {
    let key = key();
    let (gateway, world) = gateway(&[trusted(ISSUER), trusted(OTHER)]).await;
    world.script.show(METADATA, &metadata());
    world.script.show(KEYS, &jwks(&[&key]));

    let bearer = format!("Bearer {}", token(&key, OTHER, |_| {}));
    let answer = gateway.get("/1/x", &[("Authorization", &bearer)]).await;

    assert_eq!(answer.status, 503, "not 401: the token may be good");
    assert_eq!(answer.field("retry-after"), Some("10"));
    assert_eq!(answer.field("www-authenticate"), None);
    gateway.assert_nothing_forwarded("I08");
    assert_eq!(
        status(&gateway, "/0/x", &token(&key, ISSUER, |_| {})).await,
        200
    );
}

#[tokio::test]
async fn i06_i07_an_unknown_key_is_fetched_or_503_and_then_401() {
    let (old, new, foreign) = (key(), key(), key());
    let (gateway, world) = gateway_with(&old).await;
    assert_eq!(
        status(&gateway, "/0/x", &token(&old, ISSUER, |_| {})).await,
        200
    );

    world.script.show(KEYS, &jwks(&[&old, &new]));
    gateway.clock.advance(Duration::from_secs(10));
    let by_new = token(&new, ISSUER, |_| {});
    assert_eq!(status(&gateway, "/0/x", &by_new).await, 200, "I06");

    let by_foreign = token(&foreign, ISSUER, |_| {});
    let n_asked = world.script.n_asked(KEYS);
    assert_eq!(
        status(&gateway, "/0/x", &by_foreign).await,
        401,
        "just fetched"
    );
    assert_eq!(world.script.n_asked(KEYS), n_asked, "I05: and so not again");

    world.script.take_down(METADATA);
    gateway.clock.advance(Duration::from_secs(10));
    assert_eq!(status(&gateway, "/0/x", &by_foreign).await, 503, "I07");
    assert_eq!(
        status(&gateway, "/0/x", &by_new).await,
        200,
        "I07 known key"
    );
}

/// J11, H32.
#[tokio::test]
async fn h32_j11_a_token_of_a_withdrawn_key_is_refused_though_it_was_remembered() {
    let (old, new) = (key(), key());
    let (gateway, world) = gateway_with(&old).await;
    let by_old = token(&old, ISSUER, |_| {});
    assert_eq!(status(&gateway, "/0/x", &by_old).await, 200);

    world.script.show(KEYS, &jwks(&[&new]));
    gateway.clock.advance(Duration::from_secs(900));
    assert_eq!(
        status(&gateway, "/0/x", &token(&new, ISSUER, |_| {})).await,
        200
    );

    assert_eq!(status(&gateway, "/0/x", &by_old).await, 401);
}

#[tokio::test]
async fn h07_h08_h09_keys_that_a_token_brings_along_are_never_looked_for() {
    let (key, attacker) = (key(), key());
    let (gateway, world) = gateway_with(&key).await;
    let claims = json!({
        "iss": ISSUER, "sub": "root", "aud": "api", "scope": "read",
        "iat": NOW.as_secs(), "exp": NOW.as_secs() + 600,
    });
    for (row, name, value) in [
        ("H07", "jwk", attacker.public_jwk().clone()),
        ("H08", "jku", json!("http://169.254.169.254/keys")),
        ("H08", "x5u", json!("https://login.test.evil/cert")),
        ("H09", "x5c", json!(["MIIB"])),
    ] {
        let header = json!({
            "alg": "ES256", "typ": "at+jwt", "kid": attacker.id(), name: value,
        });
        let token = attacker
            .sign_compact(header.to_string().as_bytes(), claims.to_string().as_bytes())
            .unwrap();
        assert_eq!(status(&gateway, "/0/x", &token).await, 401, "{row}");
    }
    let asked = world.script.asked();
    assert!(
        asked.iter().all(|url| url == METADATA || url == KEYS),
        "{asked:?}"
    );
    gateway.assert_nothing_forwarded("H07 to H09");
}

/// H20: the keys of one issuer are not those of another, whatever they are called.
#[tokio::test]
async fn h20_an_issuer_cannot_speak_for_another() {
    let (ours, theirs) = (key(), key());
    let (gateway, world) = gateway(&[trusted(ISSUER), trusted(OTHER)]).await;
    world.script.show(METADATA, &metadata());
    world.script.show(KEYS, &jwks(&[&ours]));
    let elsewhere = "https://other.test/.well-known/openid-configuration";
    let their_metadata = json!({"issuer": OTHER, "jwks_uri": "https://other.test/keys"});
    world.script.show(elsewhere, &their_metadata);
    let mut renamed = theirs.public_jwk().clone();
    renamed["kid"] = ours.id().into();
    world
        .script
        .show("https://other.test/keys", &json!({"keys": [renamed]}));
    let signed = |key: &SigningKey, issuer: &str| {
        let header = json!({"alg": "ES256", "typ": "at+jwt", "kid": ours.id()});
        let claims = json!({
            "iss": issuer, "sub": "alice", "aud": "api", "scope": "read",
            "iat": NOW.as_secs(), "exp": NOW.as_secs() + 600,
        });
        key.sign_compact(header.to_string().as_bytes(), claims.to_string().as_bytes())
            .unwrap()
    };

    assert_eq!(status(&gateway, "/0/x", &signed(&ours, ISSUER)).await, 200);
    assert_eq!(status(&gateway, "/1/x", &signed(&theirs, OTHER)).await, 200);
    for (row, target, token) in [
        ("their key, our name", "/0/x", signed(&theirs, ISSUER)),
        ("our key, their name", "/1/x", signed(&ours, OTHER)),
        ("their token on our route", "/0/x", signed(&theirs, OTHER)),
        ("our token on their route", "/1/x", signed(&ours, ISSUER)),
    ] {
        assert_eq!(status(&gateway, target, &token).await, 401, "{row}");
    }
}

/// A refusal that needs no issuer asks none: an expired token is the commonest there is.
#[tokio::test]
async fn what_is_refused_anyway_is_not_asked_about() {
    let (key, foreign) = (key(), key());
    let (gateway, world) = gateway(&[trusted(ISSUER), introspecting(OTHER)]).await;
    world.script.show(METADATA, &metadata());
    world.script.show(KEYS, &jwks(&[&key]));
    let expired = token(&foreign, ISSUER, |claims| {
        claims["iat"] = 1.into();
        claims["exp"] = 2.into();
    });
    for (row, target, token) in [
        ("expired", "/0/x", expired.as_str()),
        ("opaque where nobody reads it", "/0/x", "opaque-token"),
        (
            "a JWT of somebody else on the route of who reads opaque ones",
            "/1/x",
            &token(&key, ISSUER, |_| {}),
        ),
        (
            "a JWT of nobody on that route",
            "/1/x",
            &token(&key, "https://nobody.test/", |_| {}),
        ),
    ] {
        assert_eq!(status(&gateway, target, token).await, 401, "{row}");
        assert_eq!(world.script.asked(), Vec::<String>::new(), "{row}");
    }
}

#[tokio::test]
async fn an_opaque_token_is_what_its_issuer_says() {
    let (gateway, world) = gateway(&[introspecting(ISSUER)]).await;
    let answer = json!({
        "active": true, "sub": "zoe", "aud": "api", "scope": "read", "groups": ["staff"],
    });
    world.script.show(INTROSPECTION, &answer);

    for _ in 0..3 {
        assert_eq!(status(&gateway, "/0/x", "opaque-token").await, 200);
    }

    assert_eq!(world.script.n_asked(INTROSPECTION), 1);
    for request in gateway.upstream.requests() {
        assert!(request.contains("x-auth-user: zoe"), "{request}");
        assert!(request.contains("x-auth-groups: staff"), "{request}");
        assert!(!request.contains("opaque-token"), "{request}");
    }
}

/// J05: remembered is what the token is, not whether it may pass.
#[tokio::test]
async fn i11_i12_opaque_tokens_are_judged_as_others_are() {
    let answer = |change: fn(&mut Value)| {
        let mut answer = json!({"active": true, "sub": "zoe", "aud": "api", "scope": "read"});
        change(&mut answer);
        answer
    };
    for (row, said, expected) in [
        ("good", answer(|_| {}), 200),
        ("inactive", json!({"active": false}), 401),
        ("for another", answer(|it| it["aud"] = "b".into()), 401),
        ("for nobody", answer(|it| it["aud"] = Value::Null), 401),
        (
            "of another issuer",
            answer(|it| it["iss"] = OTHER.into()),
            401,
        ),
        ("no answer", json!({"sub": "zoe"}), 503),
    ] {
        let (gateway, world) = gateway(&[introspecting(ISSUER)]).await;
        world.script.show(INTROSPECTION, &said);
        let answer = gateway
            .get("/0/x", &[("Authorization", "Bearer opaque-token")])
            .await;
        assert_eq!(answer.status, expected, "{row}");
        let challenge = answer.field("www-authenticate").unwrap_or_default();
        assert_eq!(
            challenge.contains("invalid_token"),
            expected == 401,
            "{row}"
        );
        assert_eq!(
            answer.field("retry-after").is_some(),
            expected == 503,
            "{row}"
        );
    }
}

/// An issuer without keys reads its JWTs itself, whatever they are signed with.
#[tokio::test]
async fn a_jwt_of_an_issuer_without_keys_is_shown_to_it() {
    let (gateway, world) = gateway(&[introspecting(ISSUER)]).await;
    let answer = json!({"active": true, "sub": "zoe", "aud": "api"});
    world.script.show(INTROSPECTION, &answer);
    let shared_secret = format!(
        "{}.{}.AAAA",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#),
        URL_SAFE_NO_PAD.encode(json!({ "iss": ISSUER }).to_string())
    );

    assert_eq!(status(&gateway, "/0/x", &shared_secret).await, 200);
}

/// I15: making tokens up is a failure like a wrong signature.
#[tokio::test]
async fn i15_whoever_makes_tokens_up_is_no_longer_asked_for() {
    let (gateway, world) = gateway(&[introspecting(ISSUER)]).await;
    world.script.show(INTROSPECTION, &json!({"active": false}));
    for n in 0..4 {
        let token = format!("made-up-{n}");
        for _ in 0..2 {
            let counted_once = status(&gateway, "/0/x", &token).await;
            assert_eq!(counted_once, 401, "{token}");
        }
    }
    let fifth = status(&gateway, "/0/x", "made-up-4").await;
    assert_eq!(fifth, 401);

    assert_eq!(status(&gateway, "/0/x", "made-up-5").await, 429);

    assert_eq!(world.script.n_asked(INTROSPECTION), 5);
}
