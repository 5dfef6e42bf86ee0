//! Token revocation (RFC 7009).

use super::support::{Answer, SERVICE_SECRET, TestProvider, Tokens, basic};

async fn revoke(op: &TestProvider, token: &str) -> Answer {
    let form = [("client_id", "app"), ("token", token)];
    op.post("/oidc/oauth2/revoke", None, &form).await
}

/// §2.1: with a refresh token everything of the grant goes.
#[tokio::test]
async fn a_revoked_refresh_token_takes_its_access_tokens_along() {
    let op = TestProvider::start().await;
    let tokens = op.tokens("alice", "openid offline_access").await;

    assert_eq!(revoke(&op, tokens.refresh_token()).await.status, 200);

    op.refresh(tokens.refresh_token())
        .await
        .assert_refused(400, "invalid_grant");
    op.userinfo(tokens.access_token())
        .await
        .assert_challenged(401, Some("invalid_token"));
}

#[tokio::test]
async fn a_revoked_access_token_goes_alone() {
    let op = TestProvider::start().await;
    let tokens = op.tokens("alice", "openid offline_access").await;

    assert_eq!(revoke(&op, tokens.access_token()).await.status, 200);

    op.userinfo(tokens.access_token())
        .await
        .assert_challenged(401, Some("invalid_token"));
    let next = Tokens::of(&op.refresh(tokens.refresh_token()).await);
    assert_eq!(op.userinfo(next.access_token()).await.status, 200);
}

/// A client that refreshes and revokes at once must end up with nothing.
#[tokio::test]
async fn a_revocation_that_a_refresh_overtook_reaches_the_successor() {
    let op = TestProvider::start().await;
    let first = op.tokens("alice", "openid offline_access").await;
    let second = Tokens::of(&op.refresh(first.refresh_token()).await);

    assert_eq!(revoke(&op, first.refresh_token()).await.status, 200);

    op.refresh(second.refresh_token())
        .await
        .assert_refused(400, "invalid_grant");
}

/// §2.2: what is unknown is as good as revoked; the hint is only a hint.
#[tokio::test]
async fn an_unknown_token_counts_as_revoked() {
    let op = TestProvider::start().await;
    let tokens = op.tokens("alice", "openid offline_access").await;

    for token in ["unknown", "a.b.c", tokens.id_token()] {
        assert_eq!(revoke(&op, token).await.status, 200, "{token}");
    }
    let form = [
        ("client_id", "app"),
        ("token", tokens.refresh_token()),
        ("token_type_hint", "access_token"),
    ];
    let hinted = op.post("/oidc/oauth2/revoke", None, &form).await;

    assert_eq!(hinted.status, 200);
    op.refresh(tokens.refresh_token())
        .await
        .assert_refused(400, "invalid_grant");
}

/// §2.1: the server verifies whether the token was issued to the client.
#[tokio::test]
async fn the_token_of_another_client_is_not_revoked() {
    let op = TestProvider::start().await;
    let tokens = op.tokens("alice", "openid offline_access").await;
    let service = basic("service", SERVICE_SECRET);

    for token in [tokens.access_token(), tokens.refresh_token()] {
        let form = [("token", token)];
        op.post("/oidc/oauth2/revoke", Some(&service), &form)
            .await
            .assert_refused(400, "invalid_grant");
    }

    assert_eq!(op.userinfo(tokens.access_token()).await.status, 200);
    Tokens::of(&op.refresh(tokens.refresh_token()).await);
}

/// §2.1 and §2.2.1.
#[tokio::test]
async fn only_a_client_may_revoke() {
    let op = TestProvider::start().await;
    let wrong = basic("service", "wrong");

    op.post("/oidc/oauth2/revoke", Some(&wrong), &[("token", "x")])
        .await
        .assert_refused(401, "invalid_client");
    op.post("/oidc/oauth2/revoke", None, &[("token", "x")])
        .await
        .assert_refused(401, "invalid_client");
    op.post("/oidc/oauth2/revoke", None, &[("client_id", "app")])
        .await
        .assert_refused(400, "invalid_request");
}
