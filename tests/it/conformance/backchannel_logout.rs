//! `oidcc-backchannel-rp-initiated-logout-certification-test-plan`, with `response_type=code` and
//! `client_registration=static_client`.

use serde_json::json;

use super::common_path::SignedIn;
use super::logout::{STATE, assert_signed_out, log_out, signed_in};
use super::suite::FIRST;
use super::{Delivery, Suite};
use crate::support::Recorder;

/// The metadata has the two flags of this specification, and `end_session_endpoint`.
#[tokio::test]
async fn oidcc_backchannel_logout_discovery_endpoint_verification() {
    let suite = Suite::start(Delivery::Query).await;

    assert_eq!(suite.metadata["backchannel_logout_supported"], true);
    assert_eq!(suite.metadata["backchannel_logout_session_supported"], true);
    assert!(
        suite
            .endpoint("end_session_endpoint")
            .starts_with("https://")
    );
}

/// On logout a token comes to the client, of the user and the session that ended; the browser is
/// sent back, and nobody is signed in.
#[tokio::test]
async fn oidcc_backchannel_rp_initiated_logout() {
    let client = Recorder::start().await;
    let uri = format!("http://{}/backchannel_logout", client.address);
    let registration = json!({
        "backchannel_logout_uri": uri,
        "backchannel_logout_session_required": true,
    });
    let suite = Suite::start_with(Delivery::Query, &registration).await;
    let (mut user, tokens) = signed_in(&suite).await;

    let parameters = [
        ("id_token_hint", tokens.raw_id_token.as_str()),
        ("post_logout_redirect_uri", FIRST.post_logout_redirect_uri),
        ("state", STATE),
    ];
    let arrival = log_out(&mut user, &suite, &parameters).await.arrival();

    let body = client.next_body().await;
    let head = client.take_one().to_ascii_lowercase();
    assert!(
        head.starts_with("post /backchannel_logout http/1.1"),
        "{head}"
    );
    assert!(
        head.contains("content-type: application/x-www-form-urlencoded"),
        "{head}"
    );
    check_logout_token(&suite, &body, &tokens);
    assert_eq!(arrival.url.as_str(), FIRST.post_logout_redirect_uri);
    assert_eq!(arrival.parameters, [("state".to_owned(), STATE.to_owned())]);
    assert_signed_out(&mut user, &suite).await;
}

/// OpenID Connect Back-Channel Logout §2.4 and §2.6.
#[track_caller]
fn check_logout_token(suite: &Suite, body: &str, tokens: &SignedIn) {
    let fields: Vec<_> = form_urlencoded::parse(body.as_bytes()).collect();
    let [(name, token)] = &fields[..] else {
        panic!("one field: {body}");
    };
    assert_eq!(name, "logout_token");
    let verified = suite.keys.verify(token);
    let claims = &verified.claims;
    assert_eq!(claims["iss"], suite.issuer());
    assert_eq!(claims["aud"], FIRST.id);
    let now = suite.now();
    assert!(
        claims["iat"]
            .as_i64()
            .is_some_and(|at| (now - at).abs() < 300),
        "{claims}"
    );
    assert!(
        claims["jti"].as_str().is_some_and(|jti| !jti.is_empty()),
        "{claims}"
    );
    let event = "http://schemas.openid.net/event/backchannel-logout";
    assert_eq!(claims["events"], json!({ event: {} }));
    assert!(claims.get("nonce").is_none(), "{claims}");
    for claim in ["sub", "sid"] {
        assert!(claims[claim].is_string(), "{claims}");
        assert_eq!(claims[claim], tokens.id_token.claims[claim], "{claim}");
    }
}
