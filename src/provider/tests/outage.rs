//! When the store fails: never a success that is none, never the caller's fault.

use super::support::{Authorize, PASSWORD, TestProvider};

#[tokio::test]
async fn a_token_request_is_answered_with_503() {
    let op = TestProvider::start().await;
    let code = Authorize::app().code(&op, "alice").await;
    let tokens = op.tokens("alice", "openid offline_access").await;
    op.store.break_down().await;

    for answer in [
        op.exchange(&code).await,
        op.refresh(tokens.refresh_token()).await,
    ] {
        answer.assert_refused(503, "temporarily_unavailable");
        assert!(answer.header("retry-after").is_some());
        assert!(!answer.body.contains("no such table"), "{}", answer.body);
    }
}

/// A revocation that was not recorded must not look like one.
#[tokio::test]
async fn a_revocation_is_not_acknowledged() {
    let op = TestProvider::start().await;
    let tokens = op.tokens("alice", "openid offline_access").await;
    op.store.break_down().await;

    for token in [tokens.access_token(), tokens.refresh_token()] {
        let form = [("client_id", "app"), ("token", token)];
        op.post("/oidc/oauth2/revoke", None, &form)
            .await
            .assert_refused(503, "temporarily_unavailable");
    }
}

#[tokio::test]
async fn userinfo_does_not_blame_the_token() {
    let op = TestProvider::start().await;
    let tokens = op.tokens("alice", "openid").await;
    op.store.break_down().await;

    let answer = op.userinfo(tokens.access_token()).await;

    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("www-authenticate"), None);
}

#[tokio::test]
async fn signing_out_is_not_acknowledged() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    Authorize::app().code_in(&mut browser, "alice").await;
    op.store.break_down().await;

    let answer = browser.get("/oidc/oauth2/sessions/logout").await;

    answer.assert_page(503, "Not available at the moment");
    assert!(browser.cookies.contains_key("__Host-cellgate-session"));
}

/// Nor is anything that a user ends on the account page.
#[tokio::test]
async fn what_the_account_page_cannot_end_it_does_not_say_is_ended() {
    for (name, value) in [("end-all", "1"), ("end-others", "1"), ("withdraw", "app")] {
        let op = TestProvider::start().await;
        let mut browser = op.browser();
        Authorize::app().code_in(&mut browser, "alice").await;
        let ticket = browser.get("/oidc/account").await.ticket();
        op.store.break_down().await;

        let form = [("ticket", ticket.as_str()), (name, value)];
        let answer = browser.post("/oidc/account", &form).await;

        answer.assert_page(503, "Not available at the moment");
        assert!(
            browser.cookies.contains_key("__Host-cellgate-session"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_right_password_does_not_become_a_wrong_one() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    let page = browser.get(&Authorize::app().target()).await;
    op.store.break_down().await;

    let answer = browser.submit(&page, "alice", PASSWORD).await;

    answer.assert_sent_back("temporarily_unavailable");
    assert!(!browser.cookies.contains_key("__Host-cellgate-session"));
}

#[tokio::test]
async fn a_signed_in_user_is_sent_back_with_an_error() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    Authorize::app().code_in(&mut browser, "alice").await;
    op.store.break_down().await;

    let answer = browser.get(&Authorize::app().target()).await;

    answer.assert_sent_back("temporarily_unavailable");
}
