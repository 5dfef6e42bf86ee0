//! Signing keys and secrets are the deployment's, not the process's, and never in the clear.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use super::{NOW, later, new_store, settings_in};
use crate::jose::{RingKey, SigningAlgorithm, SigningKey};
use crate::secret::Secret;
use crate::store::{GivenKey, KeySource, Predecessors, Store, StoreError};

fn ids(keys: &[RingKey]) -> BTreeSet<String> {
    keys.iter().map(|key| key.key.id().to_owned()).collect()
}

#[tokio::test]
async fn a_key_of_each_algorithm_is_made_once() {
    let store = new_store().await;
    let algorithms = [
        SigningAlgorithm::Es256,
        SigningAlgorithm::EdDsa,
        SigningAlgorithm::Rs256,
        SigningAlgorithm::Es256,
    ];

    let first = store.ensure_keys(&algorithms, NOW).await.unwrap();
    let second = store.ensure_keys(&algorithms, later(9)).await.unwrap();

    assert_eq!(first.len(), 3);
    assert_eq!(ids(&first), ids(&second));
}

#[tokio::test]
async fn processes_that_start_at_once_agree_on_the_keys() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings_in(folder.path());

    let starts: Vec<_> = (0..4)
        .map(|_| {
            let settings = settings.clone();
            tokio::spawn(async move {
                let store = Store::open(&settings).await.unwrap();
                store
                    .ensure_keys(&[SigningAlgorithm::Es256], NOW)
                    .await
                    .unwrap();
                let keys = store.load_keys().await.unwrap();
                (ids(&keys), store.secret("csrf").await.unwrap().digest())
            })
        })
        .collect();

    let mut found = BTreeSet::new();
    for start in starts {
        let (ids, secret) = start.await.unwrap();
        assert_eq!(ids.len(), 1);
        found.insert((ids, secret));
    }
    assert_eq!(found.len(), 1);
}

#[tokio::test]
async fn a_new_key_lets_its_predecessor_be_published_for_a_while() {
    let store = new_store().await;
    let algorithm = SigningAlgorithm::Es256;
    let old = store.ensure_keys(&[algorithm], NOW).await.unwrap();
    let new = new_key(algorithm);

    let youngest = Predecessors::Youngest { until: later(100) };
    assert!(store.save_key(&new, youngest).await.unwrap());

    let keys = store.load_keys().await.unwrap();
    let until = |id: &str| {
        keys.iter()
            .find(|k| k.key.id() == id)
            .unwrap()
            .published_until
    };
    assert_eq!(until(old[0].key.id()), Some(later(100)));
    assert_eq!(until(new.key.id()), None);
    store.collect_garbage(later(100), 10).await.unwrap();
    assert_eq!(ids(&store.load_keys().await.unwrap()), ids(&[new]));
}

/// Several processes replace a key at once, each with a key of its own.
#[tokio::test]
async fn a_key_is_replaced_by_one_process_only() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings_in(folder.path());
    let store = Store::open(&settings).await.unwrap();
    let algorithm = SigningAlgorithm::Es256;
    let old = store.ensure_keys(&[algorithm], NOW).await.unwrap();

    let replacements: Vec<_> = (0..4)
        .map(|_| {
            let (settings, id) = (settings.clone(), old[0].key.id().to_owned());
            tokio::spawn(async move {
                let store = Store::open(&settings).await.unwrap();
                let only = Predecessors::Only {
                    id: &id,
                    until: later(100),
                };
                store.save_key(&new_key(algorithm), only).await.unwrap()
            })
        })
        .collect();

    let mut n_stored = 0;
    for replacement in replacements {
        n_stored += usize::from(replacement.await.unwrap());
    }
    assert_eq!(n_stored, 1);
    assert_eq!(store.load_keys().await.unwrap().len(), 2);
}

