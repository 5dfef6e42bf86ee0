//! RFC 7662 §2.2: only what is certainly active is, and it is held to what a JWT is held to.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::support::{NOW, with, without};
use crate::jose::{Asked, Introspected, JwtError, NotAnAnswer, Terms, Verified};
use crate::secret::Digest;

const OTHER: &str = "https://other.example";

fn read_with(terms: &Terms, audience: &[String], body: &str) -> Result<Introspected, NotAnAnswer> {
    let asked = Asked {
        issuer: &Arc::from(OTHER),
        terms,
        audience,
        now: NOW,
    };
    Introspected::read(body.as_bytes(), &asked)
}

fn read(body: &str) -> Result<Introspected, NotAnAnswer> {
    read_with(&Terms::default(), &[], body)
}

#[track_caller]
fn active(body: &Value) -> Arc<Verified> {
    match read(&body.to_string()) {
        Ok(Introspected::Active(verified)) => verified,
        other => panic!("{body}: {other:?}"),
    }
}

fn answer() -> Value {
    json!({
        "active": true,
        "iss": OTHER,
        "sub": "alice",
        "aud": "api",
        "client_id": "app",
        "scope": "read",
        "token_type": "Bearer",
        "iat": NOW.as_secs() - 10,
        "exp": NOW.as_secs() + 300,
        "groups": ["staff"],
    })
}

#[test]
fn an_active_token_is_what_its_issuer_says() {
    let verified = active(&answer());

    assert_eq!(&*verified.issuer, OTHER);
    assert_eq!(verified.subject.as_str(), "alice");
    assert_eq!(verified.audience, ["api"]);
    assert!(verified.scope.contains("read"));
    assert_eq!(verified.claims["groups"], json!(["staff"]));
    assert_eq!(verified.grant_id, None);
}

/// RFC 8705 §3.2; whoever takes it has the binding proven.
#[test]
fn what_a_token_is_bound_to_is_passed_on() {
    let print = Digest::of(b"a certificate");
    let bound = |thumbprint: &str| with(&answer(), "cnf", json!({ "x5t#S256": thumbprint }));

    let verified = active(&bound(&print.to_base64url()));
    assert_eq!(verified.bound_to, Some(print));
    assert_eq!(active(&answer()).bound_to, None);
    for malformed in ["", "x", &format!("{}=", print.to_base64url())] {
        assert_eq!(
            read(&bound(malformed).to_string()),
            Ok(Introspected::Refused(JwtError::SenderConstrained)),
            "{malformed}"
        );
    }
}

#[test]
fn i11_nothing_but_true_is_active_and_nothing_but_false_is_not() {
    assert_eq!(read(r#"{"active": false}"#), Ok(Introspected::Inactive));
    for body in [
        r#"{"active": "true"}"#,
        r#"{"active": 1}"#,
        r#"{"active": null}"#,
        "{}",
        r#"{"active": true, "active": true}"#,
        r#"{"active": false, "active": true}"#,
        r#"{"active": true, "sub": "a", "sub": "b"}"#,
        "[true]",
        "<html>",
        "",
    ] {
        assert_eq!(read(body), Err(NotAnAnswer), "{body}");
    }
}

#[test]
fn i12_an_answer_is_held_to_what_a_jwt_is_held_to() {
    let answer = answer();
    for (row, body, error) in [
        (
            "another issuer",
            with(&answer, "iss", "https://op.example"),
            JwtError::UnknownIssuer,
        ),
        ("no audience", without(&answer, "aud"), JwtError::Audience),
        (
            "a refresh token",
            with(&answer, "token_type", "refresh_token"),
            JwtError::OtherPurpose,
        ),
        (
            "an ID token",
            with(&answer, "token_use", "id_token"),
            JwtError::OtherPurpose,
        ),
        (
            "a refresh token by `typ`",
            with(&answer, "typ", "Refresh"),
            JwtError::OtherPurpose,
        ),
        (
            "a kind that is no text",
            with(&answer, "token_type", 1),
            JwtError::OtherPurpose,
        ),
        (
            "bound to a key",
            with(&answer, "cnf", json!({"jkt": "x"})),
            JwtError::SenderConstrained,
        ),
        (
            "expired, and active all the same",
            with(&answer, "exp", NOW.as_secs()),
            JwtError::Expired,
        ),
        (
            "not valid yet",
            with(&answer, "nbf", NOW.as_secs() + 1),
            JwtError::NotYetValid,
        ),
        (
            "a list of scope values",
            with(&answer, "scope", json!(["read"])),
            JwtError::Scope,
        ),
    ] {
        assert_eq!(
            read(&body.to_string()),
            Ok(Introspected::Refused(error)),
            "{row}"
        );
    }
    let nobody = without(&without(&answer, "sub"), "client_id");
    assert_eq!(
        read(&nobody.to_string()),
        Ok(Introspected::Refused(JwtError::Subject))
    );
}

#[test]
fn what_the_rfc_leaves_open_is_completed() {
    let short = active(&json!({"active": true, "client_id": "app", "aud": "api"}));

    assert_eq!(short.issued_at, NOW);
    assert!(short.is_of_client(), "no user is meant");
}

/// No end is made up: neither one to act upon, nor one for upstreams to read.
#[test]
fn a_token_whose_issuer_names_no_end_has_none() {
    let endless = active(&without(&answer(), "exp"));

    let ten_years = Duration::from_secs(10 * 365 * 24 * 3600);
    assert!(endless.expires_at > NOW.after(ten_years));
    assert_eq!(endless.claims.get("exp"), None);
    assert_eq!(active(&answer()).claims["exp"], NOW.as_secs() + 300);
}

#[test]
fn an_audience_can_be_taken_for_granted_and_be_asked_for() {
    let silent = without(&answer(), "aud").to_string();
    let assumed = ["api".to_owned()];
    let terms = Terms {
        audience: vec!["api".to_owned()],
        ..Terms::default()
    };

    assert!(matches!(
        read_with(&terms, &assumed, &silent),
        Ok(Introspected::Active(verified)) if verified.audience == assumed
    ));
    let for_others = with(&answer(), "aud", "b").to_string();
    assert_eq!(
        read_with(&terms, &assumed, &for_others),
        Ok(Introspected::Refused(JwtError::OtherAudience))
    );
}
