//! What has expired goes, a bounded number of rows at a time; what may matter stays.

use std::time::Duration;

use super::{code, digest, later, new_store, session, with_refresh_token};
use crate::model::GrantId;
use crate::secret::Secret;
use crate::store::{Redemption, RefreshTerms};

const DAY: u64 = 86_400;

#[tokio::test]
async fn a_run_deletes_at_most_the_limit_of_each_kind() {
    let store = new_store().await;
    for n in 0..25 {
        let name = format!("{n}");
        store.save_code(&digest(&name), &code(&name)).await.unwrap();
    }

    let mut runs = Vec::new();
    for _ in 0..5 {
        runs.push(store.collect_garbage(later(3 * DAY), 10).await.unwrap());
    }

    // Codes go first, and grants as soon as nothing refers to them; with the last grant goes
    // what is known of its session.
    assert_eq!(runs, [20, 20, 11, 0, 0]);
}

#[tokio::test]
async fn nothing_that_lives_is_deleted() {
    let store = with_refresh_token("g1").await;
    store
        .save_session(&digest("cookie"), &session("s1"))
        .await
        .unwrap();
    store.revoke_token("t1", later(60)).await.unwrap();

    assert_eq!(store.collect_garbage(later(59), 100).await.unwrap(), 0);

    assert!(store.revocations().covers_token("t1"));
    let found = store.find_refresh_token(&digest("g1")).await;
    assert!(found.unwrap().is_some());
    let found = store.find_session(&digest("cookie"), later(59)).await;
    assert!(found.unwrap().is_some());
}

#[tokio::test]
async fn a_used_code_is_known_while_its_tokens_may_live() {
    let store = new_store().await;
    store.save_code(&digest("c1"), &code("g1")).await.unwrap();
    store.redeem_code(&digest("c1"), later(1)).await.unwrap();

    store.collect_garbage(later(DAY + 59), 100).await.unwrap();
    let within = store.redeem_code(&digest("c1"), later(DAY)).await;
    store.collect_garbage(later(2 * DAY), 100).await.unwrap();
    let after = store.redeem_code(&digest("c1"), later(2 * DAY)).await;

    assert!(matches!(within, Ok(Redemption::Replayed(_))));
    assert!(matches!(after, Ok(Redemption::Unknown)));
}

#[tokio::test]
async fn a_grant_lives_as_long_as_its_refresh_token() {
    let store = with_refresh_token("g1").await;
    let grant = GrantId::new("g1");
    let terms = RefreshTerms {
        expires_at: later(60 * DAY),
        reuse_window: Duration::ZERO,
        confirmed: None,
    };
    store
        .rotate_refresh_token(&Secret::new("g1"), &terms, later(1))
        .await
        .unwrap();

    store.collect_garbage(later(60 * DAY), 100).await.unwrap();
    assert!(store.find_grant(&grant).await.unwrap().is_some());

    store.collect_garbage(later(62 * DAY), 100).await.unwrap();
    assert!(store.find_grant(&grant).await.unwrap().is_none());
}

#[tokio::test]
async fn a_revoked_grant_is_remembered_longer_than_any_access_token_lives() {
    let store = with_refresh_token("g1").await;
    let grant = GrantId::new("g1");
    store.revoke_grant(&grant, later(0)).await.unwrap();

    store.collect_garbage(later(DAY), 100).await.unwrap();
    assert!(store.revocations().covers_grant("g1"));

    store.collect_garbage(later(2 * DAY), 100).await.unwrap();
    assert!(store.revocations().is_empty());
    store.refresh_revocations().await.unwrap();
    assert!(store.revocations().is_empty(), "the row is gone too");
}

/// Grants that live stand in the way of none that has ended, however many they are.
#[tokio::test]
async fn what_has_ended_is_found_among_more_than_a_run_looks_at() {
    let store = new_store().await;
    for n in 0..100 {
        let name = format!("g{n:03}");
        store.save_code(&digest(&name), &code(&name)).await.unwrap();
        if n % 10 != 7 {
            let (token, id) = (digest(&format!("r{n}")), GrantId::new(&name));
            let until = later(60 * DAY);
            store.save_refresh_token(&token, &id, until).await.unwrap();
        }
    }
    let lives = async |n: usize| {
        let grant = store.find_grant(&GrantId::new(format!("g{n:03}"))).await;
        grant.unwrap().is_some()
    };

    for _ in 0..40 {
        // Three rows may go at once, twelve are looked at.
        store.collect_garbage(later(3 * DAY), 3).await.unwrap();
    }
    for _ in 0..20 {
        store.collect_garbage(later(3 * DAY), 3).await.unwrap();
    }

    for n in 0..100 {
        assert_eq!(lives(n).await, n % 10 != 7, "{n}");
    }
}
