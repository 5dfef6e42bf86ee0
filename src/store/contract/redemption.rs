//! One-time artefacts: of any number of redemptions one is the first.

use super::{code, digest, later, new_store, settings_in, with_refresh_token};
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

/// RFC 9700 §4.14.2: reuse of a rotated refresh token is detected.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_parallel_rotations_of_a_refresh_token_one_is_the_first() {
    let store = with_refresh_token("r").await;

    let tasks: Vec<_> = (0..100)
        .map(|n| {
            let store = store.clone();
            let successor = digest(&format!("successor {n}"));
            tokio::spawn(async move {
                let rotated = store
                    .rotate_refresh_token(&digest("r"), &successor, later(7200), later(1))
                    .await;
                (successor, rotated.unwrap())
            })
        })
        .collect();

    let mut tally = Tally::default();
    for task in tasks {
        let (successor, rotated) = task.await.unwrap();
        tally.add(&rotated);
        let found = store
            .find_refresh_token(&successor, later(1))
            .await
            .unwrap();
        assert_eq!(found.is_some(), matches!(rotated, Redemption::Fresh(_)));
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
async fn the_successor_is_good_and_its_predecessor_a_replay() {
    let store = with_refresh_token("r1").await;
    let rotate = async |from: &str, to: &str, at: u64| {
        store
            .rotate_refresh_token(&digest(from), &digest(to), later(9000), later(at))
            .await
            .unwrap()
    };

    let rotated = rotate("r1", "r2", 10).await;

    let Redemption::Fresh(token) = rotated else {
        panic!("{rotated:?}");
    };
    assert_eq!(token.grant.id.as_str(), "r1");
    assert_eq!(token.expires_at, later(9000));
    assert!(matches!(
        rotate("r1", "r3", 11).await,
        Redemption::Replayed(_)
    ));
    assert!(matches!(rotate("r2", "r4", 12).await, Redemption::Fresh(_)));
}

#[tokio::test]
async fn a_refresh_token_is_refused_from_the_second_it_expires() {
    let store = with_refresh_token("r1").await;

    let found = store.find_refresh_token(&digest("r1"), later(3600)).await;
    let rotated = store
        .rotate_refresh_token(&digest("r1"), &digest("r2"), later(9000), later(3600))
        .await;

    assert!(found.unwrap().is_none());
    assert!(matches!(rotated, Ok(Redemption::Unknown)));
}

#[tokio::test]
async fn a_rotation_whose_successor_exists_leaves_the_token_unspent() {
    let store = with_refresh_token("r1").await;

    let rotated = store
        .rotate_refresh_token(&digest("r1"), &digest("r1"), later(9000), later(1))
        .await;

    assert!(matches!(rotated, Err(StoreError::Conflict)));
    let found = store.find_refresh_token(&digest("r1"), later(1)).await;
    assert!(found.unwrap().is_some());
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
