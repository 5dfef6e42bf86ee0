//! Refresh tokens (RFC 6749 §6, OpenID Connect Core §11 and §12, RFC 9700 §4.14.2).

use super::support::{
    Authorize, SERVICE_SECRET, TestProvider, Tokens, basic, join_all, profile, read_jwt,
};
use crate::model::{Subject, UserProfile};
use crate::users::{BackendError, Standing};

const OFFLINE: &str = "openid profile offline_access demo.read";

#[tokio::test]
async fn a_refresh_token_brings_new_tokens_and_its_successor() {
    let op = TestProvider::start().await;
    let first = op.tokens("alice", OFFLINE).await;

    let second = Tokens::of(&op.refresh(first.refresh_token()).await);

    assert_ne!(second.access_token(), first.access_token());
    assert_ne!(second.refresh_token(), first.refresh_token());
    assert_eq!(second.body["scope"], first.body["scope"]);
    assert_eq!(second.body["expires_in"], 600);
    Tokens::of(&op.refresh(second.refresh_token()).await);
}

/// OpenID Connect Core §12.2.
#[tokio::test]
async fn the_new_id_token_says_the_same_of_the_user() {
    let op = TestProvider::start().await;
    let first = op.tokens("alice", OFFLINE).await;
    op.advance_s(100);

    let second = Tokens::of(&op.refresh(first.refresh_token()).await);

    let (_, before) = read_jwt(first.id_token());
    let (_, after) = read_jwt(second.id_token());
    for claim in ["iss", "sub", "aud", "auth_time", "nonce", "sid", "amr"] {
        assert_eq!(before.get(claim), after.get(claim), "{claim}");
    }
    let seconds = |value: &serde_json::Value| value.as_u64().unwrap();
    assert_eq!(seconds(&after["iat"]), seconds(&before["iat"]) + 100);
}

/// OpenID Connect Core §11: without `offline_access` nobody stays when the user is gone.
#[tokio::test]
async fn without_offline_access_there_is_no_refresh_token() {
    let op = TestProvider::start().await;

    let tokens = op.tokens("alice", "openid profile").await;

    assert_eq!(tokens.body.get("refresh_token"), None);
}

/// An answer that got lost, or a second tab that refreshes at the same moment.
#[tokio::test]
async fn a_token_just_used_brings_the_very_same_successor() {
    let op = TestProvider::start().await;
    let first = op.tokens("alice", OFFLINE).await;

    let answers = join_all((0..5).map(|_| op.refresh(first.refresh_token())).collect()).await;
    op.advance_s(29);
    let late = Tokens::of(&op.refresh(first.refresh_token()).await);

    for answer in answers {
        assert_eq!(Tokens::of(&answer).refresh_token(), late.refresh_token());
    }
    Tokens::of(&op.refresh(late.refresh_token()).await);
}

/// RFC 9700 §4.14.2: nobody knows who came first, so all go.
#[tokio::test]
async fn a_spent_token_after_the_window_kills_its_successor_and_every_access_token() {
    let op = TestProvider::start().await;
    let first = op.tokens("alice", OFFLINE).await;
    let second = Tokens::of(&op.refresh(first.refresh_token()).await);
    op.advance_s(30);

    // Whatever else is wrong with the request.
    op.refresh_with(first.refresh_token(), &[("scope", "admin")])
        .await
        .assert_refused(400, "invalid_grant");

    op.refresh(second.refresh_token())
        .await
        .assert_refused(400, "invalid_grant");
    for tokens in [first, second] {
        op.userinfo(tokens.access_token())
            .await
            .assert_challenged(401, Some("invalid_token"));
    }
}

#[tokio::test]
async fn a_spent_token_whose_successor_was_used_kills_the_grant_at_once() {
    let op = TestProvider::start().await;
    let first = op.tokens("alice", OFFLINE).await;
    let second = Tokens::of(&op.refresh(first.refresh_token()).await);
    let third = Tokens::of(&op.refresh(second.refresh_token()).await);

    op.refresh(first.refresh_token())
        .await
        .assert_refused(400, "invalid_grant");

    op.refresh(third.refresh_token())
        .await
        .assert_refused(400, "invalid_grant");
}

/// RFC 9700 §4.14.2: a client with a secret needs no rotation, and cannot lose what stays.
#[tokio::test]
async fn a_confidential_client_keeps_its_token() {
    let op = TestProvider::start().await;
    let code = Authorize::service()
        .with("scope", OFFLINE)
        .code(&op, "alice")
        .await;
    let first = Tokens::of(&op.exchange_as_service(&code).await);
    let authorization = basic("service", SERVICE_SECRET);
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", first.refresh_token()),
    ];

    for _ in 0..5 {
        op.advance_s(16 * 86400);
        let answer = op
            .post("/oidc/oauth2/token", Some(&authorization), &form)
            .await;
        assert_eq!(Tokens::of(&answer).refresh_token(), first.refresh_token());
    }
    // It is worth nothing without the secret.
    let public = [("client_id", "service"), form[0], form[1]];
    op.post("/oidc/oauth2/token", None, &public)
        .await
        .assert_refused(401, "invalid_client");
}

/// RFC 6749 §6 and §10.4: bound to its client, whose it stays.
#[tokio::test]
async fn another_client_cannot_use_the_token_and_does_not_use_it_up() {
    let op = TestProvider::start().await;
    let tokens = op.tokens("alice", OFFLINE).await;
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh_token()),
    ];
    let service = basic("service", SERVICE_SECRET);

    let answer = op.post("/oidc/oauth2/token", Some(&service), &form).await;

    answer.assert_refused(400, "invalid_grant");
    Tokens::of(&op.refresh(tokens.refresh_token()).await);
}

