//! ID tokens (OpenID Connect Core §2 and §3.1.3.6).

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet};
use openidconnect::{AccessToken, AccessTokenHash, ClientId, IssuerUrl, Nonce};
use serde_json::json;

use super::support::{Authorize, ISSUER, TestProvider, Tokens, read_jwt};
use crate::model::SigningAlgorithm;

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
            "acr": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
            "amr": ["pwd"],
        })
    );
}

/// As a client built on the `openidconnect` crate verifies it (OpenID Connect Core §3.1.3.7).
#[tokio::test]
async fn a_stock_library_accepts_it() {
    for algorithm in SigningAlgorithm::ALL {
        accepted_by_a_stock_library(algorithm).await;
    }
}

async fn accepted_by_a_stock_library(algorithm: SigningAlgorithm) {
    let op = TestProvider::start_with(|settings| settings.id_token_algorithm = algorithm).await;
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
    .set_allowed_algs([algorithm.into()])
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

/// OpenID Connect Registration §2, Core §3.1.3.6: `at_hash` is the left half of the hash that
/// belongs to the algorithm. It is computed here from the specification, not by the library.
#[tokio::test]
async fn each_client_chooses_what_its_id_tokens_are_signed_with() {
    for algorithm in SigningAlgorithm::ALL {
        let op = TestProvider::start_with(|settings| {
            settings.clients[0].signing.id_token = Some(algorithm);
        })
        .await;

        let tokens = op.tokens("alice", "openid").await;

        let (header, claims) = read_jwt(tokens.id_token());
        assert_eq!(header["alg"], algorithm.as_str());
        let access_token = tokens.access_token().as_bytes();
        let half = match algorithm {
            SigningAlgorithm::EdDsa => digest(&SHA512, access_token).as_ref()[..32].to_vec(),
            SigningAlgorithm::Es256 | SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 => {
                digest(&SHA256, access_token).as_ref()[..16].to_vec()
            }
        };
        assert_eq!(
            claims["at_hash"],
            URL_SAFE_NO_PAD.encode(half),
            "{algorithm:?}"
        );
        // The other clients' are what they were.
        let code = Authorize::service().code(&op, "alice").await;
        let others = Tokens::of(&op.exchange_as_service(&code).await);
        assert_eq!(read_jwt(others.id_token()).0["alg"], "RS256");
    }
}

/// A client may be registered while the provider runs: the key it needs is made then.
#[tokio::test]
async fn the_first_token_of_an_algorithm_makes_its_key() {
    let op = TestProvider::start_with(|settings| {
        settings.clients[0].signing.id_token = Some(SigningAlgorithm::EdDsa);
    })
    .await;
    assert!(
        !op.published_algorithms()
            .await
            .contains(&"EdDSA".to_owned())
    );

    let first = op.tokens("alice", "openid").await;
    let second = op.tokens("alice", "openid").await;

    let kid = |tokens: &Tokens| read_jwt(tokens.id_token()).0["kid"].clone();
    assert_eq!(kid(&first), kid(&second));
    assert!(
        op.published_algorithms()
            .await
            .contains(&"EdDSA".to_owned())
    );
}

#[tokio::test]
async fn a_nonce_that_was_not_sent_is_not_invented() {
    let op = TestProvider::start().await;

    let tokens = op.tokens("alice", "openid").await;

    assert_eq!(read_jwt(tokens.id_token()).1.get("nonce"), None);
}
