//! Text of others stays text in our pages.

use super::support::{Answer, Authorize, TestProvider};
use crate::model::ConsentPolicy;

const POLYGLOTS: [&str; 5] = [
    "\"><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    "\" autofocus onfocus=alert(1) x=\"",
    "</title><svg/onload=alert(1)>",
    "{{ 123457 * 1001 }}{% raw %}&lt;b&gt;",
];

/// As many elements and as many quotes as in the page with harmless text, so nothing was added.
#[track_caller]
fn assert_same_markup(page: &Answer, harmless: &Answer) {
    for mark in ['<', '>', '"', '\''] {
        assert_eq!(
            page.body.matches(mark).count(),
            harmless.body.matches(mark).count(),
            "{mark} in {}",
            page.body
        );
    }
    assert!(!page.body.contains("123580457"), "{}", page.body);
}

#[tokio::test]
async fn what_a_client_sends_cannot_become_markup() {
    let op = TestProvider::start().await;
    for name in [
        "login_hint",
        "state",
        "nonce",
        "scope",
        "ui_locales",
        "acr_values",
        "claims_locales",
        "display",
        "extra",
    ] {
        let harmless = Authorize::app().with(name, "openid").send(&op).await;
        for polyglot in POLYGLOTS {
            let page = Authorize::app().with(name, polyglot).send(&op).await;
            if page.status == 200 {
                assert_same_markup(&page, &harmless);
            } else {
                page.assert_sent_back("invalid_scope");
            }
        }
    }
}

#[tokio::test]
async fn what_a_user_types_cannot_become_markup() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    let page = browser.get(&Authorize::app().target()).await;
    let harmless = browser.submit(&page, "somebody", "wrong").await;

    for polyglot in POLYGLOTS {
        let page = browser.submit(&page, polyglot, polyglot).await;
        assert_eq!(page.status, 403);
        assert_same_markup(&page, &harmless);
    }
}

#[tokio::test]
async fn names_from_the_configuration_cannot_become_markup() {
    let harmless = TestProvider::start().await;
    let harmless = Authorize::app().send(&harmless).await;
    for polyglot in POLYGLOTS {
        let op = TestProvider::start_with(|settings| {
            polyglot.clone_into(&mut settings.display_name);
            polyglot.clone_into(&mut settings.clients[0].name);
        })
        .await;
        let page = Authorize::app().send(&op).await;
        assert_same_markup(&page, &harmless);
    }
}

/// The pages that a signed-in user sees: consent, choice of an account, the account itself.
#[tokio::test]
async fn a_name_cannot_become_markup_on_any_page() {
    let harmless = pages_about("A harmless application").await;
    for polyglot in POLYGLOTS {
        for (page, harmless) in pages_about(polyglot).await.iter().zip(&harmless) {
            assert_same_markup(page, harmless);
        }
    }
}

/// The pages of a provider where an application and a scope value are described by `text`.
async fn pages_about(text: &str) -> [Answer; 3] {
    let op = TestProvider::start_with(|settings| {
        text.clone_into(&mut settings.clients[0].name);
        let descriptions = &mut settings.interactions.scope_descriptions;
        descriptions.insert("openid".to_owned(), text.to_owned());
        settings.clients[0].consent = ConsentPolicy::Remembered;
    })
    .await;
    let mut browser = op.browser();
    let page = browser.get(&Authorize::app().target()).await;
    let consent = browser.sign_in(&page, "alice").await;
    consent.assert_consent_page();
    browser.decide(&consent, "allow").await;
    let choice = Authorize::app().with("prompt", "select_account");
    let choice = browser.get(&choice.target()).await;
    choice.assert_account_page();
    let account = browser.get("/oidc/account").await;
    account.assert_page(200, r#"name="withdraw""#);
    [consent, choice, account]
}

#[tokio::test]
async fn an_error_page_repeats_nothing() {
    let op = TestProvider::start().await;
    let harmless = Authorize::app().with("client_id", "x").send(&op).await;

    for polyglot in POLYGLOTS {
        for name in ["client_id", "redirect_uri", "state"] {
            let request = Authorize::app().with("client_id", "x").with(name, polyglot);
            assert_eq!(request.send(&op).await.body, harmless.body);
        }
    }
}
