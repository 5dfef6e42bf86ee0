//! What is done for sessions while nobody asks, and when they have ended.

use std::sync::atomic::Ordering;

use super::super::*;
use super::site::{NOW, Site};

#[tokio::test]
async fn a_session_that_nobody_uses_is_kept_alive() {
    let site = Site::signed_in().await;

    site.after(1799);
    site.keep().await;
    assert_eq!(site.n_asked(), 0);
    site.after(1);
    site.keep().await;
    site.keep().await;

    assert_eq!(site.n_asked(), 1);
    assert_eq!(site.token().await.unwrap(), "token-1");
}

#[tokio::test]
async fn the_backend_is_told_of_sessions_that_ended_until_it_hears() {
    let site = Site::signed_in().await;
    site.backend.n_deaf.store(1, Ordering::SeqCst);
    let id = SessionId::new("session");

    site.store.end_session(&id, NOW).await.unwrap();
    site.keep().await;
    site.keep().await;
    assert_eq!(site.ended(), ["0"], "not at once again");
    for _ in 0..3 {
        site.after(150);
        site.keep().await;
    }

    assert_eq!(site.ended(), ["0", "0"], "heard the second time");
}

#[tokio::test]
async fn a_backend_that_never_hears_of_an_end_is_given_up() {
    let site = Site::signed_in().await;
    site.backend.n_deaf.store(100, Ordering::SeqCst);
    let id = SessionId::new("session");

    site.store.end_session(&id, NOW).await.unwrap();
    for _ in 0..6 {
        site.keep().await;
        site.after(150);
    }

    assert_eq!(site.ended().len(), 3);
}

#[tokio::test]
async fn what_belongs_to_nothing_any_more_ends_at_the_backend() {
    let site = Site::signed_in().await;

    site.after(86_400);
    site.keep().await;

    assert_eq!(site.ended(), ["0"]);
    assert_eq!(site.n_asked(), 0, "not renewed first");
}
