//! The client credentials grant (RFC 6749 §4.4).

use super::support::{Answer, SERVICE_SECRET, TestProvider, Tokens, basic, read_jwt};

async fn ask(op: &TestProvider, more: &[(&str, &str)]) -> Answer {
    let mut form = vec![("grant_type", "client_credentials")];
    form.extend_from_slice(more);
    let service = basic("service", SERVICE_SECRET);
    op.post("/oidc/oauth2/token", Some(&service), &form).await
}

/// RFC 9068 §2.2: `sub` is the client; §4.4.3: no refresh token.
#[tokio::test]
async fn a_client_gets_a_token_for_itself_and_nothing_else() {
    let op = TestProvider::start().await;

    let tokens = Tokens::of(&ask(&op, &[]).await);

    let (header, claims) = read_jwt(tokens.access_token());
    assert_eq!(header["typ"], "at+jwt");
    assert_eq!(claims["sub"], "service");
    assert_eq!(claims["client_id"], "service");
    assert_eq!(claims["aud"], "https://api.example");
    assert_eq!(claims["scope"], "demo.read demo.write");
    assert_eq!(tokens.body["scope"], "demo.read demo.write");
    for absent in [
        "auth_time",
        "grant_id",
        "email",
        "groups",
        "preferred_username",
    ] {
        assert_eq!(claims.get(absent), None, "{absent}");
    }
    for absent in ["refresh_token", "id_token"] {
        assert_eq!(tokens.body.get(absent), None, "{absent}");
    }
}

#[tokio::test]
async fn the_scope_may_be_narrowed_and_is_never_about_a_user() {
    let op = TestProvider::start().await;

    let narrow = Tokens::of(&ask(&op, &[("scope", "demo.read")]).await);

    assert_eq!(narrow.body["scope"], "demo.read");
    for scope in ["openid", "demo.read email", "offline_access", "admin"] {
        ask(&op, &[("scope", scope)])
            .await
            .assert_refused(400, "invalid_scope");
    }
}

/// §4.4: "MUST only be used by confidential clients".
#[tokio::test]
async fn a_public_client_gets_none() {
    let op = TestProvider::start().await;
    let form = [("grant_type", "client_credentials"), ("client_id", "app")];

    op.post("/oidc/oauth2/token", None, &form)
        .await
        .assert_refused(400, "unauthorized_client");
}

#[tokio::test]
async fn a_wrong_secret_or_a_client_not_registered_for_it_gets_none() {
    use crate::model::GrantType;
    let op = TestProvider::start_with(|settings| {
        for client in &mut settings.clients {
            client
                .grant_types
                .retain(|t| *t != GrantType::ClientCredentials);
        }
    })
    .await;

    ask(&op, &[])
        .await
        .assert_refused(400, "unauthorized_client");
    let wrong = basic("service", "wrong");
    let form = [("grant_type", "client_credentials")];
    op.post("/oidc/oauth2/token", Some(&wrong), &form)
        .await
        .assert_refused(401, "invalid_client");
}

/// There is no user of whom anything could be told.
#[tokio::test]
async fn the_token_does_not_open_userinfo() {
    let op = TestProvider::start().await;
    let tokens = Tokens::of(&ask(&op, &[]).await);

    op.userinfo(tokens.access_token())
        .await
        .assert_challenged(403, Some("insufficient_scope"));
}

#[tokio::test]
async fn the_token_can_be_revoked() {
    let op = TestProvider::start().await;
    let tokens = Tokens::of(&ask(&op, &[]).await);
    let service = basic("service", SERVICE_SECRET);
    let form = [("token", tokens.access_token())];

    let revoked = op.post("/oidc/oauth2/revoke", Some(&service), &form).await;

    assert_eq!(revoked.status, 200);
    op.userinfo(tokens.access_token())
        .await
        .assert_challenged(401, Some("invalid_token"));
}
