//! RFC 7523 §3, OpenID Connect Core §9: what an assertion must say, and who must have signed it.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::support::{NOW, es256, key, members, resigned, sign, with, without};
use crate::jose::{
    Assertion, AssertionError, AssertionTerms, JwkSetError, JwtError, KeySet, SigningAlgorithm,
    SigningKey, VerificationAlgorithm,
};

const ISSUER: &str = "https://op.example/oidc/";
const TOKEN: &str = "https://op.example/oidc/oauth2/token";

/// The claims of an assertion of `app` that is good at [`NOW`].
fn claims() -> Value {
    json!({
        "iss": "app",
        "sub": "app",
        "aud": ISSUER,
        "jti": "kq3x",
        "iat": NOW.as_secs(),
        "exp": NOW.as_secs() + 60,
    })
}

fn header() -> Map<String, Value> {
    members(&json!({"alg": "ES256", "kid": es256().id()}))
}

fn keys() -> KeySet {
    set(&[es256().public_jwk().clone()], &VerificationAlgorithm::ALL).unwrap()
}

fn set(keys: &[Value], accepted: &[VerificationAlgorithm]) -> Result<KeySet, JwkSetError> {
    KeySet::register(&json!({"keys": keys}).to_string(), accepted)
}

fn judge(token: &str, keys: &KeySet) -> Result<(), AssertionError> {
    let assertion = Assertion::parse(token)?;
    let audience = [ISSUER.to_owned(), TOKEN.to_owned()];
    assertion.check(&AssertionTerms {
        client_id: "app",
        audience: &audience,
        longest: Duration::from_secs(3600),
        now: NOW,
    })?;
    Ok(assertion.verify(keys)?)
}

#[track_caller]
fn check(row: &str, token: &str, expected: Result<(), AssertionError>) {
    assert_eq!(judge(token, &keys()), expected, "{row}");
}

fn signed(header: &Map<String, Value>, claims: &Value) -> String {
    let header = Value::Object(header.clone()).to_string();
    sign(&es256(), &header, &claims.to_string())
}

#[track_caller]
fn check_claims(row: &str, claims: &Value, expected: Result<(), AssertionError>) {
    check(row, &signed(&header(), claims), expected);
}

#[test]
fn it_must_say_whose_it_is_and_have_a_name() {
    use AssertionError::{Client, Identifier};
    let good = claims();
    for (row, claims, expected) in [
        ("as it should be", good.clone(), Ok(())),
        (
            "without iat, which is optional",
            without(&good, "iat"),
            Ok(()),
        ),
        (
            "a claim of its own",
            with(&good, "extra", json!({"a": [1]})),
            Ok(()),
        ),
        ("another issuer", with(&good, "iss", "other"), Err(Client)),
        ("another subject", with(&good, "sub", "other"), Err(Client)),
        (
            "another client",
            with(&with(&good, "iss", "b"), "sub", "b"),
            Err(Client),
        ),
        (
            "no issuer",
            without(&good, "iss"),
            Err(JwtError::IssuerClaim.into()),
        ),
        (
            "no subject",
            without(&good, "sub"),
            Err(JwtError::Subject.into()),
        ),
        (
            "a number as subject",
            with(&good, "sub", 7),
            Err(JwtError::Subject.into()),
        ),
        ("no jti", without(&good, "jti"), Err(Identifier)),
        ("an empty jti", with(&good, "jti", ""), Err(Identifier)),
        ("a number as jti", with(&good, "jti", 7), Err(Identifier)),
        (
            "an endless jti",
            with(&good, "jti", "j".repeat(257)),
            Err(Identifier),
        ),
        (
            "the longest jti",
            with(&good, "jti", "j".repeat(256)),
            Ok(()),
        ),
    ] {
        check_claims(row, &claims, expected);
    }
}

