//! An assertion is used once.

use super::{digest, later, new_store, settings_in};
use crate::store::Store;

#[tokio::test]
async fn of_many_uses_at_once_one_is_the_first() {
    let store = new_store().await;
    let uses: Vec<_> = (0..16)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.spend_assertion(&digest("a"), later(60)).await })
        })
        .collect();

    let mut firsts = 0;
    for used in uses {
        firsts += usize::from(used.await.unwrap().unwrap());
    }

    assert_eq!(firsts, 1);
    assert!(
        store
            .spend_assertion(&digest("b"), later(60))
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn a_used_assertion_is_known_to_another_process_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings_in(folder.path());
    let first = Store::open(&settings).await.unwrap();
    let second = Store::open(&settings).await.unwrap();
    assert!(
        first
            .spend_assertion(&digest("a"), later(60))
            .await
            .unwrap()
    );

    assert!(
        !second
            .spend_assertion(&digest("a"), later(60))
            .await
            .unwrap()
    );
    drop((first, second));
    let third = Store::open(&settings).await.unwrap();
    assert!(
        !third
            .spend_assertion(&digest("a"), later(60))
            .await
            .unwrap()
    );
}

/// It is refused by its date then.
#[tokio::test]
async fn a_used_assertion_is_forgotten_once_it_has_expired() {
    let store = new_store().await;
    store
        .spend_assertion(&digest("a"), later(60))
        .await
        .unwrap();

    assert_eq!(store.collect_garbage(later(59), 10).await.unwrap(), 0);
    assert!(
        !store
            .spend_assertion(&digest("a"), later(60))
            .await
            .unwrap()
    );
    assert_eq!(store.collect_garbage(later(60), 10).await.unwrap(), 1);
    assert!(
        store
            .spend_assertion(&digest("a"), later(120))
            .await
            .unwrap()
    );
}
