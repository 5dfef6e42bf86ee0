//! `oidcc-dynamic-certification-test-plan`, as far as a provider without the implicit flow and
//! without request objects by reference can have it, with clients that register themselves.
//!
//! Its `oidcc_request_uri_signed_rs256` is not here: to fetch what a request names would let
//! strangers send requests from inside the operator's network.

use std::process::Command;

use serde_json::json;

use super::common_path::check_token_response;
use super::jws::Signer;
use super::registration::metadata;
use super::suite::FIRST;
use super::{Delivery, Request, Suite, config, modules};
use crate::support::{Answer, Recorder, attributes};

/// A redirect URI with a query of its own.
const WITH_QUERY: &str = "https://rp.example/test/a/cellgate/callback?dummy1=lorem&dummy2=ipsum";

plan! {
    dynamic_client;
    oidcc_server,
    oidcc_idtoken_unsigned,
    oidcc_ensure_request_object_with_redirect_uri,
    oidcc_refresh_token,
}

/// A client that registered RS256 for its ID tokens gets RS256; one that registered another
/// algorithm gets that, so that it is the registration which decides.
#[tokio::test]
async fn oidcc_idtoken_rs256() {
    for algorithm in ["RS256", "ES256"] {
        let registration = json!({ "id_token_signed_response_alg": algorithm });
        let suite = Suite::start_with(Delivery::Query, &registration).await;
        assert!(suite.lists("id_token_signing_alg_values_supported", algorithm));

        let signed_in = suite.sign_in(&mut suite.user(), &suite.request()).await;

        assert_eq!(signed_in.id_token.header["alg"], algorithm);
    }
}

/// A client that registered RS256 for userinfo gets a signed answer, from this issuer and for this
/// client, about the user of the ID token.
#[tokio::test]
async fn oidcc_userinfo_rs256() {
    let registration = json!({ "userinfo_signed_response_alg": "RS256" });
    let suite = Suite::start_with(Delivery::Query, &registration).await;
    assert!(suite.lists("userinfo_signing_alg_values_supported", "RS256"));
    let request = suite.request();
    let landing = suite.user().follow(&request).await;
    let code = suite.code(landing, &request);
    let tokens = check_token_response(&suite.exchange(&code, &request, &[]).await);
    let text = |name: &str| tokens[name].as_str().expect("text").to_owned();
    let access_token = text("access_token");
    let id_token = suite.check_id_token(&text("id_token"), &access_token, &request);

    let userinfo = suite.edge().http.get(suite.endpoint("userinfo_endpoint"));
    let userinfo = userinfo.bearer_auth(&access_token);
    let answer = suite.edge().send(userinfo).await;

    let answer = answer.assert_status(200);
    assert_eq!(answer.header("content-type"), "application/jwt");
    let signed = suite.keys.verify(&answer.body);
    assert_eq!(signed.header["alg"], "RS256");
    assert_eq!(signed.claims["iss"], suite.issuer());
    assert_eq!(signed.claims["aud"], request.client.id);
    assert_eq!(signed.claims["sub"], id_token.claims["sub"]);
}

/// The document of the plan Config, with the endpoint at which clients register themselves.
#[tokio::test]
async fn oidcc_discovery_endpoint_verification() {
    let suite = Suite::start(Delivery::Query).await;

    config::check_document(&suite).await;

    let endpoint = suite.endpoint("registration_endpoint");
    assert!(endpoint.starts_with("https://"), "{endpoint}");
}

