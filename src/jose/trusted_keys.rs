//! The keys of a trusted issuer, as they are known at the moment.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use super::algorithm::VerificationAlgorithm;
use super::error::{JwkSetError, JwtError};
use super::header::Header;
use super::key_set::KeySet;
use super::verification_key::VerificationKey;
use crate::model::Timestamp;

/// The keys of a trusted issuer. Whoever fetches them replaces them while tokens are verified.
///
/// Nothing is fetched here. Keys that were fetched are believed for as long as the one who fetched
/// them said, so that an issuer that is down for a while shuts nobody out, and one that has been
/// down for too long admits nobody with keys it may have withdrawn.
#[derive(Debug)]
pub struct TrustedKeys {
    /// A key is used with one algorithm only: its own `alg`, or the first of these that fits it.
    algorithms: Vec<VerificationAlgorithm>,
    known: ArcSwapOption<Known>,
}

#[derive(Debug)]
struct Known {
    set: KeySet,
    /// `None`: for as long as the configuration.
    good_until: Option<Timestamp>,
}

impl TrustedKeys {
    /// The keys of the JWK Set `jwks`, which the configuration has.
    ///
    /// # Errors
    ///
    /// [`JwkSetError`] when the set cannot be used with these algorithms.
    pub fn fixed(jwks: &str, algorithms: &[VerificationAlgorithm]) -> Result<Self, JwkSetError> {
        let known = Known {
            set: KeySet::parse(jwks, algorithms)?,
            good_until: None,
        };
        Ok(Self {
            algorithms: algorithms.to_vec(),
            known: ArcSwapOption::from_pointee(known),
        })
    }

    /// Keys that are still to be fetched; until then every token waits for them.
    pub fn awaited(algorithms: &[VerificationAlgorithm]) -> Self {
        Self {
            algorithms: algorithms.to_vec(),
            known: ArcSwapOption::empty(),
        }
    }

    /// Takes over the JWK Set `jwks`, to be believed before `good_until`. What a key verified that
    /// is not in it any more is refused from now on, remembered tokens included.
    ///
    /// # Errors
    ///
    /// [`JwkSetError`] when the set cannot be used; what was known stays known.
    pub fn replace(&self, jwks: &str, good_until: Timestamp) -> Result<(), JwkSetError> {
        let mut set = KeySet::parse(jwks, &self.algorithms)?;
        if let Some(known) = self.known.load().as_deref() {
            set.adopt(&known.set);
        }
        self.known.store(Some(Arc::new(Known {
            set,
            good_until: Some(good_until),
        })));
        Ok(())
    }

    /// Whether there are keys to verify with at `now`.
    pub fn are_known(&self, now: Timestamp) -> bool {
        self.known
            .load()
            .as_ref()
            .is_some_and(|known| known.is_good(now))
    }

    /// The key that a token's header means.
    pub(super) fn find(
        &self,
        header: &Header,
        now: Timestamp,
    ) -> Result<Arc<VerificationKey>, JwtError> {
        match self.known.load().as_ref() {
            Some(known) if known.is_good(now) => known.set.find(header),
            _ => Err(JwtError::KeysUnavailable),
        }
    }

    /// Whether what `key` verified is still accepted.
    pub(super) fn hold(&self, key: &Arc<VerificationKey>, now: Timestamp) -> Result<(), JwtError> {
        match self.known.load().as_ref() {
            Some(known) if !known.is_good(now) => Err(JwtError::KeysUnavailable),
            Some(known) if known.set.has(key) => Ok(()),
            _ => Err(JwtError::UnknownKey),
        }
    }
}

impl Known {
    fn is_good(&self, now: Timestamp) -> bool {
        self.good_until.is_none_or(|end| now < end)
    }
}
