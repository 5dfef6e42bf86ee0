//! The keys that everything of ours is signed with.
//!
//! There is one key for each algorithm that somebody needs: what the configuration needs is made
//! when it is loaded, and what a client needs that was registered later when it is first signed
//! for. Such a first key signs at once; its client has never read a key set without it, or reads
//! it anew at a key it does not know. From then on [`KeyKeeper`] replaces each key in time.
//!
//! **Several processes.** A successor is published for longer than any process takes to learn of it,
//! and copies of the key set take to grow old, before it signs. Nobody waits for word from every
//! process: one that died would hold up all others, and one that is cut off from the database could
//! not be waited for long enough, since it goes on serving. Instead each of them knows what it does
//! not know. A token of ours under a key that is not known here is not refused before the store was
//! asked for the keys there are now, and while the store cannot be asked the answer is 503, never 401.
//! That holds as well for keys that sign at once: first ones, and those that replace a stolen one.

mod handover;
mod keeper;
mod published;

pub use handover::{Handover, KeyRotation};
pub use keeper::KeyKeeper;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant, sleep_until};

use super::Provider;
use super::settings::Settings;
use crate::jose::{JwtError, KeyRing, PresentedError, SigningKey, Verified, claimed_issuer};
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
    /// The last time the store was read, held while it is.
    reading: Mutex<Option<Reading>>,
}

/// The least time between two readings of the store: a flood of tokens under made-up keys comes to
/// four of them a second.
const BETWEEN_READINGS: Duration = Duration::from_millis(250);

#[derive(Clone, Copy, Debug)]
struct Reading {
    began_at: Instant,
    succeeded: bool,
}

impl Reading {
    fn outcome(self) -> Result<(), StoreError> {
        if self.succeeded {
            return Ok(());
        }
        let reason = "its signing keys could not be read a moment ago".to_owned();
        Err(StoreError::Unreachable(reason))
    }
}

impl SigningKeys {
    /// Keys of `ring`, which mirrors those of `store`.
    pub(super) const fn new(ring: Arc<KeyRing>, store: Store) -> Self {
        Self {
            ring,
            store,
            making: Semaphore::const_new(1),
            reading: Mutex::const_new(None),
        }
    }

    /// Reads the keys from the store, so that those are known which another process made before
    /// this was called. Callers at one time share one reading.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be read; the keys known so far stay.
    pub(super) async fn read_anew(&self) -> Result<(), StoreError> {
        self.read_since(Instant::now()).await
    }

    /// The same, unless it was done less than `age` ago.
    pub(super) async fn read_if_older(&self, age: Duration) -> Result<(), StoreError> {
        let now = Instant::now();
        self.read_since(now.checked_sub(age).unwrap_or(now)).await
    }

    async fn read_since(&self, moment: Instant) -> Result<(), StoreError> {
        let mut last = self.reading.lock().await;
        if let Some(reading) = *last {
            if reading.began_at >= moment {
                return reading.outcome();
            }
            sleep_until(reading.began_at + BETWEEN_READINGS).await;
        }
        let began_at = Instant::now();
        let read = self.store.load_keys().await;
        *last = Some(Reading {
            began_at,
            succeeded: read.is_ok(),
        });
        self.ring.replace(read?);
        Ok(())
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
    /// Verifies an access token that came with a request. Where it names a key of ours that is not
    /// known here, another process may have made it a moment ago: then the store is asked first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when only the store could tell; the inner error says why the token is no good.
    pub(crate) async fn verify_token(
        &self,
        token: &str,
        (peer, now): (IpAddr, Timestamp),
    ) -> Result<Result<Arc<Verified>, PresentedError>, StoreError> {
        let verifier = &self.parts.verifier;
        match verifier.verify_from(peer, token, now) {
            Err(PresentedError::Token(JwtError::UnknownKey)) if self.may_name_newer_key(token) => {
                self.signing_keys.read_anew().await?;
                Ok(verifier.verify_from(peer, token, now))
            }
            outcome => Ok(outcome),
        }
    }

    /// Whether a token is said to be ours, under a key that is not known here; nothing of it is
    /// verified.
    pub(crate) fn may_name_newer_key(&self, token: &str) -> bool {
        claimed_issuer(token).is_some_and(|issuer| issuer == self.settings.issuer.as_str())
            && !self.parts.keys.knows_key_of(token)
    }

    /// Makes sure that the key which `token` names is known, if any process has made it.
    pub(crate) async fn know_key_of(&self, token: &str) -> Result<(), StoreError> {
        if self.parts.keys.knows_key_of(token) {
            return Ok(());
        }
        self.signing_keys.read_anew().await
    }

    /// What ID tokens and logout tokens of `client` are signed with.
    pub(crate) fn id_token_algorithm(&self, client: &Client) -> SigningAlgorithm {
        let chosen = client.signing.id_token;
        chosen.unwrap_or(self.settings.id_token_algorithm)
    }
}
