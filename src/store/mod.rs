//! State that outlives a process.
//!
//! Clients and their initial access tokens, assertions that were used, grants, consents, codes,
//! refresh tokens, sessions at the provider, at applications and by other issuers, attempts, signing keys, secrets of
//! our own, revocations, logout notices.
//!
//! One file per noun, each with its statements and nothing else, over the trait `Db`: a database
//! that runs a few statements all or none. SQLite is named in `sqlite.rs` only.
//!
//! What holds here:
//! - a code or refresh token is used up by one conditional statement: of any number of parallel
//!   calls, in any number of processes, one gets [`Redemption::Fresh`] or [`Rotation::Fresh`];
//! - what a call acknowledged survives a crash of the process;
//! - secrets are stored as digests, keys only encrypted under the key file;
//! - the store knows no HTTP and no policy: it is told the time and every lifetime.

mod db;
mod error;
mod migrations;
mod sqlite;

mod files;
mod key_file;
mod sealing;

mod application_sessions;
mod attempts;
mod client_assertions;
mod client_ends;
mod clients;
mod codes;
mod configured_clients;
mod consents;
mod garbage;
mod grants;
mod initial_tokens;
mod issuer_sessions;
mod logout_notices;
mod open_sessions;
mod profile;
mod refresh_tokens;
mod requested_claims;
mod revocations;
mod secrets;
mod sessions;
mod signing_keys;
mod successors;
mod upstream_sessions;

#[cfg(test)]
mod contract;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod inspection;
#[cfg(test)]
mod outage;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::task::spawn_blocking;

pub use self::application_sessions::Begun;
pub use self::attempts::{Attempt, AttemptKey, AttemptLimits, Lane};
pub use self::clients::ClientRecord;
use self::db::{Db, Rows, Statement, answers};
pub use self::error::StoreError;
pub use self::initial_tokens::{Admission, InitialToken};
pub use self::issuer_sessions::{IssuerSession, IssuerTokens};
pub use self::logout_notices::LogoutNotice;
pub use self::open_sessions::OpenSession;
pub use self::refresh_tokens::{RefreshTerms, Rotation};
pub use self::revocations::{Revocations, RevokedElsewhere};
use self::sealing::SealingKey;
pub use self::signing_keys::{Predecessors, generate_key};
use self::sqlite::Sqlite;
use self::successors::SuccessorKey;
pub use self::upstream_sessions::{Rotation as UpstreamRotation, StoredUpstreamSession};
use crate::model::GrantId;

/// What the store runs on.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The SQLite file; its folder is created. `None`: in memory, gone with the process (tests).
    pub path: Option<PathBuf>,
    /// The file with the 32-byte key (base64) that signing keys are encrypted under; created with
    /// mode 0600 when missing. `None` only together with `path: None`.
    pub key_file: Option<PathBuf>,
    /// Whether a commit waits for the disk (`synchronous=FULL`, default) or only for the kernel.
    pub synchronous: Synchronous,
}

/// How durable a commit is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// Survives power loss.
    #[default]
    Full,
    /// Survives a crash of the process.
    Normal,
}

/// What presenting a one-time artefact brought.
#[derive(Debug)]
pub enum Redemption<T> {
    /// Its first use.
    Fresh(T),
    /// A later use; what came of the first must go too.
    Replayed(GrantId),
    /// Never issued, expired or revoked.
    Unknown,
}

/// The state of this deployment. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    db: Arc<dyn Db>,
    sealing: Arc<SealingKey>,
    successors: Arc<SuccessorKey>,
    revocations: Arc<Revocations>,
    outbox_filled: Arc<Notify>,
}

impl Store {
    /// Opens the store; creates file, folder and key file where missing, and migrates the schema.
    ///
    /// Several processes may open one file, also at the same moment.
    ///
    /// # Errors
    ///
    /// The start-up group of [`StoreError`]; the text tells the operator what to do.
    pub async fn open(settings: &Settings) -> Result<Self, StoreError> {
        if settings.path.is_some() && settings.key_file.is_none() {
            return Err(StoreError::KeyFileNotNamed);
        }
        let Settings {
            path,
            key_file,
            synchronous,
        } = settings.clone();
        let db = spawn_blocking(move || match path {
            Some(path) => Sqlite::open(&path, synchronous),
            None => Sqlite::in_memory(),
        })
        .await
        .map_err(|_| StoreError::Stopped)??;
        migrations::migrate(&db, migrations::SQLITE).await?;
        Self::over(Arc::new(db), key_file).await
    }

    /// The store over a database whose schema is current.
    async fn over(db: Arc<dyn Db>, key_file: Option<PathBuf>) -> Result<Self, StoreError> {
        let sealing = secrets::sealing_key(&*db, key_file).await?;
        let secret = secrets::read_or_make(&*db, &sealing, SuccessorKey::NAME).await?;
        let store = Self {
            db,
            sealing: Arc::new(sealing),
            successors: Arc::new(SuccessorKey::new(&secret)),
            revocations: Arc::default(),
            outbox_filled: Arc::default(),
        };
        store.refresh_revocations().await?;
        Ok(store)
    }

    /// Answers when the database answers (readiness).
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.run(Statement::new("SELECT max(version) FROM schema_versions"))
            .await
            .map(drop)
    }

    /// What is revoked, in memory; consulted on every request.
    pub const fn revocations(&self) -> &Arc<Revocations> {
        &self.revocations
    }

    /// Runs one statement that needs no certain number of rows.
    async fn run(&self, statement: Statement) -> Result<Rows, StoreError> {
        let [rows] = self.run_all([statement]).await?;
        Ok(rows)
    }

    /// Runs statements that need no certain number of rows, all or none.
    async fn run_all<const N: usize>(
        &self,
        statements: [Statement; N],
    ) -> Result<[Rows; N], StoreError> {
        answers(self.db.batch(statements.into()).await?.unwrap_or_default())
    }
}

/// Runs `work` to its end even if the caller stops waiting, as when a peer hangs up: a
/// revocation in the database but not in memory would not be seen.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::spawn(work).await.map_err(|_| StoreError::Stopped)?
}
