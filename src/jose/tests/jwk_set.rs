//! RFC 7517 §5, RFC 8725 §3.8: the keys of an issuer, and its terms, are its own.

use std::time::Duration;

use serde_json::{Value, json};

use super::support::{
    ISSUER, NOW, claims_with, es256, fixed, header_with, key, ring, sign, trusted, with, without,
};
use crate::jose::{
    ClaimPath, JwkSetError, JwtError, KeyError, SigningAlgorithm, SigningKey, TokenVerifier,
};
use crate::model::Timestamp;

const OTHER: &str = "https://other.example";

fn verifier_of(jwks: &Value) -> Result<TokenVerifier, JwkSetError> {
    fixed(&jwks.to_string())?;
    Ok(TokenVerifier::new(None, &[trusted(OTHER, jwks)], 10).unwrap())
}

#[test]
fn a_set_with_an_odd_key_still_serves_the_others() {
    let good = es256().public_jwk().clone();
    let set = json!({"keys": [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "a"},
        {"kty": "RSA", "n": "", "e": "AQAB"},
        {},
        with(&good, "use", "enc"),
        good,
    ], "other": 1});
    let verifier = verifier_of(&set).unwrap();

    let token = es256()
        .sign_jwt("at+jwt", &claims_with("iss", OTHER))
        .unwrap();

    assert!(verifier.verify(&token, NOW).is_ok());
}

