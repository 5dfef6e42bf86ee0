//! The way in, and what the interface does then.

use serde_json::json;

use super::{assert_untold, call, code, follow, is_callback, open, sign_in, signed_in, token};
use crate::cells_site::{configuration, site};
use crate::support::{Browser, Edge, claims};

/// D.3, from the sign-in to data, with the calls that the interface makes in their order.
#[tokio::test(flavor = "multi_thread")]
async fn who_opens_the_interface_signs_in_here_and_reaches_its_files() {
    let (cells, edge) = site("").await;
    let mut browser = Browser::default();
    let answer = sign_in(&mut browser, &edge, "/").await;
    let code = code(&answer);

    // The page is that of Cells, which gets the request as it is.
    let page = open(&mut browser, &edge, &format!("/login/callback?code={code}")).await;
    assert!(page.assert_status(200).body.contains("Cells stand-in"));
    let info = json!({"type": "authorization_code", "code": code, "lang": "fr"});
    let answer = call(&mut browser, &edge, info).await;
    let token = token(&answer);
    assert_untold(&cells, &format!("{answer:?}"));
    let id_token = claims(answer.json()["Token"]["IDToken"].as_str().expect("a text"));
    assert_eq!(id_token["name"], "alice", "the login");
    assert_eq!(id_token["aud"], json!(["cells-frontend"]));

    let state = edge.get_with("/a/frontend/state", &token).await;
    assert!(
        state
            .assert_status(200)
            .body
            .contains("<user id=\"alice\">")
    );
    let seen = edge.get_with("/a/user/alice", &token).await;
    assert_eq!(seen.assert_status(200).json()["Login"], "alice");
    let file = edge.get(&format!("/io/a.txt?pydio_jwt={token}")).await;
    assert_eq!(file.assert_status(200).json()["user"], "alice");
    let seen = cells.last_field("cookie");
    assert!(seen.iter().all(|it| !it.contains("cellgate")), "{seen:?}");
    assert_eq!(cells.n_sign_ins(), 1, "one password, and no other");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_signed_in_here_already_is_asked_for_nothing() {
    let (cells, edge) = site("").await;
    let mut browser = Browser::default();
    // At another application.
    edge.sign_in("alice")
        .submit_in(&mut browser)
        .await
        .assert_status(303);

    for path in ["/login", "/"] {
        let answer = follow(&mut browser, &edge, path).await;
        let info = json!({"type": "authorization_code", "code": code(&answer)});
        let token = token(&call(&mut browser, &edge, info).await);
        let seen = edge.get_with("/a/user/alice", &token).await;
        assert_eq!(seen.assert_status(200).json()["Login"], "alice");
        // As after ten seconds.
        browser.forget("cellgate-entered");
    }
    assert_eq!(cells.n_sign_ins(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_renewed_by_what_no_script_can_read() {
    let (cells, edge) = site("").await;
    let mut browser = Browser::default();
    let answer = sign_in(&mut browser, &edge, "/login").await;
    let info = json!({"type": "authorization_code", "code": code(&answer)});
    let answer = call(&mut browser, &edge, info).await;
    let first = token(&answer);
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    let cookies: Vec<_> = cookies
        .iter()
        .map(|it| it.to_str().expect("text"))
        .collect();
    let kept = cookies
        .iter()
        .find(|it| it.starts_with("cellgate-interface="));
    let kept = kept.expect("a cookie");
    assert!(
        kept.contains("HttpOnly") && kept.contains("SameSite=Strict"),
        "{kept}"
    );

    let mut tokens = vec![first];
    for _ in 0..3 {
        let answer = call(&mut browser, &edge, json!({"type": "refresh"})).await;
        assert_untold(&cells, &format!("{answer:?}"));
        let renewed = token(&answer);
        assert!(!tokens.contains(&renewed));
        let seen = edge.get_with("/a/user/alice", &renewed).await;
        seen.assert_status(200);
        tokens.push(renewed);
    }
    // Two tabs at once.
    let mut other = browser.clone();
    let (one, two) = tokio::join!(
        call(&mut browser, &edge, json!({"type": "refresh"})),
        call(&mut other, &edge, json!({"type": "refresh"})),
    );
    token(&one);
    token(&two);
    assert_eq!(cells.n_sign_ins(), 1);
}

/// Scripts, forms, frames, deeper pages and Cells' own form are left where they are.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_is_sent_anywhere() {
    let (_cells, edge) = site("").await;
    for path in ["/", "/login"] {
        let script = edge
            .http
            .get(edge.url(path))
            .header("accept", "text/html")
            .header("sec-fetch-mode", "cors");
        edge.send(script).await.assert_status(200);
        let framed = edge
            .http
            .get(edge.url(path))
            .header("accept", "text/html")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "iframe");
        edge.send(framed).await.assert_status(200);
    }
    let mut browser = Browser::default();
    for path in [
        "/login?form",
        "/?x=1",
        "/logout",
        "/public/link",
        "/login/callback",
    ] {
        let answer = open(&mut browser, &edge, path).await;
        assert!(!answer.status.is_redirection(), "{path}: {answer:#?}");
    }
}

/// A page that Cells should load anew right after is not led through the provider again.
#[tokio::test(flavor = "multi_thread")]
async fn who_was_just_let_in_is_not_led_in_circles() {
    let (_cells, edge) = site("").await;
    let (mut browser, _) = signed_in(&edge).await;

    let page = open(&mut browser, &edge, "/").await;

    assert!(page.assert_status(200).body.contains("Cells stand-in"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_may_leave_the_interface_as_it_is() {
    let (cells, _) = site("").await;
    let yaml = configuration(&cells, "");
    let yaml = yaml.replace("cells: {}", "cells: { interface_sign_in: false }");
    let edge = Edge::start(&yaml);
    let mut browser = Browser::default();

    let page = open(&mut browser, &edge, "/login").await;
    assert!(!is_callback(&page.assert_status(200)));
    // And a code of nobody's goes to Cells, which refuses it.
    let info = json!({"type": "authorization_code", "code": "a".repeat(43)});
    let refused = call(&mut browser, &edge, info).await;
    assert_eq!(refused.assert_status(401).json()["Title"], "Login failed");
    let request = format!(
        "/oidc/oauth2/auth?client_id=cells-frontend&response_type=code&redirect_uri={}",
        edge.url("/login/callback")
    );
    edge.get(&request).await.assert_status(400);
}
