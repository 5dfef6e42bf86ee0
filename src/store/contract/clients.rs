//! Clients that were registered while running.

use super::{NOW, code, digest, later, new_store, settings_in};
use crate::model::{ClientId, RegisteredBy, SecretHash};
use crate::secret::Secret;
use crate::store::{ClientRecord, Redemption, Store};

/// The client that the grants of these tests are given to.
fn client() -> ClientRecord {
    ClientRecord {
        id: ClientId::parse("demo-app").unwrap(),
        registered_by: RegisteredBy::Itself,
        metadata: r#"{"client_name":"Zoë's"}"#.to_owned(),
        secret_hash: Some(SecretHash::Sha256(digest("secret"))),
        shared_secret: Some(Secret::new("shared")),
        registration_token: Some(digest("token")),
        created_at: NOW,
    }
}

async fn with_client() -> Store {
    let store = new_store().await;
    assert!(store.add_client(&client()).await.unwrap());
    store
}

#[tokio::test]
async fn a_client_comes_back_as_it_was_stored() {
    let store = with_client().await;

    let found = store.find_client(&client().id).await.unwrap().unwrap();

    assert_eq!(format!("{found:?}"), format!("{:?}", client()));
    assert_eq!(
        found.secret_hash.unwrap().to_text(),
        client().secret_hash.unwrap().to_text()
    );
    assert_eq!(found.shared_secret.unwrap().expose(), "shared");
    assert_eq!(store.list_clients().await.unwrap().len(), 1);
    let unknown = ClientId::parse("demo").unwrap();
    assert!(store.find_client(&unknown).await.unwrap().is_none());
}

#[tokio::test]
async fn an_id_is_given_once() {
    let store = with_client().await;
    let second = ClientRecord {
        metadata: "{}".to_owned(),
        ..client()
    };

    assert!(!store.add_client(&second).await.unwrap());

    let found = store.find_client(&client().id).await.unwrap().unwrap();
    assert_eq!(found.metadata, client().metadata);
}

#[tokio::test]
async fn what_was_replaced_is_gone() {
    let store = with_client().await;
    let other = ClientRecord {
        metadata: "{}".to_owned(),
        secret_hash: None,
        shared_secret: None,
        ..client()
    };

    assert!(store.replace_client(&other).await.unwrap());

    let found = store.find_client(&client().id).await.unwrap().unwrap();
    assert_eq!(found.metadata, "{}");
    assert!(found.secret_hash.is_none());
    assert!(found.shared_secret.is_none());
}

/// Who reads the file reads no secret, and cannot give it to another client.
#[tokio::test]
async fn a_shared_secret_lies_encrypted_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&settings_in(folder.path())).await.unwrap();
    let client = ClientRecord {
        shared_secret: Some(Secret::new("a secret to look for")),
        ..client()
    };

    store.add_client(&client).await.unwrap();

    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let mut windows = bytes.windows(20);
        assert!(!windows.any(|window| window == b"a secret to look for"));
    }
    let found = store.find_client(&client.id).await.unwrap().unwrap();
    assert_eq!(
        found.shared_secret.unwrap().expose(),
        "a secret to look for"
    );
}

#[tokio::test]
async fn a_removed_client_takes_its_grants_with_it() {
    let store = with_client().await;
    store.save_code(&digest("a"), &code("a")).await.unwrap();

    assert!(store.remove_client(&client().id, later(1)).await.unwrap());

    assert!(store.revocations().covers_grant("a"));
    let redeemed = store.redeem_code(&digest("a"), later(2)).await.unwrap();
    assert!(matches!(redeemed, Redemption::Unknown), "{redeemed:?}");
    assert!(store.find_client(&client().id).await.unwrap().is_none());
    assert!(!store.replace_client(&client()).await.unwrap());
    assert!(!store.remove_client(&client().id, later(3)).await.unwrap());
}

/// A process that has not noticed yet cannot give it anything more.
#[tokio::test]
async fn a_grant_to_a_client_removed_a_moment_ago_is_born_revoked() {
    let store = with_client().await;
    store.remove_client(&client().id, later(1)).await.unwrap();

    store
        .save_code(&digest("late"), &code("late"))
        .await
        .unwrap();

    let redeemed = store.redeem_code(&digest("late"), later(2)).await.unwrap();
    assert!(matches!(redeemed, Redemption::Unknown), "{redeemed:?}");
}

#[tokio::test]
async fn the_id_of_a_removed_client_is_free_again() {
    let store = with_client().await;
    store.remove_client(&client().id, later(1)).await.unwrap();

    assert!(store.add_client(&client()).await.unwrap());

    store.save_code(&digest("new"), &code("new")).await.unwrap();
    let redeemed = store.redeem_code(&digest("new"), later(2)).await.unwrap();
    assert!(matches!(redeemed, Redemption::Fresh(_)), "{redeemed:?}");
}

#[tokio::test]
async fn a_removed_client_is_forgotten_after_a_day() {
    let store = with_client().await;
    store.remove_client(&client().id, NOW).await.unwrap();

    assert_eq!(store.collect_garbage(later(3600), 10).await.unwrap(), 0);
    assert!(store.collect_garbage(later(26 * 3600), 10).await.unwrap() >= 1);
}

#[tokio::test]
async fn the_tokens_of_a_removed_client_are_refused_and_stay_so_when_it_returns() {
    let store = with_client().await;
    let covers = |at| store.revocations().covers_client("demo-app", later(at));
    assert!(!covers(0));

    store.remove_client(&client().id, later(10)).await.unwrap();
    assert!(covers(10));
    assert!(covers(12), "by a process that has not noticed yet");

    let again = ClientRecord {
        created_at: later(20),
        ..client()
    };
    store.add_client(&again).await.unwrap();
    assert!(covers(19));
    assert!(!covers(20));

    store.remove_client(&client().id, later(30)).await.unwrap();
    assert!(covers(31));
}

#[tokio::test]
async fn a_client_that_returns_in_the_second_it_was_removed_revives_nothing() {
    let store = with_client().await;
    let again = ClientRecord {
        created_at: later(10),
        ..client()
    };

    store.remove_client(&client().id, later(10)).await.unwrap();
    store.add_client(&again).await.unwrap();

    let covers = |at| store.revocations().covers_client("demo-app", later(at));
    assert!(covers(10));
    assert!(!covers(11));
}
