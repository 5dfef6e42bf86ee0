//! What is remembered is asked again for everything that can have changed.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::support::{
    ISSUER, NOW, claims, claims_with, es256, resigned, ring, token, trusted, verifier,
};
use crate::jose::{JwtError, TokenVerifier, Verified};
use crate::model::Timestamp;

fn own_with_capacity(capacity: u64) -> TokenVerifier {
    TokenVerifier::new(Some((ISSUER.to_owned(), ring())), &[], capacity).unwrap()
}

/// Remembers a token of ours, minted with `claims`.
fn mint(verifier: &TokenVerifier, claims: &serde_json::Map<String, Value>) -> String {
    let key = es256();
    let token = key.sign_jwt("at+jwt", claims).unwrap();
    let verified = Verified::from_claims(ISSUER, claims.clone()).unwrap();
    verifier.remember(&token, verified, key.id());
    token
}

#[test]
fn a_token_is_verified_once() {
    let verifier = verifier();
    let token = token(&claims());

    let first = verifier.verify(&token, NOW).unwrap();
    let second = verifier.verify(&token, NOW).unwrap();

    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(verifier.counts(), (1, 1, 0));
}

#[test]
fn any_number_of_threads_may_ask_at_once() {
    let verifier = verifier();
    let (good, forged) = {
        let good = token(&claims());
        (good.clone(), resigned(&good, &[1; 64]))
    };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert!(verifier.verify(&good, NOW).is_ok());
                    assert!(verifier.verify(&forged, NOW).is_err());
                }
            });
        }
    });

    let (hits, verifications, failures) = verifier.counts();
    assert_eq!((hits + verifications, failures), (160, 160));
    assert!((1..=8).contains(&verifications), "{verifications}");
}

#[test]
fn a_token_minted_here_is_never_verified_by_signature() {
    let verifier = verifier();
    let token = mint(&verifier, &claims());

    assert!(verifier.verify(&token, NOW).is_ok());
    assert_eq!(verifier.counts(), (1, 0, 0));
}

/// The way round and the short way establish the same.
#[test]
fn a_remembered_token_is_as_a_verified_one() {
    let forms = [
        claims(),
        claims_with("aud", serde_json::json!(["api", "files"])),
        claims_with("scope", ""),
        claims_with("nbf", NOW.as_secs() - 5),
        claims_with(
            "x",
            serde_json::json!({"y": [1, -1, 0.5, null, true, "\u{1f600}"]}),
        ),
    ];
    for claims in forms {
        let short = verifier();
        let minted = mint(&short, &claims);

        let remembered = short.verify(&minted, NOW).unwrap();
        let verified = verifier().verify(&minted, NOW).unwrap();

        assert_eq!(remembered, verified);
    }
}

#[test]
fn claims_that_could_never_be_accepted_are_not_remembered() {
    for (claims, error) in [
        (claims_with("sub", ""), JwtError::Subject),
        (
            claims_with("iss", "https://other.example"),
            JwtError::UnknownIssuer,
        ),
        (claims_with("exp", 0), JwtError::Expiry),
        (claims_with("groups", vec!["g"; 2100]), JwtError::TooComplex),
    ] {
        assert_eq!(Verified::from_claims(ISSUER, claims), Err(error));
    }
}

/// Only our own tokens are remembered at birth.
#[test]
fn nobody_elses_token_can_be_remembered_as_minted() {
    const OTHER: &str = "https://other.example";
    let set = serde_json::json!({"keys": [es256().public_jwk()]});
    let own = Some((ISSUER.to_owned(), ring()));
    let verifier = TokenVerifier::new(own, &[trusted(OTHER, &set)], 10).unwrap();
    let claims = claims_with("iss", OTHER);

    let verified = Verified::from_claims(OTHER, claims).unwrap();
    verifier.remember("a.b.c", verified, es256().id());

    assert_eq!(
        verifier.verify("a.b.c", NOW).map(drop),
        Err(JwtError::Malformed)
    );
}

/// The second of `exp` is too late, whatever is remembered.
#[test]
fn a_remembered_token_expires_on_the_second() {
    let verifier = verifier();
    let token = token(&claims());
    let at = |s| {
        verifier
            .verify(&token, NOW.after(Duration::from_secs(s)))
            .map(drop)
    };

    assert_eq!(at(0), Ok(()));
    assert_eq!(at(299), Ok(()));
    assert_eq!(at(300), Err(JwtError::Expired));
    assert_eq!(verifier.counts(), (1, 1, 1));
    assert_eq!(verifier.remembered(), (0, 0));
}

/// Where several machines issue, one of them is ahead of the others by a little.
#[test]
fn a_token_of_a_machine_whose_clock_is_ahead_is_good_but_not_for_longer() {
    let strict = verifier();
    let tolerant = verifier().allowing_clocks_apart(Duration::from_secs(5));
    for claim in ["iat", "nbf"] {
        let ahead = |seconds| token(&claims_with(claim, NOW.as_secs() + seconds));
        for seconds in [1, 5] {
            assert!(strict.verify(&ahead(seconds), NOW).is_err(), "{claim}");
            assert!(tolerant.verify(&ahead(seconds), NOW).is_ok(), "{claim}");
            assert!(tolerant.verify(&ahead(seconds), NOW).is_ok(), "{claim}");
        }
        assert!(tolerant.verify(&ahead(6), NOW).is_err(), "{claim}");
    }
    let end = NOW.after(Duration::from_secs(300));
    let ended = tolerant.verify(&token(&claims()), end).map(drop);
    assert_eq!(ended, Err(JwtError::Expired));
}

