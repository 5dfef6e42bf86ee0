//! Opaque tokens, which are what their issuer says: rows of I and J of the corpus at the gateway.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::issuers::{OTHER, gateway, status};
use crate::issuers::tests::script::{INTROSPECTION, ISSUER, introspecting, key, reply, token};

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

/// What an address has already been told costs nothing, whatever it made up since.
#[tokio::test]
async fn a_remembered_token_passes_from_an_address_that_failed_too_often() {
    let (gateway, world) = gateway(&[introspecting(ISSUER)]).await;
    let good = json!({"active": true, "sub": "zoe", "aud": "api"});
    world.script.show(INTROSPECTION, &good);
    assert_eq!(status(&gateway, "/0/x", "opaque-token").await, 200);
    world.script.show(INTROSPECTION, &json!({"active": false}));
    for n in 0..6 {
        status(&gateway, "/0/x", &format!("made-up-{n}")).await;
    }

    assert_eq!(status(&gateway, "/0/x", "made-up-6").await, 429);
    assert_eq!(status(&gateway, "/0/x", "opaque-token").await, 200);
}

/// What the endpoint stumbles over is 503, and a failure of who made it up.
#[tokio::test]
async fn i15_a_token_that_the_endpoint_stumbles_over_counts_against_its_address() {
    let (gateway, world) = gateway(&[introspecting(ISSUER)]).await;
    world.script.answer(INTROSPECTION, Ok(reply(400, "{}")));
    for n in 0..5 {
        let odd = status(&gateway, "/0/x", &format!("odd-{n}")).await;
        assert_eq!(odd, 503);
    }

    assert_eq!(status(&gateway, "/0/x", "odd-5").await, 429);
}

/// No token on its way to its issuer is one that the verifier refused.
#[tokio::test]
async fn an_opaque_token_is_no_refused_one() {
    let (mut gateway, world) = gateway(&[introspecting(ISSUER)]).await;
    let good = json!({"active": true, "sub": "zoe", "aud": "api"});
    world.script.show(INTROSPECTION, &good);
    let mut verifier = None;
    gateway.reload(|_, parts| verifier = Some(Arc::clone(&parts.verifier)));

    for _ in 0..3 {
        assert_eq!(status(&gateway, "/0/x", "opaque-token").await, 200);
    }

    assert_eq!(verifier.unwrap().counts(), (0, 0, 0));
}

/// A JWT is for its own issuer to see, however it was damaged on its way.
#[tokio::test]
async fn a_damaged_jwt_is_shown_to_nobody() {
    let key = key();
    let (gateway, world) = gateway(&[introspecting(ISSUER)]).await;
    let jwt = token(&key, OTHER, |_| {});
    let (signed, _) = jwt.rsplit_once('.').unwrap();
    for (row, token) in [
        ("padded", format!("{jwt}=")),
        ("padded twice", format!("{jwt}==")),
        ("cut", jwt.strip_suffix(|_| true).unwrap().to_owned()),
        ("another alphabet", format!("{jwt}+/")),
        ("no signature", format!("{signed}.")),
    ] {
        assert_eq!(status(&gateway, "/0/x", &token).await, 401, "{row}");
    }
    assert_eq!(world.script.asked(), Vec::<String>::new());
}
