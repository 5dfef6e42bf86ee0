//! A code is good once.

use crate::conformance::suite::Suite;

/// The second use, at once, is refused.
pub(crate) async fn oidcc_codereuse(suite: &Suite) {
    reused_after(suite, 0).await;
}

/// The second use, after 30 seconds, is refused, and the access token of the first is dead.
pub(crate) async fn oidcc_codereuse_30seconds(suite: &Suite) {
    reused_after(suite, 30).await;
}

async fn reused_after(suite: &Suite, seconds: u64) {
    let request = suite.request();
    let signed_in = suite.sign_in(&mut suite.user(), &request).await;
    if seconds > 0 {
        suite.let_pass(seconds);
    }

    let again = suite.exchange(&signed_in.code, &request, &[]).await;

    again.assert_refused(400, "invalid_grant");
    let userinfo = suite.edge().http.get(suite.endpoint("userinfo_endpoint"));
    suite
        .edge()
        .send(userinfo.bearer_auth(&signed_in.access_token))
        .await
        .assert_challenged(401, Some("invalid_token"));
}
