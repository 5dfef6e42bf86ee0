//! Checking client secrets: off the runtime's threads, a few at a time, and not twice.

use std::sync::OnceLock;
use std::time::Duration;

use moka::sync::Cache;

use crate::gate::Gate;
use crate::model::SecretHash;
use crate::provider::error::TokenError;
use crate::secret::{Digest, Secret};

/// How many slow checks run at once: each takes a core and some twenty megabytes.
const SLOW_CHECKS_AT_ONCE: usize = 2;

/// How many requests wait for their turn; the next is told that it is busy here. Clients with
/// generated secrets, and those whose secret was right a while ago, never come here.
const MAX_WAITING: usize = 16;

/// Checks client secrets.
#[derive(Debug)]
pub(crate) struct SecretChecks {
    /// Clients with the hash and the secret that went together, as digests: once the client has
    /// another secret, what was right before proves nothing.
    proved: Cache<Digest, ()>,
    turns: Gate,
    /// What a secret is checked against that has nothing to be checked against.
    decoy: OnceLock<SecretHash>,
}

impl SecretChecks {
    /// Checks that all take the time of checking `slow`, if some client has such a hash.
    pub(crate) fn new(slow: Option<&SecretHash>) -> Self {
        let proved = Cache::builder()
            .max_capacity(10_000)
            .time_to_live(Duration::from_secs(300))
            .build();
        Self {
            proved,
            turns: Gate::new(SLOW_CHECKS_AT_ONCE),
            decoy: slow.cloned().map(OnceLock::from).unwrap_or_default(),
        }
    }

    /// Whether `presented` is the secret behind `hash`; without a hash it never is.
    ///
    /// # Errors
    ///
    /// [`TokenError::Busy`] when too many are being checked.
    pub(super) async fn check(
        &self,
        client_id: &str,
        hash: Option<&SecretHash>,
        presented: &Secret,
    ) -> Result<bool, TokenError> {
        let proved = match hash {
            Some(hash) if hash.is_slow() => {
                self.decoy.get_or_init(|| hash.clone());
                let proof = proof(client_id, hash, presented);
                if self.proved.contains_key(&proof) {
                    return Ok(true);
                }
                return self.check_slowly(hash, presented, proof).await;
            }
            Some(hash) => hash.matches(presented),
            None => false,
        };
        if proved {
            return Ok(true);
        }
        // A refusal takes as long whatever was wrong, so that time does not tell which client
        // exists and how its secret is kept.
        if let Some(decoy) = self.decoy.get() {
            self.run(decoy, presented).await?;
        }
        Ok(false)
    }

    async fn check_slowly(
        &self,
        hash: &SecretHash,
        presented: &Secret,
        proof: Digest,
    ) -> Result<bool, TokenError> {
        let proved = self.run(hash, presented).await?;
        if proved {
            self.proved.insert(proof, ());
        }
        Ok(proved)
    }

    /// Runs one slow check on a thread that may block. The turn belongs to the check and not to
    /// the request: a client that hangs up does not make room for another check beside it.
    async fn run(&self, hash: &SecretHash, presented: &Secret) -> Result<bool, TokenError> {
        let turn = self.turns.pass(MAX_WAITING).await.ok_or(TokenError::Busy)?;
        let (hash, presented) = (hash.clone(), presented.clone());
        tokio::task::spawn_blocking(move || {
            let matches = hash.matches(&presented);
            drop(turn);
            matches
        })
        .await
        .map_err(|_| TokenError::Busy)
    }
}

/// Names a client with a hash and a secret. Identifiers and hashes have no zero byte.
fn proof(client_id: &str, hash: &SecretHash, secret: &Secret) -> Digest {
    let (hash, digest) = (hash.to_text(), secret.digest());
    let parts = [client_id.as_bytes(), b"\0", hash.as_bytes(), b"\0"];
    Digest::of(&[&parts.concat(), digest.as_bytes().as_slice()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::tests::support::clients::slow_hash;

    #[tokio::test]
    async fn a_secret_is_right_for_its_own_client_only() {
        let hash = SecretHash::Sha256(Secret::new("right").digest());
        let checks = SecretChecks::new(Some(&slow_hash("decoy")));
        let check = async |id: &str, hash, secret: &str| {
            checks.check(id, hash, &Secret::new(secret)).await.unwrap()
        };

        assert!(check("a", Some(&hash), "right").await);
        assert!(!check("a", Some(&hash), "wrong").await);
        assert!(!check("b", None, "right").await);
        assert!(check("a", Some(&hash), "right").await);
    }

    #[tokio::test]
    async fn a_slow_secret_that_was_right_is_not_hashed_again() {
        let hash = slow_hash("right");
        let checks = SecretChecks::new(Some(&hash));
        let right = Secret::new("right");
        assert!(checks.check("a", Some(&hash), &right).await.unwrap());

        checks.turns.close();

        assert!(checks.check("a", Some(&hash), &right).await.unwrap());
        for (client_id, secret) in [("a", &Secret::new("wrong")), ("b", &right)] {
            let hashed = checks.check(client_id, Some(&hash), secret).await;
            assert!(matches!(hashed, Err(TokenError::Busy)), "{client_id}");
        }
    }

    #[tokio::test]
    async fn every_refusal_takes_a_slow_check() {
        let hash = SecretHash::Sha256(Secret::new("right").digest());
        let checks = SecretChecks::new(Some(&slow_hash("decoy")));
        let wrong = Secret::new("wrong");
        checks.turns.close();

        for hash in [None, Some(&hash)] {
            let refused = checks.check("a", hash, &wrong).await;
            assert!(matches!(refused, Err(TokenError::Busy)), "{hash:?}");
        }
    }
}