/// One that was retired before is still published; it goes with the others.
#[tokio::test]
async fn withdrawn_keys_end_whatever_was_planned_before() {
    let store = new_store().await;
    let algorithm = SigningAlgorithm::Es256;
    store.ensure_keys(&[algorithm], NOW).await.unwrap();
    let youngest = Predecessors::Youngest { until: later(100) };
    store.save_key(&new_key(algorithm), youngest).await.unwrap();

    let withdrawn = Predecessors::Withdrawn { at: later(10) };
    let last = new_key(algorithm);
    store.save_key(&last, withdrawn).await.unwrap();

    for key in store.load_keys().await.unwrap() {
        let expected = (key.key.id() != last.key.id()).then(|| later(10));
        assert_eq!(key.published_until, expected);
    }
}

#[tokio::test]
async fn a_key_is_retired_once() {
    let store = new_store().await;
    let keys = store.ensure_keys(&[SigningAlgorithm::Es256], NOW).await;
    let id = keys.unwrap()[0].key.id().to_owned();

    assert!(store.retire_key(&id, later(100)).await.unwrap());
    assert!(!store.retire_key(&id, later(200)).await.unwrap());

    let kept = store.load_keys().await.unwrap();
    assert_eq!(kept[0].published_until, Some(later(100)));
}

fn new_key(algorithm: SigningAlgorithm) -> RingKey {
    RingKey {
        key: Arc::new(SigningKey::generate(algorithm).unwrap()),
        created_at: later(10),
        active_from: later(20),
        published_until: None,
    }
}

#[tokio::test]
async fn keys_survive_a_restart_and_do_not_lie_in_the_clear() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings_in(folder.path());
    let store = Store::open(&settings).await.unwrap();
    let keys = store
        .ensure_keys(&[SigningAlgorithm::Es256], NOW)
        .await
        .unwrap();
    let secret = store.secret("csrf").await.unwrap();
    drop(store);

    let store = Store::open(&settings).await.unwrap();

    assert_eq!(ids(&store.load_keys().await.unwrap()), ids(&keys));
    assert_eq!(
        store.secret("csrf").await.unwrap().digest(),
        secret.digest()
    );
    assert_ne!(
        store.secret("other").await.unwrap().digest(),
        secret.digest()
    );
    let pkcs8 = keys[0].key.to_pkcs8().unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        for hidden in [&pkcs8[pkcs8.len() - 40..], secret.expose().as_bytes()] {
            assert!(!bytes.windows(hidden.len()).any(|window| window == hidden));
        }
    }
}

#[tokio::test]
async fn a_missing_key_file_is_never_made_anew_for_a_used_database() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings_in(folder.path());
    drop(Store::open(&settings).await.unwrap());
    let key_file = settings.key_file().unwrap().to_owned();
    fs::remove_file(&key_file).unwrap();

    let refused = Store::open(&settings).await;

    assert!(matches!(refused, Err(StoreError::KeyFileMissing { .. })));
    assert!(!key_file.exists());
}

#[tokio::test]
async fn a_wrong_key_file_is_refused_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings_in(folder.path());
    drop(Store::open(&settings).await.unwrap());
    let other = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
    fs::write(settings.key_file().unwrap(), other).unwrap();

    let refused = Store::open(&settings).await;

    assert!(matches!(refused, Err(StoreError::KeyFileWrong)));
}

/// An operator may keep the key elsewhere; it is the same key.
#[tokio::test]
async fn a_key_that_came_with_the_environment_is_as_good_as_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings_in(folder.path());
    drop(Store::open(&settings).await.unwrap());
    let text = fs::read_to_string(settings.key_file().unwrap()).unwrap();
    fs::remove_file(settings.key_file().unwrap()).unwrap();
    let given = |text: &str| GivenKey::parse(&Secret::new(text)).map(KeySource::Given);

    settings.key = given(&text);
    Store::open(&settings).await.unwrap();
    settings.key = given("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    let refused = Store::open(&settings).await;

    assert!(matches!(refused, Err(StoreError::KeyFileWrong)));
    for text in ["", "c2hvcnQ=", "not base64 at all"] {
        assert!(given(text).is_none(), "{text}");
    }
}

#[tokio::test]
async fn a_database_on_disk_needs_a_key_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings_in(folder.path());
    settings.key = None;

    let refused = Store::open(&settings).await;

    assert!(matches!(refused, Err(StoreError::KeyFileNotNamed)));
}
