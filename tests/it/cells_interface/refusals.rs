//! What others may try with the calls of the interface.

use serde_json::json;

use super::{assert_untold, call, code, sign_in, signed_in, token};
use crate::cells_site::site;
use crate::support::{Answer, Browser};

/// A login session is bound to the browser that began it: a code of somebody else signs nobody in, and
/// is used up (RFC 9700 §4.5 and §4.7).
#[tokio::test(flavor = "multi_thread")]
async fn l05_a_code_of_another_browser_signs_nobody_in() {
    let (_cells, edge) = site("").await;
    let mut attacker = Browser::default();
    let attackers = code(&sign_in(&mut attacker, &edge, "/login").await);

    // A victim who has not been here, and one who is on the way.
    let mut fresh = Browser::default();
    let mut underway = Browser::default();
    super::open(&mut underway, &edge, "/login")
        .await
        .assert_status(303);
    for victim in [&mut fresh, &mut underway] {
        let info = json!({"type": "authorization_code", "code": attackers});
        let refused = call(victim, &edge, info).await.assert_status(401);
        assert!(refused.json()["Token"].is_null());
        assert!(!victim.cookies().contains_key("cellgate-interface"));
    }
    // It was used up by whoever showed another verifier.
    let info = json!({"type": "authorization_code", "code": attackers});
    call(&mut attacker, &edge, info).await.assert_status(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_good_once_and_its_second_use_ends_what_came_of_it() {
    let (_cells, edge) = site("").await;
    let mut browser = Browser::default();
    let code = code(&sign_in(&mut browser, &edge, "/login").await);
    let info = json!({"type": "authorization_code", "code": code});
    let token = token(&call(&mut browser, &edge, info.clone()).await);
    edge.get_with("/a/user/alice", &token)
        .await
        .assert_status(200);

    call(&mut browser, &edge, info).await.assert_status(401);

    edge.get_with("/a/user/alice", &token)
        .await
        .assert_challenged(401, Some("invalid_token"));
    edge.wait_for("\"event\":\"replay\"");
}

async fn from_elsewhere(
    browser: &mut Browser,
    edge: &crate::support::Edge,
    kind: &str,
) -> Vec<Answer> {
    let mut answers = Vec::new();
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let request = edge
            .http
            .post(edge.url("/a/frontend/session"))
            .header(name, value)
            .json(&json!({"AuthInfo": {"type": kind}}));
        answers.push(browser.send(edge, request).await);
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn l14_l15_pages_from_elsewhere_neither_renew_nor_sign_out() {
    let (_cells, edge) = site("").await;
    let (mut browser, token) = signed_in(&edge).await;
    for kind in ["refresh", "logout"] {
        for answer in from_elsewhere(&mut browser, &edge, kind).await {
            assert_eq!(answer.status.as_u16(), 403, "{kind}: {answer:#?}");
        }
    }
    edge.get_with("/a/user/alice", &token)
        .await
        .assert_status(200);
    let renewed = call(&mut browser, &edge, json!({"type": "refresh"})).await;
    super::token(&renewed);
}

/// L09 and L10 for what the interface renews with.
#[tokio::test(flavor = "multi_thread")]
async fn l09_l10_only_one_whole_cookie_renews() {
    let (_cells, edge) = site("").await;
    let (browser, _) = signed_in(&edge).await;
    let good = browser.cookies()["cellgate-interface"].clone();
    let (head, last) = good.split_at(good.len() - 1);
    let other = if last == "A" { "E" } else { "A" };
    for cookie in [
        format!("cellgate-interface={good}; cellgate-interface={good}"),
        format!("cellgate-interface={head}"),
        format!("cellgate-interface={head}{other}"),
        "cellgate-interface=".to_owned(),
        format!("__Host-cellgate-interface={good}"),
    ] {
        let request = edge
            .http
            .post(edge.url("/a/frontend/session"))
            .header("cookie", &cookie)
            .json(&json!({"AuthInfo": {"type": "refresh"}}));
        let refused = edge.send(request).await.assert_status(401);
        assert!(refused.json()["Token"].is_null(), "{cookie}");
    }
}

/// Nobody but this process is the client of the interface.
#[tokio::test(flavor = "multi_thread")]
async fn the_token_endpoint_takes_nobody_for_the_interface() {
    let (cells, edge) = site("").await;
    let mut browser = Browser::default();
    let code = code(&sign_in(&mut browser, &edge, "/login").await);
    let callback = edge.url("/login/callback");
    let verifier = browser.cookies()["cellgate-entering"].clone();
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "cells-frontend"),
        ("code", &code),
        ("redirect_uri", &callback),
        ("code_verifier", &verifier),
    ];
    let refused = edge.token(&form).await;
    refused.assert_refused(401, "invalid_client");
    // It was not even looked at.
    let info = json!({"type": "authorization_code", "code": code});
    token(&call(&mut browser, &edge, info).await);
    let renewal = browser.cookies()["cellgate-interface"].clone();
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", "cells-frontend"),
        ("refresh_token", &renewal),
    ];
    edge.token(&form)
        .await
        .assert_refused(401, "invalid_client");
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", "demo-app"),
        ("refresh_token", &renewal),
    ];
    edge.token(&form).await.assert_refused(400, "invalid_grant");
    // And what another application has is nothing here.
    let tokens = edge.sign_in("bob").tokens().await;
    let foreign = tokens.refresh_token.expect("it was asked for");
    for kind in ["refresh", "logout"] {
        let request = edge
            .http
            .post(edge.url("/a/frontend/session"))
            .header("cookie", format!("cellgate-interface={foreign}"))
            .json(&json!({"AuthInfo": {"type": kind}}));
        let answer = edge.send(request).await;
        assert!(answer.json()["Token"].is_null(), "{answer:#?}");
    }
    edge.get_with("/a/user/bob", &tokens.access_token)
        .await
        .assert_status(200);
    assert_untold(&cells, &edge.log());
}

/// What is Cells' to answer goes to Cells: public links, codes of its own, its own sessions.
#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_not_about_a_session_here_go_to_cells() {
    let (cells, edge) = site("").await;
    let (mut browser, _) = signed_in(&edge).await;
    let link = edge
        .http
        .post(edge.url("/a/frontend/session"))
        .header("x-pydio-minisite", "a-link")
        .json(&json!({"AuthInfo": {"type": "refresh"}}));
    let answer = browser.send(&edge, link).await.assert_status(401);
    assert_eq!(answer.json()["Title"], "Login failed");
    assert_eq!(cells.last_field("x-pydio-minisite"), ["a-link"]);
    assert!(browser.cookies().contains_key("cellgate-interface"));

    let own = json!({"type": "authorization_code", "code": "of.cells"});
    let answer = call(&mut browser, &edge, own).await.assert_status(401);
    assert_eq!(answer.json()["Title"], "Login failed");
    let nobody = &mut Browser::default();
    let answer = call(nobody, &edge, json!({"type": "refresh"})).await;
    assert_eq!(answer.assert_status(401).json()["Title"], "Login failed");
}
