//! Why the store could not answer.

use std::io;
use std::path::PathBuf;

use crate::entropy::EntropyError;
use crate::jose::KeyError;

/// The store could not answer; the request may well have been right.
///
/// The first group stops a start and tells the operator what to do, the second one fails a
/// request: always our fault, never the peer's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database file or its folder cannot be created or opened.
    #[error(
        "cannot open or create the database {}: {source}; its folder must be writable by the user \
         that cellgate runs as", path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file was migrated by a newer program; running on it could lose what that one wrote.
    #[error(
        "the database was written by a newer cellgate (its schema is {found}, this program knows \
         {known}); run the newer program, or restore a backup made by this one"
    )]
    TooNew {
        /// Schema version in the file.
        found: i64,
        /// Newest schema version this program has.
        known: i64,
    },
    /// The schema has to be changed, which a start may not.
    #[error(
        "the schema of the database is at version {found}, this program needs {known}; run \
         `cellgate migrate` (`cellgate run` does so by itself, unless `migrate_at_start` is false)"
    )]
    NotMigrated {
        /// Schema version in the database.
        found: i64,
        /// Newest schema version this program has.
        known: i64,
    },
    /// A command works on the database that has to be alone with it.
    #[error(
        "another command has the database for itself (`cellgate restore`, `copy-state` or `keys \
         rekey`); try again when it has ended"
    )]
    Taken,
    /// A copy of another database was broken off.
    #[error(
        "the database is a copy that was broken off; run `cellgate copy-state` again, which begins \
         anew"
    )]
    Unfinished,
    /// A database on disk needs a key file.
    #[error("a database on disk needs a key file that its signing keys are encrypted under")]
    KeyFileNotNamed,
    /// The store holds what only the missing key file can decrypt. It is never made anew then.
    #[error(
        "the key file {} is missing, but the database holds keys encrypted under it; restore it \
         from a backup (or delete the database as well: everybody is signed out, all keys change)",
        path.display()
    )]
    KeyFileMissing {
        /// The file.
        path: PathBuf,
    },
    /// The key file cannot be read or created.
    #[error("cannot read or create the key file {}: {source}", path.display())]
    KeyFileUnreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The key file does not hold a key.
    #[error("the key file {} must hold 32 bytes in base64, and nothing else", path.display())]
    KeyFileMalformed {
        /// The file.
        path: PathBuf,
    },
    /// The key is one, but not the one that the database was written with.
    #[error(
        "the key file is not the one that the keys in the database are encrypted under; restore \
         the right one from a backup (after `cellgate keys rekey` it is the new one)"
    )]
    KeyFileWrong,

    /// The database server cannot be reached, or does not answer in time.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// The database thread is gone; only a restart helps.
    #[error("the database thread has stopped")]
    Stopped,
    /// More statements wait than can be answered in time.
    #[error("too many database statements are waiting")]
    Overloaded,
    /// Another process held the database for longer than the busy timeout.
    #[error("the database is locked by another process")]
    Busy,
    /// There is no room for another page.
    #[error("the disk of the database is full")]
    DiskFull,
    /// The file or its file system became read-only.
    #[error("the database cannot be written")]
    ReadOnly,
    /// The file is not a database, or a damaged one.
    #[error("the database file is damaged; restore a backup")]
    Damaged,
    /// A unique or foreign key forbids the change: an identifier was used twice.
    #[error("the change contradicts what is stored")]
    Conflict,
    /// A stored value is not what was written there.
    #[error("a stored value cannot be read: {0}")]
    Corrupt(&'static str),
    /// Any other refusal of the database engine.
    #[error("the database failed with code {code}: {message}")]
    Engine {
        /// The engine's own (extended) code.
        code: String,
        /// The engine's own words; they name tables, never values.
        message: String,
    },
    /// The cipher refused to work.
    #[error("a key could not be encrypted")]
    Sealing,
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// A signing key cannot be made or read.
    #[error(transparent)]
    Key(#[from] KeyError),
}
