//! What the store runs on.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::postgres::PostgresSettings;

/// What the store runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where state is.
    pub database: Database,
    /// The file with the 32-byte key (base64) that signing keys are encrypted under; created with
    /// mode 0600 when missing. `None` only in memory.
    pub key_file: Option<PathBuf>,
    /// How long what was read of revocations is good for while the database is away.
    pub stale_after: Duration,
}

/// Ten minutes: time for a failover, and for somebody to be woken.
const STALE_AFTER: Duration = Duration::from_secs(600);

/// Where state is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// Gone with the process (tests, `cellgate check`).
    InMemory,
    /// A file of this machine.
    Sqlite {
        /// The file; its folder is created.
        path: PathBuf,
        /// What a commit waits for.
        synchronous: Synchronous,
    },
    /// A server that several machines share.
    Postgres(Box<PostgresSettings>),
}

impl Settings {
    /// State that leaves nothing behind.
    pub const fn in_memory() -> Self {
        Self {
            database: Database::InMemory,
            key_file: None,
            stale_after: STALE_AFTER,
        }
    }

    /// The file that state is in, where it is in one.
    pub fn file(&self) -> Option<&Path> {
        match &self.database {
            Database::Sqlite { path, .. } => Some(path),
            Database::InMemory | Database::Postgres(_) => None,
        }
    }

    /// The same for whoever may look at state and change it, but not make it: a server shared by
    /// many is not migrated by a command that was asked for something else.
    #[must_use]
    pub fn as_it_is(&self) -> Self {
        let mut settings = self.clone();
        if let Database::Postgres(postgres) = &mut settings.database {
            postgres.migrates_at_start = false;
        }
        settings
    }

    /// State in a file.
    pub fn sqlite(
        path: impl Into<PathBuf>,
        key_file: impl Into<PathBuf>,
        synchronous: Synchronous,
    ) -> Self {
        Self {
            database: Database::Sqlite {
                path: path.into(),
                synchronous,
            },
            key_file: Some(key_file.into()),
            stale_after: STALE_AFTER,
        }
    }
}

/// How durable a commit is: whether it waits for the disk or only for the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// Survives power loss.
    #[default]
    Full,
    /// Survives a crash of the process.
    Normal,
}
