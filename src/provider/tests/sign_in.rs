//! The sign-in page: what it contains, what it says when it does not work, and how it ends.

use super::support::{Answer, Authorize, PASSWORD, TestProvider, Tokens};

async fn attempt(op: &TestProvider, login: &str, password: &str) -> Answer {
    let mut browser = op.browser();
    let page = browser.get(&Authorize::app().target()).await;
    browser.submit(&page, login, password).await
}

/// What password managers and automated browsers rely on.
#[tokio::test]
async fn the_form_has_the_fields_it_is_known_by() {
    let op = TestProvider::start().await;

    let page = Authorize::app().send(&op).await;

    page.assert_sign_in_page();
    let flat = page.body.split_whitespace().collect::<Vec<_>>().join(" ");
    for text in [
        r#"<html lang="en" dir="ltr">"#,
        r#"<form method="post" action="/oidc/sign-in">"#,
        r#"<label for="username">"#,
        r#"<input id="username" name="username" type="text""#,
        r#"autocomplete="username""#,
        r#"<label for="password">"#,
        r#"<input id="password" name="password" type="password""#,
        r#"autocomplete="current-password""#,
        r#"<button type="submit" id="sign-in""#,
        r#"name="cancel""#,
        "The app",
        "Test Place",
    ] {
        assert!(flat.contains(text), "{text} is not in {flat}");
    }
    assert!(!flat.contains("<script"), "{flat}");
    assert!(!flat.contains(" style="), "{flat}");
    assert_eq!(flat.matches(" autofocus").count(), 1);
}

