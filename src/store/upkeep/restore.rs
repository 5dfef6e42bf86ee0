//! A backup in the place of the database.
//!
//! The backup is copied beside the database, looked through, migrated and tried with the key file,
//! all while the database stays as it is. Last comes one rename.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::{UpkeepError, file_of};
use crate::model::Timestamp;
use crate::store::db::{Db as _, Statement};
use crate::store::files::{self, Hold};
use crate::store::sqlite::{self, Sqlite};
use crate::store::{Settings, StoreError, migrations, secrets};

/// Files that belong to a database and lie beside it while it is used, or after a crash.
const COMPANIONS: [&str; 3] = ["-wal", "-journal", "-shm"];

/// What becomes of what had been issued when the backup was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issued {
    /// Sessions and tokens are good as they were. What ended after the backup is good again.
    Kept,
    /// Every session, token, application password and signing key ends.
    Ended,
}

/// What a restore did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Where the replaced database is, if there was one.
    pub set_aside: Option<PathBuf>,
    /// The version of the schema of the backup, and the one it has now.
    pub schema: (i64, i64),
}

/// Puts a copy of the backup `source` in the place of the database of `settings`. Blocks on the disk.
///
/// A code that was not redeemed in the backup may have been since, so such codes are gone in any
/// case.
///
/// # Errors
///
/// [`UpkeepError`]; the database is as it was then.
pub async fn restore(
    settings: &Settings,
    source: &Path,
    issued: Issued,
    now: Timestamp,
) -> Result<Restored, UpkeepError> {
    let path = file_of(settings)?;
    files::create_folder_of(path).map_err(UpkeepError::file(path))?;
    let _hold = Hold::alone(path).map_err(UpkeepError::hold(path))?;
    // Only who has the database alone gets here, so what has that name is a leftover.
    let draft = files::beside(path, "-restoring");
    discard(&draft)?;
    let prepared = prepare(&draft, settings, source, issued, now).await;
    let replaced = match prepared {
        Ok(schema) => replace(path, &draft).map(|set_aside| Restored { set_aside, schema }),
        Err(error) => Err(error),
    };
    if replaced.is_err() {
        discard(&draft)?;
    }
    replaced
}

fn discard(database: &Path) -> Result<(), UpkeepError> {
    let companions = COMPANIONS.map(|suffix| files::beside(database, suffix));
    for file in companions.iter().map(PathBuf::as_path).chain([database]) {
        files::remove(file).map_err(UpkeepError::file(file))?;
    }
    Ok(())
}

/// Makes of the backup the database as it is to be.
async fn prepare(
    draft: &Path,
    settings: &Settings,
    source: &Path,
    issued: Issued,
    now: Timestamp,
) -> Result<(i64, i64), UpkeepError> {
    duplicate(source, draft)?;
    // A file that was copied by other means than ours may have its last changes beside it.
    let log = files::beside(source, "-wal");
    if log.exists() {
        duplicate(&log, &files::beside(draft, "-wal"))?;
    }
    let is_no_backup = || UpkeepError::NotABackup(source.to_owned());
    let damaged = |reason: String| UpkeepError::Damaged {
        path: source.to_owned(),
        reason,
    };
    match sqlite::problems(draft) {
        Ok(None) => {}
        Ok(Some(reason)) => return Err(damaged(reason)),
        Err(error @ StoreError::Damaged) => return Err(damaged(error.to_string())),
        Err(error) => return Err(error.into()),
    }
    let db = Sqlite::open_own(draft)?;
    if !is_ours(&db).await? {
        return Err(is_no_backup());
    }
    let schema = migrations::migrate(&db, migrations::SQLITE).await?;
    secrets::sealing_key(&db, settings.key.clone()).await?;
    let statements = match issued {
        Issued::Kept => vec![forget_codes()],
        Issued::Ended => end_all(now),
    };
    db.batch(statements).await?;
    db.close()?;
    sqlite::make_single(draft)?;
    File::open(draft)
        .and_then(|file| file.sync_all())
        .map_err(UpkeepError::file(draft))?;
    Ok(schema)
}

fn duplicate(from: &Path, to: &Path) -> Result<(), UpkeepError> {
    let mut source = File::open(from).map_err(UpkeepError::file(from))?;
    let copied = files::create_new(to).and_then(|mut file| io::copy(&mut source, &mut file));
    copied.map(drop).map_err(UpkeepError::file(to))
}

/// Whether it holds a state: one that a process has been started on has secrets.
async fn is_ours(db: &Sqlite) -> Result<bool, StoreError> {
    let find = Statement::new(
        "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name IN ('schema_versions', 'secrets')",
    );
    if db.batch(vec![find.need(2)]).await?.is_none() {
        return Ok(false);
    }
    let secret = Statement::new("SELECT 1 FROM secrets LIMIT 1").need(1);
    Ok(db.batch(vec![secret]).await?.is_some())
}

