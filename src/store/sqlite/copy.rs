//! Whole database files: copies of one moment, made into one file without anything beside it, and
//! looked through.

use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::BUSY_TIMEOUT;
use crate::store::StoreError;

/// Pages copied at a time; 4 MiB of those that SQLite makes.
const STEP: i32 = 1024;

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Pages to copy.
    pub n_pages: u64,
    /// Pages that are copied.
    pub n_copied: u64,
}

/// Copies the database at `from`, which others may be changing, into the empty file `to`.
/// Blocks on the disk.
///
/// The copy is the database at one moment: what is written meanwhile is not in it, and holds it up
/// as little as it holds up those who write.
pub(crate) fn copy(
    from: &Path,
    to: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), StoreError> {
    let source = open(from)?;
    // Whoever reads sees one moment for as long as the transaction is open. Without it the copy
    // would begin anew with every change.
    let moment = source.unchecked_transaction()?;
    moment.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let mut target = open(to)?;
    // One wait for the disk at the end is enough: until then the file has not got its name.
    target.pragma_update(None, "synchronous", "OFF")?;
    let backup = Backup::new(&source, &mut target)?;
    loop {
        let step = backup.step(STEP)?;
        let state = backup.progress();
        let n_pages = u64::try_from(state.pagecount).unwrap_or_default();
        let n_left = u64::try_from(state.remaining).unwrap_or_default();
        progress(Progress {
            n_pages,
            n_copied: n_pages.saturating_sub(n_left),
        });
        match step {
            StepResult::Done => break,
            StepResult::More => {}
            _ => return Err(StoreError::Busy),
        }
    }
    drop(backup);
    leave_wal(&target)
}

/// Makes the database at `path` one file, with nothing beside it that belongs to it.
/// [`StoreError::Busy`] while anybody else uses it. Blocks on the disk.
pub(crate) fn make_single(path: &Path) -> Result<(), StoreError> {
    leave_wal(&open(path)?)
}

/// What is wrong with the database at `path`, in the words of SQLite; the first of it. Blocks on the
/// disk.
pub(crate) fn problems(path: &Path) -> Result<Option<String>, StoreError> {
    let connection = open(path)?;
    let text: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if text != "ok" {
        return Ok(Some(text));
    }
    let orphan: Option<String> = connection
        .query_row("PRAGMA foreign_key_check", [], |row| row.get(0))
        .optional()?;
    Ok(orphan.map(|table| format!("a row of {table} belongs to one that is missing")))
}

fn leave_wal(connection: &Connection) -> Result<(), StoreError> {
    let mode = connection.pragma_update_and_check(None, "journal_mode", "DELETE", |row| {
        row.get::<_, String>(0)
    })?;
    if mode == "delete" {
        Ok(())
    } else {
        Err(StoreError::Busy)
    }
}

fn open(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}
