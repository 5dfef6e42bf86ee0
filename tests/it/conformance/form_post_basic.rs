//! `oidcc-formpost-basic-certification-test-plan`: the modules of Basic, with every answer, errors
//! too, in a form that a page posts to the redirect URI.

use super::{Delivery, Suite, modules};
use crate::support::{Chromium, Edge, Recorder};

plan! {
    Delivery::FormPost;
    oidcc_server,
    oidcc_response_type_missing,
    oidcc_idtoken_signature,
    oidcc_idtoken_unsigned,
    oidcc_userinfo_get,
    oidcc_userinfo_post_header,
    oidcc_userinfo_post_body,
    oidcc_ensure_request_without_nonce_succeeds_for_code_flow,
    oidcc_scope_profile,
    oidcc_scope_email,
    oidcc_scope_address,
    oidcc_scope_phone,
    oidcc_scope_all,
    oidcc_alternate_happy_flow,
    oidcc_display_page,
    oidcc_display_popup,
    oidcc_prompt_login,
    oidcc_prompt_none_not_logged_in,
    oidcc_prompt_none_logged_in,
    oidcc_max_age_1,
    oidcc_max_age_10000,
    oidcc_ensure_request_with_unknown_parameter_succeeds,
    oidcc_id_token_hint,
    oidcc_login_hint,
    oidcc_ui_locales,
    oidcc_claims_locales,
    oidcc_ensure_request_with_acr_values_succeeds,
    oidcc_codereuse,
    oidcc_codereuse_30seconds,
    oidcc_ensure_registered_redirect_uri,
    oidcc_ensure_post_request_succeeds,
    oidcc_server_client_secret_post,
    oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported,
    oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported,
    oidcc_claims_essential,
    oidcc_ensure_request_object_with_redirect_uri,
    oidcc_refresh_token,
    oidcc_ensure_request_with_valid_pkce_succeeds,
}

/// The page submits itself in a browser that runs scripts, past its own content security policy.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_submits_itself_in_chromium() {
    let Some(programs) = Chromium::find() else {
        return;
    };
    let client = Recorder::answering(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<p id=in>In</p>",
    )
    .await;
    let yaml = include_str!("../../../config/demo.yaml")
        .replace("127.0.0.1:9482", &client.address.to_string());
    let edge = Edge::start(&yaml);
    let chromium = Chromium::start(programs, true).await;
    let url = edge
        .sign_in("alice")
        .parameter(
            "redirect_uri",
            &format!("http://{}/callback", client.address),
        )
        .parameter("response_mode", "form_post")
        .url();

    chromium.page.goto(&url).await.unwrap();
    chromium.sign_in("alice").await;
    chromium.wait_for("#in").await;

    let heads = client.heads();
    let arrived = heads
        .first()
        .expect("the form arrives")
        .to_ascii_lowercase();
    assert!(arrived.starts_with("post /callback http/1.1"), "{arrived}");
    assert!(
        arrived.contains("content-type: application/x-www-form-urlencoded"),
        "{arrived}"
    );
    chromium.page.clone().close().await.unwrap();
}
