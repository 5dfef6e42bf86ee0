//! Parameters that must not lead to an error, whatever comes of them.

use serde_json::Value;

use crate::conformance::suite::Suite;

/// `display=page`.
pub(crate) async fn oidcc_display_page(suite: &Suite) {
    succeeds_with(suite, "display", "page").await;
}

/// `display=popup`.
pub(crate) async fn oidcc_display_popup(suite: &Suite) {
    succeeds_with(suite, "display", "popup").await;
}

/// A parameter that nobody knows is ignored.
pub(crate) async fn oidcc_ensure_request_with_unknown_parameter_succeeds(suite: &Suite) {
    succeeds_with(suite, "extra", "foobar").await;
}

/// `login_hint` with a login and the issuer's host.
pub(crate) async fn oidcc_login_hint(suite: &Suite) {
    let issuer = url::Url::parse(suite.issuer()).expect("a URL");
    let hint = format!("buffy@{}", issuer.host_str().expect("a host"));
    succeeds_with(suite, "login_hint", &hint).await;
}

/// `ui_locales` with a language that the pages may not have.
pub(crate) async fn oidcc_ui_locales(suite: &Suite) {
    succeeds_with(suite, "ui_locales", "se").await;
}

/// `claims_locales`, likewise.
pub(crate) async fn oidcc_claims_locales(suite: &Suite) {
    succeeds_with(suite, "claims_locales", "se").await;
}

/// `acr_values`: those that the metadata lists, one of which comes back; otherwise `1 2`.
pub(crate) async fn oidcc_ensure_request_with_acr_values_succeeds(suite: &Suite) {
    let listed: Vec<&str> = suite.metadata["acr_values_supported"]
        .as_array()
        .map(|values| values.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let asked_for = if listed.is_empty() {
        "1 2".to_owned()
    } else {
        listed.join(" ")
    };
    let request = suite.request().with("acr_values", &asked_for);

    let signed_in = suite.sign_in(&mut suite.user(), &request).await;

    let acr = signed_in.id_token.claims["acr"].as_str();
    assert!(listed.is_empty() || acr.is_some_and(|acr| listed.contains(&acr)));
}

/// `claims` with an essential claim for userinfo: no error, and the claim where the metadata
/// says that the parameter has a meaning.
pub(crate) async fn oidcc_claims_essential(suite: &Suite) {
    let claims = r#"{"userinfo":{"name":{"essential":true}}}"#;
    let request = suite.request().with("claims", claims);

    let signed_in = suite.sign_in(&mut suite.user(), &request).await;

    let is_returned = signed_in.userinfo["name"] == "Buffy Example";
    assert_eq!(
        is_returned,
        suite.metadata["claims_parameter_supported"] == true
    );
}

async fn succeeds_with(suite: &Suite, name: &str, value: &str) {
    let request = suite.request().with(name, value);
    suite.sign_in(&mut suite.user(), &request).await;
}
