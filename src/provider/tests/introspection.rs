//! Token introspection (RFC 7662) and its signed answers (RFC 9701).

use bytes::Bytes;
use serde_json::{Value, json};

use super::support::{
    Answer, Authorize, ISSUER, SERVICE_SECRET, TestProvider, Tokens, basic, encode, read_jwt,
};
use crate::model::Introspection;

const PATH: &str = "/oidc/oauth2/introspect";

/// `service` asks.
async fn introspect(op: &TestProvider, token: &str) -> Answer {
    let service = basic("service", SERVICE_SECRET);
    op.post(PATH, Some(&service), &[("token", token)]).await
}

/// Asserts the whole of the answer, so that nothing else is told.
#[track_caller]
fn assert_inactive(answer: &Answer, why: &str) {
    assert_eq!(answer.status, 200, "{why}");
    assert_eq!(answer.body, r#"{"active":false}"#, "{why}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

/// A provider where `service` may see tokens as `introspection` says.
async fn provider(introspection: Introspection) -> TestProvider {
    TestProvider::start_with(|settings| settings.clients[1].introspection = introspection).await
}

async fn service_tokens(op: &TestProvider, scope: &str) -> Tokens {
    let request = Authorize::service().with("scope", scope);
    let code = request.code(op, "alice").await;
    Tokens::of(&op.exchange_as_service(&code).await)
}

/// RFC 7662 §2.2.
#[tokio::test]
async fn a_client_learns_everything_about_its_own_access_token() {
    let op = TestProvider::start().await;
    let tokens = service_tokens(&op, "openid profile demo.read").await;
    let (_, claims) = read_jwt(tokens.access_token());

    let answer = introspect(&op, tokens.access_token()).await;

    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(
        answer.json(),
        json!({
            "active": true,
            "token_type": "Bearer",
            "scope": "demo.read openid profile",
            "client_id": "service",
            "username": "alice",
            "sub": "uuid-of-alice",
            "aud": "https://api.example",
            "iss": ISSUER,
            "iat": op.now(),
            "exp": op.now() + 600,
            "jti": claims["jti"],
        })
    );
}

#[tokio::test]
async fn a_name_that_was_not_granted_is_not_told() {
    let op = TestProvider::start().await;
    let tokens = service_tokens(&op, "openid offline_access").await;

    for token in [tokens.access_token(), tokens.refresh_token()] {
        let body = introspect(&op, token).await.json();
        assert_eq!(body["active"], true);
        assert_eq!(body.get("username"), None, "{body}");
    }
}

#[tokio::test]
async fn a_client_learns_about_its_own_refresh_token() {
    let op = TestProvider::start().await;
    let tokens = service_tokens(&op, "openid profile offline_access").await;

    let body = introspect(&op, tokens.refresh_token()).await.json();

    assert_eq!(body["active"], true);
    assert_eq!(body["token_type"], "refresh_token");
    assert_eq!(body["client_id"], "service");
    assert_eq!(body["username"], "alice");
    assert_eq!(body["exp"], op.now() + 30 * 86400);
}

/// §2.2: "MUST NOT include any additional information", whatever the reason.
#[tokio::test]
async fn whatever_is_not_valid_is_inactive_and_nothing_else() {
    let op = TestProvider::start().await;
    let tokens = service_tokens(&op, "openid offline_access").await;
    let others = op.tokens("alice", "openid offline_access").await;
    let (signed, _) = tokens.access_token().rsplit_once('.').unwrap();
    let forged = format!("{signed}.{}", "A".repeat(86));

    for (why, token) in [
        ("unknown", "unknown"),
        ("empty", ""),
        ("no token of ours", "a.b.c"),
        ("forged", forged.as_str()),
        ("an ID token", tokens.id_token()),
        ("another client's access token", others.access_token()),
        ("another client's refresh token", others.refresh_token()),
    ] {
        let answer = introspect(&op, token).await;
        if token.is_empty() {
            answer.assert_refused(400, "invalid_request");
        } else {
            assert_inactive(&answer, why);
        }
    }
    op.advance_s(600);
    assert_inactive(&introspect(&op, tokens.access_token()).await, "expired");
}

/// Revocation, refresh and sign-out are seen at once.
#[tokio::test]
async fn what_is_revoked_is_inactive_at_once() {
    let op = TestProvider::start().await;
    let service = basic("service", SERVICE_SECRET);
    let one = service_tokens(&op, "openid offline_access").await;
    let revoke = async |token: &str| {
        let form = [("token", token)];
        let answer = op.post("/oidc/oauth2/revoke", Some(&service), &form).await;
        assert_eq!(answer.status, 200);
    };

    revoke(one.access_token()).await;
    assert_inactive(&introspect(&op, one.access_token()).await, "itself");
    assert_eq!(
        introspect(&op, one.refresh_token()).await.json()["active"],
        true
    );
    revoke(one.refresh_token()).await;
    assert_inactive(&introspect(&op, one.refresh_token()).await, "its grant");

    let two = service_tokens(&op, "openid offline_access").await;
    revoke(two.refresh_token()).await;
    assert_inactive(&introspect(&op, two.access_token()).await, "its grant");
}

/// A resource server sees the tokens it may be sent, and no others.
#[tokio::test]
async fn a_resource_server_sees_the_access_tokens_of_its_audience() {
    let audience = |name: &str| Introspection {
        any: false,
        audiences: vec![name.to_owned()],
    };
    let any = Introspection {
        any: true,
        audiences: vec![],
    };
    for (introspection, active) in [
        (audience("https://api.example"), true),
        (audience("https://other.example"), false),
        (any, true),
    ] {
        let op = provider(introspection).await;
        let others = op.tokens("alice", "openid offline_access").await;

        let body = introspect(&op, others.access_token()).await.json();

        assert_eq!(body["active"], active, "{body}");
        assert_inactive(&introspect(&op, others.refresh_token()).await, "refresh");
    }
}

/// §2.1: "MUST also require some form of authorization"; a public client has none.
#[tokio::test]
async fn only_a_client_with_a_secret_may_ask() {
    let op = TestProvider::start().await;
    let tokens = op.tokens("alice", "openid").await;
    let wrong = basic("service", "wrong");
    let token = ("token", tokens.access_token());

    for (header, form) in [
        (None, vec![token]),
        (None, vec![token, ("client_id", "app")]),
        (Some(wrong.as_str()), vec![token]),
    ] {
        op.post(PATH, header, &form)
            .await
            .assert_refused(401, "invalid_client");
    }

    // RFC 6749 §5.2: a header that was tried gets a challenge, also where there is no secret in it.
    let empty = basic("app", "");
    let answer = op.post(PATH, Some(&empty), &[token]).await;
    answer.assert_refused(401, "invalid_client");
    let challenge = answer.header("www-authenticate");
    assert!(challenge.is_some_and(|challenge| challenge.starts_with("Basic")));
}

/// RFC 9701 §4 and §5.
#[tokio::test]
async fn an_answer_is_signed_for_its_reader_when_that_is_accepted() {
    let op = TestProvider::start().await;
    let tokens = service_tokens(&op, "openid").await;

    let signed = signed_answer(
        &op,
        tokens.access_token(),
        "application/token-introspection+jwt",
    )
    .await;
    let unknown = signed_answer(
        &op,
        "unknown",
        "text/html, Application/Token-Introspection+JWT;q=0.5",
    )
    .await;

    assert_eq!(
        signed.header("content-type"),
        Some("application/token-introspection+jwt")
    );
    let (header, claims) = read_jwt(&signed.body);
    assert_eq!(header["typ"], "token-introspection+jwt");
    assert_eq!(header["alg"], "RS256");
    let names: Vec<_> = claims.keys().map(String::as_str).collect();
    assert_eq!(names, ["aud", "iat", "iss", "token_introspection"]);
    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(claims["aud"], "service");
    assert_eq!(claims["iat"], op.now());
    let plain = introspect(&op, tokens.access_token()).await.json();
    assert_eq!(claims["token_introspection"], plain);
    let (_, claims) = read_jwt(&unknown.body);
    assert_eq!(claims["token_introspection"], json!({"active": false}));
}

/// RFC 9701 §8.1: it must not pass for a token.
#[tokio::test]
async fn a_signed_answer_opens_nothing() {
    let op = TestProvider::start().await;
    let tokens = service_tokens(&op, "openid").await;
    let signed = signed_answer(
        &op,
        tokens.access_token(),
        "application/token-introspection+jwt",
    )
    .await;

    op.userinfo(&signed.body)
        .await
        .assert_challenged(401, Some("invalid_token"));
    assert_inactive(&introspect(&op, &signed.body).await, "an answer");
}

#[tokio::test]
async fn an_answer_is_plain_unless_the_signed_form_is_accepted() {
    let op = TestProvider::start().await;

    for accept in [
        "application/json",
        "*/*",
        "application/jwt",
        "application/token-introspection+jwt;q=0",
    ] {
        let answer = signed_answer(&op, "unknown", accept).await;
        assert_eq!(answer.json(), json!({"active": false}), "{accept}");
    }
}

async fn signed_answer(op: &TestProvider, token: &str, accept: &str) -> Answer {
    let request = http::Request::post(PATH)
        .header("authorization", basic("service", SERVICE_SECRET))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", accept)
        .body(Bytes::from(encode(&[("token", token)])));
    op.send(request.unwrap()).await
}

#[tokio::test]
async fn questions_are_counted_by_what_came_of_them() {
    let op = TestProvider::start().await;
    let tokens = service_tokens(&op, "openid").await;
    introspect(&op, tokens.access_token()).await;
    introspect(&op, "unknown").await;
    op.post(PATH, None, &[("token", "x")]).await;

    let metrics = op.metrics.render();

    for outcome in ["active", "inactive", "invalid_client"] {
        let line = format!("cellgate_introspections_total{{outcome=\"{outcome}\"}} 1");
        assert!(metrics.contains(&line), "{outcome}: {metrics}");
    }
}

/// A flood of forged tokens stops costing signatures at each endpoint that takes tokens.
#[tokio::test]
async fn an_address_with_too_many_forged_tokens_has_to_wait_everywhere() {
    let op = TestProvider::start_limiting_forgeries(2).await;
    let tokens = service_tokens(&op, "openid").await;
    let (signed, _) = tokens.access_token().rsplit_once('.').unwrap();
    let forged = |n: u8| {
        format!(
            "{signed}.{}",
            char::from(b'A' + n).to_string().repeat(84) + "AA"
        )
    };
    op.userinfo(&forged(0)).await;
    assert_inactive(&introspect(&op, &forged(1)).await, "forged");

    let service = basic("service", SERVICE_SECRET);
    let third = forged(2);
    let form = [("token", third.as_str())];
    let revocation = op.post("/oidc/oauth2/revoke", Some(&service), &form).await;
    let introspection = introspect(&op, &third).await;
    let userinfo = op.userinfo(&third).await;

    for answer in [&revocation, &introspection, &userinfo] {
        assert_eq!(answer.status, 429, "{answer:?}");
        assert!(answer.header("retry-after").is_some());
    }
    let body: Value = introspect(&op, tokens.access_token()).await.json();
    assert_eq!(body["active"], true, "what is known still counts");
}
