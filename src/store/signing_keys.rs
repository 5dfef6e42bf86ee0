//! Signing keys, as PKCS#8 sealed under the key file.

use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::db::{Row, Statement};
use super::{Store, StoreError};
use crate::jose::{RingKey, SigningAlgorithm, SigningKey};
use crate::model::Timestamp;

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
        rows.read_all(|row| self.read_key(row))
    }

    /// Stores a new key, encrypted, and lets its predecessors of the same algorithm be published
    /// until `predecessors_until`, in one batch.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the key exists already; else as the database.
    pub async fn save_key(
        &self,
        key: &RingKey,
        predecessors_until: Timestamp,
    ) -> Result<(), StoreError> {
        let retire = Statement::new(
            "UPDATE signing_keys SET published_until = $2
             WHERE algorithm = $1 AND published_until IS NULL",
        );
        let insert = Statement::new(
            "INSERT INTO signing_keys
                 (id, algorithm, sealed, created_at, active_from, published_until)
             VALUES ($1, $2, $3, $4, $5, $6)",
        );
        self.run_all([
            retire
                .bind(key.key.algorithm().as_str())
                .bind(predecessors_until),
            self.bind_key(insert, key)?,
        ])
        .await
        .map(drop)
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
                key: Arc::new(generate(algorithm).await?),
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

/// Making an RSA key takes up to a second: not on a runtime thread.
async fn generate(algorithm: SigningAlgorithm) -> Result<SigningKey, StoreError> {
    spawn_blocking(move || SigningKey::generate(algorithm))
        .await
        .map_err(|_| StoreError::Stopped)?
        .map_err(StoreError::from)
}
