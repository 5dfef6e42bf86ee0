//! Clients that are taken out of the configuration: what they had is worth nothing at once, and
//! stays so when they come back.

use std::sync::Arc;

use super::support::{Answer, Ground, SERVICE_SECRET, TestProvider, Tokens, basic, settings};
use crate::model::{ClientId, Introspection, RegisteredBy, SecretHash, Timestamp};
use crate::secret::Secret;
use crate::store::ClientRecord;

/// A provider under a configuration with everything but `removed`, over what others were over.
async fn under_a_configuration_without(op: &TestProvider, removed: &[&str]) -> Box<TestProvider> {
    let ground = Ground {
        store: op.store.clone(),
        clock: op.clock.clone(),
        users: op.users.clone(),
        clients: Arc::clone(&op.provider.parts.clients),
    };
    let mut settings = settings();
    let is_there = |id: &str| !removed.contains(&id);
    settings
        .clients
        .retain(|client| is_there(client.id.as_str()));
    for client in &mut settings.clients {
        client.introspection = Introspection {
            any: !client.is_public(),
            ..Introspection::default()
        };
    }
    let op = Box::new(TestProvider::over(ground, settings, u32::MAX));
    op.provider.adopt_clients().await.unwrap();
    op
}

/// The one that all tests begin with: every client is there.
async fn provider() -> Box<TestProvider> {
    let op = TestProvider::start().await;
    under_a_configuration_without(&op, &[]).await
}

async fn token_of_service(op: &TestProvider) -> String {
    let service = basic("service", SERVICE_SECRET);
    let form = [("grant_type", "client_credentials")];
    let answer = op.post("/oidc/oauth2/token", Some(&service), &form).await;
    Tokens::of(&answer).access_token().to_owned()
}

/// Whether introspection says so to a client that may ask about every token.
async fn is_active(op: &TestProvider, token: &str) -> bool {
    let form = [
        ("token", token),
        ("client_id", "poster"),
        ("client_secret", "poster-secret"),
    ];
    let answer = op.post("/oidc/oauth2/introspect", None, &form).await;
    answer.json()["active"] == true
}

#[tokio::test]
async fn a_clients_own_token_is_refused_as_soon_as_the_client_is_taken_out() {
    let op = provider().await;
    let token = token_of_service(&op).await;
    assert!(is_active(&op, &token).await);

    let op = under_a_configuration_without(&op, &["service"]).await;

    assert!(!is_active(&op, &token).await);
    op.userinfo(&token)
        .await
        .assert_challenged(401, Some("invalid_token"));
}

#[tokio::test]
async fn what_users_granted_ends_with_the_client_and_their_sessions_go_on() {
    let op = provider().await;
    let tokens = op.tokens("alice", "openid offline_access").await;
    let others = op.tokens("alice", "openid").await;
    assert_eq!(op.userinfo(others.access_token()).await.status, 200);

    let op = under_a_configuration_without(&op, &["app"]).await;

    assert!(!is_active(&op, tokens.access_token()).await);
    op.userinfo(others.access_token())
        .await
        .assert_challenged(401, Some("invalid_token"));
    let op = under_a_configuration_without(&op, &[]).await;
    op.refresh(tokens.refresh_token())
        .await
        .assert_refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_client_that_comes_back_gets_new_tokens_and_revives_none() {
    let op = provider().await;
    let old = token_of_service(&op).await;
    op.advance_s(10);
    let op = under_a_configuration_without(&op, &["service"]).await;
    op.advance_s(10);

    let op = under_a_configuration_without(&op, &[]).await;

    let new = token_of_service(&op).await;
    assert!(!is_active(&op, &old).await);
    assert!(is_active(&op, &new).await);
}

/// Somebody who has a token proved the secret that was right then.
#[tokio::test]
async fn another_secret_ends_no_token() {
    let op = provider().await;
    let token = token_of_service(&op).await;

    let record = stored("{}");
    op.store.add_client(&record).await.unwrap();
    let other = ClientRecord {
        secret_hash: Some(SecretHash::Sha256(Secret::new("another").digest())),
        ..record
    };
    assert!(op.store.replace_client(&other).await.unwrap());

    assert!(is_active(&op, &token).await);
    assert!(op.store.revocations().is_empty());
}

fn stored(metadata: &str) -> ClientRecord {
    ClientRecord {
        id: ClientId::parse("stored").unwrap(),
        registered_by: RegisteredBy::CommandLine,
        metadata: metadata.to_owned(),
        secret_hash: Some(SecretHash::Sha256(Secret::new(SERVICE_SECRET).digest())),
        shared_secret: None,
        registration_token: None,
        created_at: Timestamp::from_secs(1_800_000_000),
    }
}

#[tokio::test]
async fn the_own_token_of_a_client_removed_from_the_store_is_refused_at_once() {
    let op = provider().await;
    let metadata = r#"{"grant_types": ["client_credentials"], "scope": "demo.read"}"#;
    op.store.add_client(&stored(metadata)).await.unwrap();
    let authorization = basic("stored", SERVICE_SECRET);
    let form = [("grant_type", "client_credentials")];
    let ask = async || -> Answer {
        op.post("/oidc/oauth2/token", Some(&authorization), &form)
            .await
    };
    let tokens = Tokens::of(&ask().await);
    assert!(is_active(&op, tokens.access_token()).await);

    let now = Timestamp::from_secs(op.now());
    let id = ClientId::parse("stored").unwrap();
    op.store.remove_client(&id, now).await.unwrap();

    assert!(!is_active(&op, tokens.access_token()).await);
    // The provider still believes in the client for a moment; what it gets then is worth nothing.
    op.advance_s(1);
    let late = Tokens::of(&ask().await);
    assert!(!is_active(&op, late.access_token()).await);
}
