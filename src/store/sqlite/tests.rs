//! The driver by itself.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

async fn counters() -> Sqlite {
    let db = Sqlite::in_memory().unwrap();
    let table = Statement::new("CREATE TABLE counters (name TEXT PRIMARY KEY, n BIGINT)");
    db.batch(vec![table]).await.unwrap().unwrap();
    db
}

fn insert(name: &str, n: i64) -> Statement {
    // The parameters appear in another order than they are numbered.
    Statement::new("INSERT INTO counters (n, name) VALUES ($2, $1)")
        .bind(name)
        .bind(n)
}

async fn count(db: &Sqlite) -> i64 {
    let rows = db
        .batch(vec![Statement::new("SELECT count(*) FROM counters")])
        .await;
    let mut row = rows.unwrap().unwrap().remove(0).first().unwrap();
    row.integer().unwrap()
}

#[tokio::test]
async fn parameters_are_taken_by_their_number() {
    let db = counters().await;
    let select = Statement::new("SELECT name, n FROM counters WHERE name = $1").bind("a");

    let mut answers = db
        .batch(vec![insert("a", 7), select])
        .await
        .unwrap()
        .unwrap();

    let mut row = answers.remove(1).first().unwrap();
    assert_eq!(row.text().unwrap(), "a");
    assert_eq!(row.integer().unwrap(), 7);
}

#[tokio::test]
async fn a_batch_that_misses_a_needed_row_changes_nothing() {
    let db = counters().await;
    let update = Statement::new("UPDATE counters SET n = 1 WHERE name = $1")
        .bind("missing")
        .need(1);

    let answer = db.batch(vec![insert("a", 1), update]).await.unwrap();

    assert!(answer.is_none());
    assert_eq!(count(&db).await, 0);
}

#[tokio::test]
async fn a_batch_that_fails_half_way_changes_nothing() {
    let db = counters().await;

    let failed = db.batch(vec![insert("a", 1), insert("a", 2)]).await;

    assert!(matches!(failed, Err(StoreError::Conflict)));
    assert_eq!(count(&db).await, 0);
}

#[tokio::test]
async fn a_batch_is_run_although_nobody_waits_for_it() {
    let db = counters().await;

    drop(tokio::time::timeout(Duration::ZERO, db.batch(vec![insert("a", 1)])).await);

    assert_eq!(count(&db).await, 1);
}

#[tokio::test]
async fn files_are_for_their_owner_only() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("state/cellgate.db");

    let db = Sqlite::open(&path, Synchronous::Full).unwrap();
    let table = Statement::new("CREATE TABLE t (x BIGINT)");
    db.batch(vec![table]).await.unwrap().unwrap();

    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&path.with_extension("db-wal")), 0o600);
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("notes.txt");
    std::fs::write(
        &path,
        "not a database, but long enough to be looked at".repeat(50),
    )
    .unwrap();

    let opened = Sqlite::open(&path, Synchronous::Full);

    assert!(matches!(opened, Err(StoreError::Damaged)));
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    std::fs::write(&file, "").unwrap();

    let opened = Sqlite::open(&file.join("cellgate.db"), Synchronous::Full);

    let text = opened.unwrap_err().to_string();
    assert!(text.contains("cellgate.db"), "{text}");
}
