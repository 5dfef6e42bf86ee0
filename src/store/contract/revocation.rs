//! A revocation is durable and is seen at once.

use super::{code, digest, later, new_store, rotate, session, settings_in, with_refresh_token};
use crate::model::{GrantId, SessionId};
use crate::store::{Redemption, Rotation, Store};

#[tokio::test]
async fn revoking_a_grant_ends_it_and_its_tokens() {
    let store = with_refresh_token("g1").await;
    let grant = GrantId::new("g1");
    assert!(!store.revocations().covers_grant("g1"));

    store.revoke_grant(&grant, later(1)).await.unwrap();

    assert!(store.revocations().covers_grant("g1"));
    assert!(store.find_grant(&grant).await.unwrap().is_none());
    let found = store.find_refresh_token(&digest("g1")).await;
    assert!(found.unwrap().is_none());
    assert!(matches!(rotate(&store, "g1", 2).await, Rotation::Unknown));
}

#[tokio::test]
async fn a_refresh_token_saved_after_the_revocation_is_dead() {
    let store = with_refresh_token("g1").await;
    let grant = GrantId::new("g1");
    store.revoke_grant(&grant, later(1)).await.unwrap();

    store
        .save_refresh_token(&digest("late"), &grant, later(99))
        .await
        .unwrap();

    let found = store.find_refresh_token(&digest("late")).await;
    assert!(found.unwrap().is_none());
}

#[tokio::test]
async fn revoking_twice_is_no_error() {
    let store = with_refresh_token("g1").await;

    for at in [1, 2] {
        let grant = GrantId::new("g1");
        store.revoke_grant(&grant, later(at)).await.unwrap();
        store.revoke_token("t1", later(60)).await.unwrap();
    }

    assert_eq!(store.revocations().len(), 2);
}

#[tokio::test]
async fn revocations_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings_in(folder.path());
    let store = Store::open(&settings).await.unwrap();
    store.revoke_token("t1", later(60)).await.unwrap();
    store
        .revoke_grant(&GrantId::new("g1"), later(1))
        .await
        .unwrap();
    drop(store);

    let store = Store::open(&settings).await.unwrap();

    assert!(store.revocations().covers_token("t1"));
    assert!(store.revocations().covers_grant("g1"));
}

#[tokio::test]
async fn a_revocation_of_another_process_is_seen_after_a_refresh() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings_in(folder.path());
    let ours = Store::open(&settings).await.unwrap();
    let theirs = Store::open(&settings).await.unwrap();
    theirs.revoke_token("t1", later(60)).await.unwrap();
    ours.revoke_token("t2", later(60)).await.unwrap();
    theirs.revoke_token("t3", later(60)).await.unwrap();

    let told = ours.refresh_revocations().await.unwrap();

    for id in ["t1", "t2", "t3"] {
        assert!(ours.revocations().covers_token(id), "{id}");
    }
    let told: Vec<_> = told.iter().map(|it| (it.kind, it.id.as_str())).collect();
    assert_eq!(told, [("token", "t1"), ("token", "t3")], "not what is ours");
    let again = ours.refresh_revocations().await.unwrap();
    assert!(again.is_empty(), "{again:?}");
}

#[tokio::test]
async fn ending_a_session_revokes_the_grants_given_in_it_and_no_others() {
    let store = new_store().await;
    let id = SessionId::new("session");
    store
        .save_session(&digest("cookie"), &session("session"))
        .await
        .unwrap();
    store.save_code(&digest("c1"), &code("g1")).await.unwrap();
    let mut elsewhere = code("g2");
    elsewhere.grant.session_id = SessionId::new("another");
    store.save_code(&digest("c2"), &elsewhere).await.unwrap();

    store.end_session(&id, later(1)).await.unwrap();

    let found = store.find_session(&digest("cookie"), later(1)).await;
    assert!(found.unwrap().is_none());
    let covers = |id: &str| store.revocations().covers_grant(id);
    assert!(covers("g1"));
    assert!(!covers("g2"));
    let ours = store.redeem_code(&digest("c1"), later(2)).await.unwrap();
    assert!(matches!(ours, Redemption::Unknown));
    let other = store.redeem_code(&digest("c2"), later(2)).await.unwrap();
    assert!(matches!(other, Redemption::Fresh(_)));
}

#[tokio::test]
async fn a_grant_given_in_an_ended_session_is_born_revoked() {
    let store = new_store().await;
    store
        .save_session(&digest("cookie"), &session("session"))
        .await
        .unwrap();
    store
        .end_session(&SessionId::new("session"), later(1))
        .await
        .unwrap();

    store.save_code(&digest("c1"), &code("g1")).await.unwrap();

    let redeemed = store.redeem_code(&digest("c1"), later(2)).await.unwrap();
    assert!(matches!(redeemed, Redemption::Unknown));
}
