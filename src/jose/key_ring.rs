//! Our signing keys over time: the next, the current and the retired.

use std::cmp::Reverse;
use std::sync::Arc;

use arc_swap::ArcSwap;
use serde_json::{Value, json};

use super::compact::Compact;
use super::error::JwtError;
use super::header::Header;
use super::key_set;
use super::signing_key::SigningKey;
use super::verification_key::VerificationKey;
use crate::model::{SigningAlgorithm, Timestamp};

/// A stored key with its times.
///
/// It is published, and accepted, from the moment it is in the ring until `published_until`; it
/// signs from `active_from` until a younger one of its algorithm does. Between creation and
/// `active_from` readers of the JWK Set have time to learn of it.
#[derive(Clone, Debug)]
pub struct RingKey {
    /// The key.
    pub key: Arc<SigningKey>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it may sign.
    pub active_from: Timestamp,
    /// From this second on it is neither published nor accepted; `None` while it is the youngest.
    pub published_until: Option<Timestamp>,
}

impl RingKey {
    fn is_published(&self, now: Timestamp) -> bool {
        self.published_until.is_none_or(|until| now < until)
    }

    fn may_sign(&self, now: Timestamp) -> bool {
        self.active_from <= now && self.is_published(now)
    }
}

/// Our signing keys, swapped whole when they change. Cheap to read on each request: no lock.
#[derive(Debug, Default)]
pub struct KeyRing {
    /// Youngest first.
    keys: ArcSwap<Vec<RingKey>>,
}

impl KeyRing {
    /// A ring of `keys`.
    pub fn new(keys: Vec<RingKey>) -> Self {
        let ring = Self::default();
        ring.replace(keys);
        ring
    }

    /// Replaces all keys (after a rotation, or when another process rotated). From then on
    /// tokens of a key that is gone are refused, remembered ones too.
    pub fn replace(&self, mut keys: Vec<RingKey>) {
        let age = |key: &RingKey| {
            (
                key.published_until.is_none(),
                key.created_at,
                key.active_from,
            )
        };
        keys.sort_by_key(|key| Reverse(age(key)));
        self.keys.store(Arc::new(keys));
    }

    /// The key to sign with: the youngest active one of `algorithm`. There is none when the
    /// youngest of all was retired: what it signed now might outlive it.
    pub fn signing_key(
        &self,
        algorithm: SigningAlgorithm,
        now: Timestamp,
    ) -> Option<Arc<SigningKey>> {
        let keys = self.keys.load();
        let mut candidates = keys
            .iter()
            .filter(|entry| entry.key.algorithm() == algorithm)
            .peekable();
        let is_retired = candidates.peek()?.published_until.is_some();
        candidates
            .find(|entry| !is_retired && entry.may_sign(now))
            .map(|entry| Arc::clone(&entry.key))
    }

    /// The JWK Set document (RFC 7517 §5) of every published key.
    pub fn jwks(&self, now: Timestamp) -> Value {
        let keys = self.keys.load();
        let published: Vec<_> = keys
            .iter()
            .filter(|entry| entry.is_published(now))
            .map(|entry| entry.key.public_jwk())
            .collect();
        json!({ "keys": published })
    }

    /// All keys, youngest first.
    pub fn keys(&self) -> Vec<RingKey> {
        self.keys.load().as_ref().clone()
    }

    /// Whether the key that `token` names is known here, be it good or not; a token that names none
    /// means one of these. Nothing of it is verified.
    pub fn knows_key_of(&self, token: &str) -> bool {
        Compact::parse(token)
            .and_then(|compact| Header::parse(&compact.header))
            .ok()
            .and_then(|header| header.key_id)
            .is_none_or(|id| self.keys.load().iter().any(|entry| entry.key.id() == id))
    }

    /// Whether tokens signed with the key called `id` are accepted.
    pub(super) fn publishes(&self, id: &str, now: Timestamp) -> bool {
        self.keys
            .load()
            .iter()
            .any(|entry| entry.is_published(now) && entry.key.id() == id)
    }

    /// The published key that a token's header means.
    pub(super) fn find(
        &self,
        header: &Header,
        now: Timestamp,
    ) -> Result<Arc<VerificationKey>, JwtError> {
        let keys = self.keys.load();
        let published = keys
            .iter()
            .filter(|entry| entry.is_published(now))
            .map(|entry| entry.key.verification_key());
        key_set::select(published, header).map(Arc::clone)
    }
}
