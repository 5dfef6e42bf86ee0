//! RFC 7515 §4, RFC 8725 §3: the header cannot choose the rules it is judged by.

use serde_json::{Value, json};

use super::support::{check, claims, es256, header_with, key, sign, token, with_header};
use crate::jose::{JwtError, SigningAlgorithm};

#[test]
fn a_token_of_ours_is_accepted() {
    check("as minted", &token(&claims()), Ok(()));
}

/// RFC 8725 §3.1, §3.2.
#[test]
fn only_the_algorithm_of_the_key_is_accepted() {
    use JwtError::{Algorithm, KeyAlgorithm};
    for (alg, error) in [
        (json!("none"), Algorithm),
        (json!("None"), Algorithm),
        (json!("nOnE"), Algorithm),
        (json!(""), Algorithm),
        (json!(null), Algorithm),
        (json!(256), Algorithm),
        (json!(["ES256"]), Algorithm),
        (json!("HS256"), Algorithm),
        (json!("es256"), Algorithm),
        (json!("ES512"), Algorithm),
        (json!("ES256K"), Algorithm),
        (json!("ECDH-ES"), Algorithm),
        (json!("ES384"), KeyAlgorithm),
        (json!("RS256"), KeyAlgorithm),
        (json!("PS256"), KeyAlgorithm),
        (json!("EdDSA"), KeyAlgorithm),
    ] {
        let token = with_header(&header_with(&es256(), "alg", alg.clone()));
        check(&alg.to_string(), &token, Err(error));
    }
    check(
        "alg is missing",
        &with_header(r#"{"typ":"at+jwt"}"#),
        Err(Algorithm),
    );
}

#[test]
fn a_key_is_not_used_with_another_algorithm_of_its_type() {
    let rsa = key(SigningAlgorithm::Rs256);
    let payload = Value::Object(claims()).to_string();

    let token = sign(&rsa, &header_with(&rsa, "alg", "PS256"), &payload);

    check(
        "PS256 under an RS256 key",
        &token,
        Err(JwtError::KeyAlgorithm),
    );
}

/// RFC 7515 §4.1.11, RFC 7797 §6.
#[test]
fn critical_extensions_are_refused_in_every_form() {
    for crit in [
        json!(["bork"]),
        json!([]),
        json!(["exp"]),
        json!(["b64"]),
        json!("b64"),
        json!(null),
        json!({}),
    ] {
        let token = with_header(&header_with(&es256(), "crit", crit.clone()));
        check(&crit.to_string(), &token, Err(JwtError::CriticalExtension));
    }
}

#[test]
fn members_of_encryption_and_detached_payloads_are_refused() {
    for (name, value) in [
        ("b64", json!(false)),
        ("b64", json!(true)),
        ("zip", json!("DEF")),
        ("enc", json!("A128GCM")),
        ("epk", json!({})),
        ("p2c", json!(2_147_483_647)),
        ("cty", json!("JWT")),
        ("cty", json!("application/jwt")),
        ("cty", json!(["JWT"])),
        ("typ", json!(["at+jwt"])),
        ("typ", json!(null)),
        ("kid", json!(["a"])),
        ("kid", json!({"a": 1})),
        ("kid", json!(null)),
    ] {
        let token = with_header(&header_with(&es256(), name, value.clone()));
        check(&format!("{name}: {value}"), &token, Err(JwtError::Header));
    }
}

/// RFC 8725 §2.4: two readers must not be able to read two headers.
#[test]
fn repeated_members_are_refused() {
    let kid = es256().id().to_owned();
    for header in [
        format!(r#"{{"alg":"ES256","alg":"ES256","typ":"at+jwt","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"none","\u0061lg":"ES256","typ":"at+jwt","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"x","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{kid}","x":{{"y":1,"y":2}}}}"#),
    ] {
        check(
            &header,
            &with_header(&header),
            Err(JwtError::DuplicateMember),
        );
    }
}

/// RFC 9068 §4: no other kind of token can be used as an access token.
#[test]
fn our_tokens_are_access_tokens_by_type() {
    for (typ, expected) in [
        ("at+jwt", Ok(())),
        ("AT+JWT", Ok(())),
        ("application/at+jwt", Ok(())),
        ("Application/At+Jwt", Ok(())),
        ("", Err(JwtError::Type)),
        ("JWT", Err(JwtError::Type)),
        ("jwt", Err(JwtError::Type)),
        ("dpop+jwt", Err(JwtError::Type)),
        ("logout+jwt", Err(JwtError::Type)),
        ("client-authentication+jwt", Err(JwtError::Type)),
        ("at+jwt ", Err(JwtError::Type)),
        ("x/at+jwt", Err(JwtError::Type)),
        ("application/application/at+jwt", Err(JwtError::Type)),
    ] {
        let token = with_header(&header_with(&es256(), "typ", typ));
        check(typ, &token, expected);
    }
    let kid = es256().id().to_owned();
    let without = format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#);
    check(
        "typ is missing",
        &with_header(&without),
        Err(JwtError::Type),
    );
}

/// `kid` is a name among the issuer's keys and nothing else.
#[test]
fn a_strange_key_id_is_an_unknown_key() {
    for kid in [
        "",
        "../../dev/null",
        "' OR 1=1 --",
        "http://169.254.169.254/",
        "\u{0}",
        &"k".repeat(8000),
    ] {
        let token = with_header(&header_with(&es256(), "kid", kid));
        check(kid, &token, Err(JwtError::UnknownKey));
    }
    let other_case = es256().id().to_uppercase();
    let token = with_header(&header_with(&es256(), "kid", other_case));
    check("kid in capitals", &token, Err(JwtError::UnknownKey));
}

/// The ring has one key for each algorithm, so the token can mean only one.
#[test]
fn a_token_without_key_id_means_the_only_key_of_its_algorithm() {
    check(
        "no kid",
        &with_header(r#"{"alg":"ES256","typ":"at+jwt"}"#),
        Ok(()),
    );
}

/// RFC 8725 §3.10: a key that comes with the token proves nothing.
#[test]
fn a_key_offered_by_the_token_is_not_looked_at() {
    let attacker = crate::jose::SigningKey::generate(SigningAlgorithm::Es256).unwrap();
    let payload = Value::Object(claims()).to_string();
    for (name, value) in [
        ("jwk", attacker.public_jwk().clone()),
        ("jku", json!("http://169.254.169.254/jwks")),
        (
            "x5u",
            json!("https://files.example/redirect?to=//evil.example"),
        ),
        ("x5c", json!(["MIIB"])),
        ("x5t#S256", json!("AAAA")),
    ] {
        let named = sign(
            &attacker,
            &header_with(&es256(), name, value.clone()),
            &payload,
        );
        check(name, &named, Err(JwtError::Signature));

        let unnamed = sign(&attacker, &header_with(&attacker, name, value), &payload);
        check(name, &unnamed, Err(JwtError::UnknownKey));
    }
}
