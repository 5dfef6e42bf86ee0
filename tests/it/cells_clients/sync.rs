//! `cells-sync`, whose pages are at a port of the user's own machine (D.2).

use reqwest::Method;
use serde_json::{Value, json};

use super::{SCOPE, SYNC_UI, VERIFIER, assert_reaches_cells, code, site, text, whole};
use crate::support::{Answer, claims};

/// D.2: the browser fetches discovery, keys and tokens from the pages of the daemon.
#[tokio::test(flavor = "multi_thread")]
async fn cells_sync_signs_in_from_its_own_pages_and_takes_the_login_from_the_id_token() {
    let (_cells, edge) = site().await;
    let from_ui = |request: reqwest::RequestBuilder| edge.send(request.header("origin", SYNC_UI));
    let path = "/oidc/.well-known/openid-configuration";
    let document = from_ui(edge.http.get(edge.url(path)))
        .await
        .assert_status(200);
    assert_readable(&document);
    let document = document.json();
    let token_endpoint = text(&document, "token_endpoint");
    let keys = from_ui(edge.http.get(text(&document, "jwks_uri"))).await;
    assert_readable(&keys);

    let callback = format!("{SYNC_UI}/servers/callback");
    let challenge = cellgate::secret::Digest::of(VERIFIER.as_bytes()).to_base64url();
    let request = [
        ("client_id", "cells-sync"),
        ("redirect_uri", &callback),
        ("response_type", "code"),
        ("scope", SCOPE),
        ("state", "0123456789abcdef0123456789abcdef"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("response_mode", "query"),
    ];
    let code = code(&edge, &request, &callback).await;
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", "cells-sync")
        .append_pair("code", &code)
        .append_pair("redirect_uri", &callback)
        .append_pair("code_verifier", VERIFIER)
        .append_pair("grant_type", "authorization_code")
        .finish();
    let exchange = edge
        .http
        .post(token_endpoint)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    let answer = from_ui(exchange).await;
    assert_readable(&answer);
    let tokens = whole(&answer);

    let told = claims(text(&tokens, "id_token"));
    assert_eq!(told["iss"], document["issuer"]);
    assert_eq!(told["name"], "alice", "the login, not the display name");
    assert_eq!(told["email"], "alice@example.com");
    assert_eq!(told["aud"], json!(["cells-sync"]));
    let header = cellgate_header(text(&tokens, "id_token"));
    assert_eq!(header["alg"], "RS256");
    assert_reaches_cells(&edge, &tokens).await;

    // The daemon, which is no browser.
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", "cells-sync"),
        ("refresh_token", text(&tokens, "refresh_token")),
        ("scope", SCOPE),
    ];
    let refreshed = whole(&edge.token(&refresh).await);
    assert_eq!(claims(text(&refreshed, "id_token"))["name"], "alice");
    edge.get("/a/frontend/bootconf").await.assert_status(200);
}

fn cellgate_header(token: &str) -> Value {
    let (header, _) = token.split_once('.').expect("three parts");
    // The same encoding as the payload's.
    claims(&format!(".{header}."))
}

#[track_caller]
fn assert_readable(answer: &Answer) {
    let origin = answer.header("access-control-allow-origin");
    assert!(["*", SYNC_UI].contains(&origin), "{answer:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_pages_at_the_ports_of_cells_sync_may_ask_for_tokens() {
    let (_cells, edge) = site().await;
    for (origin, may) in [
        ("http://localhost:3000", true),
        ("http://localhost:3636", true),
        ("http://localhost:3666", true),
        ("http://localhost:3635", false),
        ("http://localhost:3667", false),
        ("https://localhost:3640", false),
        ("http://evil.example:3640", false),
    ] {
        let preflight = edge
            .http
            .request(Method::OPTIONS, edge.url("/oidc/oauth2/token"))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type");
        let answer = edge.send(preflight).await;
        let allowed = answer.headers.get("access-control-allow-origin");
        let allowed = allowed.and_then(|origin| origin.to_str().ok());
        assert_eq!(allowed, may.then_some(origin), "{answer:#?}");
        assert!(
            answer
                .headers
                .get("access-control-allow-credentials")
                .is_none()
        );
    }
}
