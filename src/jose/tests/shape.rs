//! RFC 7515 §7.1: one spelling of one token, of bounded size.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::Value;

use super::support::{check, claims, claims_with, es256, header, sign, token};
use crate::jose::JwtError;

#[test]
fn a_token_has_three_segments() {
    let good = token(&claims());
    let parts: Vec<_> = good.split('.').collect();
    let (head, body, signature) = (parts[0], parts[1], parts[2]);
    let dots = ".".repeat(10_000);
    for token in [
        "",
        ".",
        "..",
        "a",
        head,
        &format!("{head}.{body}"),
        &format!("{head}.{body}."),
        &format!("{head}..{signature}"),
        &format!(".{body}.{signature}"),
        &format!("{good}."),
        &format!(".{good}"),
        &format!("{good}.{signature}"),
        &format!("{head}.a.a.a.{signature}"),
        &dots,
    ] {
        check(token, token, Err(JwtError::Malformed));
    }
}

#[test]
fn a_segment_is_canonical_base64url() {
    let good = token(&claims());
    let (signing_input, signature) = good.rsplit_once('.').unwrap();
    let (head, body) = signing_input.split_once('.').unwrap();
    // 64 bytes leave four bits of the last character unused.
    let mut cut = signature.to_owned();
    let last = cut.pop().unwrap();
    let loose = match last {
        'A' => 'B',
        'Q' => 'R',
        'g' => 'h',
        _ => 'x',
    };
    for (row, token) in [
        ("padding", format!("{good}==")),
        ("trailing newline", format!("{good}\n")),
        ("leading space", format!(" {good}")),
        ("inner space", format!("{head}. {body}.{signature}")),
        ("leftover bits", format!("{signing_input}.{cut}{loose}")),
        ("a character short", format!("{signing_input}.{cut}")),
        ("the other alphabet", format!("{signing_input}.+/{cut}")),
        ("an escape", format!("{signing_input}%2e{signature}")),
        ("another script", format!("{signing_input}.{cut}ä")),
        ("NUL", format!("{good}\0")),
    ] {
        check(row, &token, Err(JwtError::Malformed));
    }
}

#[test]
fn the_json_serialization_is_not_a_bearer_token() {
    let good = token(&claims());
    let parts: Vec<_> = good.split('.').collect();
    let flattened = format!(
        r#"{{"protected":"{}","payload":"{}","signature":"{}"}}"#,
        parts[0], parts[1], parts[2]
    );
    check("flattened", &flattened, Err(JwtError::Malformed));
    let encoded = URL_SAFE_NO_PAD.encode(&flattened);
    check("flattened, encoded", &encoded, Err(JwtError::Malformed));
}

#[test]
fn an_encrypted_token_is_refused() {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"dir","enc":"A128GCM","zip":"DEF"}"#);
    check(
        "JWE",
        &format!("{header}..AAAA.AAAA.AAAA"),
        Err(JwtError::Malformed),
    );
}

#[test]
fn a_payload_that_is_not_one_json_object_is_refused() {
    let header = Value::Object(header(&es256())).to_string();
    let good = Value::Object(claims()).to_string();
    for payload in [
        "null".to_owned(),
        "[]".to_owned(),
        "{}{}".to_owned(),
        "{".to_owned(),
        format!("\u{feff}{good}"),
        format!("{good}x"),
        format!("{good}\0"),
        format!("/**/{good}"),
        good.replace("\"kq3x\"", "NaN"),
        good.replace("\"kq3x\"", r#""\ud800""#),
        good.replace("\"kq3x\"", "'kq3x'"),
    ] {
        check(
            &payload,
            &sign(&es256(), &header, &payload),
            Err(JwtError::Malformed),
        );
    }
    let invalid = es256()
        .sign_compact(header.as_bytes(), b"{\"iss\":\"\xff\"}")
        .unwrap();
    check("invalid UTF-8", &invalid, Err(JwtError::Malformed));
}

#[test]
fn size_depth_and_number_of_values_are_bounded() {
    let nested =
        |levels: usize| (0..levels).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    let many = |count: usize| Value::Array(vec![Value::from(0); count]);

    check("15 levels", &token(&claims_with("x", nested(15))), Ok(()));
    check(
        "16 levels",
        &token(&claims_with("x", nested(16))),
        Err(JwtError::TooComplex),
    );
    check("2000 values", &token(&claims_with("x", many(2000))), Ok(()));
    check(
        "2100 values",
        &token(&claims_with("x", many(2100))),
        Err(JwtError::TooComplex),
    );

    let header = Value::Object(header(&es256())).to_string();
    let bomb = format!("{{\"a\":{}", "[".repeat(10_000));
    check(
        "depth bomb",
        &sign(&es256(), &header, &bomb),
        Err(JwtError::TooComplex),
    );

    let long = token(&claims_with("x", "x".repeat(12_000)));
    assert!(long.len() > 16 * 1024);
    check("16 KiB of claims", &long, Err(JwtError::TooLong));
    check(
        "1 MiB of anything",
        &"a".repeat(1 << 20),
        Err(JwtError::TooLong),
    );
}

#[test]
fn the_header_is_bounded_too() {
    let header = |x: &str| format!(r#"{{"alg":"ES256","typ":"at+jwt","x":{x}}}"#);
    let payload = Value::Object(claims()).to_string();
    for x in ["[".repeat(5000), format!("[{}0]", "0,".repeat(100))] {
        check(
            &x,
            &sign(&es256(), &header(&x), &payload),
            Err(JwtError::TooComplex),
        );
    }
}

#[test]
fn other_spellings_of_base64_are_not_read() {
    let good = token(&claims());
    let signature = super::support::signature_of(&good);
    let (signing_input, _) = good.rsplit_once('.').unwrap();
    for other in [STANDARD.encode(&signature), URL_SAFE.encode(&signature)] {
        let token = format!("{signing_input}.{other}");
        check(&other, &token, Err(JwtError::Malformed));
    }
}
