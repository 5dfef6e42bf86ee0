//! The authorization request (RFC 6749 §4.1.1 and §4.1.2.1, OpenID Connect Core §3.1.2).

use super::support::{Authorize, ISSUER, TestProvider, Tokens, encode};
use crate::provider::authorization::PARAMETERS;

/// RFC 6749 §4.1.2, RFC 9207 §2: code, state and issuer come back, and nothing else.
#[tokio::test]
async fn a_user_who_signs_in_is_sent_back_with_a_code() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    let page = browser.get(&Authorize::app().target()).await;
    page.assert_sign_in_page();

    let answer = browser.sign_in(&page, "alice").await;

    let params = answer.params();
    assert_eq!(params.len(), 3, "{params:?}");
    assert_eq!(params["state"], "the-state");
    assert_eq!(params["iss"], ISSUER);
    assert_eq!(params["code"].len(), 43);
    assert!(
        answer
            .location()
            .as_str()
            .starts_with("https://app.example/callback?")
    );
}

/// RFC 6749 §3.1.2: the query of the registered URI is kept, ours comes after it.
#[tokio::test]
async fn the_query_of_a_registered_redirect_uri_is_kept() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    let page = browser.get(&Authorize::service().target()).await;

    let answer = browser.sign_in(&page, "alice").await;

    assert_eq!(answer.params()["tenant"], "1");
}

/// RFC 8252 §7.1: an application on a phone waits at a scheme of its own.
#[tokio::test]
async fn a_code_may_go_to_a_private_use_scheme() {
    let op = TestProvider::start().await;
    let request = Authorize::app()
        .with("client_id", "mobile")
        .with("redirect_uri", "cellsauth://callback");

    let page = request.send(&op).await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.contains("form-action 'self' cellsauth:;"),
        "{policy}"
    );
    let code = request.code(&op, "alice").await;

    Tokens::of(&op.exchange_as("mobile", None, &code).await);
}

/// OpenID Connect Core §3.1.2.1: GET and POST are both for asking.
#[tokio::test]
async fn a_request_may_be_posted() {
    let op = TestProvider::start().await;
    let request = Authorize::app();

    let page = op.post("/oidc/oauth2/auth", None, &request.params()).await;

    page.assert_sign_in_page();
}

/// RFC 6749 §3.1: parameters in the query of a POST are not parameters.
#[tokio::test]
async fn a_posted_request_is_read_from_its_body_alone() {
    let op = TestProvider::start().await;

    let answer = op.post(&Authorize::app().target(), None, &[]).await;

    answer.assert_page(400, "incomplete");
}

