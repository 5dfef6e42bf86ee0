//! `oidcc-rp-initiated-logout-certification-test-plan`, with `response_type=code` and
//! `client_registration=static_client`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::PrivateSigningKey as _;
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm};
use rcgen::{KeyPair, PKCS_ED25519};

use super::logout::{STATE, assert_signed_out, assert_stays, log_out, signed_in};
use super::{Delivery, Suite};

const DESTINATION: &str = super::suite::FIRST.post_logout_redirect_uri;

/// `end_session_endpoint` is in the metadata.
#[tokio::test]
async fn oidcc_rp_initiated_logout_discovery_endpoint_verification() {
    let suite = Suite::start(Delivery::Query).await;

    assert!(
        suite
            .endpoint("end_session_endpoint")
            .starts_with("https://")
    );
}

/// Hint, registered address and state: the browser is sent there with the state unchanged, and
/// nobody is signed in afterwards.
#[tokio::test]
async fn oidcc_rp_initiated_logout() {
    let suite = Suite::start(Delivery::Query).await;
    let (mut user, tokens) = signed_in(&suite).await;

    let parameters = [
        ("id_token_hint", tokens.raw_id_token.as_str()),
        ("post_logout_redirect_uri", DESTINATION),
        ("state", STATE),
    ];
    let arrival = log_out(&mut user, &suite, &parameters).await.arrival();

    assert_eq!(arrival.url.as_str(), DESTINATION);
    assert_eq!(arrival.parameters, [("state".to_owned(), STATE.to_owned())]);
    assert_signed_out(&mut user, &suite).await;
}

/// Without a state none is invented.
#[tokio::test]
async fn oidcc_rp_initiated_logout_no_state() {
    let suite = Suite::start(Delivery::Query).await;
    let (mut user, tokens) = signed_in(&suite).await;

    let parameters = [
        ("id_token_hint", tokens.raw_id_token.as_str()),
        ("post_logout_redirect_uri", DESTINATION),
    ];
    let arrival = log_out(&mut user, &suite, &parameters).await.arrival();

    assert_eq!(arrival.url.as_str(), DESTINATION);
    assert_eq!(arrival.parameters, []);
    assert_signed_out(&mut user, &suite).await;
}

/// The browser is not sent to an address that is not registered.
#[tokio::test]
async fn oidcc_rp_initiated_logout_bad_post_logout_redirect_uri() {
    refuses_destination("https://rp.example/test/a/cellgate/elsewhere").await;
}

/// A query that was not registered makes it another address.
#[tokio::test]
async fn oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri() {
    refuses_destination(&format!("{DESTINATION}?foo=bar")).await;
}

async fn refuses_destination(destination: &str) {
    let suite = Suite::start(Delivery::Query).await;
    let (mut user, tokens) = signed_in(&suite).await;

    let parameters = [
        ("id_token_hint", tokens.raw_id_token.as_str()),
        ("post_logout_redirect_uri", destination),
        ("state", STATE),
    ];
    let landing = log_out(&mut user, &suite, &parameters).await;

    assert_stays(landing);
}

/// A hint whose signature was taken off sends the browser nowhere.
#[tokio::test]
async fn oidcc_rp_initiated_logout_modified_id_token_hint() {
    refuses_hint(|hint| {
        let claims = hint.split('.').nth(1).expect("a JWS");
        format!("{}.{claims}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#))
    })
    .await;
}

/// A hint that somebody else signed sends the browser nowhere.
#[tokio::test]
async fn oidcc_rp_initiated_logout_bad_id_token_hint() {
    refuses_hint(|hint| {
        let claims = hint.split('.').nth(1).expect("a JWS");
        let key = KeyPair::generate_for(&PKCS_ED25519).expect("a key");
        let key = CoreEdDsaPrivateSigningKey::from_ed25519_pem(&key.serialize_pem(), None)
            .expect("a key");
        let signed = format!("{}.{claims}", URL_SAFE_NO_PAD.encode(r#"{"alg":"EdDSA"}"#));
        let signature = key
            .sign(&CoreJwsSigningAlgorithm::EdDsa, signed.as_bytes())
            .expect("a signature");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    })
    .await;
}

async fn refuses_hint(change: impl Fn(&str) -> String) {
    let suite = Suite::start(Delivery::Query).await;
    let (mut user, tokens) = signed_in(&suite).await;

    let hint = change(&tokens.raw_id_token);
    let parameters = [
        ("id_token_hint", hint.as_str()),
        ("post_logout_redirect_uri", DESTINATION),
        ("state", STATE),
    ];
    let landing = log_out(&mut user, &suite, &parameters).await;

    assert_stays(landing);
}

/// An address without a hint to say whose it is: the browser stays.
#[tokio::test]
async fn oidcc_rp_initiated_logout_no_id_token_hint() {
    let suite = Suite::start(Delivery::Query).await;
    let (mut user, _) = signed_in(&suite).await;

    let parameters = [("post_logout_redirect_uri", DESTINATION), ("state", STATE)];
    let landing = log_out(&mut user, &suite, &parameters).await;

    assert_stays(landing);
}

/// Nothing is sent at all: the user is signed out, and a page says so.
#[tokio::test]
async fn oidcc_rp_initiated_logout_no_params() {
    signs_out_on_a_page(|_| vec![]).await;
}

/// A hint alone: the user is signed out, and a page says so.
#[tokio::test]
async fn oidcc_rp_initiated_logout_no_post_logout_redirect_uri() {
    signs_out_on_a_page(|hint| vec![("id_token_hint", hint)]).await;
}

/// A state alone: the user is signed out, and a page says so.
#[tokio::test]
async fn oidcc_rp_initiated_logout_only_state() {
    signs_out_on_a_page(|_| vec![("state", STATE)]).await;
}

async fn signs_out_on_a_page(parameters: impl Fn(&str) -> Vec<(&'static str, &str)>) {
    let suite = Suite::start(Delivery::Query).await;
    let (mut user, tokens) = signed_in(&suite).await;

    let landing = log_out(&mut user, &suite, &parameters(&tokens.raw_id_token)).await;

    let page = assert_stays(landing);
    assert_eq!(page.status, 200, "{page:#?}");
    assert_signed_out(&mut user, &suite).await;
}
