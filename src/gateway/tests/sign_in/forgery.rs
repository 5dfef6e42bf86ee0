//! Section L of the corpus: what comes back is what was sent, to whom it was sent, once.

use super::Site;
use super::browser::query;
use crate::telemetry::log::testing::Captured;

/// A URL with another value of a parameter of its query; without it if there is none.
fn with(url: &str, name: &str, value: Option<&str>) -> String {
    let mut parameters = query(url);
    parameters.remove(name);
    if let Some(value) = value {
        parameters.insert(name.to_owned(), value.to_owned());
    }
    let (path, _) = url.split_once('?').unwrap();
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish();
    format!("{path}?{query}")
}

#[tokio::test]
async fn l04_l06_an_answer_that_is_not_the_one_waited_for_signs_nobody_in() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let page = browser.open("https://app.test/x").await;
    let callback = browser.submit(&page, "alice").await;
    let state = query(&callback)["state"].clone();
    let altered = format!("{}A", state.get(1..).unwrap());
    let other =
        query(&browser.get("https://other.test/").await.location().unwrap())["state"].clone();
    for (row, url) in [
        ("no state", with(&callback, "state", None)),
        ("an empty state", with(&callback, "state", Some(""))),
        ("an altered state", with(&callback, "state", Some(&altered))),
        (
            "the state of another application",
            with(&callback, "state", Some(&other)),
        ),
        ("two states", format!("{callback}&state={state}")),
        ("two codes", format!("{callback}&code=x")),
        ("no iss", with(&callback, "iss", None)),
        (
            "another iss",
            with(&callback, "iss", Some("https://evil.test/")),
        ),
        (
            "an iss that is nearly right",
            with(&callback, "iss", Some("https://op.example/oidc")),
        ),
        ("no code", with(&callback, "code", None)),
        ("another code", with(&callback, "code", Some("x"))),
        (
            "a code and an error",
            format!("{callback}&error=access_denied"),
        ),
        ("nothing", "https://app.test/.cellgate/callback".to_owned()),
    ] {
        let answer = browser.get(&url).await;
        assert_eq!(answer.status, 400, "{row}: {answer:?}");
        assert_eq!(answer.fields("set-cookie").count(), 0, "{row}");
    }
    assert!(browser.cookie("__Host-cellgate-app").is_none());
    browser.open(&callback).await.assert_ok();
}

/// L05: login CSRF, somebody else's sign-in in this browser.
#[tokio::test]
async fn l05_an_answer_for_another_browser_signs_nobody_in() {
    let site = Site::start().await;
    let mut attacker = site.browser();
    let page = attacker.open("https://app.test/x").await;
    let callback = attacker.submit(&page, "bob").await;

    for (row, mut victim) in [
        ("never here", site.browser()),
        ("on its way itself", {
            let mut browser = site.browser();
            browser.get("https://app.test/").await;
            browser
        }),
        ("signed in", site.signed_in().await),
    ] {
        let before = victim.cookie("__Host-cellgate-app").map(str::to_owned);
        let answer = victim.get(&callback).await;
        assert_eq!(answer.status, 400, "{row}");
        let after = victim.cookie("__Host-cellgate-app").map(str::to_owned);
        assert_eq!(before, after, "{row}");
    }
    attacker.open(&callback).await.assert_ok();
}

/// A code that somebody else asked for, with a state of this browser.
#[tokio::test]
async fn a_code_that_was_not_asked_for_with_this_state_is_not_redeemed() {
    let site = Site::start().await;
    let mut attacker = site.browser();
    let page = attacker.open("https://app.test/x").await;
    let foreign = attacker.submit(&page, "bob").await;
    let mut victim = site.browser();
    let page = victim.open("https://app.test/x").await;
    let own = victim.submit(&page, "alice").await;

    let injected = with(&own, "code", Some(&query(&foreign)["code"]));
    let answer = victim.get(&injected).await;
    assert_eq!(answer.status, 400);
    assert!(victim.cookie("__Host-cellgate-app").is_none());
}

/// A request of the attacker's making, without a challenge or with a nonce of its own.
#[tokio::test]
async fn l07_a_request_that_others_made_brings_no_session() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let asked = browser.get("https://app.test/x").await.location().unwrap();
    for (row, url) in [
        (
            "no challenge",
            with(
                &with(&asked, "code_challenge", None),
                "code_challenge_method",
                None,
            ),
        ),
        ("another nonce", with(&asked, "nonce", Some("n"))),
        ("no nonce", with(&asked, "nonce", None)),
    ] {
        let mut browser = browser.clone();
        let page = browser.open(&url).await;
        let page = browser.sign_in(&page, "alice").await;
        assert_eq!(page.answer.status, 400, "{row}: {page:?}");
        assert!(browser.cookie("__Host-cellgate-app").is_none(), "{row}");
    }
}

