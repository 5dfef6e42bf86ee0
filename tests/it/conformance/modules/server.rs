//! The plain path and its variations.

use crate::conformance::suite::{POSTING, Suite};

/// The common path end to end, with a hash of the access token in the ID token.
pub(crate) async fn oidcc_server(suite: &Suite) {
    let signed_in = suite.sign_in(&mut suite.user(), &suite.request()).await;

    assert!(signed_in.id_token.claims["at_hash"].is_string());
}

/// A client that registered no algorithm gets RS256, under a key of the published set.
pub(crate) async fn oidcc_idtoken_signature(suite: &Suite) {
    let signed_in = suite.sign_in(&mut suite.user(), &suite.request()).await;

    assert_eq!(signed_in.id_token.header["alg"], "RS256");
}

/// Skipped by the suite, since `none` is not advertised: every ID token has a signature.
pub(crate) async fn oidcc_idtoken_unsigned(suite: &Suite) {
    assert!(!suite.lists("id_token_signing_alg_values_supported", "none"));

    let signed_in = suite.sign_in(&mut suite.user(), &suite.request()).await;

    assert_ne!(signed_in.id_token.header["alg"], "none");
}

/// A code flow without nonce succeeds, and none is invented.
pub(crate) async fn oidcc_ensure_request_without_nonce_succeeds_for_code_flow(suite: &Suite) {
    let request = suite.request().without("nonce");

    let signed_in = suite.sign_in(&mut suite.user(), &request).await;

    assert!(signed_in.id_token.claims.get("nonce").is_none());
}

/// Scope values and parameters in another order.
pub(crate) async fn oidcc_alternate_happy_flow(suite: &Suite) {
    let request = suite.request().with("scope", "email openid").reversed();

    let signed_in = suite.sign_in(&mut suite.user(), &request).await;

    assert_eq!(signed_in.userinfo["email"], "buffy@example.com");
}

/// The authorization request as a form that is posted.
pub(crate) async fn oidcc_ensure_post_request_succeeds(suite: &Suite) {
    let request = suite.request();

    let landing = suite.user().follow_posted(&request).await;

    suite.finish(landing, &request).await;
}

/// The common path with credentials in the form.
pub(crate) async fn oidcc_server_client_secret_post(suite: &Suite) {
    assert!(suite.lists(
        "token_endpoint_auth_methods_supported",
        "client_secret_post"
    ));
    let request = suite.request_of(&POSTING);

    suite.sign_in(&mut suite.user(), &request).await;
}

/// A confidential client may use PKCE with S256.
pub(crate) async fn oidcc_ensure_request_with_valid_pkce_succeeds(suite: &Suite) {
    assert!(suite.lists("code_challenge_methods_supported", "S256"));
    let (verifier, challenge) = (
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    );
    let request = suite
        .request()
        .with("code_challenge", challenge)
        .with("code_challenge_method", "S256");

    let landing = suite.user().follow(&request).await;
    let code = suite.code(landing, &request);
    let answer = suite
        .exchange(&code, &request, &[("code_verifier", verifier)])
        .await;

    suite.redeemed(code, &answer, &request).await;
}
