//! JOSE: algorithms, keys, strict JWT verification, signing.
//!
//! `jsonwebtoken` is named nowhere else. CONTRACT STUB: bodies to be written.

use std::sync::Arc;

use crate::entropy::EntropyError;
use crate::model::{ClientId, GrantId, Scope, Subject, Timestamp};
use crate::secret::Secret;

/// A signature algorithm we sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SigningAlgorithm {
    /// ECDSA P-256
    Es256,
    /// RSA 2048 PKCS#1 v1.5
    Rs256,
    /// Ed25519
    EdDsa,
}

impl SigningAlgorithm {
    /// `alg` on the wire.
    pub const fn as_str(self) -> &'static str {
        todo!()
    }
    /// Reads `alg`.
    pub fn parse(_text: &str) -> Option<Self> {
        todo!()
    }
}

/// An algorithm we verify with (a superset: ES256 ES384 RS256/384/512 PS256/384/512 EdDSA; never HMAC).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VerificationAlgorithm {
    /// ES256
    Es256,
}

impl VerificationAlgorithm {
    /// `alg` on the wire.
    pub const fn as_str(self) -> &'static str {
        todo!()
    }
    /// Reads `alg`.
    pub fn parse(_text: &str) -> Option<Self> {
        todo!()
    }
}

/// A private key kept parsed, its `kid` (RFC 7638 thumbprint) and its public JWK.
#[derive(Debug)]
pub struct SigningKey {}

impl SigningKey {
    /// Makes a new key.
    pub fn generate(_algorithm: SigningAlgorithm) -> Result<Self, KeyError> {
        todo!()
    }
    /// Parses a PKCS#8 document.
    pub fn from_pkcs8(_algorithm: SigningAlgorithm, _der: &[u8]) -> Result<Self, KeyError> {
        todo!()
    }
    /// The PKCS#8 document, to be encrypted and stored.
    pub fn to_pkcs8(&self) -> Result<zeroize::Zeroizing<Vec<u8>>, KeyError> {
        todo!()
    }
    /// `kid`.
    pub fn id(&self) -> &str {
        todo!()
    }
    /// `alg`.
    pub fn algorithm(&self) -> SigningAlgorithm {
        todo!()
    }
    /// The public half as a JWK object with `kid`, `use: sig`, `alg`.
    pub fn public_jwk(&self) -> &serde_json::Value {
        todo!()
    }
    /// Signs header and claims into a compact JWS (RFC 7515). `typ` goes into the header.
    pub fn sign_jwt(
        &self,
        _typ: &str,
        _claims: &impl serde::Serialize,
    ) -> Result<String, KeyError> {
        todo!()
    }
}
// SigningKey also implements `openidconnect::PrivateSigningKey` (for ID tokens).

/// Why a key cannot be made, read or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// not a usable key
    #[error("the key cannot be used")]
    Unusable,
    /// no randomness
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// A stored key with its times: used for signing from `active_from` until a younger one is
/// active; published (and accepted) from creation until `published_until`.
#[derive(Clone, Debug)]
pub struct RingKey {
    /// The key.
    pub key: Arc<SigningKey>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it may sign.
    pub active_from: Timestamp,
    /// Until when it is published; `None` while it is the youngest.
    pub published_until: Option<Timestamp>,
}

/// Our signing keys, swapped whole when they change. Cheap to read on each request.
#[derive(Debug, Default)]
pub struct KeyRing {}

impl KeyRing {
    /// A ring of `keys`.
    pub fn new(_keys: Vec<RingKey>) -> Self {
        todo!()
    }
    /// Replaces all keys (after a rotation, or when another process rotated).
    pub fn replace(&self, _keys: Vec<RingKey>) {
        todo!()
    }
    /// The key to sign with: youngest active one of `algorithm`.
    pub fn signing_key(
        &self,
        _algorithm: SigningAlgorithm,
        _now: Timestamp,
    ) -> Option<Arc<SigningKey>> {
        todo!()
    }
    /// The JWK Set document (RFC 7517 §5) of every published key.
    pub fn jwks(&self, _now: Timestamp) -> serde_json::Value {
        todo!()
    }
    /// All keys, youngest first.
    pub fn keys(&self) -> Vec<RingKey> {
        todo!()
    }
}

/// An issuer whose access tokens are accepted besides our own, with its keys.
#[derive(Clone, Debug)]
pub struct TrustedIssuer {
    /// `iss`, compared byte by byte.
    pub issuer: String,
    /// Its JWK Set, as text (read from a file at start).
    pub jwks: String,
    /// Algorithms accepted; a key is used with one algorithm only.
    pub algorithms: Vec<VerificationAlgorithm>,
    /// Accepted `typ` values; empty text stands for a missing `typ`.
    pub types: Vec<String>,
    /// Leeway for `exp`, `nbf` and `iat`, seconds.
    pub leeway: std::time::Duration,
}

/// What verification established about an access token. Never a decision: policy is evaluated on
/// every request.
#[derive(Clone, Debug)]
pub struct Verified {
    /// `iss`.
    pub issuer: Arc<str>,
    /// `sub`.
    pub subject: Subject,
    /// `client_id`.
    pub client_id: Option<ClientId>,
    /// `scope`.
    pub scope: Scope,
    /// `aud`.
    pub audience: Vec<String>,
    /// `iat`.
    pub issued_at: Timestamp,
    /// `nbf`.
    pub not_before: Option<Timestamp>,
    /// `exp`.
    pub expires_at: Timestamp,
    /// `jti`.
    pub token_id: Option<String>,
    /// Our private claim `grant_id`; `None` on tokens of others.
    pub grant_id: Option<GrantId>,
    /// All claims, for the mapping to identity headers.
    pub claims: serde_json::Map<String, serde_json::Value>,
}

/// Why a token was not accepted, for the log; the peer is told `invalid_token`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// example
    #[error("signature does not match")]
    Signature,
}

/// Verifies access tokens of our own and of trusted issuers, and remembers what it verified.
#[derive(Debug)]
pub struct TokenVerifier {}

impl TokenVerifier {
    /// A verifier for our own tokens (`own`: exact issuer and key ring) and those of `trusted`.
    /// `capacity`: how many verified tokens are remembered.
    pub fn new(
        _own: Option<(String, Arc<KeyRing>)>,
        _trusted: &[TrustedIssuer],
        _capacity: u64,
    ) -> Result<Self, KeyError> {
        todo!()
    }
    /// Verifies `token` or finds it remembered; a hit is checked again for `exp` and `nbf`, and
    /// that its key is still published. The caller checks revocation and policy.
    pub fn verify(&self, _token: &str, _now: Timestamp) -> Result<Arc<Verified>, JwtError> {
        todo!()
    }
    /// Remembers a token minted here, so that it is never verified by signature.
    pub fn remember(&self, _token: &str, _verified: Verified, _key_id: &str) {
        todo!()
    }
    /// (hits, verifications, failures) since the start, for metrics.
    pub fn counts(&self) -> (u64, u64, u64) {
        todo!()
    }
}

#[doc(hidden)]
pub fn _unused(_: Secret) {}
