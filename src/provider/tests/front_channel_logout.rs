//! Clients are told in the browser that a session ended (OpenID Connect Front-Channel Logout 1.0).

use super::support::{Answer, Authorize, Browser, ISSUER, TestProvider, Tokens, encode, read_jwt};
use crate::model::ClientEndpoint;

const SIGNED_OUT: &str = "https://app.example/signed-out";

/// A provider whose client `app` needs to know the session, and `service` does not.
async fn provider() -> TestProvider {
    TestProvider::start_with(|settings| {
        for (id, uri, session_required) in [
            ("app", "https://app.example/bye", true),
            ("service", "https://service.example/bye?tenant=1", false),
        ] {
            let mut clients = settings.clients.iter_mut();
            let client = clients.find(|client| client.id.as_str() == id).unwrap();
            client.logout.front_channel = Some(ClientEndpoint::register(uri).unwrap());
            client.logout.front_channel_session_required = session_required;
        }
    })
    .await
}

async fn signed_in<'a>(op: &'a TestProvider) -> (Browser<'a>, Tokens) {
    let mut browser = op.browser();
    let code = Authorize::app().code_in(&mut browser, "alice").await;
    let tokens = Tokens::of(&op.exchange(&code).await);
    (browser, tokens)
}

async fn logout(browser: &mut Browser<'_>, params: &[(&str, &str)]) -> Answer {
    let query = encode(params);
    browser
        .get(&format!("/oidc/oauth2/sessions/logout?{query}"))
        .await
}

/// The text of the page with the escapes of slashes undone.
fn text(page: &Answer) -> String {
    page.body.replace("&#x2f;", "/").replace("&amp;", "&")
}

/// §3: `iss` and `sid` are sent to a client that needs them.
#[tokio::test]
async fn a_client_is_told_in_a_frame_which_session_ended() {
    let op = provider().await;
    let (mut browser, tokens) = signed_in(&op).await;

    let page = logout(&mut browser, &[("id_token_hint", tokens.id_token())]).await;

    page.assert_page(200, "You are signed out");
    let (_, claims) = read_jwt(tokens.id_token());
    let query = encode(&[("iss", ISSUER), ("sid", claims["sid"].as_str().unwrap())]);
    let frame = format!(r#"src="https://app.example/bye?{query}""#);
    assert!(text(&page).contains(&frame), "{frame}: {}", page.body);
    assert!(!browser.cookies.contains_key("__Host-cellgate-session"));
}

/// A frame may come of the clients of this session, and of nobody else.
#[tokio::test]
async fn the_page_may_load_frames_of_its_clients_only() {
    let op = provider().await;
    let (mut browser, tokens) = signed_in(&op).await;
    let policy = |page: &Answer| page.header("content-security-policy").unwrap().to_owned();

    let page = logout(&mut browser, &[("id_token_hint", tokens.id_token())]).await;

    assert!(
        policy(&page).ends_with("; frame-src https://app.example"),
        "{}",
        policy(&page)
    );
    let (mut browser, tokens) = signed_in(&op).await;
    browser.get(&Authorize::service().target()).await;
    let page = logout(&mut browser, &[("id_token_hint", tokens.id_token())]).await;
    assert!(
        policy(&page).ends_with("; frame-src https://app.example https://service.example"),
        "{}",
        policy(&page)
    );
    assert!(
        text(&page).contains(r#"src="https://service.example/bye?tenant=1""#),
        "{}",
        page.body
    );
}

/// The browser goes on by itself, and has a link should it not.
#[tokio::test]
async fn the_page_goes_on_to_where_the_client_wants_its_user() {
    let op = provider().await;
    let (mut browser, tokens) = signed_in(&op).await;

    let page = logout(
        &mut browser,
        &[
            ("id_token_hint", tokens.id_token()),
            ("post_logout_redirect_uri", SIGNED_OUT),
            ("state", "a b&\"c"),
        ],
    )
    .await;

    let next = format!("{SIGNED_OUT}?state=a+b%26%22c");
    let text = text(&page);
    let refresh = format!(r#"<meta http-equiv="refresh" content="2; url={next}">"#);
    assert!(text.contains(&refresh), "{text}");
    assert!(text.contains(&format!(r#"href="{next}""#)), "{text}");
}

/// Who was told is not told again.
#[tokio::test]
async fn without_clients_to_tell_the_browser_is_redirected_at_once() {
    let op = provider().await;
    let (mut browser, tokens) = signed_in(&op).await;
    let params = [
        ("id_token_hint", tokens.id_token()),
        ("post_logout_redirect_uri", SIGNED_OUT),
    ];
    logout(&mut browser, &params)
        .await
        .assert_page(200, "<iframe");

    let again = logout(&mut browser, &params).await;

    assert_eq!(again.location().as_str(), SIGNED_OUT);
}
