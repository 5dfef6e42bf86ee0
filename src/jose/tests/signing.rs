//! What we sign, others can verify, and a stored key is the key it was.

use std::sync::Arc;

use chrono::DateTime;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{DecodingKey, Validation};
use openidconnect::core::{
    CoreIdToken, CoreIdTokenClaims, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AccessToken, Audience, ClientId, EmptyAdditionalClaims, IssuerUrl, Nonce, PrivateSigningKey,
    StandardClaims, SubjectIdentifier,
};
use serde_json::Value;

use super::support::{ISSUER, NOW, check, claims, key, ring, signature_of};
use crate::jose::{JwtError, KeyError, SigningAlgorithm, SigningKey};

fn id_token(key: &Arc<SigningKey>) -> CoreIdToken {
    let at = |seconds: u64| DateTime::from_timestamp(i64::try_from(seconds).unwrap(), 0).unwrap();
    let claims = CoreIdTokenClaims::new(
        IssuerUrl::new(ISSUER.to_owned()).unwrap(),
        vec![Audience::new("demo-app".to_owned())],
        at(NOW.as_secs() + 300),
        at(NOW.as_secs()),
        StandardClaims::new(SubjectIdentifier::new("alice".to_owned())),
        EmptyAdditionalClaims {},
    )
    .set_nonce(Some(Nonce::new("n-0S6".to_owned())));
    let access_token = AccessToken::new("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y".to_owned());
    CoreIdToken::new(
        claims,
        key.as_ref(),
        key.algorithm().into(),
        Some(&access_token),
        None,
    )
    .unwrap()
}

/// OpenID Connect Core §3.1.3.7, by a relying party that knows our JWK Set.
#[test]
fn an_id_token_is_verified_by_a_relying_party() {
    for algorithm in SigningAlgorithm::ALL {
        let key_set: CoreJsonWebKeySet = serde_json::from_value(ring().jwks(NOW)).unwrap();
        let now = DateTime::from_timestamp(i64::try_from(NOW.as_secs()).unwrap(), 0).unwrap();
        let verifier = CoreIdTokenVerifier::new_public_client(
            ClientId::new("demo-app".to_owned()),
            IssuerUrl::new(ISSUER.to_owned()).unwrap(),
            key_set,
        )
        .set_allowed_algs([CoreJwsSigningAlgorithm::from(algorithm)])
        .set_time_fn(move || now);
        let sent = id_token(&key(algorithm)).to_string();

        let received: CoreIdToken = sent.parse().unwrap();
        let verified = received
            .claims(&verifier, &Nonce::new("n-0S6".to_owned()))
            .unwrap();

        assert_eq!(verified.subject().as_str(), "alice");
        assert!(verified.access_token_hash().is_some());
    }
}

/// RFC 9068 §5: an ID token opens nothing.
#[test]
fn an_id_token_is_no_access_token() {
    for algorithm in SigningAlgorithm::ALL {
        let token = id_token(&key(algorithm)).to_string();
        check(algorithm.as_str(), &token, Err(JwtError::Type));
    }
}

#[test]
fn an_access_token_is_verified_by_another_library_from_our_jwk() {
    for algorithm in SigningAlgorithm::ALL {
        let key = key(algorithm);
        let token = key.sign_jwt("at+jwt", &claims()).unwrap();
        let jwk: Jwk = serde_json::from_value(key.public_jwk().clone()).unwrap();
        let mut rules = Validation::new(algorithm.as_str().parse().unwrap());
        rules.validate_exp = false;
        rules.set_audience(&["api"]);
        rules.set_issuer(&[ISSUER]);

        let decoding_key = DecodingKey::from_jwk(&jwk).unwrap();
        let decoded = jsonwebtoken::decode::<Value>(&token, &decoding_key, &rules).unwrap();

        assert_eq!(decoded.claims, Value::Object(claims()));
        assert_eq!(decoded.header.typ.as_deref(), Some("at+jwt"));
        assert_eq!(decoded.header.kid.as_deref(), Some(key.id()));
    }
}

#[test]
fn a_stored_key_is_the_key_it_was() {
    for algorithm in SigningAlgorithm::ALL {
        let key = key(algorithm);

        let again = SigningKey::from_pkcs8(algorithm, &key.to_pkcs8().unwrap()).unwrap();

        assert_eq!(again.id(), key.id());
        assert_eq!(again.public_jwk(), key.public_jwk());
        let token = again.sign_jwt("at+jwt", &claims()).unwrap();
        check(algorithm.as_str(), &token, Ok(()));
    }
}

/// The two RSA algorithms share a form of document: what tells their keys apart in the store is
/// that each is sealed under the name of its algorithm.
#[test]
fn a_document_is_a_key_of_its_own_kind_only() {
    let is_rsa = |algorithm: SigningAlgorithm| {
        matches!(algorithm, SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256)
    };
    for stored in SigningAlgorithm::ALL {
        let document = key(stored).to_pkcs8().unwrap();
        for asked in SigningAlgorithm::ALL
            .into_iter()
            .filter(|asked| *asked != stored && !(is_rsa(*asked) && is_rsa(stored)))
        {
            let refused = SigningKey::from_pkcs8(asked, &document);
            assert!(matches!(refused, Err(KeyError::Unusable)), "{asked:?}");
        }
        let cut = &document[..document.len() - 1];
        let refused = SigningKey::from_pkcs8(stored, cut);
        assert!(matches!(refused, Err(KeyError::Unusable)), "{stored:?}");
    }
}

#[test]
fn a_key_signs_with_its_own_algorithm_only() {
    let es256 = key(SigningAlgorithm::Es256);

    let refused = PrivateSigningKey::sign(
        es256.as_ref(),
        &CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
        b"message",
    );

    assert!(refused.is_err());
}

/// RFC 7518 §3.3, §3.4, §3.5, RFC 8037 §3.1.
#[test]
fn signatures_have_the_length_of_their_algorithm() {
    for (algorithm, length) in [
        (SigningAlgorithm::Es256, 64),
        (SigningAlgorithm::Rs256, 256),
        (SigningAlgorithm::Ps256, 256),
        (SigningAlgorithm::EdDsa, 64),
    ] {
        let token = key(algorithm).sign_jwt("at+jwt", &claims()).unwrap();
        assert_eq!(signature_of(&token).len(), length, "{algorithm:?}");
    }
}

#[test]
fn a_key_does_not_print_itself() {
    for algorithm in SigningAlgorithm::ALL {
        let key = key(algorithm);
        let expected = format!(
            "SigningKey {{ id: {:?}, algorithm: {algorithm:?}, .. }}",
            key.id()
        );
        assert_eq!(format!("{key:?}"), expected);
    }
}

#[test]
fn claims_without_a_json_form_are_not_signed() {
    let no_json = std::collections::BTreeMap::from([((1, 2), 3)]);

    let refused = key(SigningAlgorithm::Es256).sign_jwt("at+jwt", &no_json);

    assert!(matches!(refused, Err(KeyError::Claims)));
}
