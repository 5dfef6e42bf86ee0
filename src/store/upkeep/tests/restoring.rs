//! Restores over what a crash left, and of what an older program kept.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::store::db::{Db as _, Statement};
use crate::store::files;
use crate::store::sqlite::{Progress, Sqlite};
use crate::store::{Store, Synchronous, migrations, secrets};

fn settings(folder: &Path) -> Settings {
    let (path, key_file) = (folder.join("cellgate.db"), folder.join("cellgate.key"));
    Settings::sqlite(path, key_file, Synchronous::Full)
}

fn back_up(settings: &Settings, to: &Path) -> Result<Vec<Progress>, UpkeepError> {
    let mut told = Vec::new();
    backup(settings, to, &mut |progress| told.push(progress))?;
    Ok(told)
}

async fn revoke(settings: &Settings, token: &str) -> Store {
    let store = Store::open(settings).await.unwrap();
    let until = NOW.after(std::time::Duration::from_secs(3600));
    store.revoke_token(token, until).await.unwrap();
    store
}

async fn is_revoked(settings: &Settings, token: &str) -> bool {
    let store = Store::open(settings).await.unwrap();
    let is_revoked = store.revocations().covers_token(token);
    drop(store);
    settle(settings);
    is_revoked
}

/// A state after a `kill -9`: its last changes are in the log beside it.
async fn after_a_crash(folder: &Path) -> Settings {
    let running = tempfile::tempdir().unwrap();
    let store = revoke(&settings(running.path()), "t").await;
    for name in ["cellgate.db", "cellgate.db-wal", "cellgate.key"] {
        fs::copy(running.path().join(name), folder.join(name)).unwrap();
    }
    assert!(fs::metadata(folder.join("cellgate.db-wal")).unwrap().len() > 0);
    drop(store);
    settings(folder)
}

#[tokio::test]
async fn a_backup_is_one_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let state = settings(folder.path());
    let store = revoke(&state, "t").await;
    let kept = folder.path().join("kept.db");

    let told = back_up(&state, &kept).unwrap();

    let last = told.last().unwrap();
    assert!(
        last.n_pages > 0 && last.n_copied == last.n_pages,
        "{told:?}"
    );
    let names: Vec<PathBuf> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().contains("kept.db"))
        .collect();
    assert_eq!(names, [kept]);
    drop(store);
}

#[tokio::test]
async fn a_backup_that_cannot_be_made_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let state = settings(folder.path());
    let missing = back_up(&state, &folder.path().join("kept.db"));
    assert!(matches!(missing, Err(UpkeepError::Missing(_))));
    drop(revoke(&state, "t").await);
    settle(&state);
    let nowhere = back_up(&state, &folder.path().join("nowhere/kept.db"));
    assert!(matches!(nowhere, Err(UpkeepError::File { .. })));
    fs::write(folder.path().join("cellgate.db"), [0x5a; 9000]).unwrap();
    fs::remove_file(folder.path().join("cellgate.db-wal")).unwrap_or_default();

    let damaged = back_up(&state, &folder.path().join("kept.db"));

    assert!(damaged.is_err());
    let names = fs::read_dir(folder.path()).unwrap();
    let kept = names.filter(|it| {
        it.as_ref()
            .unwrap()
            .file_name()
            .to_str()
            .unwrap()
            .contains("kept")
    });
    assert_eq!(kept.count(), 0);
}

/// The log of the replaced database would be taken for one of the restored.
#[tokio::test]
async fn the_log_of_what_is_replaced_goes_with_it() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let kept = new.path().join("kept.db");
    let store = revoke(&settings(new.path()), "other").await;
    back_up(&settings(new.path()), &kept).unwrap();
    drop(store);
    let state = after_a_crash(old.path()).await;
    fs::copy(
        new.path().join("cellgate.key"),
        old.path().join("cellgate.key"),
    )
    .unwrap();

    let done = restore(&state, &kept, Issued::Kept, NOW).await.unwrap();

    assert!(is_revoked(&state, "other").await);
    assert!(!is_revoked(&state, "t").await);
    let set_aside = done.set_aside.unwrap();
    let rows = Sqlite::open_own(&set_aside)
        .unwrap()
        .batch(vec![
            Statement::new("SELECT 1 FROM revocations WHERE id = 't'").need(1),
        ])
        .await
        .unwrap();
    assert!(rows.is_some(), "nothing of it is lost");
}

