//! A database that a command has for itself.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::UpkeepError;
use crate::store::StoreError;
use crate::store::db::{Db, Rows, Statement};
use crate::store::files::{self, Hold};
use crate::store::migrations::{self, Migration};
use crate::store::postgres::{Postgres, SessionLock};
use crate::store::settings::Database;
use crate::store::sqlite::{self, Sqlite};

/// A database on which nobody else works, for as long as this is held.
#[derive(Debug)]
pub(super) struct Alone {
    pub(super) db: Arc<dyn Db>,
    server: Option<Postgres>,
    migrations: &'static [Migration],
    _held: Held,
}

#[derive(Debug)]
#[expect(dead_code, reason = "held, not read")]
enum Held {
    File(Hold),
    Server(SessionLock),
}

impl Alone {
    /// The database there is, whose schema has to be that of this program.
    pub(super) async fn existing(database: &Database) -> Result<Self, UpkeepError> {
        if let Database::Sqlite { path, .. } = database
            && !path.exists()
        {
            return Err(UpkeepError::Missing(path.clone()));
        }
        let alone = Self::open(database).await?;
        let known = migrations::newest(alone.migrations);
        match migrations::version(&*alone.db).await? {
            found if found == known => Ok(alone),
            migrations::UNFINISHED => Err(StoreError::Unfinished.into()),
            found if found > known => Err(StoreError::TooNew { found, known }.into()),
            found => Err(StoreError::NotMigrated { found, known }.into()),
        }
    }

    /// The database, made where it is missing, with whatever schema.
    pub(super) async fn open(database: &Database) -> Result<Self, UpkeepError> {
        match database {
            Database::InMemory => Err(UpkeepError::NotKept),
            Database::Sqlite { path, .. } => Self::open_file(path),
            Database::Postgres(settings) => {
                let (db, lock) = Postgres::alone(settings).await?.ok_or(UpkeepError::InUse)?;
                Ok(Self {
                    db: Arc::new(db.clone()),
                    server: Some(db),
                    migrations: migrations::POSTGRES,
                    _held: Held::Server(lock),
                })
            }
        }
    }

    fn open_file(path: &Path) -> Result<Self, UpkeepError> {
        files::create_folder_of(path).map_err(UpkeepError::file(path))?;
        let hold = Hold::alone(path).map_err(UpkeepError::hold(path))?;
        match files::create_new(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            created => created.map(drop),
        }
        .map_err(UpkeepError::file(path))?;
        // Who does not know of the lock is noticed by that.
        sqlite::make_single(path).map_err(|error| match error {
            StoreError::Busy => UpkeepError::InUse,
            other => other.into(),
        })?;
        Ok(Self {
            db: Arc::new(Sqlite::open_own(path)?),
            server: None,
            migrations: migrations::SQLITE,
            _held: Held::File(hold),
        })
    }

    /// Makes the schema that the tables are to be in, where it is named and missing.
    pub(super) async fn make_room(&self) -> Result<(), StoreError> {
        if let Some(server) = &self.server {
            drop(server.migration_turn().await?);
        }
        Ok(())
    }

    /// Brings the schema to that of this program.
    pub(super) async fn migrate(&self) -> Result<(), StoreError> {
        let _turn = match &self.server {
            Some(server) => Some(server.migration_turn().await?),
            None => None,
        };
        migrations::migrate(&*self.db, self.migrations).await?;
        Ok(())
    }

    /// Runs statements that need no certain number of rows.
    pub(super) async fn run(&self, statements: Vec<Statement>) -> Result<Vec<Rows>, StoreError> {
        let answer = self.db.batch(statements).await?;
        answer.ok_or(StoreError::Conflict)
    }

    /// The one number that a statement brings.
    pub(super) async fn number(&self, statement: Statement) -> Result<i64, StoreError> {
        let first = self.run(vec![statement]).await?.into_iter().next();
        let mut row = first
            .and_then(Rows::first)
            .ok_or(StoreError::Corrupt("no number"))?;
        row.integer()
    }
}
