//! Redirection URIs are compared character by character (RFC 9700 §2.1, RFC 6749 §3.1.2.4).

mod native;

use super::support::{Authorize, TestProvider, encode};

/// Every way we know in which a comparison was fooled.
const MUTATIONS: [&str; 72] = [
    // Other letter case.
    "HTTPS://app.example/callback",
    "https://APP.example/callback",
    "https://app.example/Callback",
    "Https://app.example/callback",
    // More or less path.
    "https://app.example",
    "https://app.example/",
    "https://app.example/callback/",
    "https://app.example//callback",
    "https://app.example/callback/x",
    "https://app.example/callbackx",
    "https://app.example/callbac",
    "https://app.example/x/callback",
    // Dot segments and their disguises.
    "https://app.example/./callback",
    "https://app.example/x/../callback",
    "https://app.example/callback/..",
    "https://app.example/callback/../evil",
    "https://app.example/callback/%2e%2e/evil",
    "https://app.example/callback/..;/evil",
    "https://app.example/callback;x",
    "https://app.example/callback/..%2fevil",
    "https://app.example/callback%2f..%2fevil",
    "https://app.example/callback\\..\\evil",
    // Percent-encoding.
    "https://app.example/%63allback",
    "https://app.example/callback%20",
    "https://app.example/callback%00",
    "https://app.example/callback%0a",
    "https://app.example/callback%23",
    "https://app.example/callback%3f",
    "https://app.example%2fcallback",
    "https://app%2eexample/callback",
    // White space and control characters.
    " https://app.example/callback",
    "https://app.example/callback ",
    "https://app.example/call\tback",
    "https://app.example/callback\n",
    "https://app.example/callback\r\nX: y",
    "https://app.example/callback\0",
    "\u{feff}https://app.example/callback",
    // Query and fragment.
    "https://app.example/callback?",
    "https://app.example/callback?x=1",
    "https://app.example/callback?redirect=https://evil.example",
    "https://app.example/callback&x=1",
    "https://app.example/callback#",
    "https://app.example/callback#x",
    "https://app.example/callback#@evil.example/",
    // User information.
    "https://user@app.example/callback",
    "https://user:pw@app.example/callback",
    "https://@app.example/callback",
    "https://app.example@evil.example/callback",
    "https://app.example:x@evil.example/callback",
    "https://evil.example@app.example@app.example/callback",
    "https://evil.example\\@app.example/callback",
    "https://evil.example#@app.example/callback",
    "https://evil.example/https://app.example/callback",
    // Host.
    "https://app.example./callback",
    "https://app.example.evil.example/callback",
    "https://evilapp.example/callback",
    "https://sub.app.example/callback",
    "https://аpp.example/callback",
    "https://xn--pp-7kc.example/callback",
    "https://app.example。/callback",
    "https://[::ffff:127.0.0.1]/callback",
    "https://2130706433/callback",
    // Port.
    "https://app.example:443/callback",
    "https://app.example:/callback",
    "https://app.example:8443/callback",
    // Scheme.
    "http://app.example/callback",
    "//app.example/callback",
    "/callback",
    "https:/app.example/callback",
    "https:app.example/callback",
    "javascript:alert(1)//https://app.example/callback",
    "data:text/html,<script>alert(1)</script>",
];

/// Asks for an answer at `redirect_uri`, in each way there is to ask, and finds an error page that
/// leads nowhere and repeats nothing of it.
async fn assert_page_only(op: &TestProvider, client_id: &str, redirect_uri: &str) {
    let request = Authorize::app()
        .with("client_id", client_id)
        .with("redirect_uri", redirect_uri);
    for answer in [
        request.send(op).await,
        request.clone().with("prompt", "none").send(op).await,
        request
            .clone()
            .with("response_mode", "form_post")
            .send(op)
            .await,
        op.post("/oidc/oauth2/auth", None, &request.params()).await,
    ] {
        answer.assert_page(400, "not known here");
        assert!(!answer.body.contains("href=\"http"), "{redirect_uri:?}");
        assert!(!answer.body.contains("evil"), "{redirect_uri:?}");
        assert!(!answer.body.contains(redirect_uri), "{redirect_uri:?}");
        assert!(!answer.body.contains("<script"), "{redirect_uri:?}");
        assert!(!answer.body.contains("<form"), "{redirect_uri:?}");
    }
}

#[tokio::test]
async fn nothing_but_the_registered_string_is_accepted() {
    let op = TestProvider::start().await;

    for mutation in MUTATIONS {
        assert_page_only(&op, "app", mutation).await;
    }
}

/// Said twice, it is not said at all, whichever comes first.
#[tokio::test]
async fn two_redirect_uris_are_none() {
    let op = TestProvider::start().await;
    let (registered, other) = ("https://app.example/callback", "https://evil.example/");

    for (first, second) in [
        (registered, other),
        (other, registered),
        (registered, registered),
    ] {
        let request = Authorize::app()
            .with("redirect_uri", first)
            .and("redirect_uri", second);
        let answer = request.send(&op).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert_eq!(answer.header("location"), None, "{answer:?}");
        assert!(!answer.body.contains("evil"), "{answer:?}");
    }
}

/// OpenID Connect RP-Initiated Logout §3: where a browser goes afterwards is compared like where
/// an answer goes.
#[tokio::test]
async fn nothing_but_the_registered_string_is_gone_to_after_signing_out() {
    let op = TestProvider::start().await;
    let tokens = op.tokens("alice", "openid").await;

    for mutation in MUTATIONS {
        let mutation = mutation.replace("callback", "signed-out");
        let params = [
            ("id_token_hint", tokens.id_token()),
            ("post_logout_redirect_uri", &mutation),
        ];
        let target = format!("/oidc/oauth2/sessions/logout?{}", encode(&params));
        let answer = op.browser().get(&target).await;
        answer.assert_page(400, "not known here");
        assert!(!answer.body.contains("evil"), "{mutation:?}");
        assert!(!answer.body.contains(&mutation), "{mutation:?}");
        assert!(!answer.body.contains("<script"), "{mutation:?}");
    }
}

/// The page that refuses is the same whatever was asked for.
#[tokio::test]
async fn the_page_tells_nothing_of_the_request() {
    let op = TestProvider::start().await;
    let page = Authorize::app().with("redirect_uri", "https://evil.example/");

    let other = page
        .clone()
        .with("redirect_uri", "x")
        .with("client_id", "service");

    assert_eq!(page.send(&op).await.body, other.send(&op).await.body);
}

#[tokio::test]
async fn the_registered_string_itself_is_accepted() {
    let op = TestProvider::start().await;

    Authorize::app().send(&op).await.assert_sign_in_page();
}
