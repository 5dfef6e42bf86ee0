//! Codes: of any number of redemptions one is the first.

use super::{code, digest, later, new_store, settings_in};
use crate::model::GrantId;
use crate::store::{Redemption, Store, StoreError};

/// How often each kind of answer came.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    fresh: usize,
    replayed: usize,
    unknown: usize,
}

impl Tally {
    fn add<T>(&mut self, redemption: &Redemption<T>) {
        match redemption {
            Redemption::Fresh(_) => self.fresh += 1,
            Redemption::Replayed(_) => self.replayed += 1,
            Redemption::Unknown => self.unknown += 1,
        }
    }
}

const ONE_OF_A_HUNDRED: Tally = Tally {
    fresh: 1,
    replayed: 99,
    unknown: 0,
};

#[tokio::test]
async fn a_code_comes_back_as_it_was_saved() {
    let store = new_store().await;
    let saved = code("g1");
    store.save_code(&digest("c1"), &saved).await.unwrap();

    let redeemed = store.redeem_code(&digest("c1"), later(59)).await.unwrap();

    let Redemption::Fresh(redeemed) = redeemed else {
        panic!("{redeemed:?}");
    };
    assert_eq!(format!("{redeemed:?}"), format!("{saved:?}"));
    assert!(redeemed.code_challenge == saved.code_challenge);
    let grant = store.find_grant(&GrantId::new("g1")).await.unwrap();
    assert_eq!(
        format!("{:?}", grant.unwrap()),
        format!("{:?}", saved.grant)
    );
}

/// RFC 6749 §4.1.2: a code MUST NOT be used more than once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_parallel_redemptions_of_a_code_one_is_the_first() {
    let store = new_store().await;
    store.save_code(&digest("c1"), &code("g1")).await.unwrap();

    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.redeem_code(&digest("c1"), later(1)).await })
        })
        .collect();

    let mut tally = Tally::default();
    for task in tasks {
        tally.add(&task.await.unwrap().unwrap());
    }
    assert_eq!(tally, ONE_OF_A_HUNDRED);
}

#[tokio::test]
async fn a_code_is_refused_from_the_second_it_expires() {
    let store = new_store().await;
    store.save_code(&digest("c1"), &code("g1")).await.unwrap();

    let redeemed = store.redeem_code(&digest("c1"), later(60)).await.unwrap();

    assert!(matches!(redeemed, Redemption::Unknown));
}

#[tokio::test]
async fn a_replay_is_recognised_after_the_code_expired() {
    let store = new_store().await;
    store.save_code(&digest("c1"), &code("g1")).await.unwrap();
    store.redeem_code(&digest("c1"), later(1)).await.unwrap();

    let replayed = store.redeem_code(&digest("c1"), later(86_000)).await;

    assert!(matches!(replayed, Ok(Redemption::Replayed(grant)) if grant.as_str() == "g1"));
}

#[tokio::test]
async fn a_code_never_issued_is_unknown() {
    let store = new_store().await;

    let redeemed = store.redeem_code(&digest("guess"), later(0)).await.unwrap();

    assert!(matches!(redeemed, Redemption::Unknown));
}

#[tokio::test]
async fn a_code_of_a_revoked_grant_is_unknown() {
    let store = new_store().await;
    store.save_code(&digest("c1"), &code("g1")).await.unwrap();
    store
        .revoke_grant(&GrantId::new("g1"), later(1))
        .await
        .unwrap();

    let redeemed = store.redeem_code(&digest("c1"), later(2)).await.unwrap();

    assert!(matches!(redeemed, Redemption::Unknown));
}

#[tokio::test]
async fn a_code_cannot_be_stored_twice() {
    let store = new_store().await;
    store.save_code(&digest("c1"), &code("g1")).await.unwrap();

    let again = store.save_code(&digest("c1"), &code("g2")).await;

    assert!(matches!(again, Err(StoreError::Conflict)));
    let orphan = store.find_grant(&GrantId::new("g2")).await.unwrap();
    assert!(orphan.is_none(), "nothing of the batch was kept");
}

#[tokio::test]
async fn what_was_saved_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings_in(folder.path());
    let store = Store::open(&settings).await.unwrap();
    store.save_code(&digest("used"), &code("g1")).await.unwrap();
    store.save_code(&digest("new"), &code("g2")).await.unwrap();
    store.redeem_code(&digest("used"), later(1)).await.unwrap();
    drop(store);

    let store = Store::open(&settings).await.unwrap();

    let used = store.redeem_code(&digest("used"), later(2)).await.unwrap();
    let new = store.redeem_code(&digest("new"), later(2)).await.unwrap();
    assert!(matches!(used, Redemption::Replayed(_)));
    assert!(matches!(new, Redemption::Fresh(_)));
}
