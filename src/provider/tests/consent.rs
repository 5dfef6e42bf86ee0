//! Asking users whether an application may have what it asks for (OpenID Connect Core §3.1.2.4,
//! §11).

use super::support::{Answer, Authorize, Browser, TestProvider, Tokens, read_jwt};
use crate::model::{ClientLinks, ConsentPolicy, WebLink};
use crate::provider::Settings;

async fn start(policy: ConsentPolicy) -> TestProvider {
    TestProvider::start_with(|settings| set_policy(settings, policy)).await
}

fn set_policy(settings: &mut Settings, policy: ConsentPolicy) {
    for client in &mut settings.clients {
        client.consent = policy;
    }
}

/// What a user sees who signs in for `request` in `browser`.
async fn signed_in(browser: &mut Browser<'_>, request: &Authorize) -> Answer {
    let page = browser.get(&request.target()).await;
    page.assert_sign_in_page();
    browser.sign_in(&page, "alice").await
}

#[tokio::test]
async fn a_user_who_allows_is_sent_back_with_a_code() {
    let op = start(ConsentPolicy::Required).await;
    let mut browser = op.browser();
    let request = Authorize::app();

    let page = signed_in(&mut browser, &request).await;
    page.assert_consent_page();
    let answer = browser.decide(&page, "allow").await;

    Tokens::of(&op.exchange(&request.code_of(&answer)).await);
}

#[tokio::test]
async fn a_user_who_denies_is_sent_back_with_an_error() {
    let op = start(ConsentPolicy::Remembered).await;
    let mut browser = op.browser();
    let request = Authorize::app();

    for decision in ["deny", "", "ALLOW"] {
        let page = browser.get(&request.target()).await;
        let page = if page.body.contains(r#"id="sign-in""#) {
            browser.sign_in(&page, "alice").await
        } else {
            page
        };
        page.assert_consent_page();
        let answer = browser.decide(&page, decision).await;
        answer.assert_sent_back("access_denied");
    }
}

#[tokio::test]
async fn a_required_consent_is_asked_for_every_time() {
    let op = start(ConsentPolicy::Required).await;
    let mut browser = op.browser();
    let request = Authorize::app();
    let page = signed_in(&mut browser, &request).await;
    browser.decide(&page, "allow").await;

    let page = browser.get(&request.target()).await;
    page.assert_consent_page();
    let silent = browser.get(&request.with("prompt", "none").target()).await;

    silent.assert_sent_back("consent_required");
}

#[tokio::test]
async fn a_remembered_consent_is_asked_for_once() {
    let op = start(ConsentPolicy::Remembered).await;
    let mut browser = op.browser();
    let request = Authorize::app().with("scope", "openid email");
    let silent = request.clone().with("prompt", "none");
    let page = signed_in(&mut browser, &request).await;
    page.assert_consent_page();
    let too_early = browser.get(&silent.target()).await;
    too_early.assert_sent_back("consent_required");
    browser.decide(&page, "allow").await;

    for again in [request, silent, Authorize::app().with("scope", "openid")] {
        let answer = browser.get(&again.target()).await;
        again.code_of(&answer);
    }
}

/// OpenID Connect Core §11: access while the user is away is one of the things asked for.
#[tokio::test]
async fn a_remembered_consent_does_not_cover_more() {
    let op = start(ConsentPolicy::Remembered).await;
    let mut browser = op.browser();
    let page = signed_in(&mut browser, &Authorize::app()).await;
    browser.decide(&page, "allow").await;

    for scope in ["openid email", "openid offline_access"] {
        let more = Authorize::app().with("scope", scope);
        let silent = more.clone().with("prompt", "none");
        let answer = browser.get(&silent.target()).await;
        answer.assert_sent_back("consent_required");
        let page = browser.get(&more.target()).await;
        page.assert_consent_page();
    }
}

#[tokio::test]
async fn a_consent_is_one_users_to_one_client() {
    let op = start(ConsentPolicy::Remembered).await;
    let mut browser = op.browser();
    let page = signed_in(&mut browser, &Authorize::app()).await;
    browser.decide(&page, "allow").await;

    let of_another_client = browser.get(&Authorize::service().target()).await;
    of_another_client.assert_consent_page();
    let mut bobs = op.browser();
    let page = bobs.get(&Authorize::app().target()).await;

    bobs.sign_in(&page, "bob").await.assert_consent_page();
}

