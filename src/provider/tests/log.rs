//! What the log tells, and what it must never tell.

use super::support::{Authorize, PASSWORD, SERVICE_SECRET, TestProvider, Tokens, VERIFIER, basic};
use crate::telemetry::log::testing::Captured;

/// A whole life of tokens, with mistakes; returns what must stay secret.
async fn live_a_life(op: &TestProvider) -> Vec<String> {
    let mut browser = op.browser();
    let request = Authorize::app().with("scope", "openid email offline_access");
    let page = browser.get(&request.target()).await;
    let mut secrets = vec![page.ticket()];
    let page = browser
        .submit(&page, "a-password-typed-as-login", "x")
        .await;
    let answer = browser.sign_in(&page, "alice").await;
    let code = request.code_of(&answer);
    let tokens = Tokens::of(&op.exchange(&code).await);
    let next = Tokens::of(&op.refresh(tokens.refresh_token()).await);
    op.userinfo(next.access_token()).await;
    op.refresh(tokens.refresh_token()).await;
    op.userinfo(next.access_token()).await;
    op.exchange(&code).await;
    for secret in [SERVICE_SECRET, "wrong-secret"] {
        let header = basic("service", secret);
        let form = [("token", next.refresh_token())];
        op.post("/oidc/oauth2/revoke", Some(&header), &form).await;
        secrets.push(header);
    }
    let query = format!("id_token_hint={}", next.id_token());
    browser
        .get(&format!("/oidc/oauth2/sessions/logout?{query}"))
        .await;
    secrets.extend(browser.cookies.into_values());
    secrets.extend([
        code.value.clone(),
        tokens.access_token().to_owned(),
        tokens.refresh_token().to_owned(),
        tokens.id_token().to_owned(),
        next.access_token().to_owned(),
        next.refresh_token().to_owned(),
    ]);
    secrets
}

#[tokio::test]
async fn no_secret_is_logged_at_any_level() {
    let op = TestProvider::start().await;
    let log = Captured::start();

    let mut secrets = live_a_life(&op).await;

    let text = log.text();
    let known = [
        PASSWORD,
        SERVICE_SECRET,
        "wrong-secret",
        VERIFIER,
        "a-password-typed-as-login",
        "alice@example.test",
    ];
    secrets.extend(known.map(str::to_owned));
    for secret in secrets {
        assert!(!text.contains(&secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn every_decision_of_consequence_has_its_audit_line() {
    let op = TestProvider::start().await;
    let log = Captured::start();

    live_a_life(&op).await;

    let text = log.text();
    let lines = log.audit();
    for (event, outcome) in [
        ("sign_in", "refused"),
        ("sign_in", "success"),
        ("grant", "success"),
        ("token", "success"),
        ("token", "refused"),
        ("replay", "revoked"),
        ("sign_out", "success"),
    ] {
        let found = lines
            .iter()
            .find(|line| line["event"] == event && line["outcome"] == outcome);
        let line = found.unwrap_or_else(|| panic!("no line for {event} {outcome}: {text}"));
        assert_eq!(line["peer.address"], "192.0.2.7", "{line}");
    }
}

/// The peer is told `invalid_client`, the operator why; who is no client is not named, because
/// people paste secrets into the wrong field.
#[tokio::test]
async fn a_client_that_is_refused_is_named_with_the_reason() {
    let op = TestProvider::start().await;
    let token = "/oidc/oauth2/token";
    let revoke = "/oidc/oauth2/revoke";
    for (path, id, secret, reason, named) in [
        (token, "service", "wrong-secret", "secret", true),
        (token, "poster", "wrong-secret", "method", true),
        (revoke, "service", "wrong-secret", "secret", true),
        (
            token,
            "pasted-secret",
            "wrong-secret",
            "unknown_client",
            false,
        ),
    ] {
        let log = Captured::start();
        op.post(path, Some(&basic(id, secret)), &[]).await;

        let text = log.text();
        let line = text
            .lines()
            .find(|line| line.contains("client_authentication"));
        let line: serde_json::Value = serde_json::from_str(line.expect(&text)).unwrap();
        assert_eq!(line["reason"], reason, "{text}");
        let client = named.then_some(id);
        assert_eq!(line["client.id"].as_str(), client, "{text}");
        assert!(named || !text.contains(id), "{text}");
    }
}

/// RFC 7009, RFC 7662: who asked is known once it has proved who it is.
#[tokio::test]
async fn a_refused_revocation_or_introspection_names_its_client() {
    let op = TestProvider::start().await;
    for path in ["/oidc/oauth2/revoke", "/oidc/oauth2/introspect"] {
        let log = Captured::start();
        op.post(path, Some(&basic("service", SERVICE_SECRET)), &[])
            .await;

        let text = log.text();
        let refused = r#""outcome":"refused""#;
        let line = text.lines().find(|line| line.contains(refused));
        let line: serde_json::Value = serde_json::from_str(line.expect(&text)).unwrap();
        assert_eq!(line["client.id"], "service", "{text}");
    }
}
