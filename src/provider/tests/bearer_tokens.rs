//! Access tokens (RFC 9068), and that the verifier knows them from birth.

use serde_json::json;

use super::support::{ISSUER, TestProvider, read_jwt};

#[tokio::test]
async fn an_access_token_says_what_a_resource_server_needs() {
    let op = TestProvider::start().await;

    let tokens = op.tokens("alice", "openid email demo.read").await;

    let (header, mut claims) = read_jwt(tokens.access_token());
    assert_eq!(header["typ"], "at+jwt");
    assert_eq!(header["alg"], "ES256");
    assert_eq!(claims.remove("jti").unwrap().as_str().unwrap().len(), 22);
    assert_eq!(
        claims.remove("grant_id").unwrap().as_str().unwrap().len(),
        22
    );
    assert_eq!(
        serde_json::Value::Object(claims),
        json!({
            "iss": ISSUER,
            "sub": "uuid-of-alice",
            "aud": "https://api.example",
            "client_id": "app",
            "scope": "demo.read email openid",
            "iat": 1_800_000_000,
            "exp": 1_800_000_600,
            "auth_time": 1_800_000_000,
            "acr": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
            "amr": ["pwd"],
            "email": "alice@example.test",
            "email_verified": true,
        })
    );
}

#[tokio::test]
async fn a_token_minted_here_is_not_verified_by_signature() {
    let op = TestProvider::start().await;
    let tokens = op.tokens("alice", "openid").await;

    assert_eq!(op.userinfo(tokens.access_token()).await.status, 200);

    assert_eq!(op.provider.parts.verifier.counts(), (1, 0, 0));
}

#[tokio::test]
async fn an_access_token_ends_with_its_last_second() {
    let op = TestProvider::start().await;
    let tokens = op.tokens("alice", "openid").await;

    op.advance_s(599);
    assert_eq!(op.userinfo(tokens.access_token()).await.status, 200);
    op.advance_s(1);

    op.userinfo(tokens.access_token())
        .await
        .assert_challenged(401, Some("invalid_token"));
}

/// RFC 9068 §3: a client without an audience of its own gets tokens for itself.
#[tokio::test]
async fn several_audiences_or_none_are_said_in_their_own_way() {
    for (audience, claim) in [
        (vec![], json!("app")),
        (vec!["a".to_owned(), "b".to_owned()], json!(["a", "b"])),
    ] {
        let op = TestProvider::start_with(|settings| {
            settings.clients[0].audience.clone_from(&audience);
        })
        .await;
        let tokens = op.tokens("alice", "openid").await;
        assert_eq!(read_jwt(tokens.access_token()).1["aud"], claim);
    }
}
