//! `trusted_issuers`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::defaults;
use crate::jose::VerificationAlgorithm;

/// An issuer whose access tokens are accepted besides our own.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TrustedIssuerTable {
    /// `iss` of its tokens, compared character by character.
    #[schemars(extend("x-required" = true), length(min = 1, max = 2048))]
    pub(crate) issuer: Option<String>,
    /// File with its public keys, a JSON Web Key Set (RFC 7517 §5).
    #[schemars(extend("x-required" = true), length(min = 1))]
    pub(crate) jwks_file: Option<String>,
    /// Algorithms its tokens may be signed with.
    #[schemars(extend("x-required" = true), length(min = 1))]
    pub(crate) algorithms: Option<Vec<AlgorithmName>>,
    /// `typ` values its tokens may have; the empty text stands for a token without `typ`.
    #[schemars(length(min = 1))]
    pub(crate) types: Vec<String>,
    /// Seconds that its clock may differ from ours.
    #[schemars(range(min = 0, max = 300))]
    pub(crate) leeway_s: u64,
}

impl Default for TrustedIssuerTable {
    fn default() -> Self {
        Self {
            issuer: None,
            jwks_file: None,
            algorithms: None,
            types: vec![defaults::TRUSTED_TYPE.to_owned()],
            leeway_s: defaults::LEEWAY_S,
        }
    }
}

/// A signature algorithm that tokens of others are verified with; never a shared secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum AlgorithmName {
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// ECDSA with P-384 and SHA-384.
    Es384,
    /// RSA PKCS#1 v1.5 with SHA-256.
    Rs256,
    /// RSA PKCS#1 v1.5 with SHA-384.
    Rs384,
    /// RSA PKCS#1 v1.5 with SHA-512.
    Rs512,
    /// RSA-PSS with SHA-256.
    Ps256,
    /// RSA-PSS with SHA-384.
    Ps384,
    /// RSA-PSS with SHA-512.
    Ps512,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl AlgorithmName {
    /// The algorithm of this name; what it is called on the wire is known there alone.
    pub(crate) const fn meant(self) -> VerificationAlgorithm {
        match self {
            Self::Es256 => VerificationAlgorithm::Es256,
            Self::Es384 => VerificationAlgorithm::Es384,
            Self::Rs256 => VerificationAlgorithm::Rs256,
            Self::Rs384 => VerificationAlgorithm::Rs384,
            Self::Rs512 => VerificationAlgorithm::Rs512,
            Self::Ps256 => VerificationAlgorithm::Ps256,
            Self::Ps384 => VerificationAlgorithm::Ps384,
            Self::Ps512 => VerificationAlgorithm::Ps512,
            Self::EdDsa => VerificationAlgorithm::EdDsa,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An algorithm that tokens can be verified with must be one that can be configured.
    #[test]
    fn every_algorithm_is_written_as_on_the_wire_and_means_itself() {
        for algorithm in VerificationAlgorithm::ALL {
            let written = format!("\"{}\"", algorithm.as_str());
            let read: AlgorithmName = serde_json::from_str(&written).unwrap();
            assert_eq!(read.meant(), algorithm);
        }
    }
}
