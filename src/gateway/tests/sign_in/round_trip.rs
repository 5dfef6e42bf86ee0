//! From the page that was asked for to the provider and back.

use super::Site;
use super::browser::{query, split};
use crate::telemetry::log::testing::Captured;

#[tokio::test]
async fn a_browser_signs_in_and_gets_the_page_that_it_asked_for() {
    let lines = Captured::start();
    let site = Site::start().await;
    let mut browser = site.browser();

    let page = browser
        .open("https://app.test/docs/x?q=%2F%2Fevil.test&r=a%20b")
        .await;
    page.assert_asks_for_password();
    site.gateway.assert_nothing_forwarded("not signed in");
    let page = browser.sign_in(&page, "alice").await;

    page.assert_ok();
    assert_eq!(
        page.url,
        "https://app.test/docs/x?q=%2F%2Fevil.test&r=a%20b"
    );
    let request = site.gateway.upstream.request();
    assert!(
        request.starts_with("GET /docs/x?q=%2F%2Fevil.test&r=a%20b HTTP/1.1\r\n"),
        "{request}"
    );
    assert_eq!(
        site.gateway.upstream.field("x-auth-user").as_deref(),
        Some("uuid-of-alice")
    );
    assert_eq!(
        site.gateway.upstream.field("x-auth-groups").as_deref(),
        Some("/staff")
    );
    assert_eq!(
        site.gateway.upstream.field("cookie"),
        None,
        "not its business"
    );
    let audit = lines.audit();
    let line = audit.iter().find(|it| it["event"] == "application_sign_in");
    let line = line.unwrap();
    assert_eq!(line["outcome"], "success");
    assert_eq!(line["application.host"], "app.test");
    assert_eq!(line["user.subject"], "uuid-of-alice");
    let cookie = browser.cookie("__Host-cellgate-app").unwrap();
    assert!(!lines.text().contains(cookie), "a secret in the log");
}

/// RFC 9700 §2.1.1, OpenID Connect Core §3.1.2.1: what the request has to have.
#[tokio::test]
async fn the_request_is_bound_to_this_browser_and_this_code() {
    let site = Site::start().await;
    let mut browser = site.browser();

    let answer = browser.get("https://app.test/x").await;

    let url = answer.location().unwrap();
    assert!(
        url.starts_with("https://op.example/oidc/oauth2/auth?"),
        "{url}"
    );
    let asked = query(&url);
    assert_eq!(asked["client_id"], "https://app.test");
    assert_eq!(asked["redirect_uri"], "https://app.test/.cellgate/callback");
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["code_challenge"].len(), 43);
    assert_eq!(asked["nonce"].len(), 43);
    assert!(!url.contains("%2Fx"), "the target is sealed: {url}");
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    let cookie = answer.field("set-cookie").unwrap();
    assert!(
        cookie.starts_with("__Host-cellgate-signing-in="),
        "{cookie}"
    );
    for attribute in [
        "HttpOnly",
        "SameSite=Lax",
        "Secure",
        "Path=/",
        "Max-Age=1800",
    ] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
}

#[tokio::test]
async fn the_session_is_under_a_cookie_of_this_host_that_scripts_cannot_read() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let page = browser.open("https://app.test/x").await;
    let callback = browser.submit(&page, "alice").await;
    assert!(callback.starts_with("https://app.test/.cellgate/callback?"));
    assert_eq!(query(&callback)["iss"], "https://op.example/oidc/");

    let answer = browser.get(&callback).await;

    assert_eq!(answer.location().as_deref(), Some("https://app.test/x"));
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    assert_eq!(answer.field("referrer-policy"), Some("no-referrer"));
    let cookies: Vec<&str> = answer.fields("set-cookie").collect();
    let session = cookies
        .iter()
        .find(|it| it.starts_with("__Host-cellgate-app="))
        .unwrap();
    assert!(
        session.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/"),
        "{session}"
    );
    site.gateway.assert_nothing_forwarded("the callback");
}

/// L08: what a browser has before it signs in is worth nothing afterwards.
#[tokio::test]
async fn every_sign_in_brings_a_new_cookie() {
    let site = Site::start().await;
    let mut browser = site.signed_in().await;
    let first = browser.cookie("__Host-cellgate-app").unwrap().to_owned();
    let key = ("app.test".to_owned(), "__Host-cellgate-app".to_owned());

    let planted = crate::secret::Digest::of(b"planted").to_base64url();
    browser.cookies.insert(key.clone(), planted.clone());
    browser.open("https://app.test/").await.assert_ok();

    let second = browser.cookie("__Host-cellgate-app").unwrap();
    assert_ne!(second, first);
    assert_ne!(second, planted);
    browser.cookies.insert(key, planted);
    let answer = browser.get("https://app.test/").await;
    assert_eq!(answer.status, 303, "the planted cookie names no session");
}

/// Several tabs at once: each has a state of its own, and comes back where it was.
#[tokio::test]
async fn l13_sixty_tabs_sign_in_side_by_side() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let mut tabs = Vec::new();
    for n in 0..60 {
        let url = browser.get(&format!("https://app.test/tab/{n}")).await;
        tabs.push(url.location().unwrap());
    }
    let names = browser
        .cookies
        .keys()
        .filter(|(host, _)| host == "app.test");
    assert_eq!(names.count(), 1, "one cookie, however many tabs");
    let page = browser.open(&tabs[59]).await;
    browser.sign_in(&page, "alice").await.assert_ok();

    for n in [0, 17, 58] {
        let page = browser.open(&tabs[n]).await;
        page.assert_ok();
        assert_eq!(page.url, format!("https://app.test/tab/{n}"));
    }
}

/// One sign-in at the provider is enough for both; each has a session of its own.
#[tokio::test]
async fn l11_a_cookie_of_one_application_is_nothing_at_another() {
    let site = Site::start().await;
    let mut browser = site.signed_in().await;
    let cookie = browser.cookie("__Host-cellgate-app").unwrap().to_owned();

    let mut thief = site.browser();
    let key = ("other.test".to_owned(), "__Host-cellgate-app".to_owned());
    thief.cookies.insert(key, cookie);
    let answer = thief.get("https://other.test/").await;
    assert_eq!(answer.status, 303);

    let page = browser.open("https://other.test/").await;
    page.assert_ok();
}

#[tokio::test]
async fn a_head_request_is_answered_as_a_get() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let answer = browser
        .send("HEAD", "https://app.test/x", "Accept: text/html\r\n", "")
        .await;
    assert_eq!(answer.status, 303);
    let mut browser = site.signed_in().await;
    let (host, _) = split("https://app.test/");
    assert!(!browser.cookie_header(host).is_empty());
    site.gateway
        .upstream
        .answers(b"HTTP/1.1 204 No Content\r\n\r\n");
    let answer = browser.send("HEAD", "https://app.test/x", "", "").await;
    assert_eq!(answer.status, 204);
}
