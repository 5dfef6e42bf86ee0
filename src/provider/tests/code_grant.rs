//! The authorization code grant at the token endpoint (RFC 6749 §4.1.3, §5.1 and §5.2).

use super::support::{Authorize, TestProvider, Tokens, join_all};

#[tokio::test]
async fn a_code_brings_tokens() {
    let op = TestProvider::start().await;
    let code = Authorize::app()
        .with("scope", "openid demo.read")
        .code(&op, "alice")
        .await;

    let answer = op.exchange(&code).await;

    assert_eq!(answer.header("content-type"), Some("application/json"));
    let tokens = Tokens::of(&answer);
    assert_eq!(tokens.body["expires_in"], 600);
    assert_eq!(tokens.body["scope"], "demo.read openid");
    assert_eq!(tokens.body.get("refresh_token"), None);
    assert!(tokens.body["id_token"].is_string());
}

/// RFC 6749 §4.1.2: a code used twice is denied, and what the first use brought is revoked.
#[tokio::test]
async fn a_replayed_code_is_denied_and_revokes_the_first_tokens() {
    let op = TestProvider::start().await;
    let code = Authorize::app()
        .with("scope", "openid offline_access")
        .code(&op, "alice")
        .await;
    let first = Tokens::of(&op.exchange(&code).await);

    op.exchange(&code)
        .await
        .assert_refused(400, "invalid_grant");

    op.userinfo(first.access_token())
        .await
        .assert_challenged(401, Some("invalid_token"));
    op.refresh(first.refresh_token())
        .await
        .assert_refused(400, "invalid_grant");
}

#[tokio::test]
async fn of_many_parallel_redemptions_one_succeeds() {
    let op = TestProvider::start().await;
    let code = Authorize::app().code(&op, "alice").await;

    let mut successes = Vec::new();
    let attempts: Vec<_> = (0..100).map(|_| op.exchange(&code)).collect();
    for answer in join_all(attempts).await {
        if answer.status == 200 {
            successes.push(Tokens::of(&answer));
        } else {
            answer.assert_refused(400, "invalid_grant");
        }
    }

    let [tokens] = successes.as_slice() else {
        panic!("{} redemptions succeeded", successes.len());
    };
    op.userinfo(tokens.access_token())
        .await
        .assert_challenged(401, Some("invalid_token"));
}

/// RFC 6749 §4.1.2: a code expires; ours live 60 s.
#[tokio::test]
async fn a_code_expires_after_sixty_seconds() {
    let op = TestProvider::start().await;
    let early = Authorize::app().code(&op, "alice").await;
    let late = Authorize::app().code(&op, "alice").await;

    op.advance_s(59);
    Tokens::of(&op.exchange(&early).await);
    op.advance_s(1);

    op.exchange(&late)
        .await
        .assert_refused(400, "invalid_grant");
}

/// RFC 6749 §4.1.3: the code was issued to the authenticated client.
#[tokio::test]
async fn a_code_bound_to_another_client_is_refused_and_used_up() {
    let op = TestProvider::start().await;
    let code = Authorize::app().code(&op, "alice").await;

    op.exchange_as_service(&code)
        .await
        .assert_refused(400, "invalid_grant");

    op.exchange(&code)
        .await
        .assert_refused(400, "invalid_grant");
}

/// RFC 6749 §4.1.3: "identical".
#[tokio::test]
async fn the_redirect_uri_of_the_request_is_asked_for_again() {
    let op = TestProvider::start().await;
    for uri in ["https://app.example/callback/", "https://app.example/", "x"] {
        let mut code = Authorize::app().code(&op, "alice").await;
        code.redirect_uri = uri.to_owned();
        op.exchange(&code)
            .await
            .assert_refused(400, "invalid_grant");
    }
}

/// What is done to a good form, and how it is refused then.
const MALFORMED: [(&str, &str, u16, &str); 7] = [
    ("grant_type", "", 400, "invalid_request"),
    ("grant_type", "password", 400, "unsupported_grant_type"),
    (
        "grant_type",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        400,
        "unsupported_grant_type",
    ),
    ("code", "", 400, "invalid_request"),
    ("code", "unknown", 400, "invalid_grant"),
    ("redirect_uri", "", 400, "invalid_request"),
    ("client_id", "", 401, "invalid_client"),
];

/// RFC 6749 §3.2 and §5.2; none of these uses the code up.
#[tokio::test]
async fn a_malformed_request_is_refused() {
    let op = TestProvider::start().await;
    let code = Authorize::app().code(&op, "alice").await;
    let mut good = code.form();
    good.push(("client_id", "app"));

    for (name, value, status, error) in MALFORMED {
        let mut form = good.clone();
        form.retain(|(key, _)| *key != name);
        form.push((name, value));
        let answer = op.post("/oidc/oauth2/token", None, &form).await;
        assert_eq!(answer.status, status, "{name}={value}: {answer:?}");
        answer.assert_refused(status, error);
    }
    for name in [
        "code",
        "grant_type",
        "client_id",
        "redirect_uri",
        "code_verifier",
    ] {
        let mut form = good.clone();
        form.push((name, "x"));
        let answer = op.post("/oidc/oauth2/token", None, &form).await;
        assert_eq!(answer.status, 400, "{name} twice: {answer:?}");
        answer.assert_refused(400, "invalid_request");
    }
    Tokens::of(&op.post("/oidc/oauth2/token", None, &good).await);
}

#[tokio::test]
async fn only_a_form_is_a_token_request() {
    let op = TestProvider::start().await;
    for content_type in [
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
    ] {
        let request = http::Request::post("/oidc/oauth2/token")
            .header("content-type", content_type)
            .body("{\"grant_type\":\"authorization_code\"}".into());
        op.send(request.unwrap())
            .await
            .assert_refused(400, "invalid_request");
    }
}

/// RFC 6749 §3.2: credentials and parameters in the URL are not looked at.
#[tokio::test]
async fn the_query_of_a_token_request_carries_nothing() {
    let op = TestProvider::start().await;

    let path = "/oidc/oauth2/token?client_id=app&grant_type=refresh_token&refresh_token=x";

    op.post(path, None, &[])
        .await
        .assert_refused(401, "invalid_client");
}
