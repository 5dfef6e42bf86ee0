//! `oidcc-frontchannel-rp-initiated-logout-certification-test-plan`, with `response_type=code` and
//! `client_registration=static_client`.

use serde_json::json;
use url::Url;

use super::logout::{STATE, assert_signed_out, log_out, signed_in};
use super::suite::FIRST;
use super::{Delivery, Suite};
use crate::support::attributes;

/// On the origin of the redirect URI.
const LOGOUT_URI: &str = "https://rp.example/test/a/cellgate/frontchannel_logout";

/// The metadata has the two flags of this specification, and `end_session_endpoint`.
#[tokio::test]
async fn oidcc_frontchannel_logout_discovery_endpoint_verification() {
    let suite = Suite::start(Delivery::Query).await;

    assert_eq!(suite.metadata["frontchannel_logout_supported"], true);
    assert_eq!(
        suite.metadata["frontchannel_logout_session_supported"],
        true
    );
    assert!(
        suite
            .endpoint("end_session_endpoint")
            .starts_with("https://")
    );
}

/// On logout the browser loads the client's address in a frame, with the issuer and the session,
/// and goes on to the client; nobody is signed in.
#[tokio::test]
async fn oidcc_frontchannel_rp_initiated_logout() {
    let registration = json!({
        "frontchannel_logout_uri": LOGOUT_URI,
        "frontchannel_logout_session_required": true,
    });
    let suite = Suite::start_with(Delivery::Query, &registration).await;
    let (mut user, tokens) = signed_in(&suite).await;

    let parameters = [
        ("id_token_hint", tokens.raw_id_token.as_str()),
        ("post_logout_redirect_uri", FIRST.post_logout_redirect_uri),
        ("state", STATE),
    ];
    let page = log_out(&mut user, &suite, &parameters).await.page();

    let frames = attributes(&page.body, "iframe", "src");
    let [frame] = &frames[..] else {
        panic!("one frame: {page:#?}");
    };
    let frame = Url::parse(frame).expect("a URL");
    assert!(frame.as_str().starts_with(LOGOUT_URI), "{frame}");
    let told: Vec<_> = frame.query_pairs().collect();
    let session = tokens.id_token.claims["sid"].as_str().expect("a session");
    assert_eq!(
        told,
        [
            ("iss".into(), suite.issuer().into()),
            ("sid".into(), session.into())
        ]
    );
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-src https://rp.example"), "{policy}");

    // By itself, after the frames had a moment.
    let refresh = attributes(&page.body, "meta", "content");
    let next = refresh
        .iter()
        .find_map(|content| content.split_once("url="))
        .map(|(_, url)| Url::parse(url).expect("a URL"))
        .expect("the page goes on");
    assert!(
        next.as_str().starts_with(FIRST.post_logout_redirect_uri),
        "{next}"
    );
    let parameters: Vec<_> = next.query_pairs().collect();
    assert_eq!(parameters, [("state".into(), STATE.into())]);
    assert_signed_out(&mut user, &suite).await;
}
