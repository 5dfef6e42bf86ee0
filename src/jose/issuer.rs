//! Whose access tokens are accepted.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::claims::{Claimed, Origin};
use super::error::JwtError;
use super::header::Header;
use super::key_ring::KeyRing;
use super::terms::Terms;
use super::trusted_keys::TrustedKeys;
use super::verification_key::VerificationKey;
use crate::model::Timestamp;

/// An issuer whose access tokens are accepted besides our own.
#[derive(Clone, Debug)]
pub struct TrustedIssuer {
    /// `iss`, compared byte by byte.
    pub issuer: String,
    /// Its keys, which may change while tokens are verified with them.
    pub keys: Arc<TrustedKeys>,
    /// What its tokens must be like.
    pub terms: Terms,
}

/// An issuer as the verifier uses it. Keys are looked up inside of it only, so that two issuers
/// with one `kid` cannot be taken for each other.
#[derive(Debug)]
pub(super) struct AcceptedIssuer {
    name: Arc<str>,
    keys: Keys,
    terms: Terms,
}

#[derive(Debug)]
enum Keys {
    Own(Arc<KeyRing>),
    Trusted(Arc<TrustedKeys>),
}

/// What a token was verified with, to be asked for again.
#[derive(Debug)]
pub(super) enum VerifiedWith {
    /// The key of ours that is called so.
    Own(Box<str>),
    /// This very key.
    Trusted(Arc<VerificationKey>),
}

impl AcceptedIssuer {
    /// Ourselves: `at+jwt` (RFC 9068 §4), which no other token of ours carries, and no leeway,
    /// because we read the clock at both ends.
    pub(super) fn own(name: &str, ring: Arc<KeyRing>) -> Self {
        Self {
            name: Arc::from(name),
            keys: Keys::Own(ring),
            terms: Terms::default(),
        }
    }

    /// Another issuer, on the terms of the configuration.
    pub(super) fn trusted(settings: &TrustedIssuer) -> Self {
        Self {
            name: Arc::from(settings.issuer.as_str()),
            keys: Keys::Trusted(Arc::clone(&settings.keys)),
            terms: settings.terms.clone(),
        }
    }

    /// `iss`.
    pub(super) const fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// By how much its clock may differ from ours.
    pub(super) const fn leeway(&self) -> Duration {
        self.terms.leeway
    }

    /// Reads the claims of a token with this header, unless it is none for us.
    pub(super) fn read(
        &self,
        header: &Header,
        mut claims: Map<String, Value>,
    ) -> Result<Claimed, JwtError> {
        self.terms.check_purpose(header, &claims)?;
        self.terms.map(&mut claims);
        let origin = match self.keys {
            Keys::Own(_) => Origin::Own,
            Keys::Trusted(_) => Origin::Trusted,
        };
        let claimed = Claimed::read(Arc::clone(&self.name), origin, claims)?;
        self.terms.check_audience(claimed.audience())?;
        Ok(claimed)
    }

    /// The key that a token's header means.
    pub(super) fn find_key(
        &self,
        header: &Header,
        now: Timestamp,
    ) -> Result<Arc<VerificationKey>, JwtError> {
        match &self.keys {
            Keys::Own(ring) => ring.find(header, now),
            Keys::Trusted(keys) => keys.find(header, now),
        }
    }

    /// What to remember of a verification with `key`.
    pub(super) fn verified_with(&self, key: Arc<VerificationKey>) -> VerifiedWith {
        match self.keys {
            Keys::Own(_) => VerifiedWith::Own(Box::from(key.id().unwrap_or_default())),
            Keys::Trusted(_) => VerifiedWith::Trusted(key),
        }
    }

    /// Whether what `key` verified is still accepted.
    pub(super) fn check_key(&self, key: &VerifiedWith, now: Timestamp) -> Result<(), JwtError> {
        match (&self.keys, key) {
            (Keys::Own(ring), VerifiedWith::Own(id)) if ring.publishes(id, now) => Ok(()),
            (Keys::Trusted(keys), VerifiedWith::Trusted(key)) => keys.hold(key, now),
            _ => Err(JwtError::UnknownKey),
        }
    }
}
