//! The PostgreSQL driver: one database, any number of processes.
//!
//! Nothing else names `tokio_postgres` and `deadpool_postgres`. The repositories are written for a
//! database in which changes happen one after the other, as they do in SQLite. Here every batch
//! that changes something is `SERIALIZABLE`, and is run again when another one came in between,
//! which comes to the same. What runs again takes turns, so that of any number of batches about
//! one row each gets through.

mod batch;
mod connect;
mod failure;
mod listen;
mod settings;
mod values;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::{Client, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio::time::{Instant, timeout, timeout_at};

use self::connect::{CONNECT_TIMEOUT, Connector, Health};
use self::failure::Failure;
pub(crate) use self::listen::Announcements;
pub use self::settings::{Encryption, PostgresServer, PostgresSettings};
use super::StoreError;
use super::db::{Db, Rows, Statement, answers};

/// How long a batch may take, with all that comes in between.
const BATCH_TIMEOUT: Duration = Duration::from_secs(5);

/// The same for a command that has the database for itself, and changes much of it at once.
const ALONE_TIMEOUT: Duration = Duration::from_secs(3600);

/// How long a batch may wait for a connection.
const WAIT_TIMEOUT: Duration = Duration::from_secs(2);

/// The advisory lock under which a schema is changed: "cellgate" in ASCII.
const MIGRATION_LOCK: i64 = 0x6365_6c6c_6761_7465;

/// PostgreSQL's code for it.
const NO_SUCH_TABLE: &str = "42P01";

/// How long a start waits for another one that changes the schema.
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(300);

/// A PostgreSQL database behind a pool of connections. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Postgres {
    pool: Pool,
    health: Arc<Health>,
    patience: Duration,
    reach: Arc<Reach>,
}

/// How to reach it.
#[derive(Debug)]
struct Reach {
    config: tokio_postgres::Config,
    connector: Connector,
    schema: Option<String>,
}

impl Postgres {
    /// The database of `settings`. Nobody is asked yet.
    pub(crate) fn new(settings: &PostgresSettings) -> Result<Self, StoreError> {
        Self::with(settings, Connector::new(settings), BATCH_TIMEOUT)
    }

    /// The database for a command that has it for itself as long as the lock is held; `None` while
    /// others use it. A batch may take its time.
    pub(crate) async fn alone(
        settings: &PostgresSettings,
    ) -> Result<Option<(Self, SessionLock)>, StoreError> {
        let db = Self::with(settings, Connector::alone(settings), ALONE_TIMEOUT)?;
        let client = Object::take(db.client().await?);
        let lock = connect::lock_alone(settings.schema.as_deref());
        let row = client.query_one(&lock, &[]).await.map_err(failure::stop)?;
        let is_alone: bool = row.try_get(0).map_err(failure::stop)?;
        Ok(is_alone.then(|| (db, SessionLock(client))))
    }