/// RFC 6749 §6: less, but never more.
#[tokio::test]
async fn the_scope_may_be_narrowed_and_not_widened() {
    let op = TestProvider::start().await;
    let tokens = op.tokens("alice", OFFLINE).await;
    let token = tokens.refresh_token();

    for scope in ["openid email", "openid demo.write", "admin"] {
        op.refresh_with(token, &[("scope", scope)])
            .await
            .assert_refused(400, "invalid_scope");
    }
    let narrow = Tokens::of(&op.refresh_with(token, &[("scope", "demo.read")]).await);

    assert_eq!(narrow.body["scope"], "demo.read");
    assert_eq!(narrow.body.get("id_token"), None);
    // What was granted stays granted.
    let wide = Tokens::of(&op.refresh(narrow.refresh_token()).await);
    assert_eq!(wide.body["scope"], tokens.body["scope"]);
}

#[tokio::test]
async fn a_refresh_token_expires_when_it_is_not_used_for_thirty_days() {
    let op = TestProvider::start().await;
    let tokens = op.tokens("alice", OFFLINE).await;

    op.advance_s(30 * 86400 - 1);
    let tokens = Tokens::of(&op.refresh(tokens.refresh_token()).await);
    op.advance_s(30 * 86400);

    op.refresh(tokens.refresh_token())
        .await
        .assert_refused(400, "invalid_grant");
}

#[tokio::test]
async fn ninety_days_after_the_sign_in_nothing_is_refreshed_any_more() {
    let op = TestProvider::start().await;
    let mut tokens = op.tokens("alice", OFFLINE).await;

    for _ in 0..8 {
        op.advance_s(10 * 86400);
        tokens = Tokens::of(&op.refresh(tokens.refresh_token()).await);
    }
    op.advance_s(10 * 86400 - 1);
    let last = Tokens::of(&op.refresh(tokens.refresh_token()).await);
    op.advance_s(1);

    op.refresh(last.refresh_token())
        .await
        .assert_refused(400, "invalid_grant");
}

/// A user who is gone or locked loses the session and all that was granted in it.
#[tokio::test]
async fn a_user_who_may_not_go_on_is_signed_out() {
    let renamed = UserProfile {
        subject: Subject::parse("uuid-of-somebody-else").unwrap(),
        ..profile("alice")
    };
    for standing in [Standing::Ended("locked"), Standing::Active(renamed)] {
        let op = TestProvider::start().await;
        let tokens = op.tokens("alice", OFFLINE).await;
        op.users.say(Some(Ok(standing)));

        op.refresh(tokens.refresh_token())
            .await
            .assert_refused(400, "invalid_grant");

        op.users.say(None);
        op.refresh(tokens.refresh_token())
            .await
            .assert_refused(400, "invalid_grant");
        op.userinfo(tokens.access_token())
            .await
            .assert_challenged(401, Some("invalid_token"));
    }
}

#[tokio::test]
async fn a_refresh_brings_the_profile_of_today() {
    let op = TestProvider::start().await;
    let tokens = op.tokens("alice", OFFLINE).await;
    let promoted = UserProfile {
        name: Some("Alice, promoted".to_owned()),
        ..profile("alice")
    };
    op.users.say(Some(Ok(Standing::Active(promoted))));

    let tokens = Tokens::of(&op.refresh(tokens.refresh_token()).await);

    let (_, claims) = read_jwt(tokens.access_token());
    assert_eq!(claims["name"], "Alice, promoted");
    let userinfo = op.userinfo(tokens.access_token()).await.json();
    assert_eq!(userinfo["name"], "Alice, promoted");
}

/// Silence says nothing about the user: nobody is signed out, but not for ever believed either.
#[tokio::test]
async fn while_the_backend_is_silent_refreshing_goes_on_for_a_day_and_then_waits() {
    let op = TestProvider::start().await;
    let first = op.tokens("alice", OFFLINE).await;
    op.users.say(Some(Err(BackendError("no connection"))));

    op.advance_s(86400);
    let second = Tokens::of(&op.refresh(first.refresh_token()).await);
    op.advance_s(1);
    let waiting = op.refresh(second.refresh_token()).await;

    waiting.assert_refused(503, "temporarily_unavailable");
    assert!(waiting.header("retry-after").is_some());
    op.users.say(None);
    Tokens::of(&op.refresh(second.refresh_token()).await);
}

/// One kind of artefact is never taken for another.
#[tokio::test]
async fn codes_and_tokens_are_not_taken_for_refresh_tokens() {
    let op = TestProvider::start().await;
    let tokens = op.tokens("alice", OFFLINE).await;
    let code = Authorize::app().code(&op, "alice").await;

    for other in [&code.value, tokens.access_token(), tokens.id_token()] {
        op.refresh(other).await.assert_refused(400, "invalid_grant");
    }
    let mut wrong = code.clone();
    tokens.refresh_token().clone_into(&mut wrong.value);
    op.exchange(&wrong)
        .await
        .assert_refused(400, "invalid_grant");
    Tokens::of(&op.exchange(&code).await);
}

#[tokio::test]
async fn a_token_with_a_character_more_or_less_is_unknown() {
    let op = TestProvider::start().await;
    let tokens = op.tokens("alice", OFFLINE).await;
    let token = tokens.refresh_token();

    for altered in [
        format!("{token}A"),
        token.replacen(token.chars().next().unwrap(), "", 1),
        format!(" {token}"),
    ] {
        op.refresh(&altered)
            .await
            .assert_refused(400, "invalid_grant");
    }
    Tokens::of(&op.refresh(token).await);
}
