//! ID tokens (OpenID Connect Core §2 and §3.1.3.6).

use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet};
use openidconnect::{AccessToken, AccessTokenHash, ClientId, IssuerUrl, Nonce};
use serde_json::json;

use super::support::{Authorize, ISSUER, TestProvider, Tokens, read_jwt};

#[tokio::test]
async fn an_id_token_says_who_signed_in_when_and_how_and_nothing_more() {
    let op = TestProvider::start().await;
    let code = Authorize::app()
        .with("scope", "openid profile email groups roles")
        .with("nonce", "the-nonce")
        .code(&op, "alice")
        .await;
    op.advance_s(10);

    let tokens = Tokens::of(&op.exchange(&code).await);

    let (header, mut claims) = read_jwt(tokens.id_token());
    assert_eq!(header["alg"], "RS256");
    assert!(header["kid"].is_string());
    assert!(claims.remove("at_hash").unwrap().is_string());
    assert!(claims.remove("sid").unwrap().is_string());
    assert_eq!(
        serde_json::Value::Object(claims),
        json!({
            "iss": ISSUER,
            "sub": "uuid-of-alice",
            "aud": ["app"],
            "iat": 1_800_000_010,
            "exp": 1_800_003_610,
            "auth_time": 1_800_000_000,
            "nonce": "the-nonce",
            "amr": ["pwd"],
        })
    );
}

/// As a client built on the `openidconnect` crate verifies it (OpenID Connect Core §3.1.3.7).
#[tokio::test]
async fn a_stock_library_accepts_it() {
    let op = TestProvider::start().await;
    let code = Authorize::app()
        .with("nonce", "n-1")
        .code(&op, "alice")
        .await;
    let tokens = Tokens::of(&op.exchange(&code).await);
    let keys = op.get("/oidc/.well-known/jwks.json").await.json();
    let keys: CoreJsonWebKeySet = serde_json::from_value(keys).unwrap();

    let token: CoreIdToken = tokens.id_token().parse().unwrap();
    let verifier = CoreIdTokenVerifier::new_public_client(
        ClientId::new("app".to_owned()),
        IssuerUrl::new(ISSUER.to_owned()).unwrap(),
        keys,
    )
    .set_time_fn(|| chrono::DateTime::from_timestamp(1_800_000_001, 0).unwrap());
    let claims = token
        .claims(&verifier, &Nonce::new("n-1".to_owned()))
        .unwrap();

    let expected = AccessTokenHash::from_token(
        &AccessToken::new(tokens.access_token().to_owned()),
        token.signing_alg().unwrap(),
        token.signing_key(&verifier).unwrap(),
    );
    assert_eq!(claims.access_token_hash(), Some(&expected.unwrap()));
}

#[tokio::test]
async fn a_nonce_that_was_not_sent_is_not_invented() {
    let op = TestProvider::start().await;

    let tokens = op.tokens("alice", "openid").await;

    assert_eq!(read_jwt(tokens.id_token()).1.get("nonce"), None);
}
