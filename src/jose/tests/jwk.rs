//! RFC 7517 §4, RFC 7518 §6, RFC 8037 §2: which keys are used, and for what.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::support::{es256, key, members, with, without};
use crate::jose::jwk::{JwkError, parse_public};
use crate::jose::{SigningAlgorithm, VerificationAlgorithm};

#[track_caller]
fn check_jwk(row: &str, jwk: &Value, expected: Result<VerificationAlgorithm, JwkError>) {
    let found = parse_public(&members(jwk), &VerificationAlgorithm::ALL);

    assert_eq!(found.map(|key| key.algorithm()), expected, "{row}");
}

#[test]
fn a_key_is_for_verifying_signatures() {
    let jwk = es256().public_jwk().clone();
    for (row, jwk, expected) in [
        (
            "as published",
            jwk.clone(),
            Ok(VerificationAlgorithm::Es256),
        ),
        (
            "no use",
            without(&jwk, "use"),
            Ok(VerificationAlgorithm::Es256),
        ),
        (
            "for encryption",
            with(&jwk, "use", "enc"),
            Err(JwkError::Use),
        ),
        (
            "to sign",
            with(&jwk, "key_ops", json!(["sign"])),
            Err(JwkError::Use),
        ),
        (
            "for nothing",
            with(&jwk, "key_ops", json!([])),
            Err(JwkError::Use),
        ),
        (
            "to verify",
            with(&jwk, "key_ops", json!(["verify"])),
            Ok(VerificationAlgorithm::Es256),
        ),
        (
            "odd operations",
            with(&jwk, "key_ops", "verify"),
            Err(JwkError::Malformed),
        ),
        ("with d", with(&jwk, "d", "AA"), Err(JwkError::Private)),
        (
            "another algorithm",
            with(&jwk, "alg", "ES384"),
            Err(JwkError::Algorithm),
        ),
        ("HMAC", with(&jwk, "alg", "HS256"), Err(JwkError::Algorithm)),
        (
            "algorithm null",
            with(&jwk, "alg", Value::Null),
            Err(JwkError::Malformed),
        ),
        (
            "numeric kid",
            with(&jwk, "kid", 1),
            Err(JwkError::Malformed),
        ),
    ] {
        check_jwk(row, &jwk, expected);
    }
    let secret = json!({"kty": "oct", "k": "c2VjcmV0", "alg": "HS256", "kid": "a"});
    check_jwk("a shared secret", &secret, Err(JwkError::Type));
}

#[test]
fn an_elliptic_curve_key_is_a_point_of_its_curve() {
    let jwk = es256().public_jwk().clone();
    let x = jwk["x"].as_str().unwrap();
    for (row, jwk, expected) in [
        ("P-521", with(&jwk, "crv", "P-521"), JwkError::Type),
        ("secp256k1", with(&jwk, "crv", "secp256k1"), JwkError::Type),
        (
            "P-384 of 32 bytes",
            without(&with(&jwk, "crv", "P-384"), "alg"),
            JwkError::Malformed,
        ),
        ("x twice", with(&jwk, "y", x), JwkError::NotAPoint),
        (
            "y is zero",
            with(&jwk, "y", URL_SAFE_NO_PAD.encode([0; 32])),
            JwkError::NotAPoint,
        ),
        ("a short y", with(&jwk, "y", "AAAA"), JwkError::Malformed),
        (
            "padded",
            with(&jwk, "x", format!("{x}=")),
            JwkError::Malformed,
        ),
        ("no y", without(&jwk, "y"), JwkError::Malformed),
    ] {
        check_jwk(row, &jwk, Err(expected));
    }
}

#[test]
fn an_rsa_key_is_strong_enough() {
    let jwk = key(SigningAlgorithm::Rs256).public_jwk().clone();
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    let n = |bytes: &[u8]| with(&jwk, "n", URL_SAFE_NO_PAD.encode(bytes));
    let e = |bytes: &[u8]| with(&jwk, "e", URL_SAFE_NO_PAD.encode(bytes));
    // An odd number of so many bytes, the highest bit set.
    let of_bytes = |length: usize| n(&[&[0x80][..], &vec![0x55; length - 1]].concat());
    let mut even = modulus.clone();
    even[255] &= 0xfe;
    let mut bits_2047 = modulus.clone();
    bits_2047[0] = 0x7f;
    for (row, jwk, expected) in [
        ("512 bits", of_bytes(64), JwkError::WeakRsa),
        ("1024 bits", of_bytes(128), JwkError::WeakRsa),
        ("2047 bits", n(&bits_2047), JwkError::WeakRsa),
        ("even", n(&even), JwkError::WeakRsa),
        ("16384 bits", of_bytes(2048), JwkError::WeakRsa),
        (
            "a zero in front",
            n(&[&[0][..], &modulus].concat()),
            JwkError::Malformed,
        ),
        ("e is 1", e(&[1]), JwkError::WeakRsa),
        ("e is 3", e(&[3]), JwkError::WeakRsa),
        ("e is 65536", e(&[1, 0, 0]), JwkError::WeakRsa),
        ("e of 64 bits", e(&[0xff; 8]), JwkError::WeakRsa),
        ("e is empty", with(&jwk, "e", ""), JwkError::Malformed),
        ("no n", without(&jwk, "n"), JwkError::Malformed),
        ("private", with(&jwk, "dp", "AA"), JwkError::Private),
    ] {
        check_jwk(row, &jwk, Err(expected));
    }
}

/// Under a key of small order one signature fits many messages.
#[test]
fn an_ed25519_key_is_not_of_small_order() {
    let jwk = key(SigningAlgorithm::EdDsa).public_jwk().clone();
    let x = |bytes: &[u8]| with(&jwk, "x", URL_SAFE_NO_PAD.encode(bytes));
    let order_8 = [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ];
    let one = [&[1][..], &[0; 31]].concat();
    let near_prime = |low: u8| [&[low][..], &[0xff; 30], &[0x7f]].concat();
    let mut negative_order_8 = order_8;
    negative_order_8[31] |= 0x80;
    for (row, jwk) in [
        ("zero", x(&[0; 32])),
        ("one", x(&one)),
        ("minus one", x(&near_prime(0xec))),
        ("the prime", x(&near_prime(0xed))),
        ("the prime plus one", x(&near_prime(0xee))),
        ("all ones", x(&[0xff; 32])),
        ("order 8", x(&order_8)),
        ("order 8, other sign", x(&negative_order_8)),
    ] {
        check_jwk(row, &jwk, Err(JwkError::NotAPoint));
    }
    check_jwk("31 bytes", &x(&[2; 31]), Err(JwkError::Malformed));
    check_jwk("X25519", &with(&jwk, "crv", "X25519"), Err(JwkError::Type));
    check_jwk("Ed448", &with(&jwk, "crv", "Ed448"), Err(JwkError::Type));
}

#[test]
fn a_key_without_algorithm_gets_the_first_that_fits() {
    use VerificationAlgorithm::{EdDsa, Es256, Ps256, Rs256};
    let jwk = without(key(SigningAlgorithm::Rs256).public_jwk(), "alg");
    for (accepted, expected) in [
        (vec![Es256, Ps256, Rs256], Ok(Ps256)),
        (vec![Rs256, Ps256], Ok(Rs256)),
        (vec![Es256, EdDsa], Err(JwkError::Algorithm)),
        (vec![], Err(JwkError::Algorithm)),
    ] {
        let found = parse_public(&members(&jwk), &accepted).map(|key| key.algorithm());
        assert_eq!(found, expected, "{accepted:?}");
    }
}
