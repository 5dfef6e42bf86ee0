//! Users who are signed in here open the web interface of Cells without a second password, and signing out
//! of either ends both: the real program in front of a stand-in, with the calls that the interface makes
//! (fact sheet B.1 and D.3).

mod browser;
mod refusals;
mod signing_in;
mod signing_out;

use serde_json::{Value, json};

use crate::cells::stand_in::StandIn;
use crate::support::{Answer, Browser, Edge};

const PASSWORD: &str = "cells-demo-password";

/// As a browser goes to a page.
async fn open(browser: &mut Browser, edge: &Edge, path: &str) -> Answer {
    let request = edge
        .http
        .get(edge.url(path))
        .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", "document");
    browser.send(edge, request).await
}

/// A call of the interface, which its page makes.
async fn call(browser: &mut Browser, edge: &Edge, info: Value) -> Answer {
    let request = edge
        .http
        .post(edge.url("/a/frontend/session"))
        .header("origin", edge.url("").trim_end_matches('/'))
        .header("sec-fetch-site", "same-origin")
        .json(&json!({ "AuthInfo": info }));
    browser.send(edge, request).await
}

/// Opens `path`, and follows as far as to the page of Cells or to ours.
async fn follow(browser: &mut Browser, edge: &Edge, path: &str) -> Answer {
    let mut answer = open(browser, edge, path).await;
    while answer.status.is_redirection() && !is_callback(&answer) {
        let next = answer.location();
        assert!(next.as_str().starts_with(&edge.url("/")), "{next}");
        answer = browser.get(edge, next.as_str()).await;
    }
    answer
}

fn is_callback(answer: &Answer) -> bool {
    answer.status.is_redirection() && answer.location().path() == "/login/callback"
}

/// The code that comes to the page of Cells.
#[track_caller]
fn code(answer: &Answer) -> String {
    assert!(is_callback(answer), "{answer:#?}");
    answer.location_parameter("code").expect("a code")
}

/// Signs in at our page, when opening `path` leads there.
async fn sign_in(browser: &mut Browser, edge: &Edge, path: &str) -> Answer {
    let page = follow(browser, edge, path).await.assert_status(200);
    assert!(page.body.contains("name=\"password\""), "{page:#?}");
    let filled = [("username", "alice"), ("password", PASSWORD)];
    browser.submit(edge, &page, &filled).await
}

/// The token in an answer to a call, in each of its places.
#[track_caller]
fn token(answer: &Answer) -> String {
    assert_eq!(answer.status.as_u16(), 200, "{answer:#?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    let said = answer.json();
    let token = said["Token"]["AccessToken"].as_str().expect("a token");
    assert_eq!(said["JWT"], token);
    let ends = said["Token"]["ExpiresAt"].as_str().expect("a text");
    assert_eq!(said["ExpireTime"].to_string(), ends);
    token.to_owned()
}

/// A browser whose interface is signed in, and its token.
async fn signed_in(edge: &Edge) -> (Browser, String) {
    let mut browser = Browser::default();
    let answer = sign_in(&mut browser, edge, "/login").await;
    let info = json!({"type": "authorization_code", "code": code(&answer)});
    let token = token(&call(&mut browser, edge, info).await);
    (browser, token)
}

/// Nothing that Cells gave stands in what it said.
#[track_caller]
fn assert_untold(cells: &StandIn, text: &str) {
    for secret in cells.given() {
        assert!(!text.contains(&secret), "{text}");
    }
}
