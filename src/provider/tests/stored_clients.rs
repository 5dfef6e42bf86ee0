//! Clients that are registered while the provider runs, by another process.

use super::support::{Authorize, TestProvider, Tokens, basic};
use crate::model::{ClientId, RegisteredBy, SecretHash, Timestamp};
use crate::secret::Secret;
use crate::store::ClientRecord;

const SECRET: &str = "the secret of the stored client";

/// The confidential client `stored`.
fn record(metadata: &str) -> ClientRecord {
    ClientRecord {
        id: ClientId::parse("stored").unwrap(),
        registered_by: RegisteredBy::CommandLine,
        metadata: metadata.to_owned(),
        secret_hash: Some(hash(SECRET)),
        shared_secret: None,
        registration_token: None,
        created_at: Timestamp::from_secs(1_700_000_000),
    }
}

fn hash(secret: &str) -> SecretHash {
    SecretHash::Sha256(Secret::new(secret).digest())
}

const METADATA: &str = r#"{"client_name": "The stored one",
    "redirect_uris": ["https://stored.example/callback"],
    "grant_types": ["authorization_code", "refresh_token"], "consent": "implicit",
    "scope": "openid offline_access"}"#;

fn request() -> Authorize {
    Authorize::app()
        .with("client_id", "stored")
        .with("redirect_uri", "https://stored.example/callback")
        .with("scope", "openid offline_access")
}

async fn with_client(metadata: &str) -> TestProvider {
    let op = TestProvider::start().await;
    assert!(op.store.add_client(&record(metadata)).await.unwrap());
    op
}

async fn tokens(op: &TestProvider) -> Tokens {
    let code = request().code(op, "alice").await;
    let authorization = basic("stored", SECRET);
    Tokens::of(&op.exchange_as("stored", Some(&authorization), &code).await)
}

#[tokio::test]
async fn a_client_of_the_store_signs_its_users_in() {
    let op = with_client(METADATA).await;

    let page = request().send(&op).await;
    let tokens = tokens(&op).await;

    page.assert_sign_in_page();
    assert!(page.body.contains("The stored one"), "{}", page.body);
    let (_, claims) = super::support::read_jwt(tokens.access_token());
    assert_eq!(claims["client_id"], "stored");
}

#[tokio::test]
async fn an_unknown_client_is_known_seconds_after_it_was_added() {
    let op = TestProvider::start().await;
    request().send(&op).await.assert_page(400, "not known here");

    op.store.add_client(&record(METADATA)).await.unwrap();
    op.advance_s(3);

    request().send(&op).await.assert_sign_in_page();
}

#[tokio::test]
async fn a_secret_that_was_replaced_is_refused_seconds_later() {
    let op = with_client(METADATA).await;
    let refresh_token = tokens(&op).await.refresh_token().to_owned();
    let mut other = record(METADATA);
    other.secret_hash = Some(hash("another secret"));

    op.store.replace_client(&other).await.unwrap();
    op.advance_s(3);

    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token.as_str()),
    ];
    let old = basic("stored", SECRET);
    op.post("/oidc/oauth2/token", Some(&old), &form)
        .await
        .assert_refused(401, "invalid_client");
    let new = basic("stored", "another secret");
    let answer = op.post("/oidc/oauth2/token", Some(&new), &form).await;
    Tokens::of(&answer);
}

#[tokio::test]
async fn what_was_granted_to_a_removed_client_ends_at_once() {
    let op = with_client(METADATA).await;
    let tokens = tokens(&op).await;
    let code = request().code(&op, "alice").await;
    let id = ClientId::parse("stored").unwrap();

    let now = Timestamp::from_secs(op.now());
    assert!(op.store.remove_client(&id, now).await.unwrap());

    // The provider still believes in the client for a moment, but nothing of it is left.
    op.userinfo(tokens.access_token())
        .await
        .assert_challenged(401, Some("invalid_token"));
    let authorization = basic("stored", SECRET);
    op.exchange_as("stored", Some(&authorization), &code)
        .await
        .assert_refused(400, "invalid_grant");
    let late = request().code(&op, "alice").await;
    op.exchange_as("stored", Some(&authorization), &late)
        .await
        .assert_refused(400, "invalid_grant");
    op.advance_s(3);
    request().send(&op).await.assert_page(400, "not known here");
}

#[tokio::test]
async fn a_client_of_the_configuration_hides_one_of_the_store() {
    let op = TestProvider::start().await;
    let mut impostor = record(r#"{"redirect_uris": ["https://evil.example/"], "scope": "openid"}"#);
    impostor.id = ClientId::parse("app").unwrap();
    op.store.add_client(&impostor).await.unwrap();

    let theirs = Authorize::app().with("redirect_uri", "https://evil.example/");

    theirs.send(&op).await.assert_page(400, "not known here");
    Authorize::app().send(&op).await.assert_sign_in_page();
}

/// What was never checked (a later version wrote it, or somebody's hand) opens nothing.
#[tokio::test]
async fn a_client_that_cannot_be_understood_is_not_registered() {
    for metadata in [
        "no json",
        r#"{"redirect_uris": ["javascript:alert(1)"], "scope": "openid"}"#,
        r#"{"redirect_uris": ["https://stored.example/callback"], "grant_types": ["magic"]}"#,
        r#"{"redirect_uris": ["https://stored.example/callback"],
            "token_endpoint_auth_method": "none"}"#,
    ] {
        let op = with_client(metadata).await;
        request().send(&op).await.assert_page(400, "not known here");
    }
}

/// A single-page application needs no restart to reach the token endpoint.
#[tokio::test]
async fn scripts_of_a_stored_client_may_read_answers() {
    let op = with_client(METADATA).await;
    let origin_allowed = async |origin: &str| {
        let request = http::Request::post("/oidc/oauth2/token").header("origin", origin);
        let answer = op.send(request.body(bytes::Bytes::new()).unwrap()).await;
        answer.header("access-control-allow-origin").is_some()
    };

    assert!(origin_allowed("https://stored.example").await);
    assert!(!origin_allowed("https://evil.example").await);
}

/// Also one that was stored before there was the rule.
#[tokio::test]
async fn who_registered_itself_gets_no_token_without_a_user() {
    let op = TestProvider::start().await;
    let metadata = r#"{"grant_types": ["client_credentials"], "scope": "demo.read"}"#;
    for (registered_by, expected) in [
        (RegisteredBy::CommandLine, 200),
        (RegisteredBy::Import, 200),
        (RegisteredBy::Itself, 400),
    ] {
        let record = ClientRecord {
            id: ClientId::parse(registered_by.as_str()).unwrap(),
            registered_by,
            ..record(metadata)
        };
        assert!(op.store.add_client(&record).await.unwrap());
        let authorization = basic(record.id.as_str(), SECRET);
        let form = [("grant_type", "client_credentials")];

        let answer = op
            .post("/oidc/oauth2/token", Some(&authorization), &form)
            .await;

        assert_eq!(answer.status, expected, "{registered_by:?}: {answer:?}");
        if expected == 400 {
            answer.assert_refused(400, "unauthorized_client");
        }
    }
}
