//! Public keys as JSON (RFC 7517, RFC 7518 §6, RFC 8037 §2): checked before they are trusted.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519};
use aws_lc_rs::signature::{ParsedPublicKey, VerificationAlgorithm as AwsLcAlgorithm};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};

use super::algorithm::{KeyKind, VerificationAlgorithm};
use super::verification_key::VerificationKey;
use crate::secret::Digest;

/// Why a key is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum JwkError {
    #[error("its type or curve is not one we verify with")]
    Type,
    #[error("it is not for signatures")]
    Use,
    #[error("its algorithm is not accepted for the issuer")]
    Algorithm,
    #[error("it has private members: whoever reads the set can sign")]
    Private,
    #[error("a member is missing or malformed")]
    Malformed,
    #[error("an RSA key needs an odd modulus of 2048 to 8192 bits and an odd exponent from 65537")]
    WeakRsa,
    #[error("its numbers are not a usable point of the curve")]
    NotAPoint,
}

/// Reads one JWK and fixes the algorithm it will be used with, out of those `accepted`.
///
/// The algorithm is the key's own `alg`. A key without `alg` gets the first of `accepted` that
/// its type and curve fit: which one is a choice of the operator, never of a token.
pub(super) fn parse_public(
    jwk: &Map<String, Value>,
    accepted: &[VerificationAlgorithm],
) -> Result<VerificationKey, JwkError> {
    let kind = kind(jwk)?;
    if has_private_member(jwk) {
        return Err(JwkError::Private);
    }
    check_use(jwk)?;
    let algorithm = algorithm(jwk, kind, accepted)?;
    let key = match kind {
        KeyKind::Rsa => rsa(jwk)?,
        KeyKind::P256 => elliptic_curve(jwk, 32, &ECDSA_P256_SHA256_FIXED)?,
        KeyKind::P384 => elliptic_curve(jwk, 48, &ECDSA_P384_SHA384_FIXED)?,
        KeyKind::Ed25519 => ed25519(jwk)?,
    };
    let id = text(jwk, "kid")?.map(str::to_owned);
    Ok(VerificationKey::new(id, algorithm, key, numbers(jwk)))
}

/// The digest of what the key consists of, whose one spelling was checked when it was decoded.
fn numbers(jwk: &Map<String, Value>) -> Digest {
    let numbers = ["n", "e", "x", "y"].map(|name| jwk.get(name).and_then(Value::as_str));
    Digest::of(numbers.map(Option::unwrap_or_default).join(".").as_bytes())
}

/// Whether whoever reads the key can sign with it (RFC 7518 §6).
pub(super) fn has_private_member(jwk: &Map<String, Value>) -> bool {
    const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
    PRIVATE.iter().any(|name| jwk.contains_key(*name))
}

/// `kty` and `crv`. `oct`, a shared secret, is never a kind of ours.
fn kind(jwk: &Map<String, Value>) -> Result<KeyKind, JwkError> {
    match (text(jwk, "kty")?, text(jwk, "crv")?) {
        (Some("RSA"), _) => Ok(KeyKind::Rsa),
        (Some("EC"), Some("P-256")) => Ok(KeyKind::P256),
        (Some("EC"), Some("P-384")) => Ok(KeyKind::P384),
        (Some("OKP"), Some("Ed25519")) => Ok(KeyKind::Ed25519),
        _ => Err(JwkError::Type),
    }
}

/// `use` and `key_ops` (RFC 7517 §4.2, §4.3), each of which may be absent.
fn check_use(jwk: &Map<String, Value>) -> Result<(), JwkError> {
    let for_signatures = text(jwk, "use")?.is_none_or(|purpose| purpose == "sig");
    let may_verify = match jwk.get("key_ops") {
        None => true,
        Some(Value::Array(operations)) => operations.iter().any(|name| name == "verify"),
        Some(_) => return Err(JwkError::Malformed),
    };
    if for_signatures && may_verify {
        Ok(())
    } else {
        Err(JwkError::Use)
    }
}

fn algorithm(
    jwk: &Map<String, Value>,
    kind: KeyKind,
    accepted: &[VerificationAlgorithm],
) -> Result<VerificationAlgorithm, JwkError> {
    let stated = match text(jwk, "alg")? {
        None => None,
        Some(name) => Some(VerificationAlgorithm::parse(name).ok_or(JwkError::Algorithm)?),
    };
    accepted
        .iter()
        .copied()
        .find(|algorithm| {
            algorithm.key_kind() == kind && stated.is_none_or(|stated| stated == *algorithm)
        })
        .ok_or(JwkError::Algorithm)
}