/// Whether one was redeemed after the backup nobody knows any more.
const fn forget_codes() -> Statement {
    Statement::new("DELETE FROM codes WHERE redeemed_at IS NULL")
}

/// Ends whatever lets anybody in. What users allowed, which clients there are and which passwords were
/// wrong stays.
fn end_all(now: Timestamp) -> Vec<Statement> {
    let at = |sql| Statement::new(sql).bind(now);
    vec![
        at("INSERT INTO logout_notices
                (session_id, client_id, subject, ended_at, attempts, next_attempt_at)
            SELECT session_id, client_id, subject, $1, 0, $1 FROM session_clients WHERE true
            ON CONFLICT (session_id, client_id) DO NOTHING"),
        Statement::new("DELETE FROM session_clients"),
        at("UPDATE sessions SET ended_at = $1 WHERE ended_at IS NULL"),
        at("UPDATE grants SET revoked_at = $1 WHERE revoked_at IS NULL"),
        Statement::new("DELETE FROM codes"),
        Statement::new("DELETE FROM refresh_tokens"),
        Statement::new("DELETE FROM application_sessions"),
        Statement::new("DELETE FROM issuer_sessions"),
        at("UPDATE upstream_sessions SET ended_at = $1, claimed_until = 0 WHERE ended_at IS NULL"),
        Statement::new("DELETE FROM application_passwords"),
        Statement::new("DELETE FROM initial_access_tokens"),
        // Access tokens are good by their signature.
        at("UPDATE signing_keys SET published_until = $1
            WHERE published_until IS NULL OR published_until > $1"),
    ]
}

/// Puts `draft` in the place of the database at `path`, and says where that one is now.
fn replace(path: &Path, draft: &Path) -> Result<Option<PathBuf>, UpkeepError> {
    let set_aside = if path.exists() {
        Some(set_aside(path)?)
    } else {
        // What is left of a database that is gone does not belong to this one.
        remove_companions(path)?;
        None
    };
    fs::rename(draft, path)
        .and_then(|()| files::sync_folder_of(path))
        .map_err(UpkeepError::file(path))?;
    Ok(set_aside)
}

/// Gives the database at `path` a second name, and makes sure that nothing beside it will be taken
/// for a part of the one that gets its name.
fn set_aside(path: &Path) -> Result<PathBuf, UpkeepError> {
    let is_empty = fs::metadata(path).is_ok_and(|file| file.len() == 0);
    let aside = second_name(path)?;
    let logs: Vec<_> = ["-wal", "-journal"]
        .map(|suffix| (files::beside(path, suffix), files::beside(&aside, suffix)))
        .into_iter()
        .filter(|(log, _)| log.exists())
        .collect();
    for (log, aside) in &logs {
        fs::hard_link(log, aside).map_err(UpkeepError::file(aside))?;
    }
    files::sync_folder_of(path).map_err(UpkeepError::file(path))?;
    let undo = |error: UpkeepError| {
        let names = logs.iter().map(|(_, name)| name).chain([&aside]);
        for name in names {
            // The reason why nothing was done says more than what is left of it.
            drop(files::remove(name));
        }
        error
    };
    match sqlite::make_single(path) {
        // Its log is in it now. Of an empty file SQLite would have thrown the log away.
        Ok(()) if !is_empty => {
            for (_, name) in &logs {
                files::remove(name).map_err(UpkeepError::file(name))?;
            }
        }
        Ok(()) => {}
        // A process that does not know of the lock: an older program, or another one.
        Err(StoreError::Busy) => return Err(undo(UpkeepError::InUse)),
        // Nobody can start on it, with its log or without.
        Err(StoreError::Damaged) => remove_companions(path)?,
        Err(error) => return Err(undo(error.into())),
    }
    Ok(aside)
}

fn remove_companions(path: &Path) -> Result<(), UpkeepError> {
    for suffix in COMPANIONS {
        let file = files::beside(path, suffix);
        files::remove(&file).map_err(UpkeepError::file(&file))?;
    }
    Ok(())
}

/// Links the file at `path` to a name that nothing has.
fn second_name(path: &Path) -> Result<PathBuf, UpkeepError> {
    let mut number = 1_u32;
    loop {
        let aside = match number {
            1 => files::beside(path, ".replaced"),
            number => files::beside(path, format!(".replaced-{number}")),
        };
        match fs::hard_link(path, &aside) {
            Ok(()) => return Ok(aside),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => {
                return Err(UpkeepError::File {
                    path: aside,
                    source,
                });
            }
        }
        number = number.saturating_add(1);
    }
}
