//! Proof Key for Code Exchange (RFC 7636), without its downgrades (RFC 9700 §2.1.1).

use super::support::{Authorize, TestProvider, Tokens, VERIFIER};

#[tokio::test]
async fn a_confidential_client_may_use_it() {
    let op = TestProvider::start().await;
    let request = Authorize::app()
        .with("client_id", "service")
        .with("redirect_uri", "https://service.example/callback?tenant=1");

    let code = request.code(&op, "alice").await;

    Tokens::of(&op.exchange_as_service(&code).await);
}

#[tokio::test]
async fn a_confidential_client_may_do_without() {
    let op = TestProvider::start().await;

    let code = Authorize::service().code(&op, "alice").await;

    Tokens::of(&op.exchange_as_service(&code).await);
}

#[tokio::test]
async fn what_is_no_s256_challenge_is_refused_at_the_start() {
    let op = TestProvider::start().await;
    let app = Authorize::app();
    for (name, request) in [
        (
            "public client without",
            app.clone()
                .without("code_challenge")
                .without("code_challenge_method"),
        ),
        ("challenge lost", app.clone().without("code_challenge")),
        ("method lost", app.clone().without("code_challenge_method")),
        ("plain", app.clone().with("code_challenge_method", "plain")),
        (
            "other case",
            app.clone().with("code_challenge_method", "s256"),
        ),
        (
            "unknown method",
            app.clone().with("code_challenge_method", "S512"),
        ),
        (
            "verifier as challenge",
            app.clone().with("code_challenge", "short"),
        ),
        (
            "padded",
            app.clone()
                .with("code_challenge", &format!("{}=", "A".repeat(43))),
        ),
        (
            "not base64url",
            app.clone().with("code_challenge", &"+".repeat(43)),
        ),
        (
            "repeated",
            app.clone().and("code_challenge", &"A".repeat(43)),
        ),
        (
            "service, plain",
            Authorize::service().with("code_challenge", VERIFIER),
        ),
        (
            "service, method alone",
            Authorize::service().with("code_challenge_method", "S256"),
        ),
    ] {
        let answer = request.send(&op).await;
        assert_eq!(answer.status, 303, "{name}: {answer:?}");
        answer.assert_sent_back("invalid_request");
    }
}

/// RFC 7636 §4.6; RFC 9700 §2.1.1: a verifier nobody announced is a code that was injected.
#[tokio::test]
async fn a_code_is_redeemed_only_by_who_asked_for_it() {
    let op = TestProvider::start().await;
    let wrong = "A".repeat(43);
    let long = "A".repeat(129);
    for (name, verifier) in [
        ("missing", None),
        ("wrong", Some(wrong.as_str())),
        ("short", Some("x")),
        ("long", Some(long.as_str())),
        (
            "the challenge itself",
            Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ),
    ] {
        let mut code = Authorize::app().code(&op, "alice").await;
        code.verifier = verifier.map(str::to_owned);
        let answer = op.exchange(&code).await;
        assert_eq!(answer.status, 400, "{name}");
        answer.assert_refused(400, "invalid_grant");
    }

    let mut code = Authorize::service().code(&op, "alice").await;
    code.verifier = Some(VERIFIER.to_owned());
    op.exchange_as_service(&code)
        .await
        .assert_refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_wrong_verifier_uses_the_code_up() {
    let op = TestProvider::start().await;
    let code = Authorize::app().code(&op, "alice").await;
    let mut wrong = code.clone();
    wrong.verifier = Some("A".repeat(43));

    op.exchange(&wrong)
        .await
        .assert_refused(400, "invalid_grant");

    op.exchange(&code)
        .await
        .assert_refused(400, "invalid_grant");
}

/// A second request in the same session does not touch the challenge of the first.
#[tokio::test]
async fn another_request_does_not_change_the_challenge_of_a_code() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    let code = Authorize::app().code_in(&mut browser, "alice").await;

    let other = Authorize::app().with("code_challenge", &"A".repeat(43));
    browser.get(&other.target()).await.params();

    Tokens::of(&op.exchange(&code).await);
}
