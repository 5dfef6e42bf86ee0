//! `id_token_hint` and `login_hint` (OpenID Connect Core §3.1.2.1).

use super::support::{Authorize, Browser, TestProvider, Tokens, encode, read_jwt};
use crate::model::{SigningAlgorithm, Timestamp};

async fn signed_in(op: &TestProvider) -> (Browser<'_>, Tokens) {
    let mut browser = op.browser();
    let code = Authorize::app().code_in(&mut browser, "alice").await;
    let tokens = Tokens::of(&op.exchange(&code).await);
    (browser, tokens)
}

#[tokio::test]
async fn the_hint_of_the_signed_in_user_lets_it_pass_silently() {
    let op = TestProvider::start().await;
    let (mut browser, tokens) = signed_in(&op).await;
    let request = Authorize::app()
        .with("prompt", "none")
        .with("id_token_hint", tokens.id_token());

    let answer = browser.get(&request.target()).await;

    Tokens::of(&op.exchange(&request.code_of(&answer)).await);
}

/// A hint tells who is meant, not who is there: that it expired does not matter.
#[tokio::test]
async fn an_expired_hint_is_still_one() {
    let op = TestProvider::start_with(|settings| {
        settings.session_idle_lifetime = std::time::Duration::from_secs(10 * 3600);
    })
    .await;
    let (mut browser, tokens) = signed_in(&op).await;
    op.advance_s(2 * 3600);
    let request = Authorize::app()
        .with("prompt", "none")
        .with("id_token_hint", tokens.id_token());

    let answer = browser.get(&request.target()).await;

    request.code_of(&answer);
}

#[tokio::test]
async fn somebody_else_than_the_hint_names_is_refused() {
    let op = TestProvider::start().await;
    let (_, of_alice) = signed_in(&op).await;
    let request = Authorize::app().with("id_token_hint", of_alice.id_token());
    let mut bobs = op.browser();
    Authorize::app().code_in(&mut bobs, "bob").await;

    let silent = bobs
        .get(&request.clone().with("prompt", "none").target())
        .await;
    silent.assert_sent_back("login_required");
    let page = bobs.get(&request.target()).await;
    page.assert_sign_in_page();
    let still_bob = bobs.sign_in(&page, "bob").await;
    still_bob.assert_sent_back("login_required");
    let page = bobs.get(&request.target()).await;
    let now_alice = bobs.sign_in(&page, "alice").await;

    request.code_of(&now_alice);
}

#[tokio::test]
async fn what_we_did_not_sign_as_an_id_token_is_no_hint() {
    let op = TestProvider::start().await;
    let (mut browser, tokens) = signed_in(&op).await;
    let (header, rest) = tokens.id_token().split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    let none = "eyJhbGciOiJub25lIn0";
    let hmac = "eyJhbGciOiJIUzI1NiJ9";
    for (name, hint) in [
        ("access token", tokens.access_token().to_owned()),
        ("alg none", format!("{none}.{payload}.")),
        (
            "alg none with signature",
            format!("{none}.{payload}.{signature}"),
        ),
        ("HMAC", format!("{hmac}.{payload}.{signature}")),
        ("no signature", format!("{header}.{payload}.")),
        (
            "altered signature",
            format!("{header}.{payload}.A{signature}"),
        ),
        ("altered payload", format!("{header}.e30.{signature}")),
        ("too long", "x".repeat(10_000)),
    ] {
        let request = Authorize::app()
            .with("prompt", "none")
            .with("id_token_hint", &hint);
        let answer = browser.get(&request.target()).await;
        assert!(answer.params().contains_key("error"), "{name}");
        answer.assert_sent_back("invalid_request");
    }
}

/// RFC 8725 §3.11: whatever else is signed under the same key is told apart by its type, even if
/// it says all that an ID token says.
#[tokio::test]
async fn a_token_of_another_type_is_no_hint() {
    let op = TestProvider::start().await;
    let (mut browser, tokens) = signed_in(&op).await;
    let (_, claims) = read_jwt(tokens.id_token());
    let (keys, now) = (&op.provider.signing_keys, Timestamp::from_secs(op.now()));
    let key = keys.find(SigningAlgorithm::Rs256, now).await.unwrap();
    for (typ, is_hint) in [
        ("JWT", true),
        ("at+jwt", false),
        ("logout+jwt", false),
        ("token-introspection+jwt", false),
        ("dpop+jwt", false),
    ] {
        let hint = key.sign_jwt(typ, &claims).unwrap();
        let request = Authorize::app()
            .with("prompt", "none")
            .with("id_token_hint", &hint);
        let answer = browser.get(&request.target()).await;
        assert_eq!(answer.params().contains_key("code"), is_hint, "{typ}");
        let sign_out = [("id_token_hint", hint.as_str())];
        let target = format!("/oidc/oauth2/sessions/logout?{}", encode(&sign_out));
        let refused = op.browser().get(&target).await.status == 400;
        assert_eq!(refused, !is_hint, "{typ} at sign-out");
    }
}

#[tokio::test]
async fn a_login_hint_stands_in_the_field_already() {
    let op = TestProvider::start().await;

    let page = Authorize::app().with("login_hint", "alice").send(&op).await;

    assert!(page.body.contains(r#"value="alice""#), "{}", page.body);
}
