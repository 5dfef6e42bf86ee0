//! The signature algorithms we sign and verify with (RFC 7518 §3.1, RFC 8037 §3.1).

use jsonwebtoken::Algorithm;
use openidconnect::core::CoreJwsSigningAlgorithm;

use crate::model::SigningAlgorithm;

impl SigningAlgorithm {
    /// The same algorithm, seen by who verifies.
    pub const fn verification(self) -> VerificationAlgorithm {
        match self {
            Self::Es256 => VerificationAlgorithm::Es256,
            Self::Rs256 => VerificationAlgorithm::Rs256,
            Self::Ps256 => VerificationAlgorithm::Ps256,
            Self::EdDsa => VerificationAlgorithm::EdDsa,
        }
    }
}

impl From<SigningAlgorithm> for CoreJwsSigningAlgorithm {
    /// What the `openidconnect` crate calls it.
    fn from(algorithm: SigningAlgorithm) -> Self {
        match algorithm {
            SigningAlgorithm::Es256 => Self::EcdsaP256Sha256,
            SigningAlgorithm::Rs256 => Self::RsaSsaPkcs1V15Sha256,
            SigningAlgorithm::Ps256 => Self::RsaSsaPssSha256,
            SigningAlgorithm::EdDsa => Self::EdDsa,
        }
    }
}

/// An algorithm we verify with: asymmetric ones only, so that no public key can ever be taken
/// for a shared secret (RFC 8725 §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VerificationAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// Ed25519; Ed448 is not supported.
    EdDsa,
}

/// The kind of key that an algorithm needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    /// `kty: RSA`.
    Rsa,
    /// `kty: EC`, `crv: P-256`.
    P256,
    /// `kty: EC`, `crv: P-384`.
    P384,
    /// `kty: OKP`, `crv: Ed25519`.
    Ed25519,
}

impl VerificationAlgorithm {
    /// Every algorithm we verify with.
    pub const ALL: [Self; 9] = [
        Self::Es256,
        Self::Es384,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::EdDsa,
    ];

    /// `alg` on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Reads `alg`, which is case-sensitive.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.as_str() == text)
    }

    /// The one kind of key it works with.
    pub(super) const fn key_kind(self) -> KeyKind {
        match self {
            Self::Es256 => KeyKind::P256,
            Self::Es384 => KeyKind::P384,
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => {
                KeyKind::Rsa
            }
            Self::EdDsa => KeyKind::Ed25519,
        }
    }

    /// What the `jsonwebtoken` crate calls it.
    pub(super) const fn in_jsonwebtoken(self) -> Algorithm {
        match self {
            Self::Es256 => Algorithm::ES256,
            Self::Es384 => Algorithm::ES384,
            Self::Rs256 => Algorithm::RS256,
            Self::Rs384 => Algorithm::RS384,
            Self::Rs512 => Algorithm::RS512,
            Self::Ps256 => Algorithm::PS256,
            Self::Ps384 => Algorithm::PS384,
            Self::Ps512 => Algorithm::PS512,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_sign_with_is_verified_under_the_same_name() {
        for algorithm in SigningAlgorithm::ALL {
            assert_eq!(algorithm.verification().as_str(), algorithm.as_str());
        }
    }

    #[test]
    fn every_name_reads_back_as_what_it_names() {
        for algorithm in VerificationAlgorithm::ALL {
            assert_eq!(
                VerificationAlgorithm::parse(algorithm.as_str()),
                Some(algorithm)
            );
        }
    }

    /// RFC 8725 §3.1 and §3.2.
    #[test]
    fn neither_none_nor_a_shared_secret_nor_another_spelling_is_an_algorithm() {
        for name in [
            "", "none", "None", "nOnE", "NONE", "HS256", "HS512", "es256", "RS256 ",
        ] {
            assert_eq!(VerificationAlgorithm::parse(name), None, "{name:?}");
        }
    }
}
