//! What commands do to a whole database: keep a copy of it, bring it back, move it, change its key.
//!
//! All but a backup need the database for themselves ([`alone`]). Whatever kills a command in the middle, the
//! database is afterwards as it was before or as it was to become.

mod alone;
mod backup;
mod copy;
mod rekey;
mod restore;
mod tables;

#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

pub use self::backup::backup;
pub use self::copy::{Copied, copy_state};
pub use self::rekey::{Rekeyed, rekey};
pub use self::restore::{Issued, Restored, restore};
use super::StoreError;
use super::settings::{Database, Settings};

/// Why something was not done to a whole database, which is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpkeepError {
    /// Backup and restore of a server's database.
    #[error(
        "state is in PostgreSQL, which has its own tools: `pg_dump --format=custom` backs a \
         database up while nodes run, `pg_restore` brings it back while none does; the key file is \
         to be kept as well"
    )]
    NotAFile,
    /// The database that is to be kept is not there.
    #[error("{} does not exist yet: `cellgate run` creates it", .0.display())]
    Missing(PathBuf),
    /// The file to be written is there already.
    #[error("{} exists already, and is not overwritten", .0.display())]
    Exists(PathBuf),
    /// Somebody works on the database.
    #[error(
        "a process uses the database; stop every `cellgate run` and every command that works on it \
         first"
    )]
    InUse,
    /// Nothing outlives the process.
    #[error("there is no state to work on")]
    NotKept,
    /// A copy of a database to where it is.
    #[error("both configurations name the same database")]
    SameDatabase,
    /// No process has been started on it.
    #[error("there is no state in the database yet: `cellgate run` creates it")]
    NothingToCopy,
    /// The target of a copy is used already.
    #[error(
        "the database that is to be copied to holds state already; name one without tables, or drop \
         what is there"
    )]
    NotEmpty,
    /// A table came out otherwise than it was.
    #[error("the copy of the table {0} has another number of rows; nothing will start on it")]
    Incomplete(&'static str),
    /// The key to change to is the one there is.
    #[error(
        "everything is encrypted under that key already, which the configuration names as well"
    )]
    SameKey,
    /// What was to be restored is something else.
    #[error("{} is not a backup of Cellgate's state", .0.display())]
    NotABackup(PathBuf),
    /// What was to be restored is damaged.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// In the words of SQLite.
        reason: String,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl UpkeepError {
    /// What the operating system said of `path`.
    fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::AlreadyExists => Self::Exists(path),
            _ => Self::File { path, source },
        }
    }

    /// The same of the lock of a database.
    fn hold(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::WouldBlock => Self::InUse,
            _ => Self::File { path, source },
        }
    }
}

/// The file that state is in.
fn file_of(settings: &Settings) -> Result<&Path, UpkeepError> {
    match &settings.database {
        Database::Sqlite { path, .. } => Ok(path),
        Database::InMemory | Database::Postgres(_) => Err(UpkeepError::NotAFile),
    }
}
