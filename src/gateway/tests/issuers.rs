//! Tokens that only their issuer can vouch for: rows of H, I and J of the corpus at the gateway.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use serde_json::json;

use super::harness::{NOW, TestGateway};
use super::support::{policy, route};
use crate::gateway::settings::{Action, ClaimSource, Policy, Route};
use crate::issuers::TrustedIssuer;
use crate::issuers::tests::script::{
    ISSUER, KEYS, METADATA, World, introspecting, jwks, key, metadata, token, trusted,
};
use crate::jose::{SigningKey, TokenVerifier};

pub(super) const OTHER: &str = "https://other.test/";

/// A gateway that trusts these issuers, each on a route of its own: `/0/`, `/1/`, …
pub(super) async fn gateway(settings: &[TrustedIssuer]) -> (TestGateway, World) {
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

pub(super) async fn status(gateway: &TestGateway, target: &str, token: &str) -> u16 {
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

/// C20: one `sub` at two issuers of one route is two users, if the upstream is told of whom.
#[tokio::test]
async fn c20_the_issuer_can_be_told_beside_the_subject() {
    let (first, second) = (key(), key());
    let (mut gateway, world) = gateway(&[trusted(ISSUER), trusted(OTHER)]).await;
    gateway.reload(|settings, _| {
        let told = HeaderName::from_static("x-auth-issuer");
        let claim = ClaimSource::Claim("iss".to_owned());
        settings.identity.mapping = Arc::new([(told, claim)]);
        settings.routes[0].policy.issuers.push(Arc::from(OTHER));
    });
    world.script.show(METADATA, &metadata());
    world.script.show(KEYS, &jwks(&[&first]));
    let elsewhere = "https://other.test/.well-known/openid-configuration";
    let their_metadata = json!({"issuer": OTHER, "jwks_uri": "https://other.test/keys"});
    world.script.show(elsewhere, &their_metadata);
    world
        .script
        .show("https://other.test/keys", &jwks(&[&second]));

    for (key, issuer) in [(&first, ISSUER), (&second, OTHER)] {
        let authorization = format!("Bearer {}", token(key, issuer, |_| {}));
        let fields = [
            ("X-Auth-Issuer", "https://forged.test/"),
            ("Authorization", &authorization),
        ];
        assert_eq!(gateway.get("/0/x", &fields).await.status, 200, "{issuer}");
        let requests = gateway.upstream.requests();
        let last = requests.last().unwrap();
        assert!(
            last.contains(&format!("x-auth-issuer: {issuer}\r\n")),
            "{last}"
        );
        assert!(!last.contains("forged"), "{last}");
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

/// A token without `kid`.
fn unnamed(key: &SigningKey) -> String {
    let claims = json!({
        "iss": ISSUER, "sub": "alice", "aud": "api", "scope": "read",
        "iat": NOW.as_secs(), "exp": NOW.as_secs() + 3600,
    });
    let header = r#"{"alg":"ES256","typ":"at+jwt"}"#;
    key.sign_compact(header.as_bytes(), claims.to_string().as_bytes())
        .unwrap()
}

/// A token that names no key was compared with the old one: the new one is looked for, once in ten
/// seconds at most, and what it is not signed with either counts as the forgery it is.
#[tokio::test]
async fn i06_tokens_without_kid_find_the_new_key_of_their_issuer() {
    let (old, new, foreign) = (key(), key(), key());
    let (gateway, world) = gateway_with(&old).await;
    assert_eq!(status(&gateway, "/0/x", &unnamed(&old)).await, 200);
    world.script.show(KEYS, &jwks(&[&new]));
    let by_new = unnamed(&new);
    let n_asked = world.script.n_asked(KEYS);

    assert_eq!(status(&gateway, "/0/x", &by_new).await, 401, "just fetched");
    assert_eq!(world.script.n_asked(KEYS), n_asked);
    gateway.clock.advance(Duration::from_secs(9));
    assert_eq!(status(&gateway, "/0/x", &by_new).await, 401, "just fetched");
    gateway.clock.advance(Duration::from_secs(1));
    assert_eq!(status(&gateway, "/0/x", &by_new).await, 200);
    assert_eq!(world.script.n_asked(KEYS), n_asked + 1);

    gateway.clock.advance(Duration::from_secs(60));
    for _ in 0..5 {
        assert_eq!(status(&gateway, "/0/x", &unnamed(&foreign)).await, 401);
    }
    assert_eq!(world.script.n_asked(KEYS), n_asked + 2);
    assert_eq!(status(&gateway, "/0/x", &unnamed(&foreign)).await, 429);
}

/// The new key has taken the place of the old one before the forgery is forgotten.
#[tokio::test]
async fn a_token_without_kid_is_no_forgery_once_its_key_is_there() {
    let (old, new) = (key(), key());
    let (gateway, world) = gateway_with(&old).await;
    assert_eq!(status(&gateway, "/0/x", &unnamed(&old)).await, 200);
    world.script.show(KEYS, &jwks(&[&new]));
    gateway.clock.advance(Duration::from_secs(10));

    assert_eq!(
        status(&gateway, "/0/x", &unnamed(&new)).await,
        200,
        "at once"
    );
}
