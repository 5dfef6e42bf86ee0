//! Private keys, parsed once and kept parsed.
//!
//! Parsing and checking an RSA key costs more than signing with it, and the token endpoint signs
//! on each request.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair, RsaSignatureEncoding,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::error::KeyError;
use crate::model::SigningAlgorithm;

/// A private key of one of the algorithms we sign with.
pub(super) enum KeyPair {
    Es256(EcdsaKeyPair),
    /// RS256 or PS256, whose keys differ in nothing but what they are used with.
    Rsa(RsaKeyPair, &'static RsaSignatureEncoding),
    EdDsa(Ed25519KeyPair),
}

impl KeyPair {
    pub(super) fn generate(algorithm: SigningAlgorithm) -> Result<Self, KeyError> {
        let pair = match algorithm {
            SigningAlgorithm::Es256 => {
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Self::Es256)
            }
            SigningAlgorithm::Rs256 => RsaKeyPair::generate(KeySize::Rsa2048).map(Self::rs256),
            SigningAlgorithm::Ps256 => RsaKeyPair::generate(KeySize::Rsa2048).map(Self::ps256),
            SigningAlgorithm::EdDsa => Ed25519KeyPair::generate().map(Self::EdDsa),
        };
        // Making a key fails only for want of randomness.
        pair.map_err(|_| KeyError::Entropy(crate::entropy::EntropyError))
    }

    pub(super) fn from_pkcs8(algorithm: SigningAlgorithm, der: &[u8]) -> Result<Self, KeyError> {
        let pair = match algorithm {
            SigningAlgorithm::Es256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map(Self::Es256)
            }
            SigningAlgorithm::Rs256 => RsaKeyPair::from_pkcs8(der).map(Self::rs256),
            SigningAlgorithm::Ps256 => RsaKeyPair::from_pkcs8(der).map(Self::ps256),
            SigningAlgorithm::EdDsa => Ed25519KeyPair::from_pkcs8(der).map(Self::EdDsa),
        };
        pair.map_err(|_| KeyError::Unusable)
    }

    const fn rs256(pair: RsaKeyPair) -> Self {
        Self::Rsa(pair, &RSA_PKCS1_SHA256)
    }

    /// The salt is as long as the hash (RFC 7518 §3.5).
    const fn ps256(pair: RsaKeyPair) -> Self {
        Self::Rsa(pair, &RSA_PSS_SHA256)
    }

    /// The key as a PKCS#8 document, built when asked for: parsed keys are kept once, not twice.
    pub(super) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let bytes = match self {
            Self::Es256(pair) => pair.to_pkcs8v1().map(|document| document.as_ref().to_vec()),
            Self::EdDsa(pair) => pair.to_pkcs8v1().map(|document| document.as_ref().to_vec()),
            Self::Rsa(pair, _) => {
                let document: Result<Pkcs8V1Der<'_>, _> = pair.as_der();
                document.map(|document| document.as_ref().to_vec())
            }
        };
        bytes.map(Zeroizing::new).map_err(|_| KeyError::Unusable)
    }

    /// Signs `message` in the form that JWS uses (RFC 7518 §3.3, §3.4, §3.5, RFC 8037 §3.1).
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        // The library draws nonces from its own generator; the parameter is there for the
        // interface it copies, and is ignored.
        let unused = SystemRandom::new();
        let signature = match self {
            Self::Es256(pair) => pair
                .sign(&unused, message)
                .map(|signature| signature.as_ref().to_vec()),
            Self::EdDsa(pair) => pair
                .try_sign(message)
                .map(|signature| signature.as_ref().to_vec()),
            Self::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &unused, message, &mut signature)
                    .map(|()| signature)
            }
        };
        signature.map_err(|_| KeyError::Signing)
    }

    /// The members of the public JWK that define the key, in the order and with the content that
    /// a thumbprint is made of (RFC 7638 §3.2, RFC 8037 §2).
    pub(super) fn public_members(&self) -> Result<Vec<(&'static str, String)>, KeyError> {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Es256(pair) => {
                // An uncompressed point: the byte 4, then both coordinates.
                let (x, y) = pair
                    .public_key()
                    .as_ref()
                    .strip_prefix(&[0x04])
                    .and_then(|point| point.split_at_checked(32))
                    .ok_or(KeyError::Unusable)?;
                Ok(vec![
                    ("crv", "P-256".to_owned()),
                    ("kty", "EC".to_owned()),
                    ("x", encode(x)),
                    ("y", encode(y)),
                ])
            }
            Self::EdDsa(pair) => Ok(vec![
                ("crv", "Ed25519".to_owned()),
                ("kty", "OKP".to_owned()),
                ("x", encode(pair.public_key().as_ref())),
            ]),
            Self::Rsa(pair, _) => {
                let public = pair.public_key();
                Ok(vec![
                    (
                        "e",
                        encode(public.exponent().big_endian_without_leading_zero()),
                    ),
                    ("kty", "RSA".to_owned()),
                    (
                        "n",
                        encode(public.modulus().big_endian_without_leading_zero()),
                    ),
                ])
            }
        }
    }
}