/// What was made for somebody else, too, could be used there by us and here by them.
#[test]
fn it_is_for_us_alone() {
    let missing = || Err(JwtError::Audience.into());
    for (row, audience, expected) in [
        ("the issuer", json!(ISSUER), Ok(())),
        ("the token endpoint", json!(TOKEN), Ok(())),
        ("a list of one", json!([ISSUER]), Ok(())),
        ("both of ours", json!([ISSUER, TOKEN]), Ok(())),
        ("null", json!(null), missing()),
        ("an empty list", json!([]), missing()),
        ("an empty text", json!([""]), missing()),
        (
            "another provider",
            json!("https://evil.example/"),
            Err(AssertionError::Audience),
        ),
        (
            "ours and another",
            json!([ISSUER, "https://e.example"]),
            Err(AssertionError::Audience),
        ),
        (
            "no slash",
            json!("https://op.example/oidc"),
            Err(AssertionError::Audience),
        ),
        (
            "another case",
            json!("https://OP.example/oidc/"),
            Err(AssertionError::Audience),
        ),
    ] {
        check_claims(row, &with(&claims(), "aud", audience), expected);
    }
    check_claims("none", &without(&claims(), "aud"), missing());
}

/// Clocks may differ by ten seconds.
#[test]
fn it_is_good_for_a_bounded_time() {
    let now = NOW.as_secs();
    let good = claims();
    for (row, claims, expected) in [
        (
            "no exp",
            without(&good, "exp"),
            Err(JwtError::Expiry.into()),
        ),
        (
            "exp as text",
            with(&good, "exp", "1"),
            Err(JwtError::Expiry.into()),
        ),
        (
            "a fraction",
            with(&good, "exp", 1_800_000_060.5),
            Err(JwtError::Expiry.into()),
        ),
        ("just expired", with(&good, "exp", now - 9), Ok(())),
        (
            "expired",
            with(&good, "exp", now - 10),
            Err(JwtError::Expired.into()),
        ),
        ("the longest", with(&good, "exp", now + 3610), Ok(())),
        (
            "too long",
            with(&good, "exp", now + 3611),
            Err(AssertionError::Lifetime),
        ),
        (
            "for ever",
            with(&good, "exp", 1_u64 << 53),
            Err(AssertionError::Lifetime),
        ),
        (
            "nbf eight seconds ahead",
            with(&good, "nbf", now + 8),
            Ok(()),
        ),
        (
            "nbf ahead",
            with(&good, "nbf", now + 11),
            Err(JwtError::NotYetValid.into()),
        ),
        (
            "iat eight seconds ahead",
            with(&good, "iat", now + 8),
            Ok(()),
        ),
        (
            "iat ahead",
            with(&good, "iat", now + 11),
            Err(JwtError::IssuedInFuture.into()),
        ),
        ("iat long ago", with(&good, "iat", 1), Ok(())),
    ] {
        check_claims(row, &claims, expected);
    }
}

#[track_caller]
fn check_header(row: &str, name: &str, value: Value, expected: Result<(), AssertionError>) {
    let mut header = header();
    header.insert(name.to_owned(), value);
    check(row, &signed(&header, &claims()), expected);
}

/// RFC 8725 §3.11.
#[test]
fn a_token_for_something_else_is_no_assertion() {
    for (typ, expected) in [
        ("JWT", Ok(())),
        ("jwt", Ok(())),
        ("client-authentication+jwt", Ok(())),
        ("application/client-authentication+jwt", Ok(())),
        ("at+jwt", Err(AssertionError::Type)),
        ("logout+jwt", Err(AssertionError::Type)),
        ("dpop+jwt", Err(AssertionError::Type)),
        ("", Err(AssertionError::Type)),
    ] {
        check_header(typ, "typ", json!(typ), expected);
    }
}

/// RFC 7515 §4.1.11, RFC 8725 §3.1 and §3.10.
#[test]
fn its_header_does_not_choose_how_it_is_judged() {
    use JwtError::{Algorithm, CriticalExtension, Header, KeyAlgorithm, UnknownKey};
    for (row, name, value, expected) in [
        (
            "crit",
            "crit",
            json!(["exp"]),
            Err(CriticalExtension.into()),
        ),
        ("b64", "b64", json!(false), Err(Header.into())),
        ("none", "alg", json!("none"), Err(Algorithm.into())),
        ("no text", "alg", json!(null), Err(Algorithm.into())),
        (
            "a shared secret",
            "alg",
            json!("HS256"),
            Err(Algorithm.into()),
        ),
        (
            "another algorithm",
            "alg",
            json!("RS256"),
            Err(KeyAlgorithm.into()),
        ),
        (
            "an unknown key",
            "kid",
            json!("other"),
            Err(UnknownKey.into()),
        ),
        (
            "a path as key",
            "kid",
            json!("../../dev/null"),
            Err(UnknownKey.into()),
        ),
        ("a key to verify with", "jwk", json!({"kty": "EC"}), Ok(())),
        (
            "an address of keys",
            "jku",
            json!("https://evil.example/"),
            Ok(()),
        ),
    ] {
        check_header(row, name, value, expected);
    }
    let mut unnamed = header();
    unnamed.remove("kid");
    check("the only key", &signed(&unnamed, &claims()), Ok(()));
}