/// A clock that was set back makes a remembered token a token from the future.
#[test]
fn a_remembered_token_is_not_valid_before_its_time() {
    let verifier = verifier();
    let with_start = token(&claims_with("nbf", NOW.as_secs()));
    let without = token(&claims());
    for token in [&with_start, &without] {
        assert!(verifier.verify(token, NOW).is_ok());
    }

    let earlier = NOW.before(Duration::from_secs(1));
    assert_eq!(
        verifier.verify(&with_start, earlier).map(drop),
        Err(JwtError::NotYetValid)
    );
    let hour_earlier = NOW.before(Duration::from_secs(3600));
    assert_eq!(
        verifier.verify(&without, hour_earlier).map(drop),
        Err(JwtError::IssuedInFuture)
    );
    assert!(verifier.verify(&without, NOW).is_ok());
}

#[test]
fn a_forgery_stays_refused() {
    let verifier = verifier();
    let forged = resigned(&token(&claims()), &[1; 64]);
    let at = |s| {
        verifier
            .verify(&forged, NOW.after(Duration::from_secs(s)))
            .map(drop)
    };

    for seconds in [0, 1, 9, 10, 30] {
        assert_eq!(at(seconds), Err(JwtError::Signature), "{seconds}");
    }
    assert_eq!(verifier.remembered(), (0, 1));
    assert_eq!(verifier.counts(), (0, 0, 5));
}

/// What is refused for its time, or for a key that may come, can be right a moment later.
#[test]
fn only_forgeries_are_remembered_as_wrong() {
    let verifier = verifier();
    let early = token(&claims_with("nbf", NOW.as_secs() + 1));

    assert_eq!(
        verifier.verify(&early, NOW).map(drop),
        Err(JwtError::NotYetValid)
    );
    assert_eq!(verifier.remembered(), (0, 0));
    assert!(
        verifier
            .verify(&early, NOW.after(Duration::from_secs(1)))
            .is_ok()
    );
}

/// A forgery of a remembered token shares nothing with it.
#[test]
fn a_forgery_does_not_profit_from_the_original() {
    let verifier = verifier();
    let good = token(&claims());
    let forged = resigned(&good, &[1; 64]);

    assert!(verifier.verify(&good, NOW).is_ok());
    assert_eq!(
        verifier.verify(&forged, NOW).map(drop),
        Err(JwtError::Signature)
    );
    assert!(verifier.verify(&good, NOW).is_ok());
}

#[test]
fn distinct_forgeries_do_not_fill_the_memory() {
    let verifier = verifier();
    let good = token(&claims());
    for n in 0..25_000_u32 {
        // Too short to be paid for, so that the test is quick; remembered like any other.
        let forged = resigned(&good, &n.to_be_bytes());
        assert_eq!(
            verifier.verify(&forged, NOW).map(drop),
            Err(JwtError::Signature)
        );
    }

    let (verified, forgeries) = verifier.remembered();
    assert_eq!(verified, 0);
    assert!((1..=10_000).contains(&forgeries), "{forgeries}");
}

#[test]
fn the_memory_of_verified_tokens_is_bounded() {
    let verifier = own_with_capacity(50);
    for n in 0..200 {
        mint(&verifier, &claims_with("jti", format!("t{n}")));
    }

    let (verified, _) = verifier.remembered();
    assert!((1..=50).contains(&verified), "{verified}");
}

/// Claims take memory by their length.
#[test]
fn a_long_token_takes_the_place_of_several() {
    let verifier = own_with_capacity(20);
    for n in 0..20 {
        let mut claims = claims_with("x", "x".repeat(7000));
        claims.insert("jti".to_owned(), format!("t{n}").into());
        mint(&verifier, &claims);
    }

    let (verified, _) = verifier.remembered();
    assert!((1..=2).contains(&verified), "{verified}");
}

#[test]
fn without_capacity_every_request_verifies() {
    let verifier = own_with_capacity(0);
    let minted = mint(&verifier, &claims());
    let forged = resigned(&minted, &[1; 64]);

    for _ in 0..2 {
        assert!(verifier.verify(&minted, NOW).is_ok());
        assert_eq!(
            verifier.verify(&forged, NOW).map(drop),
            Err(JwtError::Signature)
        );
    }
    assert_eq!(verifier.counts(), (0, 2, 2));
    assert_eq!(verifier.remembered(), (0, 0));
}

/// A life of millennia does not trouble the clock inside the cache.
#[test]
fn a_token_that_lives_forever_is_remembered() {
    let verifier = verifier();
    let token = token(&claims_with("exp", 1_u64 << 53));
    let far = Timestamp::from_secs((1 << 53) - 1);

    assert!(verifier.verify(&token, NOW).is_ok());
    assert!(verifier.verify(&token, far).is_ok());
    assert_eq!(verifier.counts(), (1, 1, 0));
}
