//! The account page: sessions and applications, and how to end them.

use super::support::{Answer, Authorize, Browser, TestProvider, Tokens};
use crate::model::ClientEndpoint;

const ACCOUNT: &str = "/oidc/account";

async fn signed_in<'a>(op: &'a TestProvider, login: &str) -> (Browser<'a>, Tokens) {
    let mut browser = op.browser();
    let request = Authorize::app().with("scope", "openid offline_access demo.read");
    let code = request.code_in(&mut browser, login).await;
    let tokens = Tokens::of(&op.exchange(&code).await);
    (browser, tokens)
}

async fn press(browser: &mut Browser<'_>, page: &Answer, name: &str, value: &str) -> Answer {
    let ticket = page.ticket();
    let form = [("ticket", ticket.as_str()), (name, value)];
    browser.post(ACCOUNT, &form).await
}

/// The values of the buttons called `name`.
fn buttons(page: &Answer, name: &str) -> Vec<String> {
    let marker = format!(r#"name="{name}" value=""#);
    let mut rest = page.body.split(marker.as_str());
    rest.next();
    rest.map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

async fn is_signed_in(browser: &mut Browser<'_>) -> bool {
    let request = Authorize::app().with("prompt", "none");
    let answer = browser.get(&request.target()).await;
    answer.params().contains_key("code")
}

#[tokio::test]
async fn who_is_not_signed_in_signs_in_first_and_comes_back() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();

    let page = browser.get(ACCOUNT).await;
    page.assert_sign_in_page();
    let ticket = page.ticket();
    let form = |password| {
        [
            ("ticket", ticket.as_str()),
            ("username", "alice"),
            ("password", password),
        ]
    };
    let wrong = browser.post("/oidc/account/sign-in", &form("wrong")).await;
    wrong.assert_page(403, "password is wrong");
    let right = form(super::support::PASSWORD);
    let done = browser.post("/oidc/account/sign-in", &right).await;

    assert_eq!(done.location().as_str(), "https://op.example/oidc/account");
    assert!(browser.cookies.contains_key("__Host-cellgate-device"));
    let page = browser.get(ACCOUNT).await;
    page.assert_page(200, "The user alice");
    page.assert_page(200, "No application has access");
}

/// One page's ticket is worth nothing on another page.
#[tokio::test]
async fn signing_in_to_the_account_page_needs_that_pages_own_ticket() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    let foreign = browser.get(&Authorize::app().target()).await.ticket();
    let own = browser.get(ACCOUNT).await.ticket();
    let form = |ticket| {
        [
            ("ticket", ticket),
            ("username", "alice"),
            ("password", super::support::PASSWORD),
        ]
    };

    for (path, ticket) in [
        ("/oidc/account/sign-in", foreign.as_str()),
        ("/oidc/sign-in", own.as_str()),
        ("/oidc/account/sign-in", ""),
    ] {
        let refused = browser.post(path, &form(ticket)).await;
        refused.assert_page(403, "does not belong to this browser");
    }
    let cross_site = [("sec-fetch-site", "cross-site")];
    let refused = browser
        .post_from("/oidc/account/sign-in", &form(&own), &cross_site)
        .await;
    refused.assert_page(403, "does not belong to this browser");
}

