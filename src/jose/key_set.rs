//! The keys of an issuer or a client, from its JWK Set (RFC 7517 §5), and the choice among keys.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;

use super::algorithm::VerificationAlgorithm;
use super::error::{JwkSetError, JwtError};
use super::header::Header;
use super::json::{self, Limits};
use super::jwk;
use super::verification_key::VerificationKey;

/// The usable keys of one issuer or client; no two have one `kid`.
#[derive(Debug)]
pub(crate) struct KeySet(Vec<Arc<VerificationKey>>);

const MAX_KEYS: usize = 100;

const LIMITS: Limits = Limits {
    depth: 8,
    values: 20_000,
};

impl KeySet {
    /// Reads a JWK Set. A key that cannot be used with the `accepted` algorithms is skipped and
    /// named in the log: one odd key must not lock everybody out.
    ///
    /// # Errors
    ///
    /// [`JwkSetError`] when there is none that can be used, or two cannot be told apart.
    pub(crate) fn parse(
        text: &str,
        accepted: &[VerificationAlgorithm],
    ) -> Result<Self, JwkSetError> {
        let mut set =
            json::parse_object(text.as_bytes(), LIMITS).map_err(|_| JwkSetError::Malformed)?;
        let Some(Value::Array(listed)) = set.remove("keys") else {
            return Err(JwkSetError::Malformed);
        };
        if listed.len() > MAX_KEYS {
            return Err(JwkSetError::TooManyKeys);
        }
        let mut keys = Vec::new();
        for jwk in &listed {
            let Value::Object(members) = jwk else {
                return Err(JwkSetError::Malformed);
            };
            match jwk::parse_public(members, accepted) {
                Ok(key) => keys.push(Arc::new(key)),
                Err(reason) => {
                    let id = members.get("kid").and_then(Value::as_str);
                    tracing::warn!(key.id = id, %reason, "a key of a JWK Set is skipped");
                }
            }
        }
        check_ids(&keys)?;
        if keys.is_empty() {
            return Err(JwkSetError::NoUsableKey);
        }
        Ok(Self(keys))
    }

    /// Reads a JWK Set that somebody hands in for registration: as [`Self::parse`], but whoever
    /// would give a private key away is told so.
    ///
    /// # Errors
    ///
    /// [`JwkSetError`] says what is wrong with it.
    pub(crate) fn register(
        text: &str,
        accepted: &[VerificationAlgorithm],
    ) -> Result<Self, JwkSetError> {
        let set =
            json::parse_object(text.as_bytes(), LIMITS).map_err(|_| JwkSetError::Malformed)?;
        let listed = set.get("keys").and_then(Value::as_array);
        let mut members = listed.into_iter().flatten().filter_map(Value::as_object);
        if members.any(jwk::has_private_member) {
            return Err(JwkSetError::PrivateKey);
        }
        Self::parse(text, accepted)
    }

    /// Keeps the keys of `earlier` that are here as well, so that [`Self::has`] knows them again.
    pub(super) fn adopt(&mut self, earlier: &Self) {
        for key in &mut self.0 {
            if let Some(same) = earlier.0.iter().find(|other| other.is_same(key)) {
                *key = Arc::clone(same);
            }
        }
    }

    /// Whether `key` is one of these: the very same, not another of its name.
    pub(super) fn has(&self, key: &Arc<VerificationKey>) -> bool {
        self.0.iter().any(|known| Arc::ptr_eq(known, key))
    }

    /// The key that a token's header means.
    pub(super) fn find(&self, header: &Header) -> Result<Arc<VerificationKey>, JwtError> {
        select(self.0.iter(), header).map(Arc::clone)
    }
}

fn check_ids(keys: &[Arc<VerificationKey>]) -> Result<(), JwkSetError> {
    let mut seen = HashSet::new();
    match keys
        .iter()
        .filter_map(|key| key.id())
        .find(|id| !seen.insert(*id))
    {
        Some(repeated) => Err(JwkSetError::DuplicateKeyId(repeated.to_owned())),
        None => Ok(()),
    }
}

/// Chooses among the keys of one issuer: by `kid`, or, if the token has none, the only key with
/// the token's algorithm. Either way the algorithm must be the key's own (RFC 8725 §3.1).
pub(super) fn select<'a>(
    keys: impl Iterator<Item = &'a Arc<VerificationKey>>,
    header: &Header,
) -> Result<&'a Arc<VerificationKey>, JwtError> {
    let Some(id) = header.key_id.as_deref() else {
        let mut fitting = keys.filter(|key| key.algorithm() == header.algorithm);
        return match (fitting.next(), fitting.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(JwtError::UnknownKey),
        };
    };
    let mut named = keys.filter(|key| key.id() == Some(id));
    let key = named.next().ok_or(JwtError::UnknownKey)?;
    if key.algorithm() != header.algorithm {
        return Err(JwtError::KeyAlgorithm);
    }
    Ok(key)
}
