//! Rotation: which key signs, which are published, and which tokens stay good.

use std::sync::Arc;
use std::time::Duration;

use super::support::{ISSUER, NOW, claims, current, es256, key, verifier};
use crate::jose::{JwtError, KeyRing, RingKey, SigningAlgorithm, SigningKey, TokenVerifier};
use crate::model::Timestamp;

const HOUR: Duration = Duration::from_secs(3600);

fn new_key() -> Arc<SigningKey> {
    Arc::new(SigningKey::generate(SigningAlgorithm::Es256).unwrap())
}

/// `old` signs; `new`, made at `NOW`, takes over an hour later; an hour after that `old` goes.
fn rotating(old: &Arc<SigningKey>, new: &Arc<SigningKey>) -> Vec<RingKey> {
    let mut old = current(Arc::clone(old));
    old.published_until = Some(NOW.after(2 * HOUR));
    let new = RingKey {
        key: Arc::clone(new),
        created_at: NOW,
        active_from: NOW.after(HOUR),
        published_until: None,
    };
    vec![old, new]
}

fn published(ring: &KeyRing, now: Timestamp) -> Vec<String> {
    let document = ring.jwks(now);
    let keys = document["keys"].as_array().unwrap();
    keys.iter()
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_key_is_published_before_it_signs_and_after() {
    let (old, new) = (es256(), new_key());
    let ring = KeyRing::new(rotating(&old, &new));
    let signing = |now| ring.signing_key(SigningAlgorithm::Es256, now).unwrap();

    assert_eq!(signing(NOW).id(), old.id());
    assert_eq!(published(&ring, NOW), [new.id(), old.id()]);
    assert_eq!(signing(NOW.after(HOUR)).id(), new.id());
    assert_eq!(published(&ring, NOW.after(HOUR)), [new.id(), old.id()]);
    assert_eq!(published(&ring, NOW.after(2 * HOUR)), [new.id()]);
}

#[test]
fn each_algorithm_has_its_own_key() {
    let ring = super::support::ring();
    for algorithm in SigningAlgorithm::ALL {
        let signing = ring.signing_key(algorithm, NOW).unwrap();
        assert_eq!(signing.id(), key(algorithm).id());
    }
    assert!(
        KeyRing::default()
            .signing_key(SigningAlgorithm::Es256, NOW)
            .is_none()
    );
}

#[test]
fn a_key_that_is_not_active_yet_does_not_sign() {
    let mut next = current(es256());
    next.active_from = NOW.after(HOUR);
    let ring = KeyRing::new(vec![next]);

    assert!(ring.signing_key(SigningAlgorithm::Es256, NOW).is_none());
    assert!(
        ring.signing_key(SigningAlgorithm::Es256, NOW.after(HOUR))
            .is_some()
    );
}

#[test]
fn a_retired_key_does_not_sign_even_if_it_is_the_last() {
    let mut last = current(es256());
    for published_until in [NOW, NOW.after(HOUR)] {
        last.published_until = Some(published_until);
        let ring = KeyRing::new(vec![last.clone()]);

        assert!(ring.signing_key(SigningAlgorithm::Es256, NOW).is_none());
    }
}

#[test]
fn the_published_document_has_public_members_only() {
    let document = super::support::ring().jwks(NOW);
    for key in document["keys"].as_array().unwrap() {
        for (name, value) in key.as_object().unwrap() {
            assert!(
                ["kty", "crv", "x", "y", "n", "e", "kid", "use", "alg"].contains(&name.as_str()),
                "{name}"
            );
            assert!(value.is_string(), "{name}");
        }
        assert_eq!(key["use"], "sig");
    }
}

/// Neither the signature nor the memory of it outlives the key.
#[test]
fn a_token_of_a_retired_key_is_refused_remembered_or_not() {
    let old = es256();
    let mut long_lived = claims();
    long_lived.insert("exp".to_owned(), (NOW.as_secs() + 86_400).into());
    let token = old.sign_jwt("at+jwt", &long_lived).unwrap();
    let ring = Arc::new(KeyRing::new(rotating(&old, &new_key())));
    let verifier =
        || TokenVerifier::new(Some((ISSUER.to_owned(), Arc::clone(&ring))), &[], 10).unwrap();
    let remembering = verifier();

    assert!(remembering.verify(&token, NOW).is_ok());
    assert!(
        remembering
            .verify(&token, NOW.after(2 * HOUR - Duration::from_secs(1)))
            .is_ok()
    );
    for verifier in [&remembering, &verifier()] {
        let refused = verifier.verify(&token, NOW.after(2 * HOUR)).map(drop);
        assert_eq!(refused, Err(JwtError::UnknownKey));
    }
}

#[test]
fn a_key_taken_out_of_the_ring_is_refused_at_once() {
    let ring = super::support::ring();
    let own = Some((ISSUER.to_owned(), Arc::clone(&ring)));
    let verifier = TokenVerifier::new(own, &[], 10).unwrap();
    let token = es256().sign_jwt("at+jwt", &claims()).unwrap();
    assert!(verifier.verify(&token, NOW).is_ok());

    ring.replace(vec![current(new_key())]);

    assert_eq!(
        verifier.verify(&token, NOW).map(drop),
        Err(JwtError::UnknownKey)
    );
}

#[test]
fn a_new_key_is_accepted_as_soon_as_it_is_in_the_ring() {
    let ring = super::support::ring();
    let own = Some((ISSUER.to_owned(), Arc::clone(&ring)));
    let verifier = TokenVerifier::new(own, &[], 10).unwrap();
    let new = new_key();
    let token = new.sign_jwt("at+jwt", &claims()).unwrap();
    assert_eq!(
        verifier.verify(&token, NOW).map(drop),
        Err(JwtError::UnknownKey)
    );

    ring.replace(vec![current(new)]);

    assert!(verifier.verify(&token, NOW).is_ok());
}

#[test]
fn a_ring_says_its_keys_youngest_first() {
    let (old, new) = (es256(), new_key());
    let ring = KeyRing::new(rotating(&old, &new));

    let ids: Vec<_> = ring
        .keys()
        .iter()
        .map(|entry| entry.key.id().to_owned())
        .collect();

    assert_eq!(ids, [new.id(), old.id()]);
}

#[test]
fn a_verifier_without_issuers_accepts_nothing() {
    let token = es256().sign_jwt("at+jwt", &claims()).unwrap();
    let nobody = TokenVerifier::new(None, &[], 10).unwrap();

    assert_eq!(
        nobody.verify(&token, NOW).map(drop),
        Err(JwtError::UnknownIssuer)
    );
    assert!(verifier().verify(&token, NOW).is_ok());
}
