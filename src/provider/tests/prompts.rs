//! When a user is asked to sign in, and when not (OpenID Connect Core §3.1.2.1 and §3.1.2.3).

use super::support::{Authorize, Browser, TestProvider, Tokens, read_jwt};

async fn auth_time(op: &TestProvider, request: &Authorize, answer: &super::support::Answer) -> u64 {
    let tokens = Tokens::of(&op.exchange(&request.code_of(answer)).await);
    read_jwt(tokens.id_token()).1["auth_time"].as_u64().unwrap()
}

async fn signed_in<'a>(op: &'a TestProvider) -> Browser<'a> {
    let mut browser = op.browser();
    Authorize::app().code_in(&mut browser, "alice").await;
    browser
}

/// The first code and a later one tell of the same sign-in.
#[tokio::test]
async fn a_signed_in_user_is_not_asked_again() {
    let op = TestProvider::start().await;
    let mut browser = signed_in(&op).await;
    op.advance_s(600);

    for request in [Authorize::app(), Authorize::app().with("prompt", "none")] {
        let answer = browser.get(&request.target()).await;
        assert_eq!(auth_time(&op, &request, &answer).await, 1_800_000_000);
    }
}

#[tokio::test]
async fn with_prompt_none_a_stranger_is_not_shown_a_page() {
    let op = TestProvider::start().await;

    let answer = Authorize::app().with("prompt", "none").send(&op).await;

    answer.assert_sent_back("login_required");
    assert!(answer.cookies().is_empty());
}

#[tokio::test]
async fn prompt_login_and_select_account_ask_in_any_case() {
    let op = TestProvider::start().await;
    let mut browser = signed_in(&op).await;

    for prompt in ["login", "select_account", "login consent"] {
        op.advance_s(10);
        let request = Authorize::app().with("prompt", prompt);
        let page = browser.get(&request.target()).await;
        page.assert_sign_in_page();
        let answer = browser.sign_in(&page, "alice").await;
        let time = auth_time(&op, &request, &answer).await;
        assert_eq!(time, op.now(), "{prompt}");
    }
}

#[tokio::test]
async fn prompt_none_stands_alone() {
    let op = TestProvider::start().await;
    let mut browser = signed_in(&op).await;

    for prompt in ["none login", "none consent", "none none"] {
        let request = Authorize::app().with("prompt", prompt);
        let answer = browser.get(&request.target()).await;
        answer.assert_sent_back("invalid_request");
    }
}

#[tokio::test]
async fn max_age_bounds_how_old_the_sign_in_may_be() {
    let op = TestProvider::start().await;
    let mut browser = signed_in(&op).await;
    op.advance_s(100);

    for (max_age, asked) in [
        ("101", false),
        ("10000", false),
        ("100", true),
        ("1", true),
        ("0", true),
    ] {
        let request = Authorize::app().with("max_age", max_age);
        let answer = browser.get(&request.target()).await;
        assert_eq!(answer.status == 200, asked, "{max_age}");
        let silent = request.with("prompt", "none");
        let answer = browser.get(&silent.target()).await;
        assert_eq!(answer.params().contains_key("error"), asked, "{max_age}");
    }
}

#[tokio::test]
async fn max_age_zero_asks_even_in_the_second_of_the_sign_in() {
    let op = TestProvider::start().await;
    let mut browser = signed_in(&op).await;

    let page = browser
        .get(&Authorize::app().with("max_age", "0").target())
        .await;

    page.assert_sign_in_page();
}
