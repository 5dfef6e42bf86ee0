//! Refresh tokens.

use crate::conformance::common_path::check_token_response;
use crate::conformance::suite::Suite;

/// A refresh brings new tokens for the same user, client and sign-in; another client's attempt is
/// refused and changes nothing.
pub(crate) async fn oidcc_refresh_token(suite: &Suite) {
    assert!(suite.lists("grant_types_supported", "refresh_token"));
    assert!(suite.lists("scopes_supported", "offline_access"));
    let request = suite
        .request()
        .with("scope", "openid offline_access")
        .with("prompt", "consent")
        .with("nonce", "nonce-of-43-characters-abcdefghijklmnopqrst");
    let first = suite.sign_in(&mut suite.user(), &request).await;
    let refresh_token = first.refresh_token.as_deref().expect("it was asked for");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token),
    ];

    let stranger = suite.post_as(&suite.second, "token_endpoint", &form).await;
    let answer = suite
        .post_as(&request.client, "token_endpoint", &form)
        .await;

    stranger.assert_refused(400, "invalid_grant");
    let tokens = check_token_response(&answer);
    let access_token = tokens["access_token"].as_str().expect("an access token");
    assert_ne!(access_token, first.access_token);
    let id_token = tokens["id_token"].as_str().expect("an ID token");
    let again = suite.check_id_token(id_token, access_token, &request);
    for claim in ["iss", "sub", "aud", "auth_time"] {
        assert_eq!(again.claims[claim], first.id_token.claims[claim], "{claim}");
    }
    assert!(again.claims["iat"].as_i64() >= first.id_token.claims["iat"].as_i64());
    assert_eq!(suite.userinfo(access_token).await, first.userinfo);
}
