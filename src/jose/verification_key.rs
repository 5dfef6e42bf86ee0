//! A public key and the one algorithm it is used with.

use std::fmt;

use jsonwebtoken::DecodingKey;

use super::algorithm::VerificationAlgorithm;
use super::error::JwtError;
use crate::secret::Digest;

/// A public key that was checked when it was loaded.
pub(super) struct VerificationKey {
    id: Option<String>,
    algorithm: VerificationAlgorithm,
    key: DecodingKey,
    /// Of the numbers it consists of; the parsed key cannot be compared.
    numbers: Digest,
}

impl VerificationKey {
    pub(super) const fn new(
        id: Option<String>,
        algorithm: VerificationAlgorithm,
        key: DecodingKey,
        numbers: Digest,
    ) -> Self {
        Self {
            id,
            algorithm,
            key,
            numbers,
        }
    }

    /// Whether `other` is this key, under the same name and with the same algorithm.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.id == other.id && self.algorithm == other.algorithm && self.numbers == other.numbers
    }

    /// `kid`.
    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The algorithm it is used with, whatever a token says.
    pub(super) const fn algorithm(&self) -> VerificationAlgorithm {
        self.algorithm
    }

    /// Checks that `signature` (base64url) is this key's over `signing_input`.
    ///
    /// `jsonwebtoken::decode` is not used: it parses the token a second time with laxer rules
    /// than ours, and reads the system clock by itself.
    pub(super) fn verify(&self, signing_input: &str, signature: &str) -> Result<(), JwtError> {
        let algorithm = self.algorithm.in_jsonwebtoken();
        let matches =
            jsonwebtoken::crypto::verify(signature, signing_input.as_bytes(), &self.key, algorithm);
        match matches {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(JwtError::Signature),
        }
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerificationKey")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}
