//! `cellgate backup` and `cellgate restore`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{Said, begin, cellgate, is_signed_in, refresh, start_again};
use crate::support::{Browser, Edge, Tokens, exchange};

const BACKUP: [&str; 4] = ["backup", "--config", "cellgate.yaml", "kept.db"];
const RESTORE: [&str; 4] = ["restore", "--config", "cellgate.yaml", "kept.db"];

/// What no SQLite takes for a database.
const WRECK: &[u8] = &[0x5a; 4096];

fn database(folder: &Path) -> std::path::PathBuf {
    folder.join("data/cellgate.db")
}

/// The names in the folder of the database.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder.join("data")).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Backs the state of `edge` up while it signs bob in again and again.
async fn back_up_under_load(edge: &Edge) -> (Said, Vec<Tokens>) {
    let mut during = vec![edge.sign_in("bob").tokens().await];
    let mut process = begin(edge.folder.path(), &BACKUP);
    while process.try_wait().unwrap().is_none() {
        during.push(edge.sign_in("bob").tokens().await);
    }
    (Said::of(process.wait_with_output().unwrap()), during)
}

/// Nobody signs in again, and nothing that was used up is good again.
#[tokio::test]
async fn a_backup_taken_under_load_brings_everybody_back() {
    let edge = Edge::demo();
    let mut browser = Browser::default();
    edge.sign_in("alice").submit_in(&mut browser).await;
    let tokens = edge.sign_in("alice").tokens().await;
    let redeemed = edge.sign_in("alice").code().await;
    edge.token(&exchange(&redeemed)).await.assert_status(200);
    let waiting = edge.sign_in("alice").code().await;

    let (said, during) = back_up_under_load(&edge).await;

    let said = said.done();
    assert!(said.contains("cellgate.key"), "what else to keep: {said}");
    assert!(said.contains("pages"), "how far it is: {said}");
    let kept = edge.folder.path().join("kept.db");
    let mode = fs::metadata(&kept).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // It may have been redeemed between the backup and the restore.
    edge.token(&exchange(&waiting)).await.assert_status(200);

    let before = fs::read(&kept).unwrap();
    cellgate(edge.folder.path(), &BACKUP).refused(&["kept.db exists already"]);
    assert_eq!(fs::read(&kept).unwrap(), before);
    cellgate(edge.folder.path(), &RESTORE).refused(&["a process uses the database"]);

    let folder = edge.kill();
    fs::write(database(folder.path()), WRECK).unwrap();
    let said = cellgate(folder.path(), &RESTORE).done();
    assert!(said.contains("cellgate.db.replaced"), "{said}");
    assert!(folder.path().join("data/cellgate.db.replaced").exists());
    assert!(!names(folder.path()).contains(&"cellgate.db-wal".to_owned()));

    let edge = start_again(folder);
    assert!(is_signed_in(&edge, &mut browser).await);
    edge.get_with("/api/x", &tokens.access_token)
        .await
        .assert_status(200);
    edge.token(&refresh(&tokens)).await.assert_status(200);
    edge.token(&refresh(&during[0])).await.assert_status(200);
    for code in [redeemed, waiting] {
        edge.token(&exchange(&code))
            .await
            .assert_refused(400, "invalid_grant");
    }
}

/// For a backup that is old: nothing that was revoked since comes back.
#[tokio::test]
async fn a_restore_can_end_whatever_the_backup_lets_in() {
    let edge = Edge::demo();
    let mut browser = Browser::default();
    edge.sign_in("alice").submit_in(&mut browser).await;
    let tokens = edge.sign_in("alice").tokens().await;
    cellgate(edge.folder.path(), &BACKUP).done();
    let folder = edge.kill();

    let mut words = RESTORE.to_vec();
    words.push("--end-sessions");
    let said = cellgate(folder.path(), &words).done();

    assert!(said.contains("everybody signs in again"), "{said}");
    let edge = start_again(folder);
    assert!(!is_signed_in(&edge, &mut browser).await);
    edge.get_with("/api/x", &tokens.access_token)
        .await
        .assert_challenged(401, Some("invalid_token"));
    edge.token(&refresh(&tokens))
        .await
        .assert_refused(400, "invalid_grant");
    let anew = edge.sign_in("alice").tokens().await;
    edge.get_with("/api/x", &anew.access_token)
        .await
        .assert_status(200);
}

