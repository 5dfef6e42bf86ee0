//! State that outlives a process.
//!
//! Clients and their initial access tokens, assertions that were used, grants, consents, codes,
//! refresh tokens, sessions at the provider, at applications and by other issuers, application
//! passwords, attempts, signing keys, secrets of our own, revocations, logout notices, leases,
//! failures of addresses.
//!
//! One file per noun, each with its statements and nothing else, over the trait `Db`: a database
//! that runs a few statements all or none. SQLite is named in `sqlite/` only, PostgreSQL in
//! `postgres/` only. What commands do to a whole database is in `upkeep/`.
//!
//! What holds here:
//! - a code or refresh token is used up by one conditional statement: of any number of parallel
//!   calls, in any number of processes, one gets [`Redemption::Fresh`] or [`Rotation::Fresh`];
//! - what a call acknowledged survives a crash of the process;
//! - secrets are stored as digests, keys only encrypted under the key of the key file or environment;
//! - the store knows no HTTP and no policy: it is told the time and every lifetime.

mod db;
mod error;
mod migrations;
mod postgres;
mod settings;
mod sqlite;

mod files;
mod key_file;
mod sealing;

mod application_passwords;
mod application_sessions;
mod attempts;
mod client_assertions;
mod client_ends;
mod clients;
mod codes;
mod configured_clients;
mod consents;
mod failure_counts;
mod garbage;
mod grants;
mod initial_tokens;
mod issuer_sessions;
mod leases;
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

mod upkeep;

#[cfg(test)]
mod contract;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod inspection;
#[cfg(test)]
mod outage;
#[cfg(test)]
pub(crate) mod testing;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::spawn_blocking;

pub use self::application_passwords::Minted;
pub use self::application_sessions::Begun;
pub use self::attempts::{Attempt, AttemptKey, AttemptLimits, Lane};
pub use self::clients::ClientRecord;
use self::db::{Db, Rows, Statement, answers};
pub use self::error::StoreError;
pub use self::failure_counts::{Counted, SharedLimiter};
pub use self::initial_tokens::{Admission, InitialToken};
pub use self::issuer_sessions::{IssuerSession, IssuerTokens};
pub use self::leases::{Duty, LEASE_PERIOD, Lease};
pub use self::logout_notices::LogoutNotice;
pub use self::open_sessions::OpenSession;
use self::postgres::{Announcements, Postgres};
pub use self::postgres::{Encryption, PostgresServer, PostgresSettings};
pub use self::refresh_tokens::{RefreshTerms, Rotation};
pub use self::revocations::{Revocations, RevokedElsewhere};
use self::sealing::SealingKey;
pub use self::settings::{Database, GivenKey, KeySource, Settings, Synchronous};
pub use self::signing_keys::{Predecessors, generate_key};
pub use self::sqlite::Progress;
use self::sqlite::Sqlite;
use self::successors::SuccessorKey;
pub use self::upkeep::{
    Copied, Issued, Rekeyed, Restored, UpkeepError, backup, copy_state, rekey, restore,
};
pub use self::upstream_sessions::{Rotation as UpstreamRotation, StoredUpstreamSession};
use crate::entropy;
use crate::model::GrantId;

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
    /// The same database, where it can tell what other processes change.
    shared: Option<Postgres>,
    sealing: Arc<SealingKey>,
    successors: Arc<SuccessorKey>,
    revocations: Arc<Revocations>,
    outbox_filled: Arc<Notify>,
    stale_after: Duration,
    process: Arc<Process>,
    looked: Arc<garbage::Looked>,
}

/// Whoever opened the store, among those who did.
#[derive(Debug)]
struct Process {
    id: String,
    /// Whether it is about to end.
    is_leaving: AtomicBool,
    #[cfg(test)]
    n_key_readings: std::sync::atomic::AtomicUsize,
}