/// An assertion of a client that signs may be made for the issuer; so may one for the token
/// endpoint, which other modules send. Neither is taken a second time.
#[tokio::test]
async fn oidcc_ensure_client_assertion_with_iss_aud_succeeds() {
    let suite = Suite::start(Delivery::Query).await;
    let signer = Signer::new();
    let keyed =
        json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": signer.key_set() });
    let client = suite.registered(&keyed).await.client;
    for audience in [suite.issuer(), suite.endpoint("token_endpoint")] {
        let request = suite.request_of(&client);
        let landing = suite.user().follow(&request).await;
        let code = suite.code(landing, &request);
        let assertion = signer.assertion(client.id, audience, suite.now());
        let proof = [
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("client_assertion", assertion.as_str()),
        ];

        let answer = suite.exchange(&code, &request, &proof).await;

        suite.redeemed(code.clone(), &answer, &request).await;
        let again = suite.exchange(&code, &request, &proof).await;
        again.assert_status(401);
    }
}

/// With two redirect URIs registered and none in the request, the user sees an error page.
#[tokio::test]
async fn oidcc_ensure_redirect_uri_in_authorization_request() {
    let suite = Suite::start(Delivery::Query).await;
    let other = "https://rp.example/test/a/cellgate/other";
    let both = json!({ "redirect_uris": [FIRST.redirect_uri, other] });
    let client = suite.registered(&both).await.client;
    let request = suite.request_of(&client).without("redirect_uri");

    suite.user().follow(&request).await.error_page();
}

/// A redirect URI with a query is used as it is, with the answer's parameters appended.
#[tokio::test]
async fn oidcc_redirect_uri_query_ok() {
    let suite = Suite::start(Delivery::Query).await;
    let request = request_with(&suite, WITH_QUERY, WITH_QUERY).await;

    suite.sign_in(&mut suite.user(), &request).await;
}

/// Another query than the registered one makes it another address.
#[tokio::test]
async fn oidcc_redirect_uri_query_mismatch() {
    let suite = Suite::start(Delivery::Query).await;
    let other = WITH_QUERY.replace("lorem", "dolor");
    let request = request_with(&suite, WITH_QUERY, &other).await;

    suite.user().follow(&request).await.error_page();
}

/// So does a query where none is registered.
#[tokio::test]
async fn oidcc_redirect_uri_query_added() {
    let suite = Suite::start(Delivery::Query).await;
    let request = request_with(&suite, FIRST.redirect_uri, WITH_QUERY).await;

    suite.user().follow(&request).await.error_page();
}

/// A request with the redirect URI `sent` by a client that registered `registered` alone.
async fn request_with(suite: &Suite, registered: &str, sent: &str) -> Request {
    let client = suite
        .registered(&json!({ "redirect_uris": [registered] }))
        .await
        .client;
    suite.request_of(&client).with("redirect_uri", sent)
}

/// A redirect URI with a fragment cannot be registered.
#[tokio::test]
async fn oidcc_redirect_uri_regfrag() {
    let suite = Suite::start(Delivery::Query).await;
    let fragment = format!("{}#foobar", FIRST.redirect_uri);

    let answer = suite
        .register(&metadata(&json!({ "redirect_uris": [fragment] })))
        .await;

    answer.assert_refused(400, "invalid_redirect_uri");
}

/// Skipped by the suite, since request objects without a signature are not advertised: naming one
/// is refused.
#[tokio::test]
async fn oidcc_request_uri_unsigned() {
    let (suite, _) = Suite::start_dynamic().await;

    modules::oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(&suite)
        .await;
}

/// A client whose redirect URI is in the list of its sector is registered, and its users sign in.
#[tokio::test]
async fn oidcc_registration_sector_uri() {
    let suite = Suite::start_with_sector(&sector().await).await;
    let sector = suite.edge().url("/sector.json");

    let registered = suite
        .registered(&json!({ "subject_type": "pairwise", "sector_identifier_uri": sector }))
        .await;

    assert_eq!(registered.information["sector_identifier_uri"], sector);
    let request = suite.request_of(&registered.client);
    let pairwise = suite.sign_in(&mut suite.user(), &request).await;
    let public = suite.sign_in(&mut suite.user(), &suite.request()).await;
    assert_ne!(pairwise.subject(), public.subject());
}

