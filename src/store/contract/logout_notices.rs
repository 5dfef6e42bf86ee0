//! The outbox of back-channel logout: filled with the end of a session, emptied once.

use std::time::Duration;

use super::{code, digest, later, new_store, session};
use crate::model::{ClientId, SessionId};
use crate::store::{LogoutNotice, Store};

const LEASE: Duration = Duration::from_secs(60);

fn id() -> SessionId {
    SessionId::new("session")
}

/// A session that was used with one client.
async fn with_client() -> Store {
    let store = new_store().await;
    store
        .save_session(&digest("cookie"), &session("session"))
        .await
        .unwrap();
    store.save_code(&digest("c1"), &code("g1")).await.unwrap();
    store.save_code(&digest("c2"), &code("g2")).await.unwrap();
    store
}

async fn claim(store: &Store, secs: u64) -> Vec<LogoutNotice> {
    let claimed = store.claim_logout_notices(10, LEASE, later(secs)).await;
    claimed.unwrap()
}

#[tokio::test]
async fn the_end_of_a_session_is_told_to_each_of_its_clients_once() {
    let store = with_client().await;
    assert!(claim(&store, 1).await.is_empty());

    let told = store.end_session(&id(), later(5)).await.unwrap();
    let again = store.end_session(&id(), later(6)).await.unwrap();

    assert_eq!(told, [ClientId::parse("demo-app").unwrap()]);
    assert!(again.is_empty());
    let notices = claim(&store, 6).await;
    let [notice] = notices.as_slice() else {
        panic!("{notices:?}");
    };
    assert_eq!(notice.client_id.as_str(), "demo-app");
    assert_eq!(notice.session_id, id());
    assert_eq!(notice.subject, session("session").user.subject);
    assert_eq!((notice.ended_at, notice.attempts), (later(5), 1));
}

/// A session that idled away is gone, but the tokens of its clients may live on.
#[tokio::test]
async fn clients_are_told_of_a_session_that_is_long_forgotten() {
    let store = with_client().await;
    store.collect_garbage(later(7200), 100).await.unwrap();

    store.end_session(&id(), later(7200)).await.unwrap();

    assert_eq!(claim(&store, 7200).await.len(), 1);
}

#[tokio::test]
async fn a_page_that_was_still_open_does_not_bring_the_session_back() {
    let store = with_client().await;
    store.end_session(&id(), later(1)).await.unwrap();
    store.save_code(&digest("c3"), &code("g3")).await.unwrap();

    assert!(store.end_session(&id(), later(2)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_claimed_notice_comes_back_when_its_claim_runs_out() {
    let store = with_client().await;
    store.end_session(&id(), later(0)).await.unwrap();

    assert_eq!(claim(&store, 0).await.len(), 1);
    assert!(claim(&store, 59).await.is_empty());
    assert_eq!(claim(&store, 60).await[0].attempts, 2);
}

#[tokio::test]
async fn a_postponed_notice_waits_and_a_closed_one_is_gone() {
    let store = with_client().await;
    store.end_session(&id(), later(0)).await.unwrap();
    let notice = claim(&store, 0).await.remove(0);

    store
        .postpone_logout_notice(&notice, later(500))
        .await
        .unwrap();
    assert!(claim(&store, 499).await.is_empty());
    assert_eq!(claim(&store, 500).await.len(), 1);
    assert_eq!(store.count_logout_notices().await.unwrap(), 1);

    store.close_logout_notice(&notice).await.unwrap();
    assert_eq!(store.count_logout_notices().await.unwrap(), 0);
    assert!(claim(&store, 10_000).await.is_empty());
}

#[tokio::test]
async fn at_most_the_limit_is_claimed_and_the_oldest_goes_first() {
    let store = new_store().await;
    for n in 0..3 {
        let mut code = code(&format!("g{n}"));
        code.grant.session_id = SessionId::new(format!("s{n}"));
        store
            .save_code(&digest(&format!("c{n}")), &code)
            .await
            .unwrap();
        let session = SessionId::new(format!("s{n}"));
        store.end_session(&session, later(n)).await.unwrap();
    }

    let first = store.claim_logout_notices(2, LEASE, later(10)).await;

    let mut sessions: Vec<_> = first.unwrap().into_iter().map(|n| n.ended_at).collect();
    sessions.sort();
    assert_eq!(sessions, [later(0), later(1)]);
}
