//! One process at a time does what is done for all.

use std::time::Duration;

use super::settings_in;
use crate::store::{Duty, Lease, Store};

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Whether each of them has it, asked one after the other.
async fn held<const N: usize>(leases: &mut [Lease; N], uptime: Duration) -> [bool; N] {
    let mut held = [false; N];
    for (lease, held) in leases.iter_mut().zip(&mut held) {
        *held = lease.contend(uptime).await.unwrap();
    }
    held
}

async fn three(duty: Duty) -> (tempfile::TempDir, [Store; 3], [Lease; 3]) {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings_in(folder.path());
    let open = async || Store::open(&settings).await.unwrap();
    let stores = [open().await, open().await, open().await];
    let leases = stores.each_ref().map(|store| store.lease(duty));
    (folder, stores, leases)
}

#[tokio::test]
async fn of_many_that_ask_at_once_one_gets_it() {
    let (_folder, stores, _) = three(Duty::Keys).await;
    let asking: Vec<_> = (0..12)
        .map(|n| {
            let mut lease = stores[n % 3].lease(Duty::Keys);
            tokio::spawn(async move { (n % 3, lease.contend(secs(0)).await.unwrap()) })
        })
        .collect();

    let mut holders = std::collections::BTreeSet::new();
    for asked in asking {
        let (process, is_held) = asked.await.unwrap();
        if is_held {
            holders.insert(process);
        }
    }
    assert_eq!(holders.len(), 1, "{holders:?}");
}

/// By the clock of those who wait, whatever the holder's says.
#[tokio::test]
async fn a_holder_that_dies_is_followed_by_one_other_and_not_before() {
    let (_folder, _stores, mut leases) = three(Duty::Garbage).await;
    assert_eq!(held(&mut leases, secs(0)).await, [true, false, false]);
    for uptime in [5, 10, 15, 20, 40, 60] {
        // Its clock stands: it only has to say something.
        assert!(leases[0].contend(secs(0)).await.unwrap());
        assert!(!leases[1].contend(secs(uptime)).await.unwrap(), "{uptime}");
        assert!(!leases[2].contend(secs(uptime)).await.unwrap(), "{uptime}");
    }

    assert!(!leases[1].contend(secs(74)).await.unwrap(), "too early");
    assert!(leases[1].contend(secs(75)).await.unwrap());
    assert!(
        !leases[2].contend(secs(75)).await.unwrap(),
        "that one lives"
    );

    assert!(!leases[0].contend(secs(0)).await.unwrap(), "it comes back");
    assert!(leases[1].contend(secs(80)).await.unwrap());
}

#[tokio::test]
async fn a_holder_that_leaves_is_followed_at_once_and_does_not_come_back() {
    let (_folder, stores, mut leases) = three(Duty::Keys).await;
    let mut other = stores[0].lease(Duty::Garbage);
    assert_eq!(held(&mut leases, secs(0)).await, [true, false, false]);
    assert!(other.contend(secs(0)).await.unwrap());

    stores[0].leave_duties().await.unwrap();

    assert_eq!(held(&mut leases, secs(1)).await, [false, true, false]);
    assert!(!other.contend(secs(1)).await.unwrap());
    stores[1].leave_duties().await.unwrap();
    stores[2].leave_duties().await.unwrap();
    assert_eq!(held(&mut leases, secs(2)).await, [false; 3]);
}

/// A reload makes the keeper anew; it is the same process.
#[tokio::test]
async fn a_process_goes_on_with_what_it_has_and_duties_are_apart() {
    let (_folder, stores, mut leases) = three(Duty::Keys).await;
    assert_eq!(held(&mut leases, secs(0)).await, [true, false, false]);

    assert!(stores[0].lease(Duty::Keys).contend(secs(1)).await.unwrap());
    assert!(
        stores[1]
            .lease(Duty::Garbage)
            .contend(secs(1))
            .await
            .unwrap()
    );
    assert_eq!(held(&mut leases, secs(2)).await, [true, false, false]);
}

#[tokio::test]
async fn work_is_done_in_its_period_and_at_once_by_who_takes_it_over() {
    let (_folder, _stores, mut leases) = three(Duty::Garbage).await;
    let is_due = async |lease: &mut Lease, uptime| {
        let is_due = lease.is_due(secs(60), secs(uptime)).await.unwrap();
        (is_due, lease.is_held())
    };

    assert_eq!(is_due(&mut leases[0], 100).await, (true, true));
    for uptime in [105, 130, 159] {
        assert_eq!(is_due(&mut leases[0], uptime).await, (false, true));
    }
    assert_eq!(is_due(&mut leases[0], 160).await, (true, true));
}
