//! Sessions of browsers: their cookies and their ends.

use std::time::Duration;

use super::support::{Authorize, TestProvider, Tokens};

const SESSION: &str = "__Host-cellgate-session";

#[tokio::test]
async fn the_cookie_is_for_this_host_and_out_of_scripts_reach() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    let page = browser.get(&Authorize::app().target()).await;

    let answer = browser.sign_in(&page, "alice").await;

    let all = answer.cookies();
    let cookie = all
        .iter()
        .find(|cookie| cookie.starts_with(SESSION))
        .unwrap();
    for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert_eq!(browser.cookies[SESSION].len(), 43);
}

/// Session fixation: whatever the browser came with, it leaves with something new.
#[tokio::test]
async fn a_cookie_that_was_there_before_is_never_adopted() {
    let op = TestProvider::start().await;
    let planted = "A".repeat(43);
    let mut browser = op.browser();
    browser.cookies.insert(SESSION.to_owned(), planted.clone());

    Authorize::app().code_in(&mut browser, "alice").await;

    assert_ne!(browser.cookies[SESSION], planted);
    let mut attacker = op.browser();
    attacker.cookies.insert(SESSION.to_owned(), planted);
    attacker
        .get(&Authorize::app().target())
        .await
        .assert_sign_in_page();
}

/// Signing in again changes the cookie, and the old one opens nothing.
#[tokio::test]
async fn each_sign_in_brings_a_new_cookie() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    Authorize::app().code_in(&mut browser, "alice").await;
    let mut before = browser.clone();

    Authorize::app()
        .with("prompt", "login")
        .code_in(&mut browser, "alice")
        .await;

    assert_ne!(browser.cookies[SESSION], before.cookies[SESSION]);
    before
        .get(&Authorize::app().target())
        .await
        .assert_sign_in_page();
    browser.get(&Authorize::app().target()).await.params();
}

/// One application that asks for a fresh sign-in must not throw out all others.
#[tokio::test]
async fn what_the_same_user_granted_before_stays() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    let request = Authorize::app().with("scope", "openid offline_access");
    let first = Tokens::of(
        &op.exchange(&request.code_in(&mut browser, "alice").await)
            .await,
    );

    let again = request.with("prompt", "login");
    again.code_in(&mut browser, "alice").await;

    assert_eq!(op.userinfo(first.access_token()).await.status, 200);
    Tokens::of(&op.refresh(first.refresh_token()).await);
}

#[tokio::test]
async fn when_another_user_signs_in_the_session_before_ends() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    let code = Authorize::app().code_in(&mut browser, "alice").await;
    let of_alice = Tokens::of(&op.exchange(&code).await);
    let mut before = browser.clone();

    let switch = Authorize::app().with("prompt", "login");
    switch.code_in(&mut browser, "bob").await;

    before
        .get(&Authorize::app().target())
        .await
        .assert_sign_in_page();
    op.userinfo(of_alice.access_token())
        .await
        .assert_challenged(401, Some("invalid_token"));
}

/// Cookie tossing: of two cookies with one name nobody knows which is whose.
#[tokio::test]
async fn of_two_session_cookies_none_counts() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    Authorize::app().code_in(&mut browser, "alice").await;
    let cookie = &browser.cookies[SESSION];

    let request = http::Request::get(Authorize::app().target())
        .header("cookie", format!("{SESSION}={cookie}; {SESSION}=planted"))
        .body(bytes::Bytes::new());

    op.send(request.unwrap()).await.assert_sign_in_page();
}

#[tokio::test]
async fn an_altered_cookie_is_no_session_and_no_error() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    Authorize::app().code_in(&mut browser, "alice").await;
    let cookie = browser.cookies[SESSION].clone();

    for altered in [
        "",
        "x",
        &format!("A{cookie}"),
        &format!("{cookie}A"),
        &cookie.to_lowercase(),
    ] {
        browser
            .cookies
            .insert(SESSION.to_owned(), altered.to_owned());
        let answer = browser.get(&Authorize::app().target()).await;
        answer.assert_sign_in_page();
    }
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used_and_when_it_is_old() {
    let op = TestProvider::start_with(|settings| {
        settings.session_idle_lifetime = Duration::from_secs(3600);
        settings.session_lifetime = Duration::from_secs(2 * 3600);
    })
    .await;
    let mut browser = op.browser();
    Authorize::app().code_in(&mut browser, "alice").await;
    let mut idle = browser.clone();

    op.advance_s(1800);
    browser.get(&Authorize::app().target()).await.params();
    op.advance_s(3599);
    browser.get(&Authorize::app().target()).await.params();
    op.advance_s(1801);
    browser
        .get(&Authorize::app().target())
        .await
        .assert_sign_in_page();

    let mut other = op.browser();
    Authorize::app().code_in(&mut other, "alice").await;
    op.advance_s(3600);
    other
        .get(&Authorize::app().target())
        .await
        .assert_sign_in_page();
    idle.get(&Authorize::app().target())
        .await
        .assert_sign_in_page();
}

/// Browsers do not take `__Host-` and `Secure` over plain HTTP.
#[tokio::test]
async fn on_plain_loopback_cookies_are_ones_a_browser_keeps() {
    let op = TestProvider::start_with(|settings| {
        settings.issuer = crate::model::Issuer::parse("http://127.0.0.1:9480/oidc/").unwrap();
    })
    .await;
    let mut browser = op.browser();
    let page = browser.get(&Authorize::app().target()).await;

    let answer = browser.sign_in(&page, "alice").await;

    assert!(browser.cookies.contains_key("cellgate-session"));
    assert!(browser.cookies.contains_key("cellgate-browser"));
    assert!(
        answer
            .cookies()
            .iter()
            .all(|cookie| !cookie.contains("Secure"))
    );
}
