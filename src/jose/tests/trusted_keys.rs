//! Keys that come and go while tokens are verified with them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::support::{NOW, claims_with, es256, with};
use crate::jose::{
    JwkSetError, JwtError, SigningAlgorithm, SigningKey, Terms, TokenVerifier, TrustedIssuer,
    TrustedKeys, VerificationAlgorithm,
};
use crate::model::Timestamp;

const OTHER: &str = "https://other.example";
const HOUR: Duration = Duration::from_secs(3600);

fn awaited() -> (Arc<TrustedKeys>, TokenVerifier) {
    let keys = Arc::new(TrustedKeys::awaited(&VerificationAlgorithm::ALL));
    let issuer = TrustedIssuer {
        issuer: OTHER.to_owned(),
        keys: Arc::clone(&keys),
        terms: Terms::default(),
    };
    (keys, TokenVerifier::new(None, &[issuer], 10).unwrap())
}

fn set(keys: &[&Value]) -> String {
    json!({ "keys": keys }).to_string()
}

/// A token of [`OTHER`] that lives for two hours.
fn token(key: &SigningKey) -> String {
    let mut claims = claims_with("iss", OTHER);
    claims.insert("exp".to_owned(), NOW.after(2 * HOUR).as_secs().into());
    key.sign_jwt("at+jwt", &claims).unwrap()
}

fn verify(verifier: &TokenVerifier, token: &str, now: Timestamp) -> Result<(), JwtError> {
    verifier.verify(token, now).map(drop)
}

#[test]
fn a_token_waits_for_keys_that_are_still_to_come() {
    let (keys, verifier) = awaited();
    let token = token(&es256());

    assert_eq!(
        verify(&verifier, &token, NOW),
        Err(JwtError::KeysUnavailable)
    );
    assert!(!keys.are_known(NOW));

    let jwks = set(&[es256().public_jwk()]);
    keys.replace(&jwks, NOW.after(HOUR)).unwrap();

    assert_eq!(verify(&verifier, &token, NOW), Ok(()));
}

#[test]
fn j11_what_a_withdrawn_key_verified_is_refused_at_once() {
    let (keys, verifier) = awaited();
    let successor = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
    let token = token(&es256());
    let both = set(&[es256().public_jwk(), successor.public_jwk()]);
    keys.replace(&both, NOW.after(HOUR)).unwrap();
    assert_eq!(verify(&verifier, &token, NOW), Ok(()));

    keys.replace(&set(&[successor.public_jwk()]), NOW.after(HOUR))
        .unwrap();

    assert!(verifier.recall(token.as_bytes(), NOW).is_none());
    assert_eq!(verify(&verifier, &token, NOW), Err(JwtError::UnknownKey));
}

#[test]
fn another_key_under_the_same_name_is_another_key() {
    let (keys, verifier) = awaited();
    let successor = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
    let token = token(&es256());
    keys.replace(&set(&[es256().public_jwk()]), NOW.after(HOUR))
        .unwrap();
    assert_eq!(verify(&verifier, &token, NOW), Ok(()));

    let renamed = with(successor.public_jwk(), "kid", es256().id());
    keys.replace(&set(&[&renamed]), NOW.after(HOUR)).unwrap();

    assert!(verifier.recall(token.as_bytes(), NOW).is_none());
    assert!(verify(&verifier, &token, NOW).is_err());
    assert_eq!(verify(&verifier, &token, NOW), Err(JwtError::Signature));
}

/// Fetching the same keys again must not make everybody's token be verified again.
#[test]
fn the_same_keys_fetched_again_leave_remembered_tokens_alone() {
    let (keys, verifier) = awaited();
    let token = token(&es256());
    let jwks = set(&[es256().public_jwk()]);
    for _ in 0..3 {
        keys.replace(&jwks, NOW.after(HOUR)).unwrap();
        assert_eq!(verify(&verifier, &token, NOW), Ok(()));
    }

    assert_eq!(verifier.counts(), (2, 1, 0));
}

#[test]
fn i07_keys_are_believed_until_their_time_and_no_longer() {
    let (keys, verifier) = awaited();
    let token = token(&es256());
    keys.replace(&set(&[es256().public_jwk()]), NOW.after(HOUR))
        .unwrap();
    let last = NOW.after(HOUR - Duration::from_secs(1));

    assert_eq!(verify(&verifier, &token, last), Ok(()));
    let refused = verify(&verifier, &token, NOW.after(HOUR));
    assert_eq!(refused, Err(JwtError::KeysUnavailable));
    assert_eq!(
        verify(&verifier, &token, NOW.after(HOUR)),
        Err(JwtError::KeysUnavailable),
        "not remembered as anything else"
    );
}

#[test]
fn i09_a_set_that_cannot_be_used_changes_nothing() {
    let (keys, verifier) = awaited();
    keys.replace(&set(&[es256().public_jwk()]), NOW.after(HOUR))
        .unwrap();

    for (jwks, error) in [
        (set(&[]), JwkSetError::NoUsableKey),
        ("<html>".to_owned(), JwkSetError::Malformed),
        (
            set(&[&json!({"kty": "oct", "k": "x"})]),
            JwkSetError::NoUsableKey,
        ),
    ] {
        assert_eq!(
            keys.replace(&jwks, NOW.after(2 * HOUR)),
            Err(error),
            "{jwks}"
        );
    }

    assert_eq!(verify(&verifier, &token(&es256()), NOW), Ok(()));
    assert!(!keys.are_known(NOW.after(HOUR)), "nor how long it counts");
}
