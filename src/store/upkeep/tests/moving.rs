//! Everything to another database, and under another key.
//!
//! The tests run on SQLite, and once more against a PostgreSQL server.

use std::path::Path;

use super::*;
use crate::store::db::{Rows, Statement, Value};
use crate::store::sealing::SealingKey;
use crate::store::testing::settings_in;
use crate::store::upkeep::alone::Alone;
use crate::store::upkeep::tables::{TABLES, Table};
use crate::store::{KeySource, Rekeyed, Store, Synchronous, key_file, migrations, secrets};

/// More rows than are read at a time.
const MANY: i64 = 1_203;

/// What a row has in every table.
const FEW: i64 = 3;

fn settings(folder: &Path) -> Settings {
    settings_in(folder, Synchronous::Full)
}

fn file(folder: &Path) -> Settings {
    let (path, key) = (folder.join("moved.db"), folder.join("moved.key"));
    Settings::sqlite(path, key, Synchronous::Full)
}

async fn alone(settings: &Settings) -> Alone {
    settle(settings);
    loop {
        // A server needs a moment to notice that the sessions before have ended.
        match Alone::open(&settings.database).await {
            Err(UpkeepError::InUse) => tokio::task::yield_now().await,
            alone => break alone.unwrap(),
        }
    }
}

fn key_of(settings: &Settings) -> SealingKey {
    let bytes = key_file::read(settings.key_file().unwrap()).unwrap();
    SealingKey::new(&bytes).unwrap()
}

/// A value for a column of row `n`.
fn value(column: &str, n: i64) -> Value {
    match column {
        "cookie" | "digest" | "login" | "registration_token" | "predecessor"
        | "successor_nonce" => Value::Blob(format!("{column} {n}").into_bytes()),
        it if it.ends_with("_at") || it.ends_with("_until") => Value::Integer(n),
        "active_from" | "is_listed" | "uses" | "uses_left" | "attempts" | "failures"
        | "version" => Value::Integer(n),
        // Names agree between tables, so that a row refers to one that is there.
        "id" | "grant_id" | "session_id" | "subject" | "name" => Value::Text(format!("é {n}")),
        _ if n == 2 && column != "client_id" => Value::Text(String::new()),
        _ => Value::Text(format!("{column} {n}")),
    }
}

fn row(table: &Table, n: i64, key: &SealingKey) -> Vec<Value> {
    let columns = table.columns.iter().map(|column| match *column {
        "kind" if table.name == "revocations" => Value::Text("jti".to_owned()),
        "issued_until" => Value::Null,
        // One youngest key of each algorithm.
        "algorithm" => Value::Text(format!("A{n}")),
        "lane" | "kind" | "value" | "host" | "issuer" => Value::Text(format!("{column} {n}")),
        "sid" | "nonce" | "claims" if n == 1 => Value::Null,
        "expires_at" | "idle_until" => Value::Integer(i64::from(u32::MAX)),
        other => value(other, n),
    });
    let mut values: Vec<_> = columns.collect();
    let Some(sealed) = &table.sealed else {
        return values;
    };
    let at = table.columns.iter().position(|it| *it == sealed.column);
    let context = table.context(sealed, &values).unwrap();
    let plain = format!("{} {n} is secret", table.name);
    values[at.unwrap()] = Value::Blob(key.seal(&context, plain.as_bytes()).unwrap());
    values
}

/// A state with rows in every table, and many in some.
async fn fill(settings: &Settings) {
    drop(Store::open(settings).await.unwrap());
    let (state, key) = (alone(settings).await, key_of(settings));
    for table in TABLES {
        let n_rows = match table.name {
            "attempts" | "grants" | "upstream_sessions" => MANY,
            _ => FEW,
        };
        for first in (1..=n_rows).step_by(200) {
            let last = n_rows.min(first + 199);
            let inserts = (first..=last).map(|n| table.insert(row(table, n, &key)));
            state.run(inserts.collect()).await.unwrap();
        }
    }
}

/// Every row of every table, and what was sealed opened with `key`.
async fn read(settings: &Settings, key: &SealingKey) -> Vec<(&'static str, Vec<Vec<Value>>)> {
    let state = alone(settings).await;
    let mut tables = Vec::new();
    for table in TABLES {
        let select = table.select(None, 10_000);
        let rows = state.run(vec![select]).await.unwrap().into_iter();
        let mut found: Vec<Vec<Value>> = Vec::new();
        for row in rows.flat_map(Rows::into_rows) {
            let mut record = table.record(row);
            if let Some(sealed) = &table.sealed {
                let context = table.context(sealed, &record.values).unwrap();
                for value in &mut record.values {
                    if let Value::Blob(bytes) = value
                        && let Some(plain) = key.unseal(&context, bytes)
                    {
                        *value = Value::Text(String::from_utf8_lossy(&plain).into_owned());
                    }
                }
            }
            found.push(record.values);
        }
        tables.push((table.name, found));
    }
    tables
}