/// RFC 7518 §6.3.1. The floor of the exponent is that of FIPS 186-5 §5.4: with 3, one lenient
/// check of the padding anywhere is enough to forge.
fn rsa(jwk: &Map<String, Value>) -> Result<DecodingKey, JwkError> {
    let modulus = bytes(jwk, "n")?;
    let exponent = bytes(jwk, "e")?;
    let is_minimal = |number: &[u8]| number.first().is_some_and(|byte| *byte != 0);
    let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
    if !is_minimal(&modulus) || !is_minimal(&exponent) {
        return Err(JwkError::Malformed);
    }
    let leading_zeros = modulus
        .first()
        .map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = modulus.len() * 8 - leading_zeros;
    let exponent_fits = (3..=4).contains(&exponent.len());
    if !(2048..=8192).contains(&bits) || !is_odd(&modulus) || !exponent_fits || !is_odd(&exponent) {
        return Err(JwkError::WeakRsa);
    }
    Ok(DecodingKey::from_rsa_raw_components(&modulus, &exponent))
}

/// RFC 7518 §6.2.1: both coordinates at full length; the point must lie on the curve.
fn elliptic_curve(
    jwk: &Map<String, Value>,
    length: usize,
    curve: &'static dyn AwsLcAlgorithm,
) -> Result<DecodingKey, JwkError> {
    let (x, y) = (bytes(jwk, "x")?, bytes(jwk, "y")?);
    if x.len() != length || y.len() != length {
        return Err(JwkError::Malformed);
    }
    let point = [&[0x04], x.as_slice(), y.as_slice()].concat();
    ParsedPublicKey::new(curve, &point).map_err(|_| JwkError::NotAPoint)?;
    Ok(DecodingKey::from_ec_der(&point))
}

/// RFC 8037 §2.
fn ed25519(jwk: &Map<String, Value>) -> Result<DecodingKey, JwkError> {
    let point = bytes(jwk, "x")?;
    let encoded: [u8; 32] = point.try_into().map_err(|_| JwkError::Malformed)?;
    if !is_usable_ed25519_point(encoded) {
        return Err(JwkError::NotAPoint);
    }
    ParsedPublicKey::new(&ED25519, encoded).map_err(|_| JwkError::NotAPoint)?;
    Ok(DecodingKey::from_ed_der(&encoded))
}

/// Whether an encoded point is canonical and not of small order.
///
/// Under a key of small order one signature fits many messages, and the cryptographic library
/// does not refuse such keys (RFC 8032 §5.1.7 does not ask it to).
fn is_usable_ed25519_point(encoded: [u8; 32]) -> bool {
    /// 1; like 0, the y of a point of order at most 4.
    const ONE: [u8; 32] = {
        let mut one = [0; 32];
        one[31] = 1;
        one
    };
    /// -1, that is 2^255 - 20: the y of the point of order 2. What lies beyond is not canonical.
    const MINUS_ONE: [u8; 32] = {
        let mut minus_one = [0xff; 32];
        minus_one[0] = 0x7f;
        minus_one[31] = 0xec;
        minus_one
    };
    /// The y of the points of order 8.
    const ORDER_8: [[u8; 32]; 2] = [
        [
            0x05, 0xfc, 0x53, 0x6d, 0x88, 0x02, 0x38, 0xb1, 0x39, 0x33, 0xc6, 0xd3, 0x05, 0xac,
            0xdf, 0xd5, 0xf0, 0x98, 0xef, 0xf2, 0x89, 0xf4, 0xc3, 0x45, 0xb0, 0x27, 0xb2, 0xc2,
            0x8f, 0x95, 0xe8, 0x26,
        ],
        [
            0x7a, 0x03, 0xac, 0x92, 0x77, 0xfd, 0xc7, 0x4e, 0xc6, 0xcc, 0x39, 0x2c, 0xfa, 0x53,
            0x20, 0x2a, 0x0f, 0x67, 0x10, 0x0d, 0x76, 0x0b, 0x3c, 0xba, 0x4f, 0xd8, 0x4d, 0x3d,
            0x70, 0x6a, 0x17, 0xc7,
        ],
    ];
    // Big-endian, so that arrays compare as the numbers they are; without the sign of x, which
    // is the highest bit.
    let mut y = encoded;
    y.reverse();
    let [highest, ..] = &mut y;
    *highest &= 0x7f;
    y > ONE && y < MINUS_ONE && !ORDER_8.contains(&y)
}

/// A member that is a text if it is there at all.
fn text<'a>(jwk: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, JwkError> {
    match jwk.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(JwkError::Malformed),
    }
}

/// A number or coordinate in base64url.
fn bytes(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, JwkError> {
    let encoded = text(jwk, name)?.ok_or(JwkError::Malformed)?;
    URL_SAFE_NO_PAD
        .decode(encoded)
        .map_err(|_| JwkError::Malformed)
}