/// OpenID Connect Core §3.1.2.1 and §15.1.
#[tokio::test]
async fn parameters_without_a_meaning_here_are_tolerated() {
    let op = TestProvider::start().await;
    for (name, value) in [
        ("extra", "foobar"),
        ("display", "page"),
        ("display", "popup"),
        ("ui_locales", "se"),
        ("claims_locales", "se"),
        ("acr_values", "1 2"),
        ("login_hint", "buffy@op.example"),
        ("claims", r#"{"userinfo":{"name":{"essential":true}}}"#),
        ("response_mode", "query"),
        ("prompt", "consent"),
        ("client_secret", "typed-by-an-old-command-line-client"),
        ("resource", "https://api.example"),
    ] {
        let answer = Authorize::app().with(name, value).send(&op).await;
        assert_eq!(answer.status, 200, "{name}={value}");
    }
}

/// RFC 6749 §3.1.2.4 and §4.1.2.1: without a client there is nowhere to send an error.
#[tokio::test]
async fn without_a_known_client_an_error_is_a_page() {
    let op = TestProvider::start().await;
    let app = Authorize::app();
    for (name, request) in [
        ("missing client", app.clone().without("client_id")),
        ("empty client", app.clone().with("client_id", "")),
        ("unknown client", app.clone().with("client_id", "nobody")),
        ("another case", app.clone().with("client_id", "APP")),
        ("repeated client", app.clone().and("client_id", "app")),
        ("missing redirect URI", app.clone().without("redirect_uri")),
        (
            "repeated redirect URI",
            app.clone()
                .and("redirect_uri", "https://app.example/callback"),
        ),
        (
            "redirect URI of another client",
            app.clone().with("redirect_uri", "cellsauth://callback"),
        ),
    ] {
        let answer = request.send(&op).await;
        assert_eq!(answer.status, 400, "{name}");
        assert_eq!(answer.header("location"), None, "{name}");
        assert!(answer.cookies().is_empty(), "{name}");
    }
}

/// A parameter with a value it cannot have, and the code of the answer.
const WRONG_VALUES: [(&str, &str, &str); 18] = [
    ("response_type", "", "invalid_request"),
    ("response_type", "token", "unsupported_response_type"),
    ("response_type", "id_token", "unsupported_response_type"),
    (
        "response_type",
        "code id_token",
        "unsupported_response_type",
    ),
    ("response_mode", "web_message", "invalid_request"),
    ("response_mode", "Query", "invalid_request"),
    ("request", "e30.e30.", "request_not_supported"),
    (
        "request_uri",
        "https://a.example/",
        "request_uri_not_supported",
    ),
    ("registration", "{}", "registration_not_supported"),
    ("scope", "admin", "invalid_scope"),
    ("scope", "openid  email", "invalid_scope"),
    ("scope", "openid \"x\"", "invalid_scope"),
    ("max_age", "-1", "invalid_request"),
    ("max_age", "+1", "invalid_request"),
    ("max_age", "1.5", "invalid_request"),
    ("max_age", "99999999999999999999", "invalid_request"),
    ("prompt", "create", "invalid_request"),
    ("id_token_hint", "a.b.c", "invalid_request"),
];

#[tokio::test]
async fn what_is_wrong_with_a_known_clients_request_is_sent_back() {
    let op = TestProvider::start().await;

    for (name, value, code) in WRONG_VALUES {
        let answer = Authorize::app().with(name, value).send(&op).await;
        assert_eq!(answer.status, 303, "{name}={value}: {answer:?}");
        answer.assert_sent_back(code);
        let location = answer.location();
        assert!(
            location
                .as_str()
                .starts_with("https://app.example/callback?")
        );
        assert_eq!(answer.params()["state"], "the-state", "{name}={value}");
    }
}

/// RFC 6749 §3.1: "MUST NOT be included more than once".
#[tokio::test]
async fn a_repeated_parameter_is_sent_back_as_an_error() {
    let op = TestProvider::start().await;

    // Without the first two there is nowhere to send an error; the third may be repeated.
    let elsewhere = ["client_id", "redirect_uri", "resource"];
    let names = PARAMETERS.into_iter();
    for name in names.filter(|name| !elsewhere.contains(name)) {
        let request = Authorize::app().and(name, "x").and(name, "x");
        let answer = request.send(&op).await;
        answer.assert_sent_back("invalid_request");
        let description = answer.params().remove("error_description").unwrap();
        assert_eq!(description, format!("the parameter {name} is repeated"));
    }
}

#[tokio::test]
async fn what_is_too_long_to_be_echoed_is_refused() {
    let op = TestProvider::start().await;
    let long = "x".repeat(2049);

    for name in ["state", "nonce"] {
        let answer = Authorize::app().with(name, &long).send(&op).await;
        answer.assert_sent_back("invalid_request");
        assert!(answer.location().as_str().len() < 1000, "{name}");
    }
}

#[tokio::test]
async fn a_client_without_the_grant_type_gets_no_code() {
    let op = TestProvider::start().await;
    let request = Authorize::app()
        .with("client_id", "idle")
        .with("redirect_uri", "https://idle.example/");

    request
        .send(&op)
        .await
        .assert_sent_back("unauthorized_client");
}

/// RFC 6749 §4.1.2: "the exact value received from the client".
#[tokio::test]
async fn state_and_nonce_come_back_byte_for_byte() {
    let op = TestProvider::start().await;
    for value in [
        "a".repeat(2048),
        "-._~ABCxyz019".repeat(10),
        "a b+c&d=e%20#?/\\\"'<>;,".to_owned(),
        "ünïcödé \u{1f511} \u{202e}".to_owned(),
        "line\r\nSet-Cookie: x=1".to_owned(),
    ] {
        let request = Authorize::app().with("state", &value).with("nonce", &value);
        let mut browser = op.browser();
        let page = browser.get(&request.target()).await;
        let answer = browser.sign_in(&page, "alice").await;
        assert_eq!(answer.params()["state"], value);

        let tokens = Tokens::of(&op.exchange(&request.code_of(&answer)).await);
        let (_, claims) = super::support::read_jwt(tokens.id_token());
        assert_eq!(claims["nonce"], value.as_str());
    }
}

#[tokio::test]
async fn a_state_that_was_not_sent_is_not_invented() {
    let op = TestProvider::start().await;

    let refused = Authorize::app().without("state").with("prompt", "none");

    assert!(!refused.send(&op).await.params().contains_key("state"));
}

/// RFC 6749 §3.3: what was not registered is left out, and the response says so.
#[tokio::test]
async fn a_client_gets_no_scope_beyond_its_registration() {
    let op = TestProvider::start().await;

    let tokens = op.tokens("alice", "openid admin demo.read").await;

    assert_eq!(tokens.body["scope"], "demo.read openid");
}

/// RFC 6749 §3.3: the default is what was registered. Cells' command-line client sends none.
#[tokio::test]
async fn a_request_without_a_scope_gets_the_registered_one() {
    let op = TestProvider::start().await;

    let code = Authorize::app().without("scope").code(&op, "alice").await;
    let tokens = Tokens::of(&op.exchange(&code).await);

    assert_eq!(
        tokens.body["scope"],
        "demo.read demo.write email groups offline_access openid profile roles"
    );
    assert!(tokens.body["refresh_token"].is_string());
}

/// Plain OAuth: without `openid` there is no ID token.
#[tokio::test]
async fn without_openid_there_is_no_id_token() {
    let op = TestProvider::start().await;

    let tokens = op.tokens("alice", "demo.read").await;

    assert_eq!(tokens.body.get("id_token"), None);
}

/// OpenID Connect Core §3.1.2.1: order carries no meaning.
#[tokio::test]
async fn the_order_of_parameters_carries_no_meaning() {
    let op = TestProvider::start().await;
    let request = Authorize::app();
    let mut params = request.params();
    params.reverse();

    let answer = op
        .get(&format!("/oidc/oauth2/auth?{}", encode(&params)))
        .await;

    answer.assert_sign_in_page();
}

#[tokio::test]
async fn a_request_that_cannot_be_read_is_answered_with_a_page() {
    let op = TestProvider::start().await;

    for query in [
        "client_id=%",
        "client_id=app&state=%ff",
        "client_id=app&x=%zz",
    ] {
        let answer = op.get(&format!("/oidc/oauth2/auth?{query}")).await;
        answer.assert_page(400, "incomplete");
    }
}
