//! Failures of an address are counted by all processes together.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{NOW, later, settings_in};
use crate::store::{Counted, SharedLimiter, Store, testing};

const LIMIT: u32 = 7;
const WINDOW: Duration = Duration::from_secs(600);

fn ip(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

async fn three(counted: Counted) -> (tempfile::TempDir, [SharedLimiter; 3], Store) {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings_in(folder.path());
    let open = async || Store::open(&settings).await.unwrap();
    let stores = [open().await, open().await, open().await];
    let limiters = stores
        .each_ref()
        .map(|store| SharedLimiter::new(store, counted, Arc::default(), (LIMIT, WINDOW)));
    let [store, ..] = stores;
    (folder, limiters, store)
}

/// How many attempts are let through, one after the other, each at another process.
async fn let_through(limiters: &[SharedLimiter; 3], address: IpAddr) -> u32 {
    let mut n = 0;
    for limiter in limiters.iter().cycle().take(60) {
        if limiter.wait(address, NOW).await.is_none() {
            n += 1;
            limiter.count(address, NOW).await;
        }
    }
    n
}

/// Where each process has a database of its own, each counts for itself.
#[tokio::test]
async fn the_limit_holds_for_the_sum() {
    let (_folder, limiters, store) = three(Counted::Clients).await;
    let expected = if testing::is_shared() {
        LIMIT
    } else {
        3 * LIMIT
    };

    assert_eq!(let_through(&limiters, ip(1)).await, expected);
    assert_eq!(
        let_through(&limiters, ip(2)).await,
        expected,
        "another address"
    );
    for limiter in &limiters {
        let next = NOW.after(WINDOW);
        assert_eq!(limiter.wait(ip(1), next).await, None, "the next window");
    }

    let n_deleted = store.collect_garbage(later(601), 10).await.unwrap();
    assert_eq!(n_deleted, if testing::is_shared() { 2 } else { 0 });
}

#[tokio::test]
async fn what_is_counted_is_told_apart() {
    let (_folder, [one, ..], store) = three(Counted::Passwords).await;
    let other = SharedLimiter::new(&store, Counted::Clients, Arc::default(), (LIMIT, WINDOW));
    for _ in 0..LIMIT {
        one.count(ip(1), NOW).await;
    }

    assert!(one.wait(ip(1), NOW).await.is_some());
    assert_eq!(other.wait(ip(1), NOW).await, None);
}

/// A flood ends in memory: an address that is refused is not counted, nor looked up.
#[tokio::test]
async fn a_refused_address_reaches_the_database_no_more_and_a_lost_one_stops_nobody() {
    let (_folder, limiters, store) = three(Counted::Clients).await;
    let_through(&limiters, ip(1)).await;
    store.lose_failure_counts().await;

    for limiter in &limiters {
        assert!(limiter.wait(ip(1), NOW).await.is_some());
    }
    let alone = &limiters[0];
    for _ in 0..LIMIT {
        assert_eq!(alone.wait(ip(3), NOW).await, None);
        alone.count(ip(3), NOW).await;
    }
    assert!(
        alone.wait(ip(3), NOW).await.is_some(),
        "it counts by itself"
    );
}
