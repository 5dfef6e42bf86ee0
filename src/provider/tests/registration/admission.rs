//! Who may register a client, and how many (RFC 7591 §3).

use http::Method;

use super::{ENDPOINT, app, assert_error, management, register, send, with_access};
use crate::model::Timestamp;
use crate::provider::RegistrationAccess;
use crate::provider::tests::support::{Answer, TestProvider, join_all};
use crate::secret::Secret;
use crate::store::InitialToken;

/// Keeps a token that is good for `uses` registrations in the next minute.
async fn keep(op: &TestProvider, token: &Secret, uses: u32) {
    let now = Timestamp::from_secs(op.now());
    let known = InitialToken {
        id: "wiki".to_owned(),
        note: None,
        uses,
        uses_left: uses,
        created_at: now,
        expires_at: Timestamp::from_secs(op.now() + 60),
    };
    let digest = token.digest();
    let added = op.store.add_initial_token(&digest, &known).await;
    added.unwrap();
}

async fn try_with(op: &TestProvider, token: Option<&Secret>) -> Answer {
    let token = token.map(Secret::expose);
    send(op, Method::POST, ENDPOINT, token, &app().to_string()).await
}

#[tokio::test]
async fn an_initial_access_token_is_asked_for_and_spent() {
    let configured = Secret::new("the token of the configuration");
    let access = RegistrationAccess::InitialAccessToken(Some(configured.digest()));
    let op = with_access(access).await;
    let once = Secret::new("a token for one registration");
    keep(&op, &once, 1).await;

    try_with(&op, None).await.assert_challenged(401, None);
    try_with(&op, Some(&Secret::new("wrong")))
        .await
        .assert_challenged(401, Some("invalid_token"));
    assert_eq!(try_with(&op, Some(&configured)).await.status, 201);
    assert_eq!(try_with(&op, Some(&configured)).await.status, 201);
    let invalid = send(&op, Method::POST, ENDPOINT, Some(once.expose()), "{}").await;
    assert_error(&invalid, 400, "invalid_redirect_uri");
    assert_eq!(try_with(&op, Some(&once)).await.status, 201);
    let spent = try_with(&op, Some(&once)).await;
    spent.assert_challenged(401, Some("invalid_token"));
}

#[tokio::test]
async fn an_initial_access_token_expires() {
    let op = with_access(RegistrationAccess::InitialAccessToken(None)).await;
    let token = Secret::new("a token for a minute");
    keep(&op, &token, 5).await;

    op.advance_s(59);
    assert_eq!(try_with(&op, Some(&token)).await.status, 201);
    op.advance_s(1);

    let late = try_with(&op, Some(&token)).await;
    late.assert_challenged(401, Some("invalid_token"));
}

#[tokio::test]
async fn an_initial_access_token_that_was_revoked_is_worth_nothing() {
    let op = with_access(RegistrationAccess::InitialAccessToken(None)).await;
    let token = Secret::new("a token that got into the wrong hands");
    keep(&op, &token, 5).await;

    assert!(op.store.revoke_initial_token("wiki").await.unwrap());

    let answer = try_with(&op, Some(&token)).await;
    answer.assert_challenged(401, Some("invalid_token"));
    assert!(!op.store.revoke_initial_token("wiki").await.unwrap());
}

/// Of any number at once, no more succeed than the token has uses.
#[tokio::test]
async fn parallel_registrations_share_the_uses_of_a_token() {
    let op = with_access(RegistrationAccess::InitialAccessToken(None)).await;
    let token = Secret::new("a token for three registrations");
    keep(&op, &token, 3).await;

    let tries = (0..8).map(|_| try_with(&op, Some(&token))).collect();
    let answers = join_all(tries).await;

    let registered = answers.iter().filter(|answer| answer.status == 201);
    assert_eq!(registered.count(), 3);
    let known = op.store.list_initial_tokens(Timestamp::from_secs(op.now()));
    assert_eq!(known.await.unwrap()[0].uses_left, 0);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.assert_challenged(401, Some("invalid_token"));
    }
}

#[tokio::test]
async fn registrations_are_bounded_in_number_and_rate() {
    let op = TestProvider::start_with(|settings| {
        settings.registration.access = RegistrationAccess::Open;
        settings.registration.max_clients = 2;
        settings.registration.per_hour = 4;
    })
    .await;

    let first = register(&op, &app()).await;
    assert_eq!(first.status, 201);
    assert_eq!(register(&op, &app()).await.status, 201);
    assert_error(&register(&op, &app()).await, 503, "temporarily_unavailable");
    register(&op, &app()).await;
    let (path, token) = management(&first);
    let replaced = send(&op, Method::PUT, &path, Some(&token), &app().to_string()).await;
    assert_error(&replaced, 429, "temporarily_unavailable");
    let refused = register(&op, &app()).await;
    assert_error(&refused, 429, "temporarily_unavailable");
    assert!(refused.header("retry-after").is_some());
}

/// What an operator reads of it.
#[tokio::test]
async fn registrations_are_counted_by_what_was_asked_and_answered() {
    let op = with_access(RegistrationAccess::Open).await;

    register(&op, &app()).await;
    send(&op, Method::POST, ENDPOINT, None, "{}").await;
    send(&op, Method::DELETE, ENDPOINT, Some("wrong"), "").await;

    let text = op.metrics.render();
    for line in [
        r#"cellgate_registrations_total{action="register",outcome="success"} 1"#,
        r#"cellgate_registrations_total{action="register",outcome="invalid_redirect_uri"} 1"#,
        r#"cellgate_registrations_total{action="remove",outcome="invalid_token"} 1"#,
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}
