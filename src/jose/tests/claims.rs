//! RFC 7519 §4.1, RFC 9068 §2.2: each claim has one accepted form.

use serde_json::{Value, json};

use super::support::{
    ISSUER, NOW, check, claims, claims_with, claims_without, es256, header, sign, token, verifier,
};
use crate::jose::JwtError;

#[track_caller]
fn check_claim(name: &str, value: Value, expected: Result<(), JwtError>) {
    check(
        &format!("{name}: {value}"),
        &token(&claims_with(name, value)),
        expected,
    );
}

/// A claim as it stands in the text, for what no `Value` can hold.
#[track_caller]
fn check_text(name: &str, text: &str, expected: JwtError) {
    let payload = Value::Object(claims_with(name, "@")).to_string();
    let payload = payload.replace("\"@\"", text);
    let header = Value::Object(header(&es256())).to_string();
    check(
        &format!("{name}: {text}"),
        &sign(&es256(), &header, &payload),
        Err(expected),
    );
}

#[test]
fn what_a_token_says_is_established() {
    let verified = verifier().verify(&token(&claims()), NOW).unwrap();

    assert_eq!(&*verified.issuer, ISSUER);
    assert_eq!(
        verified.subject.as_str(),
        "6b2ff3f0-2b1c-4a0d-9d3c-0d8b8f1f5f00"
    );
    assert_eq!(verified.client_id.as_ref().unwrap().as_str(), "demo-app");
    assert_eq!(verified.scope.to_string(), "demo.read openid");
    assert_eq!(verified.audience, ["api"]);
    assert_eq!(verified.token_id.as_deref(), Some("kq3x"));
    assert_eq!(verified.grant_id.as_ref().unwrap().as_str(), "g1");
    assert_eq!(verified.claims, claims());
}

#[test]
fn the_claims_that_make_an_access_token_are_required() {
    for (name, error) in [
        ("iss", JwtError::IssuerClaim),
        ("sub", JwtError::Subject),
        ("aud", JwtError::Audience),
        ("exp", JwtError::Expiry),
        ("iat", JwtError::IssuedAt),
    ] {
        check(name, &token(&claims_without(name)), Err(error));
    }
    for name in ["client_id", "scope", "jti", "grant_id"] {
        check(name, &token(&claims_without(name)), Ok(()));
    }
}

#[test]
fn the_issuer_is_compared_byte_by_byte() {
    use JwtError::{IssuerClaim, UnknownIssuer};
    for (issuer, error) in [
        (json!("https://files.example/oidc"), UnknownIssuer),
        (json!("https://FILES.example/oidc/"), UnknownIssuer),
        (json!("https://files.example:443/oidc/"), UnknownIssuer),
        (
            json!("https://files.example/oidc/@evil.example"),
            UnknownIssuer,
        ),
        (
            json!("https://files.example@evil.example/oidc/"),
            UnknownIssuer,
        ),
        (json!(""), UnknownIssuer),
        (json!([ISSUER]), IssuerClaim),
        (json!(null), IssuerClaim),
        (json!(1), IssuerClaim),
    ] {
        check_claim("iss", issuer, Err(error));
    }
}

#[test]
fn the_expiry_is_a_whole_number_of_seconds_to_come() {
    let now = NOW.as_secs();
    check_claim("exp", json!(now + 1), Ok(()));
    check_claim("exp", json!(1_u64 << 53), Ok(()));
    check_claim("exp", json!(now), Err(JwtError::Expired));
    check_claim("exp", json!(now - 1), Err(JwtError::Expired));
    check_claim("exp", json!(now - 10), Err(JwtError::Expiry));
    for value in [
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!((now + 300).to_string()),
        json!([now + 300]),
        json!({}),
        json!((1_u64 << 53) + 1),
        json!(u64::MAX),
    ] {
        check_claim("exp", value, Err(JwtError::Expiry));
    }
    for text in ["1800000300.0", "1800000300.5", "1.8e12", "1e300", "-1e300"] {
        check_text("exp", text, JwtError::Expiry);
    }
    check_text("exp", "1e999", JwtError::Malformed);
    check_text("exp", &"9".repeat(4000), JwtError::Malformed);
    check_text("exp", "0x6b49d200", JwtError::Malformed);
}

