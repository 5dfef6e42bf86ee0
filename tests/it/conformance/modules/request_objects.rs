//! Request objects. The suite skips these modules where `none` is not advertised; what it then
//! wants to be true is tested here, and that such a request is refused rather than half read.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::conformance::suite::Suite;

/// An unsigned request object with `claims`.
fn unsigned(claims: &serde_json::Value) -> String {
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(&json!({ "alg": "none" })), part(claims))
}

/// Why the suite skips: the metadata does not say that unsigned request objects are read.
#[track_caller]
fn assert_skipped(suite: &Suite) {
    assert!(!suite.lists("request_object_signing_alg_values_supported", "none"));
}

/// `request_uri` is refused by name, where the metadata says that it is not supported.
pub(crate) async fn oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(
    suite: &Suite,
) {
    assert_skipped(suite);
    assert_eq!(suite.metadata["request_uri_parameter_supported"], false);
    let uri = "https://rp.example/test/a/cellgate/request_object";
    let request = suite.request().with("request_uri", uri);

    let landing = suite.user().follow(&request).await;

    assert_eq!(suite.error(landing, &request), "request_uri_not_supported");
}

/// `request` is refused by name and not silently ignored.
pub(crate) async fn oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
    suite: &Suite,
) {
    assert_skipped(suite);
    assert_eq!(suite.metadata["request_parameter_supported"], false);
    let object = unsigned(&json!({ "scope": "openid email" }));
    let request = suite.request().with("request", &object);

    let landing = suite.user().follow(&request).await;

    assert_eq!(suite.error(landing, &request), "request_not_supported");
}

/// Two redirect URIs, one of them in a request object: nobody is sent to the one that is not
/// registered, and no code is issued for either.
pub(crate) async fn oidcc_ensure_request_object_with_redirect_uri(suite: &Suite) {
    assert_skipped(suite);
    let registered = suite.request().client.redirect_uri;
    let unregistered = "https://rp.example/test/a/cellgate/callback/unregistered";
    let object = unsigned(&json!({ "redirect_uri": registered }));
    let request = suite
        .request()
        .with("redirect_uri", unregistered)
        .with("request", &object);

    suite.user().follow(&request).await.error_page();

    let object = unsigned(&json!({ "redirect_uri": unregistered }));
    let request = suite.request().with("request", &object);
    let landing = suite.user().follow(&request).await;
    assert_eq!(suite.error(landing, &request), "request_not_supported");
}
