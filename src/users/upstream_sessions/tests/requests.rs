//! Requests that go on with the token of the backend.

use tokio::sync::Notify;

use super::super::*;
use super::site::{NOW, Site, given, sessions, token};
use crate::users::RenewalError;

#[tokio::test]
async fn a_grant_of_the_session_brings_the_token_and_asks_nobody_for_it() {
    let site = Site::signed_in().await;

    assert_eq!(site.token().await.unwrap(), "token-0");
    assert_eq!(site.token().await.unwrap(), "token-0");

    assert_eq!(site.n_asked(), 0);
    let grant = GrantId::new("grant");
    assert!(site.sessions.recall(&grant, NOW).is_some(), "in memory");
}

#[tokio::test]
async fn another_process_finds_what_was_kept() {
    let site = Site::signed_in().await;

    let restarted = sessions(&site.backend, &site.store, &site.clock);

    assert_eq!(token(&restarted, NOW).await.unwrap(), "token-0");
}

#[tokio::test]
async fn a_token_that_has_ended_is_renewed_before_the_request_goes_on() {
    let site = Site::signed_in().await;
    site.token().await.unwrap();

    site.after(600);

    assert_eq!(site.token().await.unwrap(), "token-1");
    site.after(600);
    assert_eq!(site.token().await.unwrap(), "token-2");
    assert_eq!(site.n_asked(), 2);
}

#[tokio::test]
async fn a_token_that_soon_ends_is_renewed_while_requests_go_on() {
    let site = Site::signed_in().await;
    site.token().await.unwrap();
    let held = Arc::new(Notify::new());
    *site.backend.held.lock().unwrap() = Some(Arc::clone(&held));

    site.after(480);
    for _ in 0..10 {
        assert_eq!(site.token().await.unwrap(), "token-0");
    }
    held.notify_one();
    site.backend.renewed.notified().await;
    // The turn is given back when all is stored.
    let stored = site.sessions.0.known(&GrantId::new("grant")).unwrap();
    drop(stored.turn.lock().await);

    assert_eq!(site.token().await.unwrap(), "token-1");
    assert_eq!(site.n_asked(), 1);
}

#[tokio::test]
async fn of_many_requests_in_two_processes_one_renews() {
    let site = Site::signed_in().await;
    let other = sessions(&site.backend, &site.store, &site.clock);
    let now = site.after(600);

    let requests: Vec<_> = (0..100)
        .map(|n| match n % 2 {
            0 => site.sessions.clone(),
            _ => other.clone(),
        })
        .map(|sessions| tokio::spawn(async move { token(&sessions, now).await.unwrap() }))
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap(), "token-1");
    }

    assert_eq!(site.n_asked(), 1);
}

#[tokio::test]
async fn a_refused_renewal_ends_the_session_with_all_that_was_granted_in_it() {
    let site = Site::signed_in().await;
    site.fail([RenewalError::Refused("locked")]);
    site.after(600);

    let refused = site.token().await;

    assert!(
        matches!(refused, Err(UpstreamTokenError::Ended)),
        "{refused:?}"
    );
    assert!(site.is_over().await);
    assert!(matches!(site.token().await, Err(UpstreamTokenError::Ended)));
    assert_eq!(site.n_asked(), 1, "not asked again");
}

#[tokio::test]
async fn a_backend_that_is_away_ends_nothing_and_is_not_asked_all_the_time() {
    let site = Site::signed_in().await;
    site.fail([RenewalError::Unavailable("down")]);
    site.after(600);

    for _ in 0..5 {
        let away = site.token().await;
        assert!(
            matches!(away, Err(UpstreamTokenError::Unavailable("down"))),
            "{away:?}"
        );
    }
    assert_eq!(site.n_asked(), 1);
    assert!(!site.is_over().await);

    site.after(5);
    assert_eq!(site.token().await.unwrap(), "token-1");
}

#[tokio::test]
async fn an_answer_that_was_lost_is_asked_for_again_and_ends_the_session_if_it_was_given() {
    for (row, then, is_over) in [
        ("it had not been given", None, false),
        ("it had", Some(RenewalError::Refused("spent")), true),
    ] {
        let site = Site::signed_in().await;
        site.fail([RenewalError::Unanswered("no answer in time")]);
        site.fail(then);
        site.after(600);

        site.token().await.unwrap_err();
        assert!(!site.is_over().await, "{row}");
        site.after(5);
        let again = site.token().await;

        assert_eq!(again.is_err(), is_over, "{row}");
        assert_eq!(site.is_over().await, is_over, "{row}");
    }
}

#[tokio::test]
async fn a_backend_that_stays_away_ends_the_session_when_nothing_can_renew_it() {
    let site = Site::signed_in().await;
    site.fail([RenewalError::Unavailable("down")]);
    site.after(3600);

    let ended = site.token().await;

    assert!(matches!(ended, Err(UpstreamTokenError::Ended)), "{ended:?}");
    assert!(site.is_over().await);
}

/// A session from before anything was kept: signing in again is the only way on.
#[tokio::test]
async fn a_session_without_one_at_the_backend_ends() {
    let site = Site::signed_in().await;
    site.sign_in("bare", "bare-grant").await;

    let refused = site.sessions.obtain(&GrantId::new("bare-grant"), NOW).await;

    assert!(matches!(refused, Err(UpstreamTokenError::Ended)));
    let grant = site.store.find_grant(&GrantId::new("bare-grant")).await;
    assert!(grant.unwrap().is_none());
    assert!(!site.is_over().await, "another session goes on");
}

#[tokio::test]
async fn a_token_that_the_backend_refused_is_renewed_once_in_a_while() {
    let site = Site::signed_in().await;
    let grant = GrantId::new("grant");
    site.token().await.unwrap();
    let now = site.after(60);

    let token = site.sessions.recall(&grant, now).unwrap();
    for _ in 0..10 {
        site.sessions.doubt(&grant, &token, now);
    }
    site.backend.renewed.notified().await;
    let entry = site.sessions.0.known(&grant).unwrap();
    drop(entry.turn.lock().await);

    assert_eq!(site.token().await.unwrap(), "token-1");
    site.sessions.doubt(&grant, &token, now);
    assert_eq!(site.n_asked(), 1);
}

#[tokio::test]
async fn a_new_sign_in_in_the_session_is_what_requests_go_on_with() {
    let site = Site::signed_in().await;
    site.token().await.unwrap();

    let again = given(7, NOW);
    let id = SessionId::new("session");
    site.sessions.keep(&id, &again, NOW).await.unwrap();

    assert_eq!(site.token().await.unwrap(), "token-7");
    site.keep().await;
    assert_eq!(site.ended(), ["0"], "what the first brought");
}

/// The bound of the design: as many upstream renewals as sessions, whoever asks.
#[tokio::test]
async fn a_thousand_sessions_are_renewed_once_each() {
    let site = Site::signed_in().await;
    for n in 0..1000 {
        let id = SessionId::new(format!("s{n}"));
        site.sign_in(id.as_str(), &format!("g{n}")).await;
        let upstream = given(0, NOW);
        site.sessions.keep(&id, &upstream, NOW).await.unwrap();
    }
    let now = site.after(600);

    let requests: Vec<_> = (0..3000)
        .map(|n| {
            let sessions = site.sessions.clone();
            let grant = GrantId::new(format!("g{}", n % 1000));
            tokio::spawn(async move { sessions.obtain(&grant, now).await.map(drop) })
        })
        .collect();
    for request in requests {
        request.await.unwrap().unwrap();
    }

    assert_eq!(site.n_asked(), 1000);
}
