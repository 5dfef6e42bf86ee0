//! The keys that everything of ours is signed with.
//!
//! There is one key for each algorithm that somebody needs: what the configuration needs is made
//! when it is loaded, and what a client needs that was registered later when it is first signed
//! for. Such a first key signs at once; its client has never read a key set without it, or reads
//! it anew at a key it does not know. From then on [`KeyKeeper`] replaces each key in time.

mod handover;
mod keeper;
mod published;

pub use handover::{Handover, KeyRotation};
pub use keeper::KeyKeeper;

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::Provider;
use super::settings::Settings;
use crate::jose::{KeyRing, SigningKey};
use crate::model::{Client, SigningAlgorithm, Timestamp};
use crate::store::{Store, StoreError};

/// Why nothing can be signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoSigningKey {
    /// Every key was withdrawn, and the next one is not active yet.
    #[error("no signing key is active")]
    NoneActive,
    /// There is none, and none can be made.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Finds the key to sign with, and makes it where there is none.
#[derive(Debug)]
pub(crate) struct SigningKeys {
    ring: Arc<KeyRing>,
    store: Store,
    /// An RSA key takes up to a second of a core: one at a time.
    making: Semaphore,
}

impl SigningKeys {
    /// Keys of `ring`, which mirrors those of `store`.
    pub(super) const fn new(ring: Arc<KeyRing>, store: Store) -> Self {
        Self {
            ring,
            store,
            making: Semaphore::const_new(1),
        }
    }

    /// The key that signs with `algorithm`.
    ///
    /// # Errors
    ///
    /// [`NoSigningKey`] when there is none and the store does not take a new one.
    pub(crate) async fn find(
        &self,
        algorithm: SigningAlgorithm,
        now: Timestamp,
    ) -> Result<Arc<SigningKey>, NoSigningKey> {
        if let Some(key) = self.ring.signing_key(algorithm, now) {
            return Ok(key);
        }
        // Nobody closes the semaphore.
        let Ok(_permit) = self.making.acquire().await else {
            return Err(NoSigningKey::NoneActive);
        };
        // Whoever waited finds what the one before has made.
        if let Some(key) = self.ring.signing_key(algorithm, now) {
            return Ok(key);
        }
        let keys = self.store.ensure_keys(&[algorithm], now).await?;
        self.ring.replace(keys);
        tracing::info!(
            algorithm = algorithm.as_str(),
            "a first signing key is there"
        );
        self.ring
            .signing_key(algorithm, now)
            .ok_or(NoSigningKey::NoneActive)
    }
}

impl Settings {
    /// What is signed with under this configuration, each algorithm once.
    pub fn signing_algorithms(&self) -> Vec<SigningAlgorithm> {
        let clients = self.clients.iter();
        let mut algorithms: Vec<_> = clients
            .flat_map(|client| client.signing.algorithms())
            .chain([self.access_token_algorithm, self.id_token_algorithm])
            .collect();
        algorithms.sort();
        algorithms.dedup();
        algorithms
    }
}

impl Provider {
    /// What ID tokens and logout tokens of `client` are signed with.
    pub(crate) fn id_token_algorithm(&self, client: &Client) -> SigningAlgorithm {
        let chosen = client.signing.id_token;
        chosen.unwrap_or(self.settings.id_token_algorithm)
    }
}