    fn with(
        settings: &PostgresSettings,
        connector: Connector,
        patience: Duration,
    ) -> Result<Self, StoreError> {
        let config = settings.to_config();
        let manager = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = Manager::from_connect(config.clone(), connector.clone(), manager);
        let pool = Pool::builder(manager)
            .max_size(settings.connections)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT_TIMEOUT))
            .create_timeout(Some(CONNECT_TIMEOUT))
            .build()
            .map_err(|error| StoreError::Unreachable(error.to_string()))?;
        Ok(Self {
            pool,
            health: Arc::default(),
            patience,
            reach: Arc::new(Reach {
                config,
                connector,
                schema: settings.schema.clone(),
            }),
        })
    }

    /// Tells what other processes change, from now until dropped.
    pub(crate) fn listen(&self) -> Announcements {
        Announcements::start(self.reach.config.clone(), self.reach.connector.clone())
    }

    /// Waits until no other process changes the schema, and keeps others from it until the returned
    /// connection is dropped. Makes the schema where it is named and missing.
    pub(crate) async fn migration_turn(&self) -> Result<SessionLock, StoreError> {
        let client = self.client().await?;
        let take = "SET lock_timeout = 0; SET statement_timeout = 0; \
                    SET idle_in_transaction_session_timeout = 0";
        let lock = format!("{take}; SELECT pg_advisory_lock({MIGRATION_LOCK})");
        // Not back into the pool: the lock is the session's, and so are its settings.
        let client = Object::take(client);
        let locked = timeout(MIGRATION_TIMEOUT, client.batch_execute(&lock)).await;
        locked
            .map_err(|_| StoreError::Busy)?
            .map_err(failure::stop)?;
        if let Some(schema) = &self.reach.schema {
            let find = "SELECT 1 FROM pg_namespace WHERE nspname = $1";
            let found = client.query_opt(find, &[schema]).await;
            if found.map_err(failure::stop)?.is_none() {
                let make = format!("CREATE SCHEMA {}", connect::quoted(schema));
                client.batch_execute(&make).await.map_err(failure::stop)?;
            }
        }
        Ok(SessionLock(client))
    }

    /// The version of the schema; 0 where there is none.
    pub(crate) async fn schema_version(&self) -> Result<i64, StoreError> {
        let newest = Statement::new("SELECT coalesce(max(version), 0) FROM schema_versions");
        let answer = match self.batch(vec![newest]).await {
            Err(StoreError::Engine { code, .. }) if code == NO_SUCH_TABLE => return Ok(0),
            other => other?,
        };
        let [newest] = answers(answer.unwrap_or_default())?;
        let newest = newest
            .first()
            .ok_or(StoreError::Corrupt("no schema version"))?
            .integer()?;
        Ok(newest)
    }

    async fn run(self, statements: Vec<Statement>) -> Result<Option<Vec<Rows>>, StoreError> {
        let deadline = Instant::now() + self.patience;
        let is_read = statements.iter().all(Statement::is_read);
        let mut takes_turn = false;
        let mut may_repeat = is_read;
        loop {
            let client = self.client().await?;
            let attempt = batch::run(&client, &statements, takes_turn);
            let outcome = timeout_at(deadline, attempt).await;
            match outcome {
                Ok(Ok(answers)) => {
                    self.health.succeeded();
                    return Ok(answers);
                }
                Ok(Err(Failure::Refused(error))) => {
                    self.health.succeeded();
                    return Err(error);
                }
                Ok(Err(Failure::Overtaken)) if Instant::now() < deadline => takes_turn = true,
                Ok(Err(Failure::Overtaken)) => return Err(StoreError::Busy),
                Ok(Err(Failure::Lost(error))) => {
                    drop(Object::take(client));
                    // A connection that ended while it was not needed; reading twice harms nobody.
                    if !std::mem::take(&mut may_repeat) {
                        return Err(error);
                    }
                }
                Err(_) => {
                    drop(Object::take(client));
                    self.health.failed(Instant::now());
                    let reason = "it does not answer in time".to_owned();
                    return Err(StoreError::Unreachable(reason));
                }
            }
        }
    }

    /// A connection, a new one only if the database is known to answer or may be asked again.
    async fn client(&self) -> Result<Client, StoreError> {
        if !self.health.may_try(Instant::now()) {
            let reason = "it did not answer a moment ago".to_owned();
            return Err(StoreError::Unreachable(reason));
        }
        self.pool.get().await.map_err(|error| {
            let error = failure::no_connection(&error);
            if matches!(error, StoreError::Unreachable(_) | StoreError::Taken) {
                self.health.failed(Instant::now());
            }
            error
        })
    }
}

#[async_trait]
impl Db for Postgres {
    async fn batch(&self, statements: Vec<Statement>) -> Result<Option<Vec<Rows>>, StoreError> {
        // On a task of its own it comes to its end although nobody may wait for it any more.
        tokio::spawn(self.clone().run(statements))
            .await
            .map_err(|_| StoreError::Stopped)?
    }
}

/// Held while the schema is changed, or while a command has the database for itself.
#[derive(Debug)]
pub(crate) struct SessionLock(
    #[expect(dead_code, reason = "the lock is held as long as its session")]
    deadpool_postgres::ClientWrapper,
);
