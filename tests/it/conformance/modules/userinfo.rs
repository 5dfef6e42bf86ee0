//! The three ways to ask userinfo.

use crate::conformance::common_path::check_userinfo;
use crate::conformance::suite::Suite;

/// GET with a bearer header.
pub(crate) async fn oidcc_userinfo_get(suite: &Suite) {
    // The common path asks this way.
    suite.sign_in(&mut suite.user(), &suite.request()).await;
}

/// POST with a bearer header.
pub(crate) async fn oidcc_userinfo_post_header(suite: &Suite) {
    let signed_in = suite.sign_in(&mut suite.user(), &suite.request()).await;

    let request = suite.edge().http.post(suite.endpoint("userinfo_endpoint"));
    let answer = suite
        .edge()
        .send(request.bearer_auth(&signed_in.access_token))
        .await;

    assert_eq!(check_userinfo(&answer), signed_in.userinfo);
}

/// POST with the token in the form.
pub(crate) async fn oidcc_userinfo_post_body(suite: &Suite) {
    let signed_in = suite.sign_in(&mut suite.user(), &suite.request()).await;

    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("access_token", &signed_in.access_token)
        .finish();
    let request = suite
        .edge()
        .http
        .post(suite.endpoint("userinfo_endpoint"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    let answer = suite.edge().send(request).await;

    assert_eq!(check_userinfo(&answer), signed_in.userinfo);
}
