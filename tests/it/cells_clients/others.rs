//! What only these applications are let off, and what nobody else gets.

use super::{LISTENER, VERIFIER, authorize, code, site, site_with};
use crate::support::{claims, exchange};

/// What the command line and the mobile applications are let off, nobody else is.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_does_without_a_challenge() {
    let (_cells, edge) = site().await;
    for (client, redirect_uri) in [
        ("cells-sync", "http://localhost:3640/servers/callback"),
        ("demo-app", "http://127.0.0.1:9482/callback"),
    ] {
        let request = [
            ("response_type", "code"),
            ("client_id", client),
            ("redirect_uri", redirect_uri),
            ("scope", "openid"),
            ("state", "s"),
        ];
        let refused = edge
            .send(edge.http.get(authorize(&edge, &request).url()))
            .await;
        let error = refused.location_parameter("error");
        assert_eq!(error.as_deref(), Some("invalid_request"), "{refused:#?}");
    }
}

/// D.5: a challenge that was sent is held against the verifier, of these clients as of any.
#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_that_cells_client_sends_binds_it() {
    let (_cells, edge) = site().await;
    let challenge = cellgate::secret::Digest::of(VERIFIER.as_bytes()).to_base64url();
    let request = [
        ("response_type", "code"),
        ("client_id", "cells-client"),
        ("redirect_uri", LISTENER),
        ("state", "s"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    for (verifier, status) in [
        ("", 400),
        ("another-verifier-of-43-characters-for-nobody", 400),
        (VERIFIER, 200),
    ] {
        let code = code(&edge, &request, LISTENER).await;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("redirect_uri", LISTENER),
            ("client_id", "cells-client"),
        ];
        if !verifier.is_empty() {
            form.push(("code_verifier", verifier));
        }
        edge.token(&form).await.assert_status(status);
    }
}

/// A public client of anybody else that sends a secret is refused, as it always was.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_ignored_of_the_command_line_alone() {
    let (_cells, edge) = site().await;
    let code = edge.sign_in("alice").code().await;
    let mut form = exchange(&code).to_vec();
    form.push(("client_secret", "typed"));
    edge.token(&form)
        .await
        .assert_refused(401, "invalid_client");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "x"),
        ("client_id", "cells-mobile"),
        ("client_secret", "typed"),
    ];
    edge.token(&form)
        .await
        .assert_refused(401, "invalid_client");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_go_to_no_other_port_or_address() {
    let (_cells, edge) = site().await;
    for (client, redirect_uri) in [
        ("cells-sync", "http://localhost:3635/servers/callback"),
        ("cells-sync", "http://127.0.0.1:3640/servers/callback"),
        ("cells-client", "http://localhost:3001/servers/callback"),
        ("cells-client", "https://evil.example/oauth2/oob"),
        ("cells-mobile", "cellsauth://callback/other"),
    ] {
        let request = [
            ("response_type", "code"),
            ("client_id", client),
            ("redirect_uri", redirect_uri),
        ];
        let url = authorize(&edge, &request).url();
        let refused = edge.send(edge.http.get(url)).await.assert_status(400);
        assert!(refused.headers.get("location").is_none(), "{redirect_uri}");
    }
}

/// What is no code is not shown: the page has no words of others.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_for_codes_shows_codes_alone_and_is_there_for_cells_client_alone() {
    let (_cells, edge) = site().await;
    for query in [
        "",
        "?code=",
        "?code=Call+555+and+tell+your+password",
        "?code=%3Cb%3Ex%3C%2Fb%3E",
        "?code=a&code=b",
        "?error=access_denied&state=s",
        &format!("?code={}", "a".repeat(129)),
    ] {
        let page = edge.get(&format!("/oauth2/oob{query}")).await;
        let page = page.assert_status(400);
        assert!(!page.body.contains("<code"), "{query}: {}", page.body);
    }
    let posted = edge.post_form("/oauth2/oob", &[("code", "a")]).await;
    assert_eq!(posted.assert_status(405).header("allow"), "GET, HEAD");

    let (_cells, without) = site_with("sync, mobile").await;
    without.get("/oauth2/oob?code=a").await.assert_status(404);
}

/// An application that is none of Cells' keeps what the standard says: a name is a name.
#[tokio::test(flavor = "multi_thread")]
async fn the_claims_of_other_clients_are_those_of_the_standard() {
    let (_cells, edge) = site().await;
    let tokens = edge.sign_in("alice").tokens().await;

    let id_token = claims(tokens.id_token.as_deref().expect("asked for"));
    assert!(id_token["name"].is_null(), "{id_token}");
    let told = edge.get_with("/oidc/userinfo", &tokens.access_token).await;
    let told = told.assert_status(200).json();
    assert_eq!(told["name"], "Alice Ångström");
    assert_eq!(told["preferred_username"], "alice");
}
