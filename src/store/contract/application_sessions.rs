//! Sessions at applications end when idle, when old, and with what was granted; a `state` works
//! once.

use super::{code, digest, grant, later, new_store, session};
use crate::model::{ApplicationSession, GrantId, SessionId};
use crate::secret::Digest;
use crate::store::{Begun, Store};

const DAY: u64 = 86_400;

fn application_session(grant_id: &str) -> ApplicationSession {
    ApplicationSession {
        host: "app.example".to_owned(),
        grant: grant(grant_id),
        idle_until: later(600),
        expires_at: later(3600),
        last_seen_at: later(0),
        user_confirmed_at: later(0),
    }
}

async fn begin(store: &Store, cookie: &str, state: &str, previous: Option<&Digest>) -> bool {
    let grant_id = format!("grant of {cookie}");
    let saved = store.save_code(&digest(cookie), &code(&grant_id)).await;
    saved.unwrap();
    let state = digest(state);
    let begun = Begun {
        state: &state,
        state_expires_at: later(1800),
        previous: previous.map(|cookie| (cookie, later(60))),
    };
    let session = application_session(&grant_id);
    let cookie = digest(cookie);
    let begun = store.begin_application_session(&cookie, &session, &begun);
    begun.await.unwrap()
}

async fn is_live(store: &Store, cookie: &str, secs: u64) -> bool {
    let cookie = digest(cookie);
    let found = store.find_application_session(&cookie, later(secs)).await;
    found.unwrap().is_some()
}

async fn touch(store: &Store, cookie: &str, idle_until: u64, secs: u64) {
    let cookie = digest(cookie);
    let touched = store.touch_application_session(&cookie, later(idle_until), later(secs));
    touched.await.unwrap();
}

#[tokio::test]
async fn a_session_comes_back_as_it_was_begun() {
    let store = new_store().await;
    assert!(begin(&store, "c", "s", None).await);

    let found = store.find_application_session(&digest("c"), later(1)).await;

    assert_eq!(
        format!("{:?}", found.unwrap().unwrap()),
        format!("{:?}", application_session("grant of c"))
    );
    assert!(!is_live(&store, "another", 1).await);
}

#[tokio::test]
async fn a_state_begins_one_session_and_no_second() {
    let store = new_store().await;
    assert!(begin(&store, "first", "s", None).await);

    assert!(!begin(&store, "second", "s", None).await);

    assert!(is_live(&store, "first", 1).await);
    assert!(!is_live(&store, "second", 1).await);
    assert!(begin(&store, "third", "another state", None).await);
}

#[tokio::test]
async fn use_keeps_a_session_from_idling_but_not_from_aging() {
    let store = new_store().await;
    begin(&store, "c", "s", None).await;
    assert!(is_live(&store, "c", 599).await);
    assert!(!is_live(&store, "c", 600).await);

    touch(&store, "c", 3600, 500).await;

    assert!(is_live(&store, "c", 3599).await);
    assert!(!is_live(&store, "c", 3600).await);
}

/// A request that was under way with the previous cookie must not give it a longer life again.
#[tokio::test]
async fn the_previous_session_of_a_browser_ends_soon_and_stays_ended() {
    let store = new_store().await;
    begin(&store, "old", "s1", None).await;
    begin(&store, "new", "s2", Some(&digest("old"))).await;

    touch(&store, "old", 700, 30).await;

    assert!(is_live(&store, "old", 59).await);
    assert!(!is_live(&store, "old", 60).await);
    assert!(is_live(&store, "new", 60).await);
}

#[tokio::test]
async fn it_ends_with_the_session_at_the_provider_and_with_the_grant() {
    let store = new_store().await;
    store
        .save_session(&digest("provider's cookie"), &session("session"))
        .await
        .unwrap();
    begin(&store, "c", "s", None).await;
    store
        .end_session(&SessionId::new("session"), later(1))
        .await
        .unwrap();
    assert!(!is_live(&store, "c", 2).await);

    let store = new_store().await;
    begin(&store, "c", "s", None).await;
    let grant_id = GrantId::new("grant of c");
    store.revoke_grant(&grant_id, later(1)).await.unwrap();
    assert!(!is_live(&store, "c", 2).await);
}

#[tokio::test]
async fn what_the_backend_says_of_the_user_is_found_in_the_session() {
    let store = new_store().await;
    begin(&store, "c", "s", None).await;
    let session = application_session("grant of c");
    let mut user = session.grant.user.clone();
    user.groups = vec!["/other".to_owned()];

    store.confirm_user(&session, &user, later(9)).await.unwrap();

    let found = store.find_application_session(&digest("c"), later(9)).await;
    let found = found.unwrap().unwrap();
    assert_eq!(found.user_confirmed_at, later(9));
    assert_eq!(found.grant.user.groups, ["/other"]);
}

/// The grant of a long session outlives its code; the state is refused for as long as it could be
/// presented.
#[tokio::test]
async fn garbage_is_what_can_matter_no_more() {
    let store = new_store().await;
    begin(&store, "c", "s", None).await;
    touch(&store, "c", 3600, 30).await;

    store.collect_garbage(later(1799), 100).await.unwrap();
    assert!(is_live(&store, "c", 1799).await);
    assert!(!begin(&store, "again", "s", None).await);

    store.collect_garbage(later(3 * DAY), 100).await.unwrap();
    store.collect_garbage(later(3 * DAY), 100).await.unwrap();
    let gone = store.find_grant(&GrantId::new("grant of c")).await;
    assert!(gone.unwrap().is_none());
    assert!(begin(&store, "later", "s", None).await, "forgotten by then");
}
