//! Secrets of the deployment itself, made once and sealed under the key file.

use std::path::PathBuf;

use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

use super::db::{Db, Statement, answers};
use super::key_file::{self, KeyBytes};
use super::sealing::SealingKey;
use super::{Store, StoreError};
use crate::entropy;
use crate::secret::Secret;

/// The secret that tells at start whether the key file is the right one.
const PROBE: &str = "key-file";

impl Store {
    /// A random 32-byte secret that is kept in the store under `name` (CSRF MAC key, …). Every
    /// process of the deployment gets the same one.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database or the random source cannot answer.
    pub async fn secret(&self, name: &str) -> Result<Secret, StoreError> {
        read_or_make(&*self.db, &self.sealing, name).await
    }
}

/// Reads the key file, makes it for an empty store, and checks that it is the store's.
pub(super) async fn sealing_key(
    db: &dyn Db,
    key_file: Option<PathBuf>,
) -> Result<SealingKey, StoreError> {
    let is_new = find(db, PROBE).await?.is_none();
    let key = spawn_blocking(move || key_bytes(key_file, is_new))
        .await
        .map_err(|_| StoreError::Stopped)??;
    let sealing = SealingKey::new(&key)?;
    read_or_make(db, &sealing, PROBE).await?;
    Ok(sealing)
}

fn key_bytes(key_file: Option<PathBuf>, is_new: bool) -> Result<KeyBytes, StoreError> {
    match key_file {
        None => Ok(Zeroizing::new(entropy::random()?)),
        Some(path) if is_new => key_file::read_or_create(&path),
        Some(path) => key_file::read(&path),
    }
}

/// Reads the secret `name`, and makes it where missing.
pub(super) async fn read_or_make(
    db: &dyn Db,
    sealing: &SealingKey,
    name: &str,
) -> Result<Secret, StoreError> {
    let context = format!("secret:{name}");
    let sealed = match find(db, name).await? {
        Some(sealed) => sealed,
        None => {
            insert(
                db,
                name,
                sealing.seal(&context, entropy::opaque_token()?.expose().as_bytes())?,
            )
            .await?
        }
    };
    let plain = sealing
        .unseal(&context, &sealed)
        .ok_or(StoreError::KeyFileWrong)?;
    std::str::from_utf8(&plain)
        .map(Secret::new)
        .map_err(|_| StoreError::Corrupt("a secret"))
}

async fn find(db: &dyn Db, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let select = Statement::new("SELECT sealed FROM secrets WHERE name = $1").bind(name);
    let [found] = answers(db.batch(vec![select]).await?.unwrap_or_default())?;
    found.first().map(|mut row| row.blob()).transpose()
}

/// Stores a secret unless another process was faster; returns the stored one.
async fn insert(db: &dyn Db, name: &str, sealed: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    let insert = Statement::new(
        "INSERT INTO secrets (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
    );
    let select = Statement::new("SELECT sealed FROM secrets WHERE name = $1");
    let batch = vec![insert.bind(name).bind(sealed), select.bind(name)];
    let [_, stored] = answers(db.batch(batch).await?.unwrap_or_default())?;
    stored
        .first()
        .ok_or(StoreError::Corrupt("a secret"))?
        .blob()
}
