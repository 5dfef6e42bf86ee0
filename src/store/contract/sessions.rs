//! Sessions end when idle, when old, and when told to.

use super::{digest, later, new_store, session};
use crate::model::{SessionId, Subject};
use crate::store::{Store, StoreError};

async fn with_session() -> Store {
    let store = new_store().await;
    store
        .save_session(&digest("cookie"), &session("s1"))
        .await
        .unwrap();
    store
}

async fn is_live(store: &Store, secs: u64) -> bool {
    let found = store.find_session(&digest("cookie"), later(secs)).await;
    found.unwrap().is_some()
}

#[tokio::test]
async fn a_session_comes_back_as_it_was_saved() {
    let store = with_session().await;

    let found = store.find_session(&digest("cookie"), later(1)).await;

    assert_eq!(
        format!("{:?}", found.unwrap().unwrap()),
        format!("{:?}", session("s1"))
    );
    let other = store.find_session(&digest("another"), later(1)).await;
    assert!(other.unwrap().is_none());
}

#[tokio::test]
async fn use_keeps_a_session_from_idling_but_not_from_aging() {
    let store = with_session().await;
    assert!(is_live(&store, 599).await);
    assert!(!is_live(&store, 600).await);

    store
        .touch_session(&digest("cookie"), later(10_000), later(1))
        .await
        .unwrap();

    assert!(is_live(&store, 3599).await);
    assert!(!is_live(&store, 3600).await);
}

#[tokio::test]
async fn a_renewed_session_answers_to_its_new_cookie_only() {
    let store = with_session().await;

    let renewed = store
        .renew_session(&digest("cookie"), &digest("new cookie"), &session("s1"))
        .await;

    assert!(renewed.unwrap());
    assert!(!is_live(&store, 1).await);
    let found = store.find_session(&digest("new cookie"), later(1)).await;
    assert_eq!(found.unwrap().unwrap().id, SessionId::new("s1"));
}

#[tokio::test]
async fn a_session_that_has_ended_is_not_renewed() {
    let store = with_session().await;
    store
        .end_session(&SessionId::new("s1"), later(1))
        .await
        .unwrap();

    let renewed = store
        .renew_session(&digest("cookie"), &digest("new cookie"), &session("s1"))
        .await;

    assert!(!renewed.unwrap());
    let found = store.find_session(&digest("new cookie"), later(2)).await;
    assert!(found.unwrap().is_none());
}

#[tokio::test]
async fn an_ended_session_cannot_be_touched_back_to_life() {
    let store = with_session().await;
    store
        .end_session(&SessionId::new("s1"), later(1))
        .await
        .unwrap();

    store
        .touch_session(&digest("cookie"), later(10_000), later(1))
        .await
        .unwrap();

    assert!(!is_live(&store, 2).await);
}

#[tokio::test]
async fn a_cookie_or_an_id_is_never_given_twice() {
    let store = with_session().await;

    let cookie = store.save_session(&digest("cookie"), &session("s2")).await;
    let id = store
        .save_session(&digest("cookie 2"), &session("s1"))
        .await;

    assert!(matches!(cookie, Err(StoreError::Conflict)));
    assert!(matches!(id, Err(StoreError::Conflict)));
}

#[tokio::test]
async fn the_sessions_of_a_user_are_listed_the_one_used_last_first() {
    let store = with_session().await;
    for (cookie, id) in [("cookie 2", "s2"), ("cookie 3", "s3")] {
        let other = store.save_session(&digest(cookie), &session(id)).await;
        other.unwrap();
    }
    store
        .touch_session(&digest("cookie 2"), later(600), later(60))
        .await
        .unwrap();
    store
        .end_session(&SessionId::new("s3"), later(1))
        .await
        .unwrap();
    let ids = async |secs| -> Vec<SessionId> {
        let subject = session("s1").user.subject;
        let sessions = store.sessions_of(&subject, later(secs)).await.unwrap();
        sessions.into_iter().map(|session| session.id).collect()
    };

    assert_eq!(ids(61).await, [SessionId::new("s2"), SessionId::new("s1")]);
    assert_eq!(ids(600).await, []);
    let nobody = Subject::parse("nobody").unwrap();
    assert!(
        store
            .sessions_of(&nobody, later(1))
            .await
            .unwrap()
            .is_empty()
    );
}
