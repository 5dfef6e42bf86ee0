//! The userinfo endpoint (OpenID Connect Core §5.3 and §5.4, RFC 6750).

use bytes::Bytes;
use serde_json::json;

use super::support::{Answer, Authorize, ISSUER, TestProvider, read_jwt};
use crate::model::SigningAlgorithm;

async fn call(
    op: &TestProvider,
    method: &str,
    authorization: &[&str],
    form: Option<&str>,
) -> Answer {
    let mut builder = http::Request::builder()
        .method(method)
        .uri("/oidc/userinfo");
    for value in authorization {
        builder = builder.header("authorization", *value);
    }
    if form.is_some() {
        builder = builder.header("content-type", "application/x-www-form-urlencoded");
    }
    let body = Bytes::from(form.unwrap_or_default().to_owned());
    op.send(builder.body(body).unwrap()).await
}

#[tokio::test]
async fn each_scope_grants_its_claims() {
    let op = TestProvider::start().await;
    for (scope, claims) in [
        ("openid", json!({"sub": "uuid-of-alice"})),
        (
            "openid profile",
            json!({
                "sub": "uuid-of-alice",
                "preferred_username": "alice",
                "name": "The user alice",
            }),
        ),
        (
            "openid email groups roles",
            json!({
                "sub": "uuid-of-alice",
                "email": "alice@example.test",
                "email_verified": true,
                "groups": ["/staff"],
                "roles": ["ADMINS"],
            }),
        ),
    ] {
        let tokens = op.tokens("alice", scope).await;
        let answer = op.userinfo(tokens.access_token()).await;
        assert_eq!(answer.json(), claims, "{scope}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.json()["sub"], read_jwt(tokens.id_token()).1["sub"]);
    }
}

/// RFC 6750 §2.1 and §2.2.
#[tokio::test]
async fn the_token_comes_in_the_header_or_in_the_form() {
    let op = TestProvider::start().await;
    let tokens = op.tokens("alice", "openid").await;
    let header = format!("Bearer {}", tokens.access_token());
    let lower = format!("bearer {}", tokens.access_token());
    let form = format!("access_token={}", tokens.access_token());

    for answer in [
        call(&op, "GET", &[&header], None).await,
        call(&op, "GET", &[&lower], None).await,
        call(&op, "POST", &[&header], None).await,
        call(&op, "POST", &[&header], Some("")).await,
        call(&op, "POST", &[], Some(&form)).await,
    ] {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

/// RFC 6750 §3.1.
#[tokio::test]
async fn what_is_no_single_valid_token_is_refused() {
    let op = TestProvider::start().await;
    let tokens = op.tokens("alice", "openid offline_access").await;
    let bearer = |token: &str| format!("Bearer {token}");
    let good = bearer(tokens.access_token());
    let form = format!("access_token={}", tokens.access_token());
    let twice = format!("{form}&{form}");
    let id_token = bearer(tokens.id_token());
    let refresh_token = bearer(tokens.refresh_token());
    let mut cut = good.clone();
    cut.pop();
    let invalid_request = Some("invalid_request");
    let invalid_token = Some("invalid_token");
    for (name, authorization, form, status, error) in [
        ("nothing", vec![], None, 401, None),
        ("another scheme", vec!["Basic YTpi"], None, 401, None),
        (
            "both ways",
            vec![good.as_str()],
            Some(form.as_str()),
            400,
            invalid_request,
        ),
        (
            "two headers",
            vec![&good, &good],
            None,
            400,
            invalid_request,
        ),
        (
            "two in the form",
            vec![],
            Some(&twice),
            400,
            invalid_request,
        ),
        (
            "no token after the scheme",
            vec!["Bearer "],
            None,
            400,
            invalid_request,
        ),
        ("two words", vec!["Bearer a b"], None, 400, invalid_request),
        ("garbage", vec!["Bearer abc"], None, 401, invalid_token),
        ("ID token", vec![&id_token], None, 401, invalid_token),
        (
            "refresh token",
            vec![&refresh_token],
            None,
            401,
            invalid_token,
        ),
        ("cut off", vec![&cut], None, 401, invalid_token),
    ] {
        let answer = call(&op, "POST", &authorization, form).await;
        assert_eq!(answer.status, status, "{name}");
        answer.assert_challenged(status, error);
    }
}

/// RFC 6750 §2.3 is not supported: URLs end up in logs.
#[tokio::test]
async fn a_token_in_the_query_is_not_looked_at() {
    let op = TestProvider::start().await;
    let tokens = op.tokens("alice", "openid").await;

    let answer = op
        .get(&format!(
            "/oidc/userinfo?access_token={}",
            tokens.access_token()
        ))
        .await;

    answer.assert_challenged(401, None);
}

#[tokio::test]
async fn without_openid_there_is_nothing_to_tell() {
    let op = TestProvider::start().await;
    let tokens = op.tokens("alice", "profile email").await;

    let answer = op.userinfo(tokens.access_token()).await;

    answer.assert_challenged(403, Some("insufficient_scope"));
}

/// Core §5.3.2, Registration §2.
#[tokio::test]
async fn a_client_may_have_its_userinfo_signed() {
    for algorithm in SigningAlgorithm::ALL {
        let op = TestProvider::start_with(|settings| {
            settings.clients[0].signing.userinfo = Some(algorithm);
        })
        .await;
        let tokens = op.tokens("alice", "openid email").await;

        let answer = op.userinfo(tokens.access_token()).await;

        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/jwt"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let (header, claims) = read_jwt(&answer.body);
        assert_eq!(header["alg"], algorithm.as_str());
        let keys = op.get("/oidc/.well-known/jwks.json").await.json();
        verify(&answer.body, &keys);
        assert_eq!(
            serde_json::Value::Object(claims),
            json!({
                "iss": ISSUER,
                "aud": "app",
                "sub": "uuid-of-alice",
                "email": "alice@example.test",
                "email_verified": true,
            })
        );
    }
}

/// Verifies a JWS under the published key it names, with another library than signed it.
#[track_caller]
fn verify(token: &str, keys: &serde_json::Value) {
    use base64::Engine as _;
    use openidconnect::JsonWebKey as _;
    use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm};
    let (header, _) = read_jwt(token);
    let mut published = keys["keys"].as_array().unwrap().iter();
    let key = published.find(|key| key["kid"] == header["kid"]).unwrap();
    let key: CoreJsonWebKey = serde_json::from_value(key.clone()).unwrap();
    let algorithm: CoreJwsSigningAlgorithm = serde_json::from_value(header["alg"].clone()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(signature);
    key.verify_signature(&algorithm, signed.as_bytes(), &signature.unwrap())
        .unwrap();
}

/// RFC 8725 §3.12: what is for one purpose is refused for another.
#[tokio::test]
async fn signed_userinfo_is_neither_an_access_token_nor_an_id_token() {
    let op = TestProvider::start_with(|settings| {
        settings.clients[0].signing.userinfo = Some(SigningAlgorithm::Es256);
    })
    .await;
    let tokens = op.tokens("alice", "openid").await;
    let signed = op.userinfo(tokens.access_token()).await.body;

    let as_bearer = op.userinfo(&signed).await;
    as_bearer.assert_challenged(401, Some("invalid_token"));
    let as_hint = Authorize::app()
        .with("id_token_hint", &signed)
        .send(&op)
        .await;
    as_hint.assert_sent_back("invalid_request");
}
