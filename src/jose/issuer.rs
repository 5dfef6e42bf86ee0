//! Whose access tokens are accepted, and on what terms.

use std::sync::Arc;
use std::time::Duration;

use super::algorithm::VerificationAlgorithm;
use super::claims::Origin;
use super::error::{JwtError, KeyError};
use super::header::{Header, without_prefix};
use super::key_ring::KeyRing;
use super::key_set::KeySet;
use super::verification_key::VerificationKey;
use crate::model::Timestamp;

/// An issuer whose access tokens are accepted besides our own, with its keys.
#[derive(Clone, Debug)]
pub struct TrustedIssuer {
    /// `iss`, compared byte by byte.
    pub issuer: String,
    /// Its JWK Set, as text (read from a file at start).
    pub jwks: String,
    /// Algorithms accepted. A key is used with one algorithm only: its own `alg`, or the first
    /// of these that fits it.
    pub algorithms: Vec<VerificationAlgorithm>,
    /// Accepted `typ` values, in any letter case and with or without `application/`; empty text
    /// stands for a missing `typ`.
    pub types: Vec<String>,
    /// Leeway for `exp`, `nbf` and `iat`, seconds.
    pub leeway: Duration,
}

impl TrustedIssuer {
    /// Checks the keys as [`TokenVerifier::new`](super::TokenVerifier::new) will, so that the
    /// configuration can name the issuer that has the problem.
    ///
    /// # Errors
    ///
    /// [`KeyError::TrustedIssuer`] says what is wrong with its JWK Set.
    pub fn check(&self) -> Result<(), KeyError> {
        self.keys().map(drop)
    }

    fn keys(&self) -> Result<KeySet, KeyError> {
        KeySet::parse(&self.jwks, &self.algorithms).map_err(|source| KeyError::TrustedIssuer {
            issuer: self.issuer.clone(),
            source,
        })
    }
}

/// An issuer as the verifier uses it. Keys are looked up inside of it only, so that two issuers
/// with one `kid` cannot be taken for each other.
#[derive(Debug)]
pub(super) struct AcceptedIssuer {
    name: Arc<str>,
    keys: Keys,
    /// `None` stands for a missing `typ`.
    types: Vec<Option<String>>,
    leeway: Duration,
}

#[derive(Debug)]
enum Keys {
    Own(Arc<KeyRing>),
    Trusted(KeySet),
}

impl AcceptedIssuer {
    /// Ourselves: `at+jwt` (RFC 9068 §4), which no other token of ours carries, and no leeway,
    /// because we read the clock at both ends.
    pub(super) fn own(name: &str, ring: Arc<KeyRing>) -> Self {
        Self {
            name: Arc::from(name),
            keys: Keys::Own(ring),
            types: vec![Some("at+jwt".to_owned())],
            leeway: Duration::ZERO,
        }
    }

    /// Another issuer, on the terms of the configuration.
    pub(super) fn trusted(settings: &TrustedIssuer) -> Result<Self, KeyError> {
        let types = settings.types.iter();
        Ok(Self {
            name: Arc::from(settings.issuer.as_str()),
            keys: Keys::Trusted(settings.keys()?),
            types: types
                .map(|name| (!name.is_empty()).then(|| without_prefix(name).to_owned()))
                .collect(),
            leeway: settings.leeway,
        })
    }

    /// `iss`.
    pub(super) const fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// By how much its clock may differ from ours.
    pub(super) const fn leeway(&self) -> Duration {
        self.leeway
    }

    /// Whether it is us.
    pub(super) const fn origin(&self) -> Origin {
        match self.keys {
            Keys::Own(_) => Origin::Own,
            Keys::Trusted(_) => Origin::Trusted,
        }
    }

    /// Keeps tokens for other purposes apart from access tokens (RFC 8725 §3.11).
    pub(super) fn check_type(&self, header: &Header) -> Result<(), JwtError> {
        let found = header.token_type.as_deref().map(without_prefix);
        let is_accepted = self.types.iter().any(|accepted| match (accepted, found) {
            (Some(accepted), Some(found)) => accepted.eq_ignore_ascii_case(found),
            (None, None) => true,
            _ => false,
        });
        if is_accepted {
            Ok(())
        } else {
            Err(JwtError::Type)
        }
    }

    /// The key that a token's header means.
    pub(super) fn find_key(
        &self,
        header: &Header,
        now: Timestamp,
    ) -> Result<Arc<VerificationKey>, JwtError> {
        match &self.keys {
            Keys::Own(ring) => ring.find(header, now),
            Keys::Trusted(set) => set.find(header),
        }
    }

    /// Whether what the key called `id` signed is still accepted.
    ///
    /// The keys of a trusted issuer are read at start and stay as long as the verifier; a new
    /// configuration brings a new verifier, which remembers nothing.
    pub(super) fn accepts_key(&self, id: &str, now: Timestamp) -> bool {
        match &self.keys {
            Keys::Own(ring) => ring.publishes(id, now),
            Keys::Trusted(_) => true,
        }
    }
}
