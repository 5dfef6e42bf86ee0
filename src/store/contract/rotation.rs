//! Refresh tokens: one successor each, the same one again for a while, and no other ever.

use std::time::Duration;

use super::{code, digest, later, rotate, settings_in, successor, user, with_refresh_token};
use crate::model::{GrantId, Spent, UserProfile};
use crate::secret::Secret;
use crate::store::{RefreshTerms, Rotation, Store, StoreError};

/// RFC 9700 §4.14.2: whoever comes first, all get the one successor.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_parallel_rotations_one_is_the_first_and_all_bring_the_same() {
    let store = with_refresh_token("r").await;

    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { rotate(&store, "r", 1).await })
        })
        .collect();

    let mut successors = Vec::new();
    let mut n_fresh = 0;
    for task in tasks {
        let rotation = task.await.unwrap();
        n_fresh += usize::from(matches!(rotation, Rotation::Fresh(_)));
        successors.push(successor(&rotation).to_owned());
    }
    successors.dedup();
    assert_eq!((n_fresh, successors.len()), (1, 1));
}

#[tokio::test]
async fn a_spent_token_brings_its_successor_again_inside_the_window() {
    let store = with_refresh_token("r1").await;
    let first = rotate(&store, "r1", 10).await;

    let within = rotate(&store, "r1", 39).await;
    let after = rotate(&store, "r1", 40).await;

    assert!(matches!(within, Rotation::Repeated(_)));
    assert_eq!(successor(&within), successor(&first));
    assert!(matches!(after, Rotation::Replayed(grant) if grant.as_str() == "r1"));
}

#[tokio::test]
async fn a_spent_token_is_a_replay_as_soon_as_its_successor_is_used() {
    let store = with_refresh_token("r1").await;
    let second = rotate(&store, "r1", 10).await;

    let third = rotate(&store, successor(&second), 11).await;

    assert!(matches!(third, Rotation::Fresh(_)));
    assert!(matches!(
        rotate(&store, "r1", 11).await,
        Rotation::Replayed(_)
    ));
    assert!(matches!(
        rotate(&store, successor(&second), 12).await,
        Rotation::Repeated(_)
    ));
}

/// A lost answer is often the first sign of a crash.
#[tokio::test]
async fn the_same_successor_comes_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings_in(folder.path());
    let store = Store::open(&settings).await.unwrap();
    store.save_code(&digest("r1"), &code("r1")).await.unwrap();
    store
        .save_refresh_token(&digest("r1"), &GrantId::new("r1"), later(3600))
        .await
        .unwrap();
    let first = rotate(&store, "r1", 1).await;
    drop(store);

    let store = Store::open(&settings).await.unwrap();
    let again = rotate(&store, "r1", 2).await;

    assert_eq!(successor(&again), successor(&first));
}

#[tokio::test]
async fn without_a_window_a_token_works_once() {
    let store = with_refresh_token("r1").await;
    let terms = RefreshTerms {
        expires_at: later(3600),
        reuse_window: Duration::ZERO,
        confirmed: None,
    };
    let token = Secret::new("r1");

    let first = store.rotate_refresh_token(&token, &terms, later(1)).await;
    let second = store.rotate_refresh_token(&token, &terms, later(1)).await;

    assert!(matches!(first, Ok(Rotation::Fresh(_))));
    assert!(matches!(second, Ok(Rotation::Replayed(_))));
}

#[tokio::test]
async fn a_token_is_refused_from_the_second_it_expires() {
    let store = with_refresh_token("r1").await;

    assert!(matches!(
        rotate(&store, "r1", 3600).await,
        Rotation::Unknown
    ));
    assert!(matches!(
        rotate(&store, "r1", 3599).await,
        Rotation::Fresh(_)
    ));
    assert!(matches!(
        rotate(&store, "never issued", 1).await,
        Rotation::Unknown
    ));
}

/// The end of the family must not be undone by an answer that was still to be repeated.
#[tokio::test]
async fn a_revoked_grant_brings_no_successor_again() {
    let store = with_refresh_token("r1").await;
    let second = rotate(&store, "r1", 1).await;
    store
        .revoke_grant(&GrantId::new("r1"), later(2))
        .await
        .unwrap();

    let live = rotate(&store, successor(&second), 3).await;
    let spent = rotate(&store, "r1", 3).await;

    assert!(matches!(live, Rotation::Unknown));
    assert!(matches!(spent, Rotation::Replayed(_)));
}

#[tokio::test]
async fn a_token_that_is_kept_stays_the_same_and_lives_on() {
    let store = with_refresh_token("r1").await;
    let terms = RefreshTerms {
        expires_at: later(9000),
        reuse_window: Duration::ZERO,
        confirmed: None,
    };
    let keep = async |at: u64| {
        store
            .keep_refresh_token(&digest("r1"), &terms, later(at))
            .await
            .unwrap()
    };

    assert!(keep(3599).await);
    assert!(keep(8999).await);
    assert!(!keep(9000).await);
    store
        .revoke_grant(&GrantId::new("r1"), later(4000))
        .await
        .unwrap();
    assert!(!keep(4000).await);
}

#[tokio::test]
async fn what_the_backend_says_of_the_user_replaces_what_it_said_before() {
    let store = with_refresh_token("r1").await;
    let renamed = UserProfile {
        name: Some("Another name".to_owned()),
        ..user()
    };
    let terms = RefreshTerms {
        expires_at: later(9000),
        reuse_window: Duration::ZERO,
        confirmed: Some(&renamed),
    };

    store
        .rotate_refresh_token(&Secret::new("r1"), &terms, later(7))
        .await
        .unwrap();

    let found = store.find_refresh_token(&digest("r1")).await.unwrap();
    let found = found.unwrap();
    assert_eq!(found.grant.user, renamed);
    assert_eq!(found.user_confirmed_at, later(7));
    let spent = Spent {
        at: later(7),
        is_successor_used: false,
    };
    assert_eq!(found.spent, Some(spent));
}

#[tokio::test]
async fn a_token_cannot_be_stored_twice() {
    let store = with_refresh_token("r1").await;

    let again = store
        .save_refresh_token(&digest("r1"), &GrantId::new("r1"), later(9))
        .await;

    assert!(matches!(again, Err(StoreError::Conflict)));
}
