//! Signing out (OpenID Connect RP-Initiated Logout 1.0).

use super::support::{Answer, Authorize, Browser, TestProvider, Tokens, encode};

const SIGNED_OUT: &str = "https://app.example/signed-out";

async fn signed_in<'a>(op: &'a TestProvider, login: &str) -> (Browser<'a>, Tokens) {
    let mut browser = op.browser();
    let request = Authorize::app().with("scope", "openid offline_access");
    let code = request.code_in(&mut browser, login).await;
    let tokens = Tokens::of(&op.exchange(&code).await);
    (browser, tokens)
}

async fn logout(browser: &mut Browser<'_>, params: &[(&str, &str)]) -> Answer {
    let query = encode(params);
    browser
        .get(&format!("/oidc/oauth2/sessions/logout?{query}"))
        .await
}

async fn is_signed_in(browser: &mut Browser<'_>) -> bool {
    let request = Authorize::app().with("prompt", "none");
    let answer = browser.get(&request.target()).await;
    answer.params().contains_key("code")
}

/// §2 and §3: hint, registered address and state.
#[tokio::test]
async fn a_client_signs_its_user_out_and_gets_the_browser_back() {
    let op = TestProvider::start().await;
    let (mut browser, tokens) = signed_in(&op, "alice").await;
    let state = "-._~Az09".repeat(16);

    let answer = logout(
        &mut browser,
        &[
            ("id_token_hint", tokens.id_token()),
            ("post_logout_redirect_uri", SIGNED_OUT),
            ("state", &state),
        ],
    )
    .await;

    assert!(answer.location().as_str().starts_with(SIGNED_OUT));
    assert_eq!(answer.params().len(), 1);
    assert_eq!(answer.params()["state"], state);
    assert!(!browser.cookies.contains_key("__Host-cellgate-session"));
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn a_state_that_was_not_sent_is_not_invented() {
    let op = TestProvider::start().await;
    let (mut browser, tokens) = signed_in(&op, "alice").await;

    let params = [
        ("id_token_hint", tokens.id_token()),
        ("post_logout_redirect_uri", SIGNED_OUT),
    ];

    assert_eq!(
        logout(&mut browser, &params).await.location().as_str(),
        SIGNED_OUT
    );
}

/// What was granted in the session ends with it.
#[tokio::test]
async fn signing_out_revokes_the_tokens_of_the_session() {
    let op = TestProvider::start().await;
    let (mut browser, tokens) = signed_in(&op, "alice").await;
    let (_, elsewhere) = signed_in(&op, "alice").await;

    logout(&mut browser, &[("id_token_hint", tokens.id_token())]).await;

    op.userinfo(tokens.access_token())
        .await
        .assert_challenged(401, Some("invalid_token"));
    op.refresh(tokens.refresh_token())
        .await
        .assert_refused(400, "invalid_grant");
    assert_eq!(op.userinfo(elsewhere.access_token()).await.status, 200);
}

/// The cookie alone would be an old acquaintance: it must not open anything again.
#[tokio::test]
async fn the_cookie_of_an_ended_session_is_worth_nothing() {
    let op = TestProvider::start().await;
    let (mut browser, tokens) = signed_in(&op, "alice").await;
    let mut copy = browser.clone();

    logout(&mut browser, &[("id_token_hint", tokens.id_token())]).await;

    assert!(!is_signed_in(&mut copy).await);
}

/// §3: MUST NOT redirect to what is not registered; and then nothing is ended either.
#[tokio::test]
async fn an_unregistered_address_is_refused_with_a_page() {
    let op = TestProvider::start().await;
    let (mut browser, tokens) = signed_in(&op, "alice").await;

    for uri in [
        "https://evil.example/",
        "https://app.example/signed-out?foo=bar",
        "https://app.example/signed-out/",
        "https://app.example/signed-out#",
        "https://APP.example/signed-out",
        "https://app.example/callback",
        "https://service.example/signed-out",
        "//app.example/signed-out",
        "javascript:alert(1)",
    ] {
        let params = [
            ("id_token_hint", tokens.id_token()),
            ("post_logout_redirect_uri", uri),
        ];
        let answer = logout(&mut browser, &params).await;
        answer.assert_page(400, "not known here");
        assert!(!answer.body.contains(uri), "{uri}");
    }
    assert!(is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn a_hint_that_is_not_ours_is_refused_with_a_page() {
    let op = TestProvider::start().await;
    let (mut browser, tokens) = signed_in(&op, "alice").await;
    let payload = tokens.id_token().split('.').nth(1).unwrap();
    let unsigned = format!("eyJhbGciOiJub25lIn0.{payload}.");

    for hint in [unsigned.as_str(), "a.b.c", tokens.access_token()] {
        let params = [
            ("id_token_hint", hint),
            ("post_logout_redirect_uri", SIGNED_OUT),
        ];
        logout(&mut browser, &params)
            .await
            .assert_page(400, "sign-out request is not valid");
    }
    assert!(is_signed_in(&mut browser).await);
}

/// §2: `client_id` must be that of the hint.
#[tokio::test]
async fn a_hint_of_another_client_is_refused() {
    let op = TestProvider::start().await;
    let (mut browser, tokens) = signed_in(&op, "alice").await;

    let params = [
        ("id_token_hint", tokens.id_token()),
        ("client_id", "service"),
    ];

    logout(&mut browser, &params)
        .await
        .assert_page(400, "sign-out request is not valid");
}

/// Any site can send a browser here: without a hint the user is asked.
#[tokio::test]
async fn without_a_hint_the_user_is_asked_first() {
    let op = TestProvider::start().await;
    for params in [
        &[][..],
        &[("state", "x")],
        &[("post_logout_redirect_uri", SIGNED_OUT)],
        &[("logout_hint", "alice")],
    ] {
        let (mut browser, _) = signed_in(&op, "alice").await;
        let page = logout(&mut browser, params).await;
        page.assert_page(200, r#"id="sign-out""#);
        assert!(page.body.contains("The user alice"));
        assert!(is_signed_in(&mut browser).await);

        let ticket = page.ticket();
        let done = browser.post("/oidc/sign-out", &[("ticket", &ticket)]).await;

        done.assert_page(200, "You are signed out");
        assert!(!is_signed_in(&mut browser).await);
    }
}

#[tokio::test]
async fn the_hint_of_another_user_is_asked_about() {
    let op = TestProvider::start().await;
    let (_, of_alice) = signed_in(&op, "alice").await;
    let (mut bobs, _) = signed_in(&op, "bob").await;

    let page = logout(&mut bobs, &[("id_token_hint", of_alice.id_token())]).await;

    page.assert_page(200, r#"id="sign-out""#);
    assert!(is_signed_in(&mut bobs).await);
}

/// §2: a client that names itself may have the browser back after the user said yes.
#[tokio::test]
async fn a_client_that_names_itself_gets_the_browser_after_the_user_said_yes() {
    let op = TestProvider::start().await;
    let (mut browser, _) = signed_in(&op, "alice").await;
    let params = [
        ("client_id", "app"),
        ("post_logout_redirect_uri", SIGNED_OUT),
        ("state", "s"),
    ];

    let page = logout(&mut browser, &params).await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self' https:;"), "{policy}");
    let ticket = page.ticket();
    let done = browser.post("/oidc/sign-out", &[("ticket", &ticket)]).await;

    assert_eq!(done.location().as_str(), format!("{SIGNED_OUT}?state=s"));
}

#[tokio::test]
async fn a_user_may_stay() {
    let op = TestProvider::start().await;
    let (mut browser, _) = signed_in(&op, "alice").await;
    let page = logout(&mut browser, &[]).await;
    let ticket = page.ticket();

    let form = [("ticket", ticket.as_str()), ("cancel", "1")];
    let answer = browser.post("/oidc/sign-out", &form).await;

    answer.assert_page(200, "You are still signed in");
    assert!(is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn only_our_own_page_may_confirm() {
    let op = TestProvider::start().await;
    let (mut browser, _) = signed_in(&op, "alice").await;
    let page = logout(&mut browser, &[]).await;
    let ticket = page.ticket();
    let form = [("ticket", ticket.as_str())];

    let evil = [("sec-fetch-site", "cross-site")];
    let refused = browser.post_from("/oidc/sign-out", &form, &evil).await;
    refused.assert_page(403, "does not belong to this browser");
    let (mut other, _) = signed_in(&op, "bob").await;
    let refused = other.post("/oidc/sign-out", &form).await;
    refused.assert_page(403, "does not belong to this browser");
    let refused = browser.post("/oidc/sign-out", &[]).await;
    refused.assert_page(403, "does not belong to this browser");

    assert!(is_signed_in(&mut browser).await);
    assert!(is_signed_in(&mut other).await);
}

#[tokio::test]
async fn who_is_not_signed_in_is_told_so_and_not_asked() {
    let op = TestProvider::start().await;

    let answer = logout(&mut op.browser(), &[]).await;

    answer.assert_page(200, "You are signed out");
}

/// A request may be posted too (§2).
#[tokio::test]
async fn a_request_may_be_posted() {
    let op = TestProvider::start().await;
    let (mut browser, tokens) = signed_in(&op, "alice").await;

    let form = [
        ("id_token_hint", tokens.id_token()),
        ("post_logout_redirect_uri", SIGNED_OUT),
    ];
    let answer = browser.post("/oidc/oauth2/sessions/logout", &form).await;

    assert_eq!(answer.location().as_str(), SIGNED_OUT);
    assert!(!is_signed_in(&mut browser).await);
}

/// `SameSite=Lax` keeps the cookie back when another site posts: nobody is told to be signed
/// out before it was seen.
#[tokio::test]
async fn a_request_that_another_site_posts_is_made_again_with_get() {
    let op = TestProvider::start().await;
    let (mut browser, tokens) = signed_in(&op, "alice").await;
    let form = [
        ("id_token_hint", tokens.id_token()),
        ("post_logout_redirect_uri", SIGNED_OUT),
        ("state", "s"),
    ];

    let cross_site = [
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://app.example"),
    ];
    let path = "/oidc/oauth2/sessions/logout";
    let again = op.browser().post_from(path, &form, &cross_site).await;

    let location = again.location();
    assert_eq!(location.host_str(), Some("op.example"));
    assert_eq!(again.params()["state"], "s");
    let target = format!("{}?{}", location.path(), location.query().unwrap());
    let done = browser.get(&target).await;
    assert_eq!(done.location().as_str(), format!("{SIGNED_OUT}?state=s"));
    assert!(!is_signed_in(&mut browser).await);
}

/// The user deleted the cookies, and the client signs out: its tokens must go all the same.
#[tokio::test]
async fn without_its_cookie_a_session_ends_by_the_hint() {
    let op = TestProvider::start().await;
    let (browser, tokens) = signed_in(&op, "alice").await;

    logout(&mut op.browser(), &[("id_token_hint", tokens.id_token())])
        .await
        .assert_page(200, "You are signed out");

    assert!(!is_signed_in(&mut browser.clone()).await);
    op.refresh(tokens.refresh_token())
        .await
        .assert_refused(400, "invalid_grant");
}