/// OpenID Connect Core §3.1.2.1.
#[tokio::test]
async fn prompt_consent_asks_anew() {
    for policy in [ConsentPolicy::Required, ConsentPolicy::Remembered] {
        let op = start(policy).await;
        let mut browser = op.browser();
        let request = Authorize::app().with("prompt", "consent");
        let page = signed_in(&mut browser, &request).await;
        page.assert_consent_page();
        browser.decide(&page, "allow").await;

        let page = browser.get(&request.target()).await;
        page.assert_consent_page();
        let answer = browser.decide(&page, "allow").await;

        request.code_of(&answer);
    }
}

#[tokio::test]
async fn the_users_of_a_first_party_application_are_not_asked() {
    let op = start(ConsentPolicy::Implicit).await;
    let mut browser = op.browser();
    let request = Authorize::app()
        .with("scope", "openid email offline_access")
        .with("prompt", "consent");

    let answer = signed_in(&mut browser, &request).await;

    let tokens = Tokens::of(&op.exchange(&request.code_of(&answer)).await);
    tokens.refresh_token();
}

#[tokio::test]
async fn the_page_says_who_asks_for_what() {
    let op = TestProvider::start_with(|settings| {
        set_policy(settings, ConsentPolicy::Required);
        let link = |text: &str| Some(WebLink::parse(text).unwrap());
        settings.clients[0].links = ClientLinks {
            logo_uri: link("https://cdn.app.example/logo.png"),
            client_uri: link("https://app.example/about"),
            policy_uri: link("https://app.example/privacy"),
            tos_uri: link("https://app.example/terms"),
        };
        let descriptions = &mut settings.interactions.scope_descriptions;
        descriptions.insert("demo.write".to_owned(), "Change <b>files</b>".to_owned());
    })
    .await;
    let scope = "openid email offline_access demo.read demo.write";
    let request = Authorize::app().with("scope", scope);

    let page = signed_in(&mut op.browser(), &request).await;

    for text in [
        "The app",
        "The user alice",
        "your email address",
        "while you are away",
        "<li>demo.read</li>",
        "<li>Change &lt;b&gt;files&lt;&#x2f;b&gt;</li>",
        "app.example&#x2f;about",
        "app.example&#x2f;privacy",
        "app.example&#x2f;terms",
        "cdn.app.example&#x2f;logo.png",
    ] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    assert!(!page.body.contains("your name"), "{}", page.body);
    let policy = page.header("content-security-policy").unwrap();
    let images = "img-src 'self' data: https://cdn.app.example;";
    assert!(policy.contains(images), "{policy}");
}

/// Nobody's yes is taken for another's: the page was shown to Alice, and Bob is signed in when
/// its form comes.
#[tokio::test]
async fn a_consent_after_the_user_changed_is_asked_for_anew() {
    let op = start(ConsentPolicy::Remembered).await;
    let mut browser = op.browser();
    let of_alice = signed_in(&mut browser, &Authorize::app()).await;
    let login = Authorize::app().with("prompt", "login");
    let page = browser.get(&login.target()).await;
    browser.sign_in(&page, "bob").await.assert_consent_page();

    let page = browser.decide(&of_alice, "allow").await;

    page.assert_consent_page();
    assert!(page.body.contains("The user bob"), "{}", page.body);
    let silent = Authorize::app().with("prompt", "none");
    let answer = browser.get(&silent.target()).await;
    answer.assert_sent_back("consent_required");
}

#[tokio::test]
async fn a_consent_without_a_session_leads_to_signing_in() {
    let op = start(ConsentPolicy::Remembered).await;
    let mut browser = op.browser();
    let page = signed_in(&mut browser, &Authorize::app()).await;
    browser.cookies.remove("__Host-cellgate-session");

    let answer = browser.decide(&page, "allow").await;

    answer.assert_sign_in_page();
}

#[tokio::test]
async fn a_consent_that_came_too_late_is_asked_for_anew() {
    let op = start(ConsentPolicy::Remembered).await;
    let mut browser = op.browser();
    let page = signed_in(&mut browser, &Authorize::app()).await;
    op.advance_s(1800);

    let answer = browser.decide(&page, "allow").await;

    answer.assert_consent_page();
}

