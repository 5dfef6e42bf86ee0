//! When a user is asked to sign in, and when not (OpenID Connect Core §3.1.2.1 and §3.1.2.3).

use super::support::{Authorize, Browser, TestProvider, Tokens, read_jwt};
use crate::model::ConsentPolicy;

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

/// OpenID Connect Core §3.1.2.6. A browser has one session, so that there is never an account to
/// select, and nothing else needs a page: the other two codes of that section are never sent.
#[tokio::test]
async fn with_prompt_none_each_thing_that_is_missing_has_its_error() {
    let op = TestProvider::start_with(|settings| {
        settings.clients[1].consent = ConsentPolicy::Remembered;
    })
    .await;
    let bobs = op.tokens("bob", "openid").await;
    let mut browser = signed_in(&op).await;
    op.advance_s(100);
    let bob_by_name = r#"{"id_token":{"sub":{"value":"uuid-of-bob"}}}"#;
    for (row, request, error) in [
        (
            "a recent sign-in",
            Authorize::app().with("max_age", "100"),
            "login_required",
        ),
        (
            "the user of the hint",
            Authorize::app().with("id_token_hint", bobs.id_token()),
            "login_required",
        ),
        (
            "the user who is named",
            Authorize::app().with("claims", bob_by_name),
            "login_required",
        ),
        ("the user's yes", Authorize::service(), "consent_required"),
    ] {
        let silent = request.with("prompt", "none");
        let answer = browser.get(&silent.target()).await;
        assert_eq!(answer.params()["error"], error, "{row}");
        answer.assert_sent_back(error);
    }
    let silent = Authorize::app().with("prompt", "none");
    silent.code_of(&browser.get(&silent.target()).await);
}

#[tokio::test]
async fn prompt_login_asks_for_the_password_in_any_case() {
    let op = TestProvider::start().await;
    let mut browser = signed_in(&op).await;

    for prompt in ["login", "login select_account"] {
        op.advance_s(10);
        let request = Authorize::app().with("prompt", prompt);
        let page = browser.get(&request.target()).await;
        page.assert_sign_in_page();
        assert!(page.body.contains(r#"value="alice""#), "{}", page.body);
        let answer = browser.sign_in(&page, "alice").await;
        let time = auth_time(&op, &request, &answer).await;
        assert_eq!(time, op.now(), "{prompt}");
    }
}

/// OpenID Connect Core §3.1.2.1: the user may go on with the account that is signed in.
#[tokio::test]
async fn prompt_select_account_asks_which_account_to_go_on_with() {
    let op = TestProvider::start().await;
    let mut browser = signed_in(&op).await;
    op.advance_s(10);
    let request = Authorize::app().with("prompt", "select_account");

    let page = browser.get(&request.target()).await;
    page.assert_account_page();
    assert!(page.body.contains("The user alice"), "{}", page.body);
    let answer = browser.choose(&page, "current").await;

    assert_eq!(auth_time(&op, &request, &answer).await, op.now() - 10);
}

#[tokio::test]
async fn another_account_is_chosen_by_signing_in_to_it() {
    let op = TestProvider::start().await;
    let mut browser = signed_in(&op).await;
    let request = Authorize::app().with("prompt", "select_account");

    let page = browser.get(&request.target()).await;
    let page = browser.choose(&page, "another").await;
    page.assert_sign_in_page();
    assert!(!page.body.contains("alice"), "{}", page.body);
    let answer = browser.sign_in(&page, "bob").await;

    let tokens = Tokens::of(&op.exchange(&request.code_of(&answer)).await);
    assert_eq!(read_jwt(tokens.id_token()).1["sub"], "uuid-of-bob");
}

/// Without a session there is no account to choose among: whoever signs in has chosen.
#[tokio::test]
async fn a_stranger_selects_an_account_by_signing_in() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    let request = Authorize::app().with("prompt", "select_account");

    let page = browser.get(&request.target()).await;
    page.assert_sign_in_page();
    let answer = browser.sign_in(&page, "alice").await;

    request.code_of(&answer);
}

/// The page named an account; another tab has changed whose session it is.
#[tokio::test]
async fn an_account_that_was_not_on_the_page_is_not_chosen() {
    let op = TestProvider::start().await;
    let mut browser = signed_in(&op).await;
    let request = Authorize::app().with("prompt", "select_account");
    let page = browser.get(&request.target()).await;
    let again = browser
        .get(&Authorize::app().with("prompt", "login").target())
        .await;
    browser.sign_in(&again, "bob").await;

    let asked_again = browser.choose(&page, "current").await;

    asked_again.assert_account_page();
    assert!(asked_again.body.contains("The user bob"));
}

#[tokio::test]
async fn whoever_cancels_the_choice_is_sent_back() {
    let op = TestProvider::start().await;
    let mut browser = signed_in(&op).await;
    let request = Authorize::app().with("prompt", "select_account");
    let page = browser.get(&request.target()).await;

    let ticket = page.ticket();
    let form = [("ticket", ticket.as_str()), ("cancel", "1")];
    let answer = browser.post("/oidc/select-account", &form).await;

    answer.assert_sent_back("access_denied");
}

#[tokio::test]
async fn prompt_none_stands_alone() {
    let op = TestProvider::start().await;
    let mut browser = signed_in(&op).await;

    for prompt in [
        "none login",
        "none consent",
        "select_account none",
        "none none",
    ] {
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

/// OpenID Connect Registration §2, `default_max_age`: a request's own value goes before it.
#[tokio::test]
async fn a_client_may_have_a_max_age_of_its_own() {
    let op = TestProvider::start_with(|settings| {
        for client in &mut settings.clients {
            client.default_max_age = Some(std::time::Duration::from_secs(100));
        }
    })
    .await;
    let mut browser = signed_in(&op).await;
    op.advance_s(100);

    let longer = Authorize::app().with("max_age", "1000");
    longer.code_of(&browser.get(&longer.target()).await);
    let page = browser.get(&Authorize::app().target()).await;

    page.assert_sign_in_page();
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