impl Store {
    /// Opens the store; creates file, folder and key file where missing, and migrates the schema.
    ///
    /// Several processes may open one database, also at the same moment.
    ///
    /// # Errors
    ///
    /// The start-up group of [`StoreError`]; the text tells the operator what to do.
    pub async fn open(settings: &Settings) -> Result<Self, StoreError> {
        if settings.key.is_none() && !matches!(settings.database, Database::InMemory) {
            return Err(StoreError::KeyFileNotNamed);
        }
        if let Database::Postgres(postgres) = &settings.database {
            let db = Box::pin(open_postgres(postgres)).await?;
            let shared = Some(db.clone());
            return Self::over(Arc::new(db), shared, settings).await;
        }
        let db = open_sqlite(settings.database.clone()).await?;
        migrations::migrate(&db, migrations::SQLITE).await?;
        Self::over(Arc::new(db), None, settings).await
    }

    /// Brings the schema of the database to what this program knows; returns the version found
    /// and the one there is now.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub async fn migrate(settings: &Settings) -> Result<(i64, i64), StoreError> {
        match &settings.database {
            Database::Postgres(settings) => {
                let db = Postgres::new(settings)?;
                let _turn = Box::pin(db.migration_turn()).await?;
                migrations::migrate(&db, migrations::POSTGRES).await
            }
            other => {
                let db = open_sqlite(other.clone()).await?;
                migrations::migrate(&db, migrations::SQLITE).await
            }
        }
    }

    /// The store over a database whose schema is current.
    async fn over(
        db: Arc<dyn Db>,
        shared: Option<Postgres>,
        settings: &Settings,
    ) -> Result<Self, StoreError> {
        let (key, stale_after) = (settings.key.clone(), settings.stale_after);
        let sealing = secrets::sealing_key(&*db, key).await?;
        let secret = secrets::read_or_make(&*db, &sealing, SuccessorKey::NAME).await?;
        let store = Self {
            db,
            shared,
            sealing: Arc::new(sealing),
            successors: Arc::new(SuccessorKey::new(&secret)),
            revocations: Arc::default(),
            outbox_filled: Arc::default(),
            stale_after,
            looked: Arc::default(),
            process: Arc::new(Process {
                id: entropy::identifier()?,
                is_leaving: AtomicBool::new(false),
                #[cfg(test)]
                n_key_readings: std::sync::atomic::AtomicUsize::default(),
            }),
        };
        store.read_revocations().await?;
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

    /// Whether other processes work on the same database, and so go on when this one cannot.
    pub const fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// What is revoked, in memory; consulted on every request.
    pub const fn revocations(&self) -> &Arc<Revocations> {
        &self.revocations
    }

    /// What other processes change, from now on.
    pub fn changes(&self) -> Changes {
        Changes(self.shared.as_ref().map(Postgres::listen))
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

/// What other processes changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Signing keys.
    pub keys: bool,
    /// Revocations.
    pub revocations: bool,
}

/// Tells of changes by other processes as soon as they are made, where the database can.
#[derive(Debug)]
pub struct Changes(Option<Announcements>);

impl Changes {
    /// Waits for the next one; for ever with a database that tells nothing. Some may be missed, so
    /// look from time to time as well.
    pub async fn next(&self) -> Changed {
        match &self.0 {
            Some(announcements) => announcements.next().await,
            None => std::future::pending().await,
        }
    }
}

async fn open_sqlite(database: Database) -> Result<Sqlite, StoreError> {
    spawn_blocking(move || match database {
        Database::Sqlite { path, synchronous } => Sqlite::open(&path, synchronous),
        Database::InMemory | Database::Postgres(_) => Sqlite::in_memory(),
    })
    .await
    .map_err(|_| StoreError::Stopped)?
}

/// The database with its schema as this program knows it: changed where that is allowed.
async fn open_postgres(settings: &PostgresSettings) -> Result<Postgres, StoreError> {
    let db = Postgres::new(settings)?;
    let known = migrations::newest(migrations::POSTGRES);
    let found = db.schema_version().await?;
    if found < known && !settings.migrates_at_start {
        return Err(StoreError::NotMigrated { found, known });
    }
    if found != known {
        let _turn = db.migration_turn().await?;
        migrations::migrate(&db, migrations::POSTGRES).await?;
    }
    Ok(db)
}

/// Runs `work` to its end even if the caller stops waiting, as when a peer hangs up: a
/// revocation in the database but not in memory would not be seen.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::spawn(work).await.map_err(|_| StoreError::Stopped)?
}