#[tokio::test]
async fn the_page_shows_every_session_of_its_user_and_of_nobody_else() {
    let op = TestProvider::start().await;
    let (mut browser, _) = signed_in(&op, "alice").await;
    op.advance_s(7200);
    let (mut second, _) = signed_in(&op, "alice").await;
    signed_in(&op, "bob").await;

    let page = second.get(ACCOUNT).await;
    // The first one idled away in the meantime.
    assert_eq!(buttons(&page, "end").len(), 1);
    browser.cookies.clear();
    let code = Authorize::app();
    code.code_in(&mut browser, "alice").await;

    let page = second.get(ACCOUNT).await;

    assert_eq!(buttons(&page, "end").len(), 2);
    page.assert_page(200, "192.0.2.7");
    page.assert_page(200, "This device");
    assert!(!page.body.contains("The user bob"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
}

#[tokio::test]
async fn another_session_can_be_ended_and_everything_granted_in_it_ends_too() {
    let op = TestProvider::start().await;
    let (mut browser, _) = signed_in(&op, "alice").await;
    let (mut other, tokens) = signed_in(&op, "alice").await;
    let own = buttons(&browser.get(ACCOUNT).await, "end");
    let page = browser.get(ACCOUNT).await;
    let (_, claims) = super::support::read_jwt(tokens.id_token());
    let id = claims["sid"].as_str().unwrap();
    assert!(own.contains(&id.to_owned()));

    let done = press(&mut browser, &page, "end", id).await;

    assert!(done.location().as_str().ends_with("?done=session-ended"));
    assert!(!is_signed_in(&mut other).await);
    assert!(is_signed_in(&mut browser).await);
    op.userinfo(tokens.access_token())
        .await
        .assert_challenged(401, Some("invalid_token"));
    op.refresh(tokens.refresh_token())
        .await
        .assert_refused(400, "invalid_grant");
    let page = browser.get("/oidc/account?done=session-ended").await;
    page.assert_page(200, "That device is signed out");
}

#[tokio::test]
async fn all_other_sessions_can_be_ended_or_all() {
    let op = TestProvider::start().await;
    let (mut browser, _) = signed_in(&op, "alice").await;
    let (mut second, _) = signed_in(&op, "alice").await;
    let (mut third, _) = signed_in(&op, "alice").await;
    let (mut bobs, _) = signed_in(&op, "bob").await;

    let page = browser.get(ACCOUNT).await;
    press(&mut browser, &page, "end-others", "1").await;
    assert!(is_signed_in(&mut browser).await);
    assert!(!is_signed_in(&mut second).await);
    assert!(!is_signed_in(&mut third).await);

    let (mut second, _) = signed_in(&op, "alice").await;
    let page = browser.get(ACCOUNT).await;
    let done = press(&mut browser, &page, "end-all", "1").await;
    done.assert_page(200, "You are signed out");
    assert!(!browser.cookies.contains_key("__Host-cellgate-session"));
    assert!(!is_signed_in(&mut browser).await);
    assert!(!is_signed_in(&mut second).await);
    assert!(is_signed_in(&mut bobs).await);
}

/// An identifier in the form may be anybody's.
#[tokio::test]
async fn the_session_of_another_user_cannot_be_ended() {
    let op = TestProvider::start().await;
    let (mut browser, _) = signed_in(&op, "alice").await;
    let (mut bobs, tokens) = signed_in(&op, "bob").await;
    let (_, claims) = super::support::read_jwt(tokens.id_token());

    let page = browser.get(ACCOUNT).await;
    press(&mut browser, &page, "end", claims["sid"].as_str().unwrap()).await;

    assert!(is_signed_in(&mut bobs).await);
}

#[tokio::test]
async fn only_the_page_of_this_session_may_change_anything() {
    let op = TestProvider::start().await;
    let (mut browser, _) = signed_in(&op, "alice").await;
    let (mut bobs, _) = signed_in(&op, "bob").await;
    let own = browser.get(ACCOUNT).await.ticket();
    let foreign = bobs.get(ACCOUNT).await.ticket();
    let form = |ticket| [("ticket", ticket), ("end-all", "1")];

    for ticket in [foreign.as_str(), "", "x.y"] {
        let refused = browser.post(ACCOUNT, &form(ticket)).await;
        refused.assert_page(403, "does not belong to this browser");
    }
    let cross_site = [("sec-fetch-site", "cross-site")];
    let refused = browser.post_from(ACCOUNT, &form(&own), &cross_site).await;
    refused.assert_page(403, "does not belong to this browser");
    // Somebody else signed in on this browser since the page was shown.
    let page = browser
        .get(&Authorize::app().with("prompt", "login").target())
        .await;
    browser.sign_in(&page, "bob").await;
    let refused = browser.post(ACCOUNT, &form(&own)).await;
    refused.assert_page(403, "does not belong to this browser");

    assert!(is_signed_in(&mut browser).await);
    assert!(is_signed_in(&mut bobs).await);
}

#[tokio::test]
async fn a_page_that_was_open_for_too_long_is_shown_again_and_changes_nothing() {
    let op = TestProvider::start().await;
    let (mut browser, _) = signed_in(&op, "alice").await;
    let page = browser.get(ACCOUNT).await;
    op.advance_s(1800);

    let answer = press(&mut browser, &page, "end-all", "1").await;

    assert_eq!(
        answer.location().as_str(),
        "https://op.example/oidc/account"
    );
    assert!(is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn an_applications_access_is_shown_and_can_be_withdrawn() {
    let op = TestProvider::start_with(|settings| {
        let uri = ClientEndpoint::register("https://app.example/login").unwrap();
        settings.clients[0].initiate_login_uri = Some(uri);
    })
    .await;
    let (mut browser, tokens) = signed_in(&op, "alice").await;

    let page = browser.get(ACCOUNT).await;
    page.assert_page(200, "The app");
    page.assert_page(200, "Recognize you when you come back");
    page.assert_page(200, "Keep this access while you are away");
    page.assert_page(200, "demo.read");
    let text = page.body.replace("&#x2f;", "/");
    assert!(
        text.contains(r#"href="https://app.example/login?iss=https%3A%2F%2Fop.example%2Foidc%2F""#),
        "{text}"
    );
    assert_eq!(buttons(&page, "withdraw"), ["app"]);
    let done = press(&mut browser, &page, "withdraw", "app").await;

    assert!(done.location().as_str().ends_with("?done=withdrawn"));
    op.refresh(tokens.refresh_token())
        .await
        .assert_refused(400, "invalid_grant");
    op.userinfo(tokens.access_token())
        .await
        .assert_challenged(401, Some("invalid_token"));
    let page = browser.get(ACCOUNT).await;
    page.assert_page(200, "No application has access");
}