async fn move_to(from: &Settings, to: &Settings) -> Result<Vec<Copied>, UpkeepError> {
    settle(from);
    settle(to);
    let mut told = Vec::new();
    let outcome = loop {
        match copy_state(from, to, &mut |copied| told.push(copied)).await {
            // As in `alone`.
            Err(UpkeepError::InUse) => tokio::task::yield_now().await,
            outcome => break outcome,
        }
    };
    outcome.map(|()| told)
}

fn assert_same(one: &[(&str, Vec<Vec<Value>>)], other: &[(&str, Vec<Vec<Value>>)]) {
    for ((name, one), (_, other)) in one.iter().zip(other) {
        assert_eq!(one.len(), other.len(), "{name}");
        assert!(one.len() >= 3, "{name} was not filled");
        assert!(one == other, "{name} has other rows");
    }
}

#[tokio::test]
async fn every_row_of_every_table_comes_over_both_ways_and_under_the_other_key() {
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let (first, second) = (settings(folders[0].path()), file(folders[1].path()));
    let third = settings(folders[2].path());
    fill(&first).await;
    let before = read(&first, &key_of(&first)).await;

    let told = move_to(&first, &second).await.unwrap();
    move_to(&second, &third).await.unwrap();

    assert_same(&before, &read(&second, &key_of(&second)).await);
    assert_same(&before, &read(&third, &key_of(&third)).await);
    let n_whole = told.iter().filter(|copied| copied.is_whole).count();
    assert_eq!(n_whole, TABLES.len());
    assert!(told.iter().any(|it| it.table == "grants" && !it.is_whole));
    // Sealed values are not what they were, and open with nothing but the new key.
    let foreign = read(&second, &key_of(&first)).await;
    assert!(foreign.iter().zip(&before).any(|(one, other)| one != other));
    Store::open(&third).await.unwrap();
    Store::open(&second).await.unwrap();
}

#[tokio::test]
async fn a_copy_that_broke_off_is_never_taken_for_a_whole_one() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (source, target) = (file(from.path()), settings(to.path()));
    fill(&source).await;
    // The last table cannot be read.
    let spoil = "UPDATE issuer_sessions SET sealed = $1 WHERE id = $2";
    let state = alone(&source).await;
    let select = Statement::new("SELECT sealed FROM issuer_sessions WHERE id = $1").bind("é 1");
    let right = state.run(vec![select]).await.unwrap().remove(0);
    let right = right.first().unwrap().blob().unwrap();
    let wrong = Statement::new(spoil).bind(vec![0; 60]).bind("é 1");
    state.run(vec![wrong]).await.unwrap();
    drop(state);

    let broken = move_to(&source, &target).await;
    assert!(broken.is_err(), "{broken:?}");
    let state = alone(&target).await;
    let count = Statement::new("SELECT count(*) FROM grants");
    assert_eq!(state.number(count).await.unwrap(), MANY, "it got that far");
    drop(state);
    settle(&target);
    loop {
        match Store::open(&target).await {
            Err(StoreError::Taken) => tokio::task::yield_now().await,
            Err(StoreError::Unfinished) => break,
            opened => panic!("{opened:?}"),
        }
    }

    let state = alone(&source).await;
    let mended = Statement::new(spoil).bind(right).bind("é 1");
    state.run(vec![mended]).await.unwrap();
    drop(state);
    move_to(&source, &target).await.unwrap();
    let before = read(&source, &key_of(&source)).await;
    assert_same(&before, &read(&target, &key_of(&target)).await);
}

#[tokio::test]
async fn a_database_with_state_is_not_copied_over() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (source, target) = (file(from.path()), settings(to.path()));
    let nothing = move_to(&source, &target).await;
    assert!(
        matches!(nothing, Err(UpkeepError::Missing(_))),
        "{nothing:?}"
    );
    drop(Store::open(&source).await.unwrap());
    drop(Store::open(&target).await.unwrap());

    let refused = move_to(&source, &target).await;
    assert!(matches!(refused, Err(UpkeepError::NotEmpty)), "{refused:?}");
    drop(Store::open(&target).await.unwrap());
    let same = move_to(&source, &source).await;
    assert!(matches!(same, Err(UpkeepError::SameDatabase)));

    settle(&source);
    let open = Store::open(&source).await.unwrap();
    let used = copy_state(&source, &target, &mut drop).await;
    assert!(matches!(used, Err(UpkeepError::InUse)), "{used:?}");
    drop(open);
}

/// Of a database that a command has alone, on a server too.
#[tokio::test]
async fn nobody_starts_beside_a_command_that_has_to_be_alone() {
    let folder = tempfile::tempdir().unwrap();
    let state = settings(folder.path());
    let store = Store::open(&state).await.unwrap();

    let refused = Alone::existing(&state.database).await;
    assert!(matches!(refused, Err(UpkeepError::InUse)), "{refused:?}");
    drop(store);
    let alone = alone(&state).await;
    let refused = Store::open(&state).await;
    assert!(matches!(refused, Err(StoreError::Taken)), "{refused:?}");
    drop(alone);
}

