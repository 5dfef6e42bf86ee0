//! The public keys by which a client proves who it is.

use super::{ClientEndpoint, Reach, SigningAlgorithm};

/// The keys of a client that authenticates by `private_key_jwt` (OpenID Connect Core §9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientKeys {
    /// Where they are.
    pub source: KeySource,
    /// `token_endpoint_auth_signing_alg`: the one algorithm its assertions are signed with.
    /// `None`: each key's own `alg`; for a key without one ES256, RS256 or `EdDSA`, by its type.
    pub algorithm: Option<SigningAlgorithm>,
}

/// Where the keys of a client are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// `jwks`: a JWK Set, as text, that has been checked.
    Inline(String),
    /// `jwks_uri`: the client publishes them there, and may replace them.
    Uri(ClientEndpoint, Reach),
}

impl ClientKeys {
    /// What its keys may be used with; a key without `alg` gets the first that fits its type.
    pub const fn algorithms(&self) -> &[SigningAlgorithm] {
        match &self.algorithm {
            Some(only) => std::slice::from_ref(only),
            None => &SigningAlgorithm::ALL,
        }
    }
}
