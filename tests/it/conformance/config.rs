//! `oidcc-config-certification-test-plan`: the discovery document.

use serde_json::Value;
use url::Url;

use super::{Delivery, Suite};

/// Members that must be there (OpenID Connect Discovery §3).
const REQUIRED: [&str; 7] = [
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "response_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
];
/// Members that are arrays of strings.
const LISTS: [&str; 21] = [
    "scopes_supported",
    "response_types_supported",
    "response_modes_supported",
    "grant_types_supported",
    "acr_values_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
    "userinfo_signing_alg_values_supported",
    "request_object_signing_alg_values_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "revocation_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_signing_alg_values_supported",
    "introspection_endpoint_auth_methods_supported",
    "introspection_endpoint_auth_signing_alg_values_supported",
    "introspection_signing_alg_values_supported",
    "display_values_supported",
    "claim_types_supported",
    "claims_supported",
    "code_challenge_methods_supported",
    "prompt_values_supported",
];
/// Members that are arrays of language tags (BCP 47).
const LOCALES: [&str; 2] = ["claims_locales_supported", "ui_locales_supported"];
/// Members that are true or false.
const FLAGS: [&str; 9] = [
    "claims_parameter_supported",
    "request_parameter_supported",
    "request_uri_parameter_supported",
    "require_request_uri_registration",
    "authorization_response_iss_parameter_supported",
    "backchannel_logout_supported",
    "backchannel_logout_session_supported",
    "frontchannel_logout_supported",
    "frontchannel_logout_session_supported",
];
/// Further members that are addresses.
const ADDRESSES: [&str; 4] = [
    "service_documentation",
    "op_policy_uri",
    "op_tos_uri",
    "jwks_uri",
];

/// Type and address of the document, its required members, the type of every member, and nothing
/// in it that no specification knows.
#[tokio::test]
async fn oidcc_discovery_endpoint_verification() {
    check_document(&Suite::start(Delivery::Query).await).await;
}

/// What the module demands of the document.
pub(super) async fn check_document(suite: &Suite) {
    let url = format!("{}.well-known/openid-configuration", suite.issuer());
    let answer = suite.edge().send(suite.edge().http.get(url)).await;

    let answer = answer.assert_status(200);

    assert_eq!(answer.header("content-type"), "application/json");
    check_issuer(suite);
    check_values(suite);
    for (name, value) in answer.json().as_object().expect("an object") {
        check_member(name, value);
    }
}

#[track_caller]
fn check_issuer(suite: &Suite) {
    let issuer = Url::parse(suite.issuer()).expect("a URL");
    assert_eq!(issuer.scheme(), "https");
    assert_eq!((issuer.query(), issuer.fragment()), (None, None));
    assert_eq!(suite.issuer(), suite.edge().url("/oidc/"));
}

#[track_caller]
fn check_values(suite: &Suite) {
    for name in REQUIRED {
        assert!(suite.metadata.get(name).is_some(), "no {name}");
    }
    for (name, value) in [
        ("response_types_supported", "code"),
        ("id_token_signing_alg_values_supported", "RS256"),
        ("scopes_supported", "openid"),
        ("claims_supported", "sub"),
        ("grant_types_supported", "authorization_code"),
        ("code_challenge_methods_supported", "S256"),
        ("subject_types_supported", "public"),
    ] {
        assert!(suite.lists(name, value), "no {value} in {name}");
    }
    let known = ["code", "id_token", "token", "none"];
    let types = suite.metadata["response_types_supported"].as_array();
    for response_type in types.expect("an array") {
        let mut parts = response_type.as_str().expect("text").split(' ');
        assert!(parts.all(|part| known.contains(&part)), "{response_type}");
    }
}

#[track_caller]
fn check_member(name: &str, value: &Value) {
    let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    let is_list = |value: &Value| {
        let list = value.as_array();
        list.is_some_and(|list| !list.is_empty() && list.iter().all(is_text))
    };
    let is_address = |value: &Value| {
        value
            .as_str()
            .is_some_and(|text| text.starts_with("https://"))
    };
    let is_well_formed =
        if name == "issuer" || name.ends_with("_endpoint") || ADDRESSES.contains(&name) {
            is_address(value)
        } else if LISTS.contains(&name) {
            is_list(value)
        } else if LOCALES.contains(&name) {
            is_list(value)
                && value
                    .as_array()
                    .is_some_and(|list| list.iter().all(is_language_tag))
        } else if FLAGS.contains(&name) {
            value.is_boolean()
        } else {
            false
        };
    assert!(is_well_formed, "{name}: {value}");
}

/// The form of BCP 47, without the registry: parts of letters and digits, a language first.
fn is_language_tag(tag: &Value) -> bool {
    let mut parts = tag.as_str().unwrap_or_default().split('-');
    let is_language = |part: &str| {
        (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    let is_part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    parts.next().is_some_and(is_language) && parts.all(is_part)
}