#[tokio::test]
async fn another_key_is_put_over_everything_and_the_one_before_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let state = settings(folder.path());
    fill(&state).await;
    let old = key_of(&state);
    let before = read(&state, &old).await;
    let key = KeySource::File(folder.path().join("new.key"));
    let change = async |state: &Settings| loop {
        settle(state);
        match rekey(state, &key).await {
            Err(UpkeepError::InUse) => tokio::task::yield_now().await,
            outcome => break outcome,
        }
    };

    let done = change(&state).await.unwrap();

    let n_sealed: i64 = TABLES
        .iter()
        .filter(|table| table.sealed.is_some())
        .map(|table| {
            if table.name == "upstream_sessions" {
                MANY
            } else {
                FEW
            }
        })
        .sum();
    // Those of the deployment itself besides.
    let Rekeyed::Now { n_values } = done else {
        panic!("{done:?}")
    };
    assert!(i64::try_from(n_values).unwrap() > n_sealed);
    let changed = Settings {
        key: Some(key.clone()),
        ..state.clone()
    };
    let after = read(&changed, &key_of(&changed)).await;
    assert_same(&before, &after);
    assert_nothing_opens(&state, &old).await;
    let refused = Store::open(&state).await;
    assert!(
        matches!(refused, Err(StoreError::KeyFileWrong)),
        "{refused:?}"
    );
    drop(Store::open(&changed).await.unwrap());

    // Who was not told that it is done asks again.
    assert_eq!(change(&state).await.unwrap(), Rekeyed::Before);
    let same = change(&changed).await;
    assert!(matches!(same, Err(UpkeepError::SameKey)), "{same:?}");
}

/// Looks at the columns as they are.
async fn assert_nothing_opens(settings: &Settings, key: &SealingKey) {
    let state = alone(settings).await;
    let mut n_looked_at = 0;
    for table in TABLES {
        let Some(sealed) = &table.sealed else {
            continue;
        };
        let select = table.select(None, 10_000);
        let rows = state.run(vec![select]).await.unwrap().into_iter();
        for row in rows.flat_map(Rows::into_rows) {
            let record = table.record(row);
            let context = table.context(sealed, &record.values).unwrap();
            for value in &record.values {
                if let Value::Blob(bytes) = value {
                    assert!(key.unseal(&context, bytes).is_none(), "{}", table.name);
                    n_looked_at += 1;
                }
            }
        }
    }
    assert!(n_looked_at > MANY);
}

/// One value that does not open, and nothing has changed.
#[tokio::test]
async fn a_change_of_the_key_is_whole_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let state = settings(folder.path());
    fill(&state).await;
    let spoiled = alone(&state).await;
    let spoil = Statement::new("UPDATE issuer_sessions SET sealed = $1 WHERE id = $2");
    let spoil = spoil.bind(vec![0; 60]).bind("é 2");
    spoiled.run(vec![spoil]).await.unwrap();
    drop(spoiled);
    let before = read(&state, &key_of(&state)).await;

    settle(&state);
    let refused = loop {
        match rekey(&state, &KeySource::File(folder.path().join("new.key"))).await {
            Err(UpkeepError::InUse) => tokio::task::yield_now().await,
            outcome => break outcome,
        }
    };

    assert!(
        matches!(refused, Err(UpkeepError::Store(StoreError::KeyFileWrong))),
        "{refused:?}"
    );
    assert!(before == read(&state, &key_of(&state)).await);
}

/// Its number of the schema is higher than any, for every program that ever was.
#[test]
fn no_version_comes_up_to_that_of_a_broken_copy() {
    for known in [migrations::SQLITE, migrations::POSTGRES] {
        assert!(migrations::newest(known) < migrations::UNFINISHED);
    }
}

/// What the nouns of the store seal is what the list of tables says they do.
#[tokio::test]
async fn what_the_store_seals_opens_by_the_list_of_tables() {
    let folder = tempfile::tempdir().unwrap();
    let state = settings(folder.path());
    let store = Store::open(&state).await.unwrap();
    crate::store::contract::seal_one_of_each(&store).await;
    drop(store);
    let raw = alone(&state).await;
    let key = secrets::known_key(&*raw.db, state.key.clone()).await;
    let key = key.unwrap().unwrap();
    for table in TABLES.iter().filter(|table| table.sealed.is_some()) {
        let rows = raw.run(vec![table.select(None, 100)]).await.unwrap();
        let mut n_opened = 0;
        for row in rows.into_iter().flat_map(Rows::into_rows) {
            let mut record = table.record(row);
            n_opened += u32::from(table.reseal(&mut record.values, &key, &key).unwrap());
        }
        assert!(n_opened > 0, "{}", table.name);
    }
}
