//! The page after a form is loaded by an address of its own: reload, back, two tabs.

use super::support::{Answer, Authorize, Browser, PASSWORD, TestProvider};
use crate::model::ConsentPolicy;

async fn provider() -> TestProvider {
    TestProvider::start_with(|settings| {
        for client in &mut settings.clients {
            client.consent = ConsentPolicy::Required;
        }
    })
    .await
}

/// Signs in for `request`; returns where the next page is.
async fn signed_in(browser: &mut Browser<'_>, request: &Authorize, login: &str) -> String {
    let page = browser.get(&request.target()).await;
    page.assert_sign_in_page();
    let answer = browser
        .post("/oidc/sign-in", &form(&page.ticket(), login))
        .await;
    assert_eq!(answer.body, "");
    answer.next_page().unwrap_or_else(|| panic!("{answer:?}"))
}

fn form<'a>(ticket: &'a str, login: &'a str) -> [(&'static str, &'a str); 3] {
    [
        ("ticket", ticket),
        ("username", login),
        ("password", PASSWORD),
    ]
}

/// The page that asks for consent as `prompt=login` makes it: only after a new sign-in.
fn request() -> Authorize {
    Authorize::app().with("prompt", "login")
}

#[tokio::test]
async fn loading_the_consent_page_again_sends_no_password() {
    let op = provider().await;
    let mut browser = op.browser();
    let next = signed_in(&mut browser, &request(), "alice").await;

    for _ in 0..3 {
        browser.get(&next).await.assert_consent_page();
    }
    let page = browser.get(&next).await;
    request().code_of(&browser.decide(&page, "allow").await);
    // Back: the user is asked again, and nobody else was given anything meanwhile.
    browser.get(&next).await.assert_consent_page();
}

#[tokio::test]
async fn the_address_is_worth_nothing_in_another_browser() {
    let op = provider().await;
    let next = signed_in(&mut op.browser(), &request(), "alice").await;
    let mut other = op.browser();
    signed_in(&mut other, &request(), "alice").await;

    for mut browser in [op.browser(), other] {
        let answer = browser.get(&next).await;
        answer.assert_page(403, "does not belong to this browser");
    }
}

#[tokio::test]
async fn the_address_holds_what_was_sealed_into_it() {
    let op = provider().await;
    let mut browser = op.browser();
    let next = signed_in(&mut browser, &request(), "alice").await;
    let page = browser.get(&next).await;

    let mut altered = next.rsplit('=').next().unwrap().to_owned();
    let last = altered.pop().unwrap();
    altered.push(if last == 'A' { 'B' } else { 'A' });
    for ticket in [page.ticket(), String::new(), altered] {
        let target = format!("/oidc/continue?ticket={ticket}");
        let answer = browser.get(&target).await;
        answer.assert_page(403, "does not belong to this browser");
    }
    // And it answers no form.
    let ticket = next.rsplit('=').next().unwrap();
    let answer = browser
        .post(
            "/oidc/consent",
            &[("ticket", ticket), ("decision", "allow")],
        )
        .await;
    answer.assert_page(403, "does not belong to this browser");
}

/// A second tab has signed somebody else in: what was done in the first is not theirs.
#[tokio::test]
async fn what_one_user_did_does_not_hold_for_another() {
    let op = provider().await;
    let mut browser = op.browser();
    let next = signed_in(&mut browser, &request(), "alice").await;
    signed_in(&mut browser, &request(), "bob").await;

    browser.get(&next).await.assert_sign_in_page();
}

#[tokio::test]
async fn two_tabs_go_on_side_by_side() {
    let op = provider().await;
    let mut browser = op.browser();
    let one = request().with("state", "one");
    let other = request().with("state", "other");
    let next_of_one = signed_in(&mut browser, &one, "alice").await;
    let next_of_other = signed_in(&mut browser, &other, "alice").await;

    for (next, state) in [(next_of_one, "one"), (next_of_other, "other")] {
        let page = browser.get(&next).await;
        let answer = browser.decide(&page, "allow").await;
        assert_eq!(answer.params()["state"], state);
    }
}

#[tokio::test]
async fn after_the_time_of_a_page_the_request_begins_again() {
    let op = provider().await;
    let mut browser = op.browser();
    let next = signed_in(&mut browser, &request(), "alice").await;

    op.advance_s(1799);
    browser.get(&next).await.assert_consent_page();
    op.advance_s(1);

    browser.get(&next).await.assert_sign_in_page();
}

#[tokio::test]
async fn a_session_that_ended_has_to_be_begun_again() {
    let op = provider().await;
    let mut browser = op.browser();
    let next = signed_in(&mut browser, &Authorize::app(), "alice").await;
    let page = browser.get("/oidc/oauth2/sessions/logout").await;
    browser
        .post("/oidc/sign-out", &[("ticket", &page.ticket())])
        .await;

    browser.get(&next).await.assert_sign_in_page();
}

/// An address has a length that proxies and browsers bear.
#[tokio::test]
async fn a_request_too_long_for_an_address_goes_on_in_place() {
    let op = provider().await;
    let mut browser = op.browser();
    let long = "x".repeat(2048);
    let request = Authorize::app().with("state", &long).with("nonce", &long);
    let page = browser.get(&request.target()).await;

    let page: Answer = browser
        .post("/oidc/sign-in", &form(&page.ticket(), "alice"))
        .await;

    page.assert_consent_page();
    request.code_of(&browser.decide(&page, "allow").await);
}