/// The style is linked under an address of its own and really there.
#[tokio::test]
async fn the_style_is_where_the_page_says() {
    let op = TestProvider::start().await;
    let page = Authorize::app().send(&op).await;
    let (_, rest) = page.body.split_once(r#"rel="stylesheet" href=""#).unwrap();
    let path = rest.split('"').next().unwrap();

    let style = op.get(path).await;

    assert_eq!(style.status, 200);
    assert_eq!(
        style.header("content-type"),
        Some("text/css; charset=utf-8")
    );
    assert!(style.header("cache-control").unwrap().contains("immutable"));
}

/// Who does not exist, who is locked, and who mistyped: one answer for all.
#[tokio::test]
async fn nobody_learns_who_has_an_account() {
    let op = TestProvider::start().await;
    let blank = |answer: &Answer, login: &str| {
        let ticket = answer.ticket();
        answer
            .body
            .replace(&ticket, "TICKET")
            .replace(&format!("value=\"{login}\""), "value=\"LOGIN\"")
    };
    let known = attempt(&op, "alice", "wrong").await;
    assert_eq!(known.status, 403);
    assert!(
        known
            .body
            .contains("The user name or the password is wrong.")
    );
    assert!(known.body.contains(r#"role="alert""#));

    for (login, password) in [("nobody", "wrong"), ("locked", PASSWORD), ("alice", "x")] {
        let other = attempt(&op, login, password).await;
        assert_eq!(other.status, known.status, "{login}");
        assert_eq!(blank(&other, login), blank(&known, "alice"), "{login}");
        let headers = |answer: &Answer| {
            let mut headers = answer.headers.clone();
            headers.remove("content-length");
            headers
        };
        assert_eq!(headers(&other), headers(&known), "{login}");
    }
}

#[tokio::test]
async fn what_cannot_be_a_login_is_wrong_like_any_other() {
    let op = TestProvider::start().await;
    let long = "x".repeat(300);
    let heavy = "x".repeat(5000);

    for (login, password) in [
        ("", PASSWORD),
        ("   ", PASSWORD),
        (long.as_str(), PASSWORD),
        ("ali\0ce", PASSWORD),
        ("alice", ""),
        ("alice", heavy.as_str()),
    ] {
        let answer = attempt(&op, login, password).await;
        assert_eq!(answer.status, 403, "{login:?}");
        assert!(
            answer
                .body
                .contains("The user name or the password is wrong.")
        );
    }
}

#[tokio::test]
async fn a_second_try_on_the_same_page_may_succeed() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    let page = browser.get(&Authorize::app().target()).await;

    let again = browser.submit(&page, "alice", "wrong").await;
    assert!(again.body.contains(r#"value="alice""#));
    assert!(!again.body.contains("wrong\""));
    let answer = browser.sign_in(&again, "alice").await;

    Tokens::of(&op.exchange(&Authorize::app().code_of(&answer)).await);
}

#[tokio::test]
async fn after_too_many_attempts_the_page_says_when_to_come_back() {
    let op = TestProvider::start().await;
    for _ in 0..3 {
        assert_eq!(attempt(&op, "alice", "wrong").await.status, 403);
    }

    let paused = attempt(&op, " ALICE ", PASSWORD).await;

    assert_eq!(paused.status, 429);
    assert!(
        paused.body.contains("Try again in 5 minutes."),
        "{}",
        paused.body
    );
    assert_eq!(paused.header("retry-after"), Some("300"));
    op.advance_s(300);
    assert_eq!(attempt(&op, "alice", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn a_backend_that_is_down_is_not_a_wrong_password() {
    let op = TestProvider::start().await;

    let answer = attempt(&op, "down", PASSWORD).await;

    assert_eq!(answer.status, 503);
    assert!(answer.header("retry-after").is_some());
    assert!(answer.body.contains("not possible at the moment"));
    assert!(!answer.body.contains("wrong"));
    assert!(!answer.body.contains("connection refused"));
}

/// Whether a page has a link to the page that the backend has.
fn links_elsewhere(page: &str) -> bool {
    let page = page.replace("&#x2f;", "/");
    page.contains("href=\"https://files.example/login\"")
}

#[tokio::test]
async fn a_second_factor_is_asked_for_elsewhere() {
    let op = TestProvider::start().await;

    let answer = attempt(&op, "step-up", PASSWORD).await;

    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("asks for a second factor"));
    assert!(answer.body.contains("Sign in to Cells directly"));
    assert!(links_elsewhere(&answer.body));
}

#[tokio::test]
async fn a_new_password_is_chosen_elsewhere_and_the_page_says_where() {
    let op = TestProvider::start().await;

    let answer = attempt(&op, "new-password", PASSWORD).await;

    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("Your password is right"));
    assert!(links_elsewhere(&answer.body));
    let denied = attempt(&op, "alice", "wrong").await;
    assert!(!links_elsewhere(&denied.body), "of no use there");
}

/// RFC 6749 §4.1.2.1: `access_denied`.
#[tokio::test]
async fn a_user_may_cancel() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    let page = browser.get(&Authorize::app().target()).await;
    let ticket = page.ticket();

    let form = [
        ("ticket", ticket.as_str()),
        ("cancel", "1"),
        ("username", ""),
        ("password", ""),
    ];
    let answer = browser.post("/oidc/sign-in", &form).await;

    answer.assert_sent_back("access_denied");
    assert_eq!(answer.params()["state"], "the-state");
}

#[tokio::test]
async fn a_page_that_was_open_for_too_long_asks_again() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    let page = browser.get(&Authorize::app().target()).await;
    op.advance_s(1800);

    let stale = browser.sign_in(&page, "alice").await;
    assert_eq!(stale.status, 400);
    assert!(stale.body.contains("open for too long"));
    let answer = browser.sign_in(&stale, "alice").await;

    Tokens::of(&op.exchange(&Authorize::app().code_of(&answer)).await);
}

/// Several tabs wait side by side, each for its own client.
#[tokio::test]
async fn tabs_do_not_disturb_each_other() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    let mut pages = Vec::new();
    for state in ["one", "two", "three"] {
        let request = Authorize::app().with("state", state);
        pages.push((state, browser.get(&request.target()).await));
    }

    for (state, page) in pages.iter().rev() {
        let answer = browser.sign_in(page, "alice").await;
        assert_eq!(answer.params()["state"], *state);
    }
    assert_eq!(browser.cookies.len(), 3, "{:?}", browser.cookies);
}

#[tokio::test]
async fn the_address_of_the_form_alone_shows_no_form() {
    let op = TestProvider::start().await;

    op.get("/oidc/sign-in")
        .await
        .assert_page(400, "Nothing to sign in to");
}

#[tokio::test]
async fn sign_ins_are_counted_by_their_outcome() {
    let op = TestProvider::start().await;

    attempt(&op, "alice", PASSWORD).await;
    attempt(&op, "alice", "wrong").await;
    attempt(&op, "down", "x").await;

    let metrics = op.metrics.render();
    for outcome in ["success", "denied", "unavailable"] {
        let line = format!("outcome=\"{outcome}\"}} 1");
        assert!(metrics.contains(&line), "{outcome}: {metrics}");
    }
}

/// An attacker who uses up the attempts of a login does not lock its owner out.
#[tokio::test]
async fn a_browser_that_signed_in_before_is_not_locked_out_by_strangers() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    Authorize::app().code_in(&mut browser, "alice").await;
    let device = browser.cookies["__Host-cellgate-device"].clone();
    for _ in 0..4 {
        attempt(&op, "alice", "wrong").await;
    }
    assert_eq!(attempt(&op, "alice", PASSWORD).await.status, 429);

    let mut known = op.browser();
    let name = "__Host-cellgate-device".to_owned();
    known.cookies.insert(name.clone(), device.clone());
    let page = known.get(&Authorize::app().target()).await;
    page.assert_sign_in_page();
    assert_eq!(known.sign_in(&page, "alice").await.status, 303);

    for _ in 0..4 {
        attempt(&op, "bob", "wrong").await;
    }
    let mut other = op.browser();
    other.cookies.insert(name, device);
    let page = other.get(&Authorize::app().target()).await;
    let refused = other.sign_in(&page, "bob").await;
    assert_eq!(refused.status, 429, "known as alice, not as bob");
}

/// It outlives the session, belongs to this host, and is kept from scripts.
#[tokio::test]
async fn the_cookie_of_a_known_browser_is_kept_safe() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    let page = browser.get(&Authorize::app().target()).await;
    assert!(!browser.cookies.contains_key("__Host-cellgate-device"));

    let answer = browser.sign_in(&page, "alice").await;

    let mut cookies = answer.cookies().into_iter();
    let cookie = cookies.find(|text| text.starts_with("__Host-cellgate-device="));
    let cookie = cookie.unwrap();
    for attribute in [
        "HttpOnly",
        "Secure",
        "SameSite=Lax",
        "Path=/",
        "Max-Age=15552000",
    ] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(
        !cookie.contains("Domain") && !cookie.contains("alice"),
        "{cookie}"
    );
}