/// One whose redirect URI is not in it is refused.
#[tokio::test]
async fn oidcc_registration_sector_bad() {
    let suite = Suite::start_with_sector(&sector().await).await;

    let answer = suite
        .register(&metadata(&json!({
            "subject_type": "pairwise",
            "sector_identifier_uri": suite.edge().url("/sector.json"),
            "redirect_uris": [FIRST.redirect_uri, WITH_QUERY],
        })))
        .await;

    answer.assert_refused(400, "invalid_client_metadata");
}

/// A web server with the list of a sector that has the first client's redirect URI.
async fn sector() -> Recorder {
    let list = json!([FIRST.redirect_uri]).to_string();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{list}",
        list.len()
    );
    // It lives until the test's process ends, as every other answer does.
    Recorder::answering(answer.leak()).await
}

/// The logo that the client registered is shown to the user, from where it is.
#[tokio::test]
async fn oidcc_registration_logo_uri() {
    let page = page_with("logo_uri", "https://rp.example/logo.png").await;

    let images = attributes(&page.body, "img", "src");
    assert_eq!(images, ["https://rp.example/logo.png"]);
    let policy = page.header("content-security-policy");
    let images = policy.split("; ").find(|rule| rule.starts_with("img-src "));
    assert!(
        images.is_some_and(|rule| rule.contains(" https://rp.example")),
        "{policy}"
    );
}

/// The page links to what the client does with what it is told.
#[tokio::test]
async fn oidcc_registration_policy_uri() {
    let page = page_with("policy_uri", "https://rp.example/policy").await;

    assert_eq!(
        attributes(&page.body, "a", "href"),
        ["https://rp.example/policy"]
    );
}

/// The page links to the client's terms.
#[tokio::test]
async fn oidcc_registration_tos_uri() {
    let page = page_with("tos_uri", "https://rp.example/terms").await;

    assert_eq!(
        attributes(&page.body, "a", "href"),
        ["https://rp.example/terms"]
    );
}

/// The page that asks whether a client that registered `value` as `name` may have what it asks
/// for.
async fn page_with(name: &str, value: &str) -> Answer {
    let suite = Suite::start(Delivery::Query).await;
    let registered = suite.registered(&json!({ name: value })).await;
    assert_eq!(registered.information[name], value);
    let request = suite.request_of(&registered.client);
    let mut user = suite.user();
    suite.sign_in(&mut user, &request).await;
    let is_consent = |page: &Answer| page.body.contains("id=\"allow\"");
    user.pages
        .into_iter()
        .find(is_consent)
        .expect("a page asks")
}

/// After a rotation there is a new key beside the old one, and a sign-in goes through.
#[tokio::test]
async fn oidcc_server_rotate_keys() {
    let mut suite = Suite::start_with(Delivery::Query, &json!({})).await;
    let before: Vec<String> = suite.keys.names().into_iter().map(str::to_owned).collect();
    let old = suite.sign_in(&mut suite.user(), &suite.request()).await;

    rotate_keys(&suite);
    suite.reload_keys().await;

    let after = suite.keys.names();
    assert!(
        before.iter().all(|name| after.contains(&name.as_str())),
        "{after:?}"
    );
    assert!(after.len() > before.len(), "{after:?}");
    suite.keys.verify(&old.raw_id_token);
    suite.sign_in(&mut suite.user(), &suite.request()).await;
}

/// Has an administrator rotate the keys, and waits until the provider has noticed.
fn rotate_keys(suite: &Suite) {
    let folder = suite.program().folder.path();
    let output = Command::new(env!("CARGO_BIN_EXE_cellgate"))
        .args(["keys", "rotate", "--config"])
        .arg(folder.join("cellgate.yaml"))
        .current_dir(folder)
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{output:?}");
    // Two algorithms, two rotations: the process may notice the first one alone.
    suite.program().wait_for("\"n_keys\":4");
}
