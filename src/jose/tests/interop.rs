//! Tokens made by other software: `tests/data/jose`.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::support::{NOW, trusted};
use crate::jose::{TokenVerifier, TrustedIssuer, TrustedKeys, VerificationAlgorithm};

const PYJWT: &str = include_str!("../../../tests/data/jose/pyjwt.json");

#[test]
fn tokens_of_pyjwt_are_verified() {
    let data: Value = serde_json::from_str(PYJWT).unwrap();
    let issuer = trusted("https://issuer.example", &data["jwks"]);
    let verifier = TokenVerifier::new(None, &[issuer], 100).unwrap();
    let tokens = data["tokens"].as_object().unwrap();
    assert_eq!(tokens.len(), 7);

    for (algorithm, token) in tokens {
        let verified = verifier.verify(token.as_str().unwrap(), NOW).unwrap();

        assert_eq!(verified.subject.as_str(), "alice", "{algorithm}");
        assert_eq!(verified.audience, ["api", "files"], "{algorithm}");
        assert_eq!(verified.scope.to_string(), "read write", "{algorithm}");
        assert_eq!(verified.claims["groups"][1], "zoë", "{algorithm}");
        assert_eq!(verified.grant_id, None, "{algorithm}");
    }
}

/// The operator's list decides, not the issuer's keys.
#[test]
fn an_algorithm_that_is_not_accepted_is_not_used() {
    let data: Value = serde_json::from_str(PYJWT).unwrap();
    for accepted in VerificationAlgorithm::ALL {
        let Ok(keys) = TrustedKeys::fixed(&data["jwks"].to_string(), &[accepted]) else {
            assert!(
                data["jwks"]["keys"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .all(|key| key["alg"] != accepted.as_str())
            );
            continue;
        };
        let issuer = TrustedIssuer {
            keys: Arc::new(keys),
            ..trusted("https://issuer.example", &data["jwks"])
        };
        let verifier = TokenVerifier::new(None, &[issuer], 100).unwrap();
        for (algorithm, token) in data["tokens"].as_object().unwrap() {
            let is_verified = verifier.verify(token.as_str().unwrap(), NOW).is_ok();
            assert_eq!(is_verified, algorithm == accepted.as_str(), "{algorithm}");
        }
    }
}

#[test]
fn tokens_of_pyjwt_expire_when_they_say() {
    let data: Value = serde_json::from_str(PYJWT).unwrap();
    let issuer = trusted("https://issuer.example", &data["jwks"]);
    let verifier = TokenVerifier::new(None, &[issuer], 100).unwrap();
    let token = data["tokens"]["ES256"].as_str().unwrap();
    let expiry = verifier.verify(token, NOW).unwrap().expires_at;

    assert!(
        verifier
            .verify(token, expiry.before(Duration::from_secs(1)))
            .is_ok()
    );
    assert!(verifier.verify(token, expiry).is_err());
}
