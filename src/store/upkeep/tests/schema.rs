//! The list of tables against the schema: what a new migration brings has to be decided here.

use std::collections::{BTreeMap, BTreeSet};

use crate::store::db::{Db as _, Rows, Statement};
use crate::store::migrations;
use crate::store::sqlite::Sqlite;
use crate::store::upkeep::tables::TABLES;

/// Columns of bytes that nothing can be read from: digests, and random numbers beside them.
const DIGESTS: [&str; 13] = [
    "application_passwords.digest",
    "application_sessions.cookie",
    "attempts.login",
    "client_assertions.digest",
    "clients.registration_token",
    "codes.digest",
    "failure_counts.digest",
    "initial_access_tokens.digest",
    "issuer_sessions.cookie",
    "refresh_tokens.digest",
    "refresh_tokens.predecessor",
    "refresh_tokens.successor_nonce",
    "spent_states.digest",
];

/// Of what no process is left that it could tell anything: the version of the schema is that of the
/// program, and work is somebody's for a moment.
const NOT_COPIED: [&str; 2] = ["schema_versions", "leases"];

/// What the database fills in, so that a copy need not.
const FILLED_IN: [&str; 1] = ["revocations.sequence"];

struct Column {
    name: String,
    is_bytes: bool,
    /// Its place in the primary key, from 1.
    in_key: i64,
}

async fn rows(db: &Sqlite, sql: String) -> Rows {
    let answer = db.batch(vec![Statement::owned(sql)]).await.unwrap();
    answer.unwrap().remove(0)
}

/// Every table of the schema that holds state.
async fn schema() -> (Sqlite, BTreeMap<String, Vec<Column>>) {
    let db = Sqlite::in_memory().unwrap();
    migrations::migrate(&db, migrations::SQLITE).await.unwrap();
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
    let names = rows(&db, names.to_owned()).await;
    let mut tables = BTreeMap::new();
    for name in names.read_all(|mut row| row.text()).unwrap() {
        let info = format!("SELECT name, type, pk FROM pragma_table_info('{name}') ORDER BY cid");
        let columns = rows(&db, info).await.read_all(|mut row| {
            Ok(Column {
                name: row.text()?,
                is_bytes: row.text()? == "BLOB",
                in_key: row.integer()?,
            })
        });
        tables.insert(name, columns.unwrap());
    }
    for name in NOT_COPIED {
        tables.remove(name).unwrap();
    }
    (db, tables)
}

#[tokio::test]
async fn a_copy_knows_every_column_of_every_table() {
    let (_db, tables) = schema().await;
    let known: BTreeSet<_> = TABLES.iter().map(|table| table.name.to_owned()).collect();
    assert_eq!(known, tables.keys().cloned().collect());
    assert_eq!(known.len(), TABLES.len(), "one is named twice");
    for table in TABLES {
        let columns = &tables[table.name];
        let expected: BTreeSet<&str> = columns
            .iter()
            .map(|column| column.name.as_str())
            .filter(|column| !FILLED_IN.contains(&&*format!("{}.{column}", table.name)))
            .collect();
        let known: BTreeSet<&str> = table.columns.iter().copied().collect();
        assert_eq!(known, expected, "{}", table.name);
        assert_eq!(known.len(), table.columns.len(), "{}", table.name);
        let mut key: Vec<_> = columns.iter().filter(|it| it.in_key > 0).collect();
        key.sort_by_key(|column| column.in_key);
        let key: Vec<&str> = key.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(table.key, key, "{}", table.name);
    }
}

#[tokio::test]
async fn a_change_of_the_key_knows_every_sealed_column() {
    let (_db, tables) = schema().await;
    let mut sealed = BTreeSet::new();
    for (table, columns) in &tables {
        let bytes = columns.iter().filter(|column| column.is_bytes);
        sealed.extend(bytes.map(|column| format!("{table}.{}", column.name)));
    }
    let digests = DIGESTS.iter().chain(&["sessions.cookie"]);
    for digest in digests {
        assert!(sealed.remove(*digest), "{digest}");
    }
    let known = TABLES.iter().filter_map(|table| {
        let sealed = table.sealed.as_ref()?;
        Some(format!("{}.{}", table.name, sealed.column))
    });
    assert_eq!(known.collect::<BTreeSet<_>>(), sealed);
}

#[tokio::test]
async fn a_table_comes_after_those_it_refers_to() {
    let (db, _) = schema().await;
    let place = |name: &str| TABLES.iter().position(|it| it.name == name).unwrap();
    let mut n_references = 0;
    for table in TABLES {
        let sql = format!(
            "SELECT \"table\" FROM pragma_foreign_key_list('{}')",
            table.name
        );
        for other in rows(&db, sql).await.read_all(|mut row| row.text()).unwrap() {
            n_references += 1;
            assert!(
                place(&other) < place(table.name),
                "{} to {other}",
                table.name
            );
        }
    }
    assert!(n_references > 1);
}
