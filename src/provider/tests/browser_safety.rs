//! Forms that are not the user's own: other sites, other browsers, other times; and frames.

use super::support::{Authorize, PASSWORD, TestProvider};
use crate::model::ConsentPolicy;

/// Login CSRF: a form that another site sends is refused, whatever is in it.
#[tokio::test]
async fn a_form_from_another_site_is_refused() {
    let op = TestProvider::start().await;
    for headers in [
        &[
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
        ][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "http://op.example")],
        &[("origin", "https://op.example.evil.example")],
    ] {
        let mut browser = op.browser();
        let page = browser.get(&Authorize::app().target()).await;
        let ticket = page.ticket();
        let form = [
            ("ticket", ticket.as_str()),
            ("username", "alice"),
            ("password", PASSWORD),
        ];
        let answer = browser.post_from("/oidc/sign-in", &form, headers).await;
        answer.assert_page(403, "does not belong to this browser");
        assert!(answer.cookies().is_empty(), "{headers:?}");
    }
}

/// Login CSRF: the attacker's own page, ticket and password, in the victim's browser.
#[tokio::test]
async fn the_ticket_of_another_browser_is_refused() {
    let op = TestProvider::start().await;
    let mut attacker = op.browser();
    let page = attacker.get(&Authorize::app().target()).await;

    let mut newcomer = op.browser();
    let refused = newcomer.sign_in(&page, "bob").await;
    refused.assert_page(403, "does not belong to this browser");
    let mut victim = op.browser();
    victim.get(&Authorize::app().target()).await;
    let refused = victim.sign_in(&page, "bob").await;

    refused.assert_page(403, "does not belong to this browser");
    assert!(refused.cookies().is_empty());
}

#[tokio::test]
async fn a_form_without_a_ticket_of_ours_is_refused() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    let page = browser.get(&Authorize::app().target()).await;
    let ticket = page.ticket();
    let (payload, tag) = ticket.split_once('.').unwrap();

    for ticket in [
        "",
        "x",
        ".",
        payload,
        &format!("{payload}."),
        &format!("A{payload}.{tag}"),
    ] {
        let form = [
            ("ticket", ticket),
            ("username", "alice"),
            ("password", PASSWORD),
        ];
        let answer = browser.post("/oidc/sign-in", &form).await;
        answer.assert_page(403, "does not belong to this browser");
    }
}

/// One kind of ticket is not good for the other kind of page.
#[tokio::test]
async fn tickets_are_good_for_one_thing() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    Authorize::app().code_in(&mut browser, "alice").await;
    let sign_in = browser
        .get(&Authorize::app().with("prompt", "login").target())
        .await;
    let sign_out = browser.get("/oidc/oauth2/sessions/logout").await;

    for (path, ticket) in [
        ("/oidc/sign-out", sign_in.ticket()),
        ("/oidc/sign-in", sign_out.ticket()),
    ] {
        let form = [
            ("ticket", ticket.as_str()),
            ("username", "alice"),
            ("password", PASSWORD),
        ];
        let answer = browser.post(path, &form).await;
        answer.assert_page(403, "does not belong to this browser");
    }
    browser.get(&Authorize::app().target()).await.params();
}

#[tokio::test]
async fn a_page_cannot_be_framed_stored_or_filled_from_elsewhere() {
    let op = TestProvider::start_with(|settings| {
        settings.clients[1].consent = ConsentPolicy::Required;
    })
    .await;
    let mut browser = op.browser();
    let sign_in = browser.get(&Authorize::app().target()).await;
    browser.sign_in(&sign_in, "alice").await;
    let choice = Authorize::app().with("prompt", "select_account");
    let choice = browser.get(&choice.target()).await;
    choice.assert_account_page();
    let consent = browser.get(&Authorize::service().target()).await;
    consent.assert_consent_page();
    let sign_out = browser.get("/oidc/oauth2/sessions/logout").await;
    let error = op.get("/oidc/oauth2/auth").await;

    for (page, form_action) in [
        (&sign_in, "form-action 'self' https:;"),
        (&choice, "form-action 'self' https:;"),
        (&consent, "form-action 'self' https:;"),
        (&sign_out, "form-action 'self';"),
        (&error, "form-action 'self';"),
    ] {
        let policy = page.header("content-security-policy").unwrap();
        for directive in [
            "default-src 'none'",
            "style-src 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            form_action,
        ] {
            assert!(policy.contains(directive), "{directive}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(!policy.contains("script-src"), "{policy}");
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(page.header(name), Some(value));
        }
        // Any policy would cut off the application that opened the page in a popup.
        assert_eq!(page.header("cross-origin-opener-policy"), None);
    }
}

/// RFC 9700 §2.6: 303, so that no browser posts the password on.
#[tokio::test]
async fn the_password_is_not_posted_on() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    let page = browser.get(&Authorize::app().target()).await;

    let answer = browser.sign_in(&page, "alice").await;

    assert_eq!(answer.status, 303);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.body, "");
}
