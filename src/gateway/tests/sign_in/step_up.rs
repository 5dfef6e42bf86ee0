//! A route that asks for more of a sign-in than there was.

use super::Site;
use super::browser::query;
use crate::gateway::tests::harness::Protocol;

#[tokio::test]
async fn a_sign_in_that_is_too_old_is_done_again() {
    let site = Site::start().await;
    let mut browser = site.signed_in().await;
    browser.open("https://app.test/fresh/x").await.assert_ok();
    site.advance_s(301);

    browser.open("https://app.test/x").await.assert_ok();
    let url = browser.get("https://app.test/fresh/x").await;
    assert_eq!(query(&url.location().unwrap())["max_age"], "300");
    let page = browser.open("https://app.test/fresh/x").await;
    page.assert_asks_for_password();
    let page = browser.sign_in(&page, "alice").await;

    page.assert_ok();
    assert_eq!(page.url, "https://app.test/fresh/x");
}

/// RFC 9470: a script is told what is missing, as with a token.
#[tokio::test]
async fn a_script_is_challenged_for_a_new_sign_in() {
    let site = Site::start().await;
    let mut browser = site.signed_in().await;
    site.advance_s(301);

    let answer = browser
        .send(
            "GET",
            "https://app.test/fresh/x",
            "Accept: application/json\r\n",
            "",
        )
        .await;

    assert_eq!(answer.status, 401);
    let challenge = answer.field("www-authenticate").unwrap();
    assert!(
        challenge.contains("error=\"insufficient_user_authentication\""),
        "{challenge}"
    );
    assert!(challenge.contains("max_age=\"300\""), "{challenge}");
}

/// Nothing that can be typed in here would be enough, so nobody is asked to.
#[tokio::test]
async fn a_sign_in_that_nobody_can_do_ends_on_a_page() {
    let site = Site::start().await;
    let mut browser = site.signed_in().await;

    let page = browser.open("https://app.test/strong/").await;

    page.assert_says(403, "stronger way to sign in");
    browser.open("https://app.test/").await.assert_ok();
}

/// Groups do not change by signing in again.
#[tokio::test]
async fn who_may_not_pass_is_not_sent_to_sign_in_again() {
    let site = Site::start().await;
    let mut browser = site.signed_in().await;
    let answer = browser.get("https://app.test/bosses/").await;
    assert_eq!(answer.status, 403);
}

/// What other tabs have under way is not cut off by a new sign-in of the same user.
#[tokio::test]
async fn the_session_of_before_goes_on_for_a_minute() {
    let site = Site::start().await;
    let mut browser = site.signed_in().await;
    let before = browser.clone();
    site.advance_s(301);
    let page = browser.open("https://app.test/fresh/").await;
    browser.sign_in(&page, "alice").await.assert_ok();

    let status = async |browser: &super::Browser| {
        let mut browser = browser.clone();
        let fields = "Accept: application/json\r\n";
        let answer = browser.send("GET", "https://app.test/", fields, "").await;
        answer.status
    };
    assert_eq!(status(&before).await, 200);
    site.advance_s(60);
    assert_eq!(status(&before).await, 401);
    assert_eq!(status(&browser).await, 200);
}

/// With TLS on a listener, a page that is asked for without goes to its `https` form first: the
/// cookies of the sign-in would be lost.
#[tokio::test]
async fn a_page_without_tls_is_asked_for_again_with_it() {
    let site = Site::speaking(Protocol::Http1, |settings| settings.has_tls = true).await;
    let mut browser = site.browser();

    let answer = browser.get("https://app.test/x?y").await;

    assert_eq!(answer.location().as_deref(), Some("https://app.test/x?y"));
    assert_eq!(answer.fields("set-cookie").count(), 0);
    let answer = browser.get("https://app.test/.cellgate/callback").await;
    assert_eq!(answer.status, 421);
}
