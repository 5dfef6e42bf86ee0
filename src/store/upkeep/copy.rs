//! All state from one database to another: from a file to a server, or any other way.

use super::UpkeepError;
use super::alone::Alone;
use super::tables::{TABLES, Table};
use crate::store::db::Statement;
use crate::store::sealing::SealingKey;
use crate::store::{Settings, StoreError, migrations, secrets};

/// Rows that are read and written at a time.
const STEP: u32 = 500;

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The table.
    pub table: &'static str,
    /// Rows of it that are copied.
    pub n_rows: u64,
    /// Whether these are all.
    pub is_whole: bool,
}

/// Copies all state of `from` into the database of `to`, which holds none.
///
/// Nobody uses either meanwhile. What is encrypted comes under the key of `to`. Until the copy is
/// whole and its rows have been counted, nothing starts on it; a copy that was broken off is begun
/// anew.
///
/// # Errors
///
/// [`UpkeepError`]; nothing starts on the target then, and the source is as it was.
pub async fn copy_state(
    from: &Settings,
    to: &Settings,
    progress: &mut (dyn FnMut(Copied) + Send),
) -> Result<(), UpkeepError> {
    if from.database == to.database {
        return Err(UpkeepError::SameDatabase);
    }
    let source = Alone::existing(&from.database).await?;
    let old = secrets::known_key(&*source.db, from.key.clone()).await?;
    let old = old.ok_or(UpkeepError::NothingToCopy)?;
    let target = Alone::open(&to.database).await?;
    claim(&target).await?;
    let new = secrets::key(to.key.clone()).await?;
    for table in TABLES {
        copy(table, &source, &target, (&old, &new), progress).await?;
    }
    for table in TABLES {
        let expected = source.number(table.count()).await?;
        if target.number(table.count()).await? != expected {
            return Err(UpkeepError::Incomplete(table.name));
        }
    }
    target.run(vec![unmark()]).await?;
    Ok(())
}

/// Marks an empty database, so that nothing starts on it, and empties one that a broken copy left.
async fn claim(target: &Alone) -> Result<(), UpkeepError> {
    target.make_room().await?;
    if migrations::version(&*target.db).await? == migrations::UNFINISHED {
        for table in TABLES.iter().rev() {
            while target
                .run(vec![table.delete(STEP)])
                .await?
                .iter()
                .any(|it| it.count() > 0)
            {}
        }
        return Ok(());
    }
    target.migrate().await?;
    let mark = Statement::new("INSERT INTO schema_versions (version) VALUES ($1)");
    let mark = mark.bind(migrations::UNFINISHED).need(1);
    let empty = TABLES.iter().map(|table| table.any().need(0));
    let claimed = target
        .db
        .batch([mark].into_iter().chain(empty).collect())
        .await?;
    claimed.map(drop).ok_or(UpkeepError::NotEmpty)
}

fn unmark() -> Statement {
    Statement::new("DELETE FROM schema_versions WHERE version = $1")
        .bind(migrations::UNFINISHED)
        .need(1)
}

async fn copy(
    table: &'static Table,
    source: &Alone,
    target: &Alone,
    (old, new): (&SealingKey, &SealingKey),
    progress: &mut (dyn FnMut(Copied) + Send),
) -> Result<(), StoreError> {
    let mut after = None;
    let mut n_rows = 0;
    loop {
        let page = source
            .run(vec![table.select(after.as_deref(), STEP)])
            .await?;
        let mut inserts = Vec::new();
        for row in page.into_iter().flat_map(crate::store::db::Rows::into_rows) {
            let mut record = table.record(row);
            table.reseal(&mut record.values, old, new)?;
            inserts.push(table.insert(record.values));
            after = Some(record.key);
        }
        let n_read = inserts.len();
        n_rows += u64::try_from(n_read).unwrap_or_default();
        if n_read > 0 {
            target.run(inserts).await?;
        }
        let is_whole = n_read < usize::try_from(STEP).unwrap_or_default();
        progress(Copied {
            table: table.name,
            n_rows,
            is_whole,
        });
        if is_whole {
            return Ok(());
        }
    }
}