#[tokio::test]
async fn a_state_works_once() {
    let lines = Captured::start();
    let site = Site::start().await;
    let mut browser = site.browser();
    let page = browser.open("https://app.test/x").await;
    let callback = browser.submit(&page, "alice").await;
    let before = browser.clone();
    browser.open(&callback).await.assert_ok();
    let cookie = browser.cookie("__Host-cellgate-app").unwrap().to_owned();

    // Loaded again by mistake: nobody is signed out for that.
    browser.open(&callback).await.assert_ok();
    assert_eq!(browser.cookie("__Host-cellgate-app"), Some(&*cookie));

    // By somebody who has the browser's other cookie, but not its session.
    let mut other = before;
    let answer = other.get(&callback).await;
    assert_eq!(answer.status, 400);
    assert!(other.cookie("__Host-cellgate-app").is_none());
    browser.open("https://app.test/").await.assert_ok();
    let audit = lines.audit();
    assert!(
        audit.iter().any(|it| it["reason"] == "state_used_before"),
        "{audit:#?}"
    );
}

/// The same with a new code: a state is used up, whatever comes with it.
#[tokio::test]
async fn a_used_state_brings_no_session_for_a_new_code() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let asked = browser.get("https://app.test/x").await.location().unwrap();
    let page = browser.open(&asked).await;
    browser.sign_in(&page, "alice").await.assert_ok();
    let key = ("app.test".to_owned(), "__Host-cellgate-app".to_owned());
    browser.cookies.remove(&key);

    let page = browser.open(&asked).await;

    assert_eq!(page.answer.status, 400, "{page:?}");
    assert!(browser.cookie("__Host-cellgate-app").is_none());
}

#[tokio::test]
async fn a_sign_in_that_took_too_long_is_begun_again() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let page = browser.open("https://app.test/x?y=%22").await;
    site.advance_s(1790);
    let callback = browser.submit(&page, "alice").await;
    site.advance_s(10);

    let page = browser.open(&callback).await;

    page.assert_says(400, "took too long");
    assert!(
        page.answer
            .body
            .contains("href=\"https://app.test/x?y=%22\"")
    );
    browser.open("https://app.test/x").await.assert_ok();
}

/// L01: the way back is not for a request to choose.
#[tokio::test]
async fn l01_nobody_is_sent_to_another_host() {
    let site = Site::start().await;
    for target in [
        "/?rd=https://evil.test/",
        "/?redirect_uri=//evil.test",
        "/%20//evil.test",
        "/;//evil.test",
        "/@evil.test",
    ] {
        let mut browser = site.browser();
        let url = format!("https://app.test{target}");
        let page = browser.open(&url).await;
        if page.answer.status == 400 {
            continue;
        }
        let page = browser.sign_in(&page, "alice").await;
        assert!(
            page.url.starts_with("https://app.test/"),
            "{target}: {page:?}"
        );
    }
    for target in [
        "//evil.test",
        "/\\evil.test",
        "/%5cevil.test",
        "/%09/evil.test",
        "/..//x",
    ] {
        let mut browser = site.browser();
        let answer = browser.get(&format!("https://app.test{target}")).await;
        assert_eq!(answer.status, 400, "{target}");
    }
    let mut browser = site.browser();
    let fields = "Accept: text/html\r\nX-Auth-Request-Redirect: https://evil.test\r\n\
                  X-Forwarded-Host: evil.test\r\nX-Forwarded-Uri: //evil.test\r\n";
    let answer = browser.send("GET", "https://app.test/x", fields, "").await;
    let asked = query(&answer.location().unwrap());
    assert_eq!(
        asked["redirect_uri"], "https://app.test/.cellgate/callback",
        "L02, B08"
    );
}

/// Cookies blocked, or the link opened elsewhere: told, and not sent round.
#[tokio::test]
async fn a_browser_that_keeps_no_cookies_is_told_so() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let page = browser.open("https://app.test/x").await;
    let callback = browser.submit(&page, "alice").await;
    browser.cookies.clear();

    let page = browser.open(&callback).await;

    page.assert_says(400, "Allow cookies");
}

/// A session that does not last, for whatever reason, must not send a browser round for ever.
#[tokio::test]
async fn a_loop_ends_on_a_page_that_says_what_to_do() {
    let site = Site::start().await;
    let mut browser = site.signed_in().await;
    let key = ("app.test".to_owned(), "__Host-cellgate-app".to_owned());
    let mut rounds = 0;
    let page = loop {
        browser.cookies.remove(&key);
        let page = browser.open("https://app.test/x").await;
        if page.answer.status != 200 {
            break page;
        }
        rounds += 1;
        assert!(rounds < 10, "round and round");
    };

    page.assert_says(400, "clock");
    assert_eq!(rounds, 3);
    let page = browser.open("https://app.test/x").await;
    page.assert_ok();
}

#[tokio::test]
async fn who_presses_cancel_is_not_asked_again_at_once() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let callback = {
        browser.get("https://app.test/x").await;
        let asked = browser.get("https://app.test/x").await.location().unwrap();
        let state = query(&asked)["state"].clone();
        format!(
            "https://app.test/.cellgate/callback?error=access_denied&error_description=%3Cscript%3E\
             &state={state}&iss=https%3A%2F%2Fop.example%2Foidc%2F"
        )
    };

    let page = browser.open(&callback).await;

    page.assert_says(403, "You did not sign in");
    assert!(!page.answer.body.contains("script"), "L24");
}
