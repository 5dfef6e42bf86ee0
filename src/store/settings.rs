//! What the store runs on.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::key_file::{self, KeyBytes};
use super::postgres::PostgresSettings;
use crate::secret::{Digest, Secret};

/// What the store runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where state is.
    pub database: Database,
    /// The 32-byte key (base64) that signing keys are encrypted under. `None` only in memory.
    pub key: Option<KeySource>,
    /// How long what was read of revocations is good for while the database is away.
    pub stale_after: Duration,
}

/// Ten minutes: time for a failover, and for somebody to be woken.
const STALE_AFTER: Duration = Duration::from_secs(600);

/// Where the key is that everything sealed depends on.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// In this file; made with mode 0600 when it is missing and nothing depends on it yet.
    File(PathBuf),
    /// Here: the operator keeps it elsewhere.
    Given(GivenKey),
}

/// A key that came with the environment.
#[derive(Clone)]
pub struct GivenKey(pub(super) Arc<KeyBytes>);

impl GivenKey {
    /// Reads 32 bytes in base64; `None` for anything else.
    pub fn parse(text: &Secret) -> Option<Self> {
        key_file::parse(text.expose().as_bytes()).map(|key| Self(Arc::new(key)))
    }
}

impl fmt::Debug for GivenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GivenKey(..)")
    }
}

impl PartialEq for KeySource {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(one), Self::File(other)) => one == other,
            (Self::Given(one), Self::Given(other)) => {
                Digest::of(&**one.0) == Digest::of(&**other.0)
            }
            (Self::File(_), Self::Given(_)) | (Self::Given(_), Self::File(_)) => false,
        }
    }
}

impl Eq for KeySource {}

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
            key: None,
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

    /// The file that the key is in, where it is in one.
    pub fn key_file(&self) -> Option<&Path> {
        match &self.key {
            Some(KeySource::File(path)) => Some(path),
            Some(KeySource::Given(_)) | None => None,
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
            key: Some(KeySource::File(key_file.into())),
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
