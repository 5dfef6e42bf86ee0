//! RFC 7518 §3, RFC 8032 §5.1.7: signatures that only look like ones.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::support::{
    check, claims, claims_with, es256, header_with, key, resigned, sign, signature_of, token,
};
use crate::jose::{JwtError, SigningAlgorithm, SigningKey};

/// The order of P-256.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

#[test]
fn every_algorithm_of_ours_is_accepted_with_its_own_key_only() {
    for algorithm in SigningAlgorithm::ALL {
        let ours = key(algorithm);
        let token = ours.sign_jwt("at+jwt", &claims()).unwrap();
        check(algorithm.as_str(), &token, Ok(()));

        // Rightly signed, by somebody else who borrows the name of our key.
        let stranger = SigningKey::generate(algorithm).unwrap();
        let header = header_with(&ours, "typ", "at+jwt");
        let forged = sign(&stranger, &header, &Value::Object(claims()).to_string());
        check(algorithm.as_str(), &forged, Err(JwtError::Signature));
    }
}

#[test]
fn an_elliptic_curve_signature_has_64_bytes_within_the_order() {
    let good = token(&claims());
    let (r, s) = {
        let signature = signature_of(&good);
        (signature[..32].to_vec(), signature[32..].to_vec())
    };
    let zero = [0; 32];
    for (row, signature) in [
        ("all zero", [zero, zero].concat()),
        ("r is zero", [&zero[..], &s].concat()),
        ("s is zero", [&r[..], &zero].concat()),
        ("r is the order", [&ORDER[..], &s].concat()),
        ("s is the order", [&r[..], &ORDER].concat()),
        ("both are the order", [ORDER, ORDER].concat()),
        ("halves swapped", [&s[..], &r].concat()),
        ("63 bytes", [&r[..], &s[..31]].concat()),
        ("65 bytes", [&r[..], &s, &[0]].concat()),
        ("96 bytes", [&r[..], &s, &zero].concat()),
        ("one byte", vec![0]),
        ("8 KiB", vec![1; 8192]),
        ("DER", der(&r, &s)),
    ] {
        check(row, &resigned(&good, &signature), Err(JwtError::Signature));
    }
}

/// The form that X.509 uses (RFC 3279 §2.2.3) and JWS does not (RFC 7518 §3.4).
fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| [&[0x02, 33, 0], number].concat();
    [&[0x30, 70][..], &integer(r), &integer(s)].concat()
}

#[test]
fn an_rsa_signature_has_the_length_of_the_modulus() {
    let good = key(SigningAlgorithm::Rs256)
        .sign_jwt("at+jwt", &claims())
        .unwrap();
    let signature = signature_of(&good);
    for (row, signature) in [
        ("all zero", vec![0; 256]),
        ("one", [&[0; 255][..], &[1]].concat()),
        ("all ones", vec![0xff; 256]),
        ("255 bytes", signature[..255].to_vec()),
        ("a zero in front", [&[0][..], &signature].concat()),
        ("a zero behind", [&signature[..], &[0]].concat()),
    ] {
        check(row, &resigned(&good, &signature), Err(JwtError::Signature));
    }
}

/// RFC 8032 §5.1.7: S must be below the order, or there are two signatures for one message.
#[test]
fn an_ed25519_signature_has_one_form() {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let good = key(SigningAlgorithm::EdDsa)
        .sign_jwt("at+jwt", &claims())
        .unwrap();
    let signature = signature_of(&good);
    let mut carry = 0;
    let s_plus_order: Vec<u8> = signature[32..]
        .iter()
        .zip(ORDER)
        .map(|(s, order)| {
            let sum = u16::from(*s) + u16::from(order) + carry;
            carry = sum >> 8;
            sum.to_le_bytes()[0]
        })
        .collect();
    for (row, signature) in [
        (
            "S plus the order",
            [&signature[..32], &s_plus_order].concat(),
        ),
        ("all zero", vec![0; 64]),
        ("neutral R", [&[1][..], &[0; 63]].concat()),
        ("63 bytes", signature[..63].to_vec()),
        ("65 bytes", [&signature[..], &[0]].concat()),
    ] {
        check(row, &resigned(&good, &signature), Err(JwtError::Signature));
    }
}

/// RFC 8725 §2.1: what everybody knows must not become a shared secret.
#[test]
fn a_public_key_is_not_a_shared_secret() {
    let rsa = key(SigningAlgorithm::Rs256);
    let jwk = rsa.public_jwk().to_string();
    let modulus = rsa.public_jwk()["n"].as_str().unwrap();
    let header = header_with(&rsa, "alg", "HS256");
    let unsigned = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(Value::Object(claims()).to_string())
    );
    for secret in [
        jwk.as_bytes(),
        modulus.as_bytes(),
        &URL_SAFE_NO_PAD.decode(modulus).unwrap(),
        b"",
    ] {
        let tag = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, secret),
            unsigned.as_bytes(),
        );
        let token = format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(tag));
        check("HS256", &token, Err(JwtError::Algorithm));
    }
}

#[test]
fn a_signature_is_good_for_its_own_token_only() {
    let alice = token(&claims());
    let admin = token(&claims_with("sub", "admin"));

    check(
        "moved",
        &resigned(&admin, &signature_of(&alice)),
        Err(JwtError::Signature),
    );
}

/// A signature made by another of our keys does not count, even if the header names that key.
#[test]
fn keys_of_one_ring_do_not_stand_in_for_each_other() {
    let other = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
    let header = header_with(&es256(), "kid", other.id());
    let token = sign(&other, &header, &Value::Object(claims()).to_string());

    check(
        "a key outside of the ring",
        &token,
        Err(JwtError::UnknownKey),
    );
}
