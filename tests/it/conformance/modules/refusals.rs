//! Requests that must be refused, and where the refusal may go.

use crate::conformance::suite::Suite;

/// Without `response_type` the client is told, or the user sees a page.
pub(crate) async fn oidcc_response_type_missing(suite: &Suite) {
    let request = suite.request().without("response_type");

    let landing = suite.user().follow(&request).await;

    let error = suite.error(landing, &request);
    let expected = ["invalid_request", "unsupported_response_type"];
    assert!(expected.contains(&error.as_str()), "{error}");
}

/// A redirect URI that is not registered gets a page, never a redirection.
pub(crate) async fn oidcc_ensure_registered_redirect_uri(suite: &Suite) {
    let redirect_uri = format!("{}/unregistered", suite.request().client.redirect_uri);
    let request = suite.request().with("redirect_uri", &redirect_uri);

    suite.user().follow(&request).await.error_page();
}