/// Also where the file itself is worth nothing: the log may be.
#[tokio::test]
async fn the_log_of_a_wreck_is_kept_with_it() {
    for wreck in [vec![0x5a; 9000], Vec::new()] {
        let folder = tempfile::tempdir().unwrap();
        let state = after_a_crash(folder.path()).await;
        let kept = folder.path().join("kept.db");
        back_up(&state, &kept).unwrap();
        let log = folder.path().join("cellgate.db-wal");
        fs::write(folder.path().join("cellgate.db"), &wreck).unwrap();
        fs::write(&log, "the log").unwrap();

        let done = restore(&state, &kept, Issued::Kept, NOW).await.unwrap();

        let set_aside = done.set_aside.unwrap();
        assert_eq!(fs::read(&set_aside).unwrap(), wreck);
        let kept_log = files::beside(&set_aside, "-wal");
        assert_eq!(fs::read_to_string(kept_log).unwrap(), "the log");
        assert!(!log.exists());
        assert!(is_revoked(&state, "t").await);
    }
}

/// On a new machine, and a second time.
#[tokio::test]
async fn there_need_be_nothing_to_replace_and_nothing_is_replaced_twice() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let kept = old.path().join("kept.db");
    drop(revoke(&settings(old.path()), "t").await);
    back_up(&settings(old.path()), &kept).unwrap();
    let state = settings(&new.path().join("state"));
    fs::create_dir(new.path().join("state")).unwrap();
    fs::copy(
        old.path().join("cellgate.key"),
        new.path().join("state/cellgate.key"),
    )
    .unwrap();

    let mut set_aside = Vec::new();
    for _ in 0..3 {
        let done = restore(&state, &kept, Issued::Kept, NOW).await.unwrap();
        set_aside.push(done.set_aside);
        assert!(is_revoked(&state, "t").await);
    }

    assert_eq!(set_aside[0], None);
    assert!(
        set_aside[1].is_some() && set_aside[1] != set_aside[2],
        "{set_aside:?}"
    );
}

#[tokio::test]
async fn a_backup_of_an_older_program_is_migrated() {
    let folder = tempfile::tempdir().unwrap();
    let state = settings(folder.path());
    let kept = folder.path().join("kept.db");
    let newest = migrations::newest(migrations::SQLITE);
    let db = Sqlite::open_own(&kept).unwrap();
    let (_last, older) = migrations::SQLITE.split_last().unwrap();
    migrations::migrate(&db, older).await.unwrap();
    secrets::sealing_key(&db, state.key.clone()).await.unwrap();
    db.close().unwrap();

    let done = restore(&state, &kept, Issued::Kept, NOW).await.unwrap();

    assert_eq!(done.schema, (newest - 1, newest));
    Store::open(&state).await.unwrap();
}

#[tokio::test]
async fn nobody_starts_on_a_state_that_a_command_has_alone_nor_the_other_way_round() {
    let folder = tempfile::tempdir().unwrap();
    let state = settings(folder.path());
    let kept = folder.path().join("kept.db");
    let store = revoke(&state, "t").await;
    back_up(&state, &kept).unwrap();

    let refused = restore(&state, &kept, Issued::Kept, NOW).await;
    assert!(matches!(refused, Err(UpkeepError::InUse)), "{refused:?}");
    drop(store);
    settle(&state);
    let alone = files::Hold::alone(&folder.path().join("cellgate.db")).unwrap();
    let refused = Store::open(&state).await;
    assert!(matches!(refused, Err(StoreError::Taken)), "{refused:?}");
    drop(alone);
    Store::open(&state).await.unwrap();
}

/// Programs that do not know of the lock, as older ones, are noticed by SQLite's own.
#[tokio::test]
async fn who_does_not_know_of_the_lock_is_noticed_too() {
    let folder = tempfile::tempdir().unwrap();
    let state = settings(folder.path());
    let kept = folder.path().join("kept.db");
    drop(revoke(&state, "t").await);
    back_up(&state, &kept).unwrap();
    settle(&state);
    let other = Sqlite::open_own(&folder.path().join("cellgate.db")).unwrap();
    let read = Statement::new("SELECT 1 FROM revocations");
    other.batch(vec![read]).await.unwrap();

    let refused = restore(&state, &kept, Issued::Kept, NOW).await;

    assert!(matches!(refused, Err(UpkeepError::InUse)), "{refused:?}");
    drop(other);
}
