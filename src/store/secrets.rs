//! Secrets of the deployment itself, made once and sealed under the key file.

use std::path::Path;

use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

use super::db::{Db, Statement, answers};
use super::key_file::{self, KeyBytes};
use super::sealing::SealingKey;
use super::settings::KeySource;
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

/// Reads the key, makes it for an empty store, and checks that it is the store's.
pub(super) async fn sealing_key(
    db: &dyn Db,
    source: Option<KeySource>,
) -> Result<SealingKey, StoreError> {
    if let Some(known) = known_key(db, source.clone()).await? {
        return Ok(known);
    }
    let sealing = key(source).await?;
    read_or_make(db, &sealing, PROBE).await?;
    Ok(sealing)
}

/// The key of a store that has one; nothing is made.
pub(super) async fn known_key(
    db: &dyn Db,
    source: Option<KeySource>,
) -> Result<Option<SealingKey>, StoreError> {
    if find(db, PROBE).await?.is_none() {
        return Ok(None);
    }
    let sealing = load(source, key_file::read).await?;
    read_or_make(db, &sealing, PROBE).await?;
    Ok(Some(sealing))
}

/// The key, made where it is missing.
pub(super) async fn key(source: Option<KeySource>) -> Result<SealingKey, StoreError> {
    load(source, key_file::read_or_create).await
}

async fn load(
    source: Option<KeySource>,
    read: fn(&Path) -> Result<KeyBytes, StoreError>,
) -> Result<SealingKey, StoreError> {
    let key = match source {
        None => Zeroizing::new(entropy::random()?),
        Some(KeySource::Given(key)) => KeyBytes::clone(&key.0),
        Some(KeySource::File(path)) => spawn_blocking(move || read(&path))
            .await
            .map_err(|_| StoreError::Stopped)??,
    };
    SealingKey::new(&key)
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
