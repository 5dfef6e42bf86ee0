//! Signing keys, as PKCS#8 sealed under the key file.

use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::db::{Row, Statement};
use super::{Store, StoreError};
use crate::jose::{RingKey, SigningAlgorithm, SigningKey};
use crate::model::Timestamp;

/// What becomes of the keys before a new one.
#[derive(Clone, Copy, Debug)]
pub enum Predecessors<'a> {
    /// The key called `id` is published until then. The new one is stored only if that key was
    /// the youngest of its algorithm: of several processes that replace it at once one succeeds.
    Only {
        /// Its `kid`.
        id: &'a str,
        /// When it ends.
        until: Timestamp,
    },
    /// The youngest is published until then, whichever it is.
    Youngest {
        /// When it ends.
        until: Timestamp,
    },
    /// None is published any more, whatever was planned before.
    Withdrawn {
        /// When they end: now.
        at: Timestamp,
    },
}

const RETIRE_ONE: &str =
    "UPDATE signing_keys SET published_until = $2 WHERE id = $1 AND published_until IS NULL";

impl Store {
    /// All stored signing keys, decrypted.
    ///
    /// # Errors
    ///
    /// [`StoreError::KeyFileWrong`] or [`StoreError::Corrupt`] when one cannot be decrypted or
    /// is not what it says; else as the database.
    pub async fn load_keys(&self) -> Result<Vec<RingKey>, StoreError> {
        let select = Statement::new(
            "SELECT id, algorithm, sealed, created_at, active_from, published_until
             FROM signing_keys ORDER BY created_at, id",
        );
        let rows = self.run(select).await?;
        #[cfg(test)]
        self.process.count_key_reading();
        rows.read_all(|row| self.read_key(row))
    }

    /// Stores a new key, encrypted, and lets its predecessors of the same algorithm end, in one
    /// batch. Returns whether it did: see [`Predecessors::Only`].
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the key exists already; else as the database.
    pub async fn save_key(
        &self,
        key: &RingKey,
        predecessors: Predecessors<'_>,
    ) -> Result<bool, StoreError> {
        let algorithm = key.key.algorithm().as_str();
        let retire = match predecessors {
            Predecessors::Only { id, until } => {
                Statement::new(RETIRE_ONE).bind(id).bind(until).need(1)
            }
            Predecessors::Youngest { until } => Statement::new(
                "UPDATE signing_keys SET published_until = $2
                 WHERE algorithm = $1 AND published_until IS NULL",
            )
            .bind(algorithm)
            .bind(until),
            Predecessors::Withdrawn { at } => Statement::new(
                "UPDATE signing_keys SET published_until = $2
                 WHERE algorithm = $1 AND (published_until IS NULL OR published_until > $2)",
            )
            .bind(algorithm)
            .bind(at),
        };
        let insert = Statement::new(
            "INSERT INTO signing_keys
                 (id, algorithm, sealed, created_at, active_from, published_until)
             VALUES ($1, $2, $3, $4, $5, $6)",
        );
        let insert = self.bind_key(insert, key)?;
        let stored = self.db.batch(vec![retire, insert]).await?;
        Ok(stored.is_some())
    }

    /// Lets the key called `id` be published until then without a successor, so that it signs no
    /// more; returns whether it was the youngest of its algorithm.
    ///
    /// # Errors
    ///
    /// As the database.
    pub async fn retire_key(&self, id: &str, until: Timestamp) -> Result<bool, StoreError> {
        let retire = Statement::new(RETIRE_ONE).bind(id).bind(until);
        Ok(self.run(retire).await?.count() == 1)
    }

    /// Makes sure that there is a key for each of `algorithms`; returns all keys.
    ///
    /// Of several processes that do so at once one makes the key and all return it.
    ///
    /// # Errors
    ///
    /// As [`Self::load_keys`], or when a key cannot be made.
    pub async fn ensure_keys(
        &self,
        algorithms: &[SigningAlgorithm],
        now: Timestamp,
    ) -> Result<Vec<RingKey>, StoreError> {
        let keys = self.load_keys().await?;
        let has_key = |algorithm| {
            keys.iter()
                .any(|key| key.published_until.is_none() && key.key.algorithm() == algorithm)
        };
        let mut missing: Vec<_> = algorithms.iter().filter(|a| !has_key(**a)).collect();
        if missing.is_empty() {
            return Ok(keys);
        }
        missing.sort();
        missing.dedup();
        for algorithm in missing.into_iter().copied() {
            let insert = Statement::new(
                "INSERT INTO signing_keys
                     (id, algorithm, sealed, created_at, active_from, published_until)
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            );
            let key = RingKey {
                key: Arc::new(generate_key(algorithm).await?),
                created_at: now,
                active_from: now,
                published_until: None,
            };
            self.run(self.bind_key(insert, &key)?).await?;
        }
        self.load_keys().await
    }

    fn bind_key(&self, insert: Statement, key: &RingKey) -> Result<Statement, StoreError> {
        let (id, algorithm) = (key.key.id(), key.key.algorithm());
        let sealed = self
            .sealing
            .seal(&context(id, algorithm), &key.key.to_pkcs8()?)?;
        Ok(insert
            .bind(id)
            .bind(algorithm.as_str())
            .bind(sealed)
            .bind(key.created_at)
            .bind(key.active_from)
            .bind(key.published_until))
    }

    fn read_key(&self, mut row: Row) -> Result<RingKey, StoreError> {
        let id = row.text()?;
        let algorithm =
            SigningAlgorithm::parse(&row.text()?).ok_or(StoreError::Corrupt("an algorithm"))?;
        let pkcs8 = self
            .sealing
            .unseal(&context(&id, algorithm), &row.blob()?)
            .ok_or(StoreError::KeyFileWrong)?;
        let key = SigningKey::from_pkcs8(algorithm, &pkcs8)?;
        if key.id() != id {
            return Err(StoreError::Corrupt("a key id"));
        }
        Ok(RingKey {
            key: Arc::new(key),
            created_at: row.timestamp()?,
            active_from: row.timestamp()?,
            published_until: row.optional_timestamp()?,
        })
    }
}

/// What a sealed key is bound to: neither its name nor its algorithm can be exchanged.
fn context(id: &str, algorithm: SigningAlgorithm) -> String {
    format!("signing-key:{}:{id}", algorithm.as_str())
}

/// Makes a key. An RSA key takes up to a second: not on a runtime thread.
///
/// # Errors
///
/// [`StoreError`] when there is no randomness, or the process ends.
pub async fn generate_key(algorithm: SigningAlgorithm) -> Result<SigningKey, StoreError> {
    spawn_blocking(move || SigningKey::generate(algorithm))
        .await
        .map_err(|_| StoreError::Stopped)?
        .map_err(StoreError::from)
}
