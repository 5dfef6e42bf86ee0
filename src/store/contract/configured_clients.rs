//! Clients of the configuration: one that is taken out is noticed.

use super::{NOW, code, digest, later, new_store, settings_in};
use crate::model::{
    Allowance, ClientId, Consent, GrantId, RegisteredBy, Scope, Subject, Timestamp,
};
use crate::store::{ClientRecord, Redemption, Store};

/// The client that the grants of these tests are given to.
const CLIENT: &str = "demo-app";

fn id(name: &str) -> ClientId {
    ClientId::parse(name).unwrap()
}

/// Puts a configuration with these clients in force; those that ended.
async fn list(store: &Store, names: &[&str], at: u64) -> Vec<String> {
    let clients = names.iter().map(|name| id(name)).collect();
    let ended = store.list_configured_clients(clients, later(at)).await;
    ended.unwrap().iter().map(ToString::to_string).collect()
}

fn covers(store: &Store, issued_at: Timestamp) -> bool {
    store.revocations().covers_client(CLIENT, issued_at)
}

#[tokio::test]
async fn a_client_that_is_listed_no_more_ends_with_everything_it_had() {
    let store = new_store().await;
    assert!(list(&store, &[CLIENT, "other"], 0).await.is_empty());
    store.save_code(&digest("a"), &code("a")).await.unwrap();
    let consent = Consent {
        subject: Subject::parse("zoe").unwrap(),
        client_id: id(CLIENT),
        allowed: Allowance {
            scope: Scope::parse("openid").unwrap(),
            ..Allowance::default()
        },
        given_at: NOW,
    };
    store.save_consent(&consent).await.unwrap();
    assert!(list(&store, &["other", CLIENT], 1).await.is_empty());
    assert!(store.revocations().is_empty());

    assert_eq!(list(&store, &["other"], 2).await, [CLIENT]);

    assert!(store.revocations().covers_grant("a"));
    assert!(covers(&store, later(2)) && covers(&store, later(3)));
    assert!(!store.revocations().covers_client("other", later(2)));
    let grant = store.find_grant(&GrantId::new("a")).await.unwrap();
    assert!(grant.is_none());
    let consents = store.consents_of(&consent.subject).await.unwrap();
    assert!(consents.is_empty());
    assert!(list(&store, &["other"], 3).await.is_empty(), "once");
}

/// A request that was under way when the configuration changed.
#[tokio::test]
async fn a_grant_to_a_client_that_is_not_listed_is_born_revoked_until_it_is() {
    let store = new_store().await;
    list(&store, &[CLIENT], 0).await;
    list(&store, &[], 1).await;

    store.save_code(&digest("a"), &code("a")).await.unwrap();
    let late = store.redeem_code(&digest("a"), later(2)).await.unwrap();
    list(&store, &[CLIENT], 3).await;
    store.save_code(&digest("b"), &code("b")).await.unwrap();
    let again = store.redeem_code(&digest("b"), later(4)).await.unwrap();

    assert!(matches!(late, Redemption::Unknown), "{late:?}");
    assert!(matches!(again, Redemption::Fresh(_)), "{again:?}");
}

#[tokio::test]
async fn a_client_that_is_listed_again_does_not_revive_its_tokens() {
    let store = new_store().await;
    list(&store, &[CLIENT], 0).await;
    list(&store, &[], 10).await;

    list(&store, &[CLIENT], 20).await;

    assert!(covers(&store, later(10)) && covers(&store, later(19)));
    assert!(!covers(&store, later(20)));
    list(&store, &[CLIENT], 30).await;
    assert!(!covers(&store, later(20)), "listed as before");
}

#[tokio::test]
async fn a_removal_while_nothing_ran_counts_and_survives_the_next_restart() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings_in(folder.path());
    let store = Store::open(&settings).await.unwrap();
    list(&store, &[CLIENT], 0).await;
    drop(store);

    let store = Store::open(&settings).await.unwrap();
    assert_eq!(list(&store, &[], 10).await, [CLIENT]);
    drop(store);

    let store = Store::open(&settings).await.unwrap();
    assert!(covers(&store, later(10)));
    list(&store, &[CLIENT], 20).await;
    drop(store);

    let store = Store::open(&settings).await.unwrap();
    assert!(covers(&store, later(10)));
    assert!(!covers(&store, later(20)));
}

#[tokio::test]
async fn another_process_follows_after_a_refresh() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings_in(folder.path());
    let ours = Store::open(&settings).await.unwrap();
    let theirs = Store::open(&settings).await.unwrap();
    list(&theirs, &[CLIENT], 0).await;

    list(&theirs, &[], 10).await;
    ours.refresh_revocations().await.unwrap();
    assert!(covers(&ours, later(11)));

    list(&theirs, &[CLIENT], 20).await;
    ours.refresh_revocations().await.unwrap();
    assert!(covers(&ours, later(11)));
    assert!(!covers(&ours, later(20)));
}

/// The configuration hid it; now it is seen, and is another one.
#[tokio::test]
async fn a_stored_client_takes_the_place_of_a_configured_one_without_its_tokens() {
    let store = new_store().await;
    list(&store, &[CLIENT], 0).await;
    let stored = ClientRecord {
        id: id(CLIENT),
        registered_by: RegisteredBy::CommandLine,
        metadata: "{}".to_owned(),
        secret_hash: None,
        shared_secret: None,
        registration_token: None,
        created_at: NOW,
    };
    store.add_client(&stored).await.unwrap();

    list(&store, &[], 10).await;
    assert!(covers(&store, later(9)));
    assert!(covers(&store, later(10)));
    assert!(!covers(&store, later(11)));

    list(&store, &[CLIENT], 20).await;
    store.remove_client(&stored.id, later(30)).await.unwrap();
    assert!(covers(&store, later(30)));
    assert!(!covers(&store, later(31)), "the configured one goes on");
}

#[tokio::test]
async fn an_end_is_forgotten_when_no_token_can_live_any_more() {
    let store = new_store().await;
    list(&store, &[CLIENT], 0).await;
    list(&store, &[], 0).await;

    store.collect_garbage(later(24 * 3600), 10).await.unwrap();
    assert!(covers(&store, NOW));

    store.collect_garbage(later(25 * 3600), 10).await.unwrap();
    assert!(!covers(&store, NOW));
}