#[tokio::test]
async fn a_consent_from_elsewhere_is_refused() {
    let op = start(ConsentPolicy::Remembered).await;
    let mut browser = op.browser();
    let sign_in = browser.get(&Authorize::app().target()).await;
    let page = browser.sign_in(&sign_in, "alice").await;
    let (ticket, of_sign_in) = (page.ticket(), sign_in.ticket());
    let form = |ticket| [("ticket", ticket), ("decision", "allow")];

    let cross_site = [("sec-fetch-site", "cross-site")];
    let forged = browser
        .post_from("/oidc/consent", &form(ticket.as_str()), &cross_site)
        .await;
    forged.assert_page(403, "does not belong to this browser");
    let mut other = op.browser();
    signed_in(&mut other, &Authorize::app()).await;
    let foreign = other.decide(&page, "allow").await;
    foreign.assert_page(403, "does not belong to this browser");
    let crossed = browser
        .post("/oidc/consent", &form(of_sign_in.as_str()))
        .await;
    crossed.assert_page(403, "does not belong to this browser");

    let silent = Authorize::app().with("prompt", "none");
    let answer = browser.get(&silent.target()).await;
    answer.assert_sent_back("consent_required");
}

#[tokio::test]
async fn tabs_wait_side_by_side() {
    let op = start(ConsentPolicy::Remembered).await;
    let mut browser = op.browser();
    let (one, two) = (
        Authorize::app().with("state", "one"),
        Authorize::service().with("state", "two"),
    );
    let first = browser.get(&one.target()).await;
    let second = browser.get(&two.target()).await;

    let first = browser.sign_in(&first, "alice").await;
    let second = browser.sign_in(&second, "alice").await;
    let of_second = browser.decide(&second, "allow").await;
    let of_first = browser.decide(&first, "allow").await;

    assert_eq!(of_first.params()["state"], "one");
    assert_eq!(of_second.params()["state"], "two");
    Tokens::of(&op.exchange(&one.code_of(&of_first)).await);
}

/// The password is not asked for again because the consent page was read slowly.
#[tokio::test]
async fn a_short_max_age_does_not_outrun_the_consent_page() {
    let op = start(ConsentPolicy::Remembered).await;
    let mut browser = op.browser();
    let request = Authorize::app().with("max_age", "1");
    let page = signed_in(&mut browser, &request).await;
    op.advance_s(60);

    let answer = browser.decide(&page, "allow").await;

    request.code_of(&answer);
}

/// OpenID Connect Core §3.1.2.1: a yes to the application is no sign-in, however long the page was
/// looked at.
#[tokio::test]
async fn an_older_sign_in_may_be_too_old_when_the_user_allows() {
    for chosen in [false, true] {
        let op = start(ConsentPolicy::Remembered).await;
        let mut browser = op.browser();
        let page = signed_in(&mut browser, &Authorize::service()).await;
        browser.decide(&page, "allow").await;
        op.advance_s(10);
        let mut request = Authorize::app().with("max_age", "60");
        if chosen {
            request = request.with("prompt", "select_account");
        }
        let mut page = browser.get(&request.target()).await;
        if chosen {
            page = browser.choose(&page, "this").await;
        }
        page.assert_consent_page();
        let in_time = browser.clone().decide(&page, "allow").await;
        request.code_of(&in_time);
        op.advance_s(29 * 60);

        let late = browser.decide(&page, "allow").await;

        late.assert_sign_in_page();
        let answer = browser.sign_in(&late, "alice").await;
        let tokens = Tokens::of(&op.exchange(&request.code_of(&answer)).await);
        let (_, claims) = read_jwt(tokens.id_token());
        assert_eq!(claims["auth_time"], op.now(), "{chosen}");
    }
}

#[tokio::test]
async fn a_withdrawn_consent_ends_access_and_is_asked_for_anew() {
    let op = start(ConsentPolicy::Remembered).await;
    let mut browser = op.browser();
    let request = Authorize::app().with("scope", "openid offline_access");
    let page = signed_in(&mut browser, &request).await;
    let answer = browser.decide(&page, "allow").await;
    let tokens = Tokens::of(&op.exchange(&request.code_of(&answer)).await);

    let given = {
        let alice = crate::model::Subject::parse("uuid-of-alice").unwrap();
        op.store.consents_of(&alice).await.unwrap().remove(0)
    };
    let now = crate::model::Timestamp::from_secs(op.now());
    let withdrawn = op
        .store
        .withdraw_consent(&given.subject, &given.client_id, now);
    withdrawn.await.unwrap();

    let answer = op.userinfo(tokens.access_token()).await;
    answer.assert_challenged(401, Some("invalid_token"));
    let answer = op.refresh(tokens.refresh_token()).await;
    answer.assert_refused(400, "invalid_grant");
    let page = browser.get(&request.target()).await;
    page.assert_consent_page();
}