#[test]
fn only_a_key_of_the_client_signs_for_it() {
    let token = signed(&header(), &claims());
    let stranger = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
    let header = Value::Object(header()).to_string();
    for (row, token) in [
        (
            "another's key under its name",
            sign(&stranger, &header, &claims().to_string()),
        ),
        ("r and s are zero", resigned(&token, &[0; 64])),
        ("half a signature", resigned(&token, &[1; 32])),
        ("other claims", {
            let other = signed(&self::header(), &with(&claims(), "jti", "other"));
            let (input, _) = other.rsplit_once('.').unwrap();
            let (_, signature) = token.rsplit_once('.').unwrap();
            format!("{input}.{signature}")
        }),
    ] {
        check(row, &token, Err(JwtError::Signature.into()));
    }
    for (row, token) in [
        (
            "no signature",
            format!("{}.", token.rsplit_once('.').unwrap().0),
        ),
        ("four parts", format!("{token}.x")),
        ("padding", format!("{token}=")),
        ("nothing", String::new()),
    ] {
        check(row, &token, Err(JwtError::Malformed.into()));
    }
    check(
        "endless",
        &"a".repeat(20_000),
        Err(JwtError::TooLong.into()),
    );
    let twice = sign(&es256(), &header, r#"{"sub":"app","sub":"app"}"#);
    check(
        "a claim twice",
        &twice,
        Err(JwtError::DuplicateMember.into()),
    );
}

/// The client's configuration says which algorithm, and never the assertion.
#[test]
fn a_key_is_used_with_the_algorithm_it_was_registered_for() {
    let rsa = key(SigningAlgorithm::Rs256);
    let unmarked = without(&without(rsa.public_jwk(), "alg"), "kid");
    let sign_as = |name: &str| {
        let header = json!({"alg": name}).to_string();
        sign(&rsa, &header, &claims().to_string())
    };
    for (row, accepted, alg, expected) in [
        (
            "what was registered",
            VerificationAlgorithm::Rs256,
            "RS256",
            Ok(()),
        ),
        (
            "another algorithm of the key's type",
            VerificationAlgorithm::Ps256,
            "RS256",
            Err(JwtError::UnknownKey.into()),
        ),
        (
            "the header of one, the signature of another",
            VerificationAlgorithm::Ps256,
            "PS256",
            Err(JwtError::Signature.into()),
        ),
    ] {
        let keys = set(std::slice::from_ref(&unmarked), &[accepted]).unwrap();
        assert_eq!(judge(&sign_as(alg), &keys), expected, "{row}");
    }
}

#[test]
fn keys_that_would_let_others_in_are_not_registered() {
    let good = es256().public_jwk().clone();
    let all = &VerificationAlgorithm::ALL;
    for (row, keys, accepted, expected) in [
        ("one", vec![good.clone()], &all[..], None),
        (
            "one for encryption beside it",
            vec![with(&good, "use", "enc"), good.clone()],
            all,
            None,
        ),
        (
            "a private key",
            vec![good.clone(), with(&good, "d", "AA")],
            all,
            Some(JwkSetError::PrivateKey),
        ),
        (
            "a shared secret",
            vec![good.clone(), json!({"kty": "oct", "k": "AA"})],
            all,
            Some(JwkSetError::PrivateKey),
        ),
        (
            "for another algorithm only",
            vec![good.clone()],
            &[VerificationAlgorithm::Rs256],
            Some(JwkSetError::NoUsableKey),
        ),
        ("none", vec![], all, Some(JwkSetError::NoUsableKey)),
    ] {
        assert_eq!(set(&keys, accepted).err(), expected, "{row}");
    }
}