#[test]
fn the_start_of_validity_is_kept_to() {
    let now = NOW.as_secs();
    check_claim("nbf", json!(now), Ok(()));
    check_claim("nbf", json!(now + 1), Err(JwtError::NotYetValid));
    for value in [json!("1"), json!([1]), json!(null), json!(-1), json!(1.5)] {
        check_claim("nbf", value, Err(JwtError::NotBefore));
    }
    check_text("nbf", "1e300", JwtError::NotBefore);
}

#[test]
fn a_token_from_the_future_is_refused() {
    let now = NOW.as_secs();
    check_claim("iat", json!(now), Ok(()));
    check_claim("iat", json!(now + 1), Err(JwtError::IssuedInFuture));
    check_claim("iat", json!(now + 300), Err(JwtError::Expiry));
    for value in [json!("1"), json!(null), json!(-1), json!(1.5)] {
        check_claim("iat", value, Err(JwtError::IssuedAt));
    }
}

#[test]
fn the_audience_is_a_text_or_a_list_of_texts() {
    check_claim("aud", json!("api "), Ok(()));
    check_claim("aud", json!(["b", "api"]), Ok(()));
    for value in [
        json!(null),
        json!(""),
        json!(5),
        json!([]),
        json!([5, "api"]),
        json!(["api", ""]),
        json!(["api", null]),
        json!([["api"]]),
        json!({"api": 1}),
    ] {
        check_claim("aud", value, Err(JwtError::Audience));
    }
}

/// Audiences are kept as they are; comparing them is policy.
#[test]
fn audiences_are_neither_trimmed_nor_folded() {
    let token = token(&claims_with("aud", json!(["API", "api "])));

    let verified = verifier().verify(&token, NOW).unwrap();

    assert_eq!(verified.audience, ["API", "api "]);
}

#[test]
fn the_subject_is_a_subject() {
    for value in [
        json!(null),
        json!(""),
        json!(" "),
        json!(" a"),
        json!("a\nb"),
        json!("zoë"),
        json!("x".repeat(256)),
        json!(7),
        json!(["a"]),
    ] {
        check_claim("sub", value, Err(JwtError::Subject));
    }
}

#[test]
fn the_scope_is_one_text_with_single_spaces() {
    check_claim("scope", json!(""), Ok(()));
    check_claim("scope", json!("read read"), Ok(()));
    for value in [
        json!(null),
        json!(["read"]),
        json!("read  write"),
        json!("read\twrite"),
        json!(" read"),
        json!("read\u{a0}write"),
        json!(1),
    ] {
        check_claim("scope", value, Err(JwtError::Scope));
    }
    let commas = token(&claims_with("scope", "read,write"));
    let verified = verifier().verify(&commas, NOW).unwrap();
    assert!(!verified.scope.contains("read"));
}

#[test]
fn names_of_clients_tokens_and_grants_are_texts() {
    for (name, error) in [
        ("client_id", JwtError::ClientId),
        ("jti", JwtError::Identifier),
        ("grant_id", JwtError::Identifier),
    ] {
        for value in [json!(null), json!(1), json!(["a"]), json!({"a": 1})] {
            check_claim(name, value, Err(error));
        }
    }
    check_claim("client_id", json!(""), Err(JwtError::ClientId));
    check_claim("client_id", json!("a\u{7f}"), Err(JwtError::ClientId));
}

/// RFC 9449 §7.1, RFC 8705 §3.
#[test]
fn a_sender_constrained_token_is_no_bearer_token() {
    for value in [
        json!({"jkt": "x"}),
        json!({"x5t#S256": "x"}),
        // We bind none, so one of ours that says so is no better than one that says anything else.
        json!({"x5t#S256": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"}),
        json!(null),
        json!({}),
    ] {
        check_claim("cnf", value, Err(JwtError::SenderConstrained));
    }
}

/// RFC 8725 §2.4: registered claims and others, plain and in disguise.
#[test]
fn repeated_claims_are_refused() {
    let header = Value::Object(header(&es256())).to_string();
    let payload = Value::Object(claims()).to_string();
    for twin in [
        r#""exp":9007199254740991"#,
        r#""aud":"api""#,
        r#""sub":"admin""#,
        r#""s\u0075b":"admin""#,
        r#""scope":"admin""#,
        r#""groups":["admin"]"#,
        r#""\u0067roups":["admin"]"#,
        r#""x":{"a":1,"a":2}"#,
    ] {
        let twice = payload.replacen('{', &format!("{{{twin},"), 1);
        check(
            twin,
            &sign(&es256(), &header, &twice),
            Err(JwtError::DuplicateMember),
        );
    }
}