/// The state that is there stays as it is, and is no worse for it.
#[tokio::test]
async fn what_is_no_good_backup_is_not_restored() {
    let edge = Edge::demo();
    let tokens = edge.sign_in("alice").tokens().await;
    cellgate(edge.folder.path(), &BACKUP).done();
    let folder = edge.kill();
    let root = folder.path();
    let (before, kept) = (names(root), fs::read(root.join("kept.db")).unwrap());
    let try_with = |bytes: &[u8]| {
        fs::write(root.join("kept.db"), bytes).unwrap();
        cellgate(root, &RESTORE)
    };

    try_with(WRECK).refused(&["kept.db is damaged"]);
    try_with(b"").refused(&["kept.db is not a backup"]);
    let mut hole = kept.clone();
    hole[8192..12288].fill(0);
    try_with(&hole).refused(&["kept.db is damaged"]);
    try_with(&kept[..kept.len() / 2]).refused(&["kept.db is damaged"]);
    fs::write(root.join("kept.db"), &kept).unwrap();
    let newer = "INSERT INTO schema_versions (version) VALUES (99)";
    let changed = Connection::open(root.join("kept.db")).unwrap();
    changed.execute(newer, []).unwrap();
    drop(changed);
    cellgate(root, &RESTORE).refused(&["written by a newer cellgate"]);
    fs::remove_file(root.join("kept.db")).unwrap();
    cellgate(root, &RESTORE).refused(&["kept.db", "No such file"]);

    fs::write(root.join("kept.db"), &kept).unwrap();
    let key = root.join("data/cellgate.key");
    let right = fs::read(&key).unwrap();
    fs::write(&key, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n").unwrap();
    cellgate(root, &RESTORE).refused(&["the key file is not the one"]);
    fs::remove_file(&key).unwrap();
    cellgate(root, &RESTORE).refused(&["cellgate.key is missing"]);
    fs::write(&key, right).unwrap();

    assert_eq!(names(root), before, "nothing is left behind");
    let edge = start_again(folder);
    edge.get_with("/api/x", &tokens.access_token)
        .await
        .assert_status(200);
}

/// Killed at whatever moment, either state is there, and a next try goes through.
#[tokio::test]
async fn a_restore_that_is_killed_has_happened_or_not() {
    let edge = Edge::demo();
    edge.sign_in("alice").tokens().await;
    cellgate(edge.folder.path(), &BACKUP).done();
    // The replaced state is told from the restored one by its second sign-in.
    let second = edge.sign_in("alice").tokens().await;
    let folder = edge.kill();
    let root = folder.path();
    let is_restored = || {
        let state = Connection::open(database(root)).unwrap();
        let whole: String = state
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(whole, "ok");
        let count = "SELECT count(*) FROM grants";
        let n_grants: i64 = state.query_row(count, [], |row| row.get(0)).unwrap();
        assert!((1..=2).contains(&n_grants), "{n_grants}");
        n_grants == 1
    };
    assert!(!is_restored());

    let (mut n_killed, mut n_done) = (0, 0);
    // Each try is killed later than the one before, until one gets to its end.
    while n_done == 0 {
        let mut process = begin(root, &RESTORE);
        let start = Instant::now();
        let patience = Duration::from_millis(n_killed * 4);
        let ended = loop {
            match process.try_wait().unwrap() {
                None if start.elapsed() < patience => std::thread::yield_now(),
                ended => break ended,
            }
        };
        if ended.is_none() {
            process.kill().unwrap();
            process.wait().unwrap();
            n_killed += 1;
        }
        n_done += u32::from(ended.is_some_and(|status| status.success()));
        assert!(n_done == 0 || is_restored());
        if is_restored() && n_done == 0 {
            // It was killed after the last step; the state before is there under its other name.
            break;
        }
    }
    assert!(n_killed > 3, "{n_killed}");

    cellgate(root, &RESTORE).done();
    assert!(is_restored());
    let drafts = names(root);
    let drafts = drafts.iter().filter(|name| name.contains("-restoring"));
    assert_eq!(drafts.count(), 0);
    let edge = start_again(folder);
    edge.token(&refresh(&second))
        .await
        .assert_refused(400, "invalid_grant");
}

#[test]
fn the_database_of_a_server_has_tools_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let yaml = include_str!("../../../config/demo.yaml");
    let (head, rest) = yaml.split_once("state:\n").unwrap();
    let (_, rest) = rest.split_once("\nprovider:").unwrap();
    let yaml = format!("{head}state: {{postgres: {{servers: [/run/nowhere]}}}}\nprovider:{rest}");
    fs::write(folder.path().join("cellgate.yaml"), yaml).unwrap();

    cellgate(folder.path(), &BACKUP).refused(&["pg_dump"]);
    cellgate(folder.path(), &RESTORE).refused(&["pg_restore"]);
}