#[test]
fn a_set_that_leaves_no_doubt_is_required() {
    let good = es256().public_jwk().clone();
    for (row, set, error) in [
        ("an array", json!([good]), JwkSetError::Malformed),
        ("no keys", json!({}), JwkSetError::Malformed),
        (
            "keys is an object",
            json!({"keys": good}),
            JwkSetError::Malformed,
        ),
        (
            "a key is a text",
            json!({"keys": ["a"]}),
            JwkSetError::Malformed,
        ),
        ("empty", json!({"keys": []}), JwkSetError::NoUsableKey),
        (
            "none usable",
            json!({"keys": [{"kty": "oct"}]}),
            JwkSetError::NoUsableKey,
        ),
        (
            "too many",
            json!({"keys": vec![good.clone(); 101]}),
            JwkSetError::TooManyKeys,
        ),
        (
            "twice",
            json!({"keys": [good, good]}),
            JwkSetError::DuplicateKeyId(es256().id().to_owned()),
        ),
    ] {
        assert_eq!(verifier_of(&set).map(drop), Err(error), "{row}");
    }
    let repeated = fixed(r#"{"keys":[],"keys":[]}"#);
    assert_eq!(repeated.map(drop), Err(JwkSetError::Malformed));
}

#[test]
fn two_issuers_have_two_names() {
    let set = json!({"keys": [es256().public_jwk()]});
    let own = || Some((ISSUER.to_owned(), ring()));

    let other = [trusted(OTHER, &set), trusted(OTHER, &set)];
    let refused = TokenVerifier::new(own(), &other, 10);
    assert!(matches!(refused, Err(KeyError::DuplicateIssuer(name)) if name == OTHER));

    let refused = TokenVerifier::new(own(), &[trusted(ISSUER, &set)], 10);
    assert!(matches!(refused, Err(KeyError::DuplicateIssuer(name)) if name == ISSUER));
}

/// The mix-up of RFC 8725 §3.8: one `kid` at two issuers.
#[test]
fn keys_are_looked_up_inside_their_issuer() {
    let theirs = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
    let set = json!({"keys": [with(theirs.public_jwk(), "kid", es256().id())]});
    let own = Some((ISSUER.to_owned(), ring()));
    let verifier = TokenVerifier::new(own, &[trusted(OTHER, &set)], 10).unwrap();
    let header = header_with(&es256(), "typ", "at+jwt");
    let signed = |key: &SigningKey, issuer: &str| {
        let payload = Value::Object(claims_with("iss", issuer)).to_string();
        let token = sign(key, &header, &payload);
        verifier.verify(&token, NOW).map(drop)
    };

    assert_eq!(signed(&es256(), ISSUER), Ok(()));
    assert_eq!(signed(&theirs, OTHER), Ok(()));
    assert_eq!(signed(&theirs, ISSUER), Err(JwtError::Signature));
    assert_eq!(signed(&es256(), OTHER), Err(JwtError::Signature));
}

#[test]
fn a_token_without_key_id_is_refused_when_several_keys_fit() {
    let other = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
    let header = r#"{"alg":"ES256","typ":"at+jwt"}"#;
    let payload = Value::Object(claims_with("iss", OTHER)).to_string();
    let token = sign(&es256(), header, &payload);
    let verify = |set: Value| verifier_of(&set).unwrap().verify(&token, NOW).map(drop);
    let rsa = key(SigningAlgorithm::Rs256);

    let one_fits = json!({"keys": [es256().public_jwk(), rsa.public_jwk()]});
    assert_eq!(verify(one_fits), Ok(()));
    let unnamed = json!({"keys": [without(es256().public_jwk(), "kid")]});
    assert_eq!(verify(unnamed), Ok(()));
    let two_fit = json!({"keys": [es256().public_jwk(), other.public_jwk()]});
    assert_eq!(verify(two_fit), Err(JwtError::UnknownKey));
}

#[test]
fn the_terms_of_an_issuer_are_its_own() {
    let set = json!({"keys": [es256().public_jwk()]});
    let mut issuer = trusted(OTHER, &set);
    issuer.terms.types = vec!["JWT".to_owned(), String::new()];
    issuer.terms.leeway = Duration::from_secs(30);
    let verifier = TokenVerifier::new(None, &[issuer], 10).unwrap();
    let verify = |header: &str, name: &str, value: u64| {
        let mut claims = claims_with("iss", OTHER);
        claims.insert(name.to_owned(), value.into());
        let token = sign(&es256(), header, &Value::Object(claims).to_string());
        verifier.verify(&token, NOW).map(drop)
    };
    let untyped = r#"{"alg":"ES256"}"#;
    let now = NOW.as_secs();

    assert_eq!(verify(untyped, "exp", now + 1), Ok(()));
    assert_eq!(
        verify(r#"{"alg":"ES256","typ":"jwt"}"#, "exp", now + 1),
        Ok(())
    );
    let refused = Err(JwtError::Type);
    assert_eq!(
        verify(r#"{"alg":"ES256","typ":"at+jwt"}"#, "exp", now + 1),
        refused
    );
    assert_eq!(
        verify(r#"{"alg":"ES256","typ":""}"#, "exp", now + 1),
        refused
    );
    assert_eq!(verify(untyped, "nbf", now + 30), Ok(()));
    assert_eq!(verify(untyped, "nbf", now + 31), Err(JwtError::NotYetValid));
    assert_eq!(verify(untyped, "iat", now + 30), Ok(()));
    assert_eq!(
        verify(untyped, "iat", now + 31),
        Err(JwtError::IssuedInFuture)
    );
}

#[test]
fn the_leeway_of_an_issuer_ends() {
    let set = json!({"keys": [es256().public_jwk()]});
    let mut issuer = trusted(OTHER, &set);
    issuer.terms.leeway = Duration::from_secs(30);
    let verifier = TokenVerifier::new(None, &[issuer], 10).unwrap();
    let token = es256()
        .sign_jwt("at+jwt", &claims_with("iss", OTHER))
        .unwrap();
    let at = |seconds| {
        let now = Timestamp::from_secs(NOW.as_secs() + seconds);
        verifier.verify(&token, now).map(drop)
    };

    assert_eq!(at(329), Ok(()));
    assert_eq!(at(330), Err(JwtError::Expired));
}

/// A claim of ours in a token of others would let them name our grants.
#[test]
fn private_claims_of_ours_mean_nothing_on_tokens_of_others() {
    let set = json!({"keys": [es256().public_jwk()]});
    let verifier = verifier_of(&set).unwrap();
    let token = es256()
        .sign_jwt("at+jwt", &claims_with("iss", OTHER))
        .unwrap();

    let verified = verifier.verify(&token, NOW).unwrap();

    assert_eq!(verified.claims["grant_id"], "g1");
    assert_eq!(verified.grant_id, None);
}

/// RFC 8725 §3.11, where an issuer gives every token one type: what it is for shows in its claims.
#[test]
fn d17_d18_a_token_for_another_purpose_is_refused_where_types_do_not_tell() {
    let set = json!({"keys": [es256().public_jwk()]});
    let mut issuer = trusted(OTHER, &set);
    issuer.terms.types = vec!["JWT".to_owned(), "at+jwt".to_owned()];
    let verifier = TokenVerifier::new(None, &[issuer], 10).unwrap();
    let verify = |typ: &str, claim: &str| {
        let mut claims = claims_with("iss", OTHER);
        claims.insert(claim.to_owned(), json!("x"));
        let token = es256().sign_jwt(typ, &claims).unwrap();
        verifier.verify(&token, NOW).map(drop)
    };

    assert_eq!(verify("JWT", "extra"), Ok(()));
    for claim in ["nonce", "at_hash", "c_hash", "events"] {
        assert_eq!(verify("JWT", claim), Err(JwtError::OtherPurpose), "{claim}");
        assert_eq!(verify("at+jwt", claim), Ok(()), "{claim}");
    }
}

#[test]
fn an_issuer_is_trusted_for_its_audiences_and_for_no_other() {
    let set = json!({"keys": [es256().public_jwk()]});
    let mut issuer = trusted(OTHER, &set);
    issuer.terms.audience = vec!["api".to_owned(), "files".to_owned()];
    let verifier = TokenVerifier::new(None, &[issuer], 10).unwrap();
    let verify = |audience: Value| {
        let mut claims = claims_with("iss", OTHER);
        claims.insert("aud".to_owned(), audience);
        let token = es256().sign_jwt("at+jwt", &claims).unwrap();
        verifier.verify(&token, NOW).map(drop)
    };

    assert_eq!(verify(json!(["other", "files"])), Ok(()));
    assert_eq!(verify(json!("other")), Err(JwtError::OtherAudience));
    assert_eq!(verify(json!("API")), Err(JwtError::OtherAudience));
}

/// A mapped claim is read where the issuer has it, also where we act upon it.
#[test]
fn claims_are_read_where_the_issuer_has_them() {
    let set = json!({"keys": [es256().public_jwk()]});
    let mut issuer = trusted(OTHER, &set);
    issuer.terms.claims = vec![
        ("scope".to_owned(), ClaimPath(vec!["scp".to_owned()])),
        ("client_id".to_owned(), ClaimPath(vec!["azp".to_owned()])),
    ];
    let verifier = TokenVerifier::new(None, &[issuer], 10).unwrap();
    let mut claims = claims_with("iss", OTHER);
    claims.insert("scp".to_owned(), json!(["read", "write"]));
    claims.insert("azp".to_owned(), json!("their-app"));
    let token = es256().sign_jwt("at+jwt", &claims).unwrap();

    let verified = verifier.verify(&token, NOW).unwrap();

    assert!(verified.scope.contains("write") && !verified.scope.contains("demo.read"));
    assert_eq!(verified.client_id.as_ref().unwrap().as_str(), "their-app");
}
