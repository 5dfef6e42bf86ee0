//! The language of pages (OpenID Connect Core §3.1.2.1, RFC 9110 §12.5.4).

use std::fs;

use bytes::Bytes;

use super::support::{Answer, Authorize, Browser, PASSWORD, TestProvider};
use crate::model::{ConsentPolicy, Language};
use crate::provider::Settings;

/// Asserts that the whole of a page is in a language: what it says of itself, and one text of it.
#[track_caller]
fn assert_in(page: &Answer, tag: &str, text: &str) {
    assert_eq!(page.header("content-language"), Some(tag), "{page:?}");
    assert!(
        page.body
            .contains(&format!(r#"<html lang="{tag}" dir="ltr">"#)),
        "{page:?}"
    );
    assert!(page.body.contains(text), "{text:?} is not in {}", page.body);
}

fn ask_for_consent(settings: &mut Settings) {
    settings.clients[1].consent = ConsentPolicy::Required;
}

async fn get_accepting(op: &TestProvider, target: &str, accepted: &str) -> Answer {
    let request = http::Request::get(target).header("accept-language", accepted);
    op.send(request.body(Bytes::new()).unwrap()).await
}

#[tokio::test]
async fn the_client_goes_before_the_browser_and_the_browser_before_the_default() {
    let op = TestProvider::start_with(|settings| {
        settings.language = Language::parse("it").unwrap();
    })
    .await;
    for (ui_locales, accepted, tag, text) in [
        ("de", "fr", "de", "Passwort"),
        ("se fr-CA en", "es", "fr", "Mot de passe"),
        ("se", "es-MX,es;q=0.9,en;q=0.8", "es", "Contraseña"),
        ("se", "sv", "it", "Nome utente"),
        ("", "en", "en", "User name"),
    ] {
        let target = Authorize::app().with("ui_locales", ui_locales).target();
        assert_in(&get_accepting(&op, &target, accepted).await, tag, text);
    }
}

/// What the client asked for stays with the user from page to page, whatever the browser prefers.
#[tokio::test]
async fn an_interaction_keeps_its_language() {
    let op = TestProvider::start_with(ask_for_consent).await;
    let mut browser = op.browser();
    let request = Authorize::service()
        .with("ui_locales", "fr")
        .with("response_mode", "form_post");

    let page = browser.get(&request.target()).await;
    assert_in(&page, "fr", "pour accéder à");
    let page = browser.submit(&page, "alice", "wrong").await;
    assert_in(&page, "fr", "est incorrect");
    let page = browser.sign_in(&page, "alice").await;
    assert_in(&page, "fr", "demande l’accès à votre compte");
    let page = browser.decide(&page, "allow").await;
    assert_in(&page, "fr", "Vous allez être redirigé vers");
}

#[tokio::test]
async fn signing_out_keeps_its_language() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    Authorize::app().code_in(&mut browser, "alice").await;

    let target = "/oidc/oauth2/sessions/logout?ui_locales=de";
    let page = browser.get(target).await;
    assert_in(&page, "de", "Abmelden?");
    let ticket = page.ticket();
    let form = [("ticket", ticket.as_str()), ("cancel", "1")];
    let stayed = browser.post("/oidc/sign-out", &form).await;
    assert_in(&stayed, "de", "Sie sind weiterhin angemeldet");
    let form = [("ticket", ticket.as_str())];
    let left = browser.post("/oidc/sign-out", &form).await;
    assert_in(&left, "de", "Sie sind abgemeldet");
}

/// Follows a redirection to the account page.
async fn follow(browser: &mut Browser<'_>, answer: &Answer) -> Answer {
    let location = answer.location();
    browser.get(&location[url::Position::BeforePath..]).await
}

#[tokio::test]
async fn the_account_page_keeps_its_language() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();

    let page = browser.get("/oidc/account?ui_locales=es").await;
    assert_in(&page, "es", "para continuar en su cuenta");
    let ticket = page.ticket();
    let form = [
        ("ticket", ticket.as_str()),
        ("username", "alice"),
        ("password", PASSWORD),
    ];
    let answer = browser.post("/oidc/account/sign-in", &form).await;
    let page = follow(&mut browser, &answer).await;
    assert_in(&page, "es", "Dónde ha iniciado sesión");
    assert!(page.body.contains("Sesión iniciada <time"), "{page:?}");
    let ticket = page.ticket();
    let form = [("ticket", ticket.as_str()), ("end-others", "1")];
    let answer = browser.post("/oidc/account", &form).await;
    let page = follow(&mut browser, &answer).await;
    assert_in(&page, "es", "todos los demás dispositivos.");
    let form = [("ticket", ticket.as_str()), ("end-all", "1")];
    let page = browser.post("/oidc/account", &form).await;
    assert_in(&page, "es", "Ha cerrado la sesión");
}

#[tokio::test]
async fn errors_are_in_the_language_of_whoever_reads_them() {
    let op = TestProvider::start().await;
    for (target, accepted, tag, text) in [
        ("/oidc/nowhere", "de", "de", "Seite nicht gefunden"),
        ("/oidc/sign-in", "it", "it", "Nessun accesso in sospeso"),
        (
            "/oidc/oauth2/auth?client_id=x&ui_locales=fr",
            "de",
            "fr",
            "n’est pas connue ici",
        ),
        ("/oidc/oauth2/auth?client_id=%", "es", "es", "incompleta"),
        (
            "/oidc/oauth2/sessions/logout?id_token_hint=x",
            "fr",
            "fr",
            "déconnexion",
        ),
    ] {
        assert_in(&get_accepting(&op, target, accepted).await, tag, text);
    }
}

/// OpenID Connect Discovery §3.
#[tokio::test]
async fn the_metadata_lists_the_languages_that_pages_are_in() {
    let op = TestProvider::start().await;
    let metadata = op.get("/oidc/.well-known/openid-configuration").await;

    for tag in metadata.json()["ui_locales_supported"].as_array().unwrap() {
        let tag = tag.as_str().unwrap();
        let page = Authorize::app().with("ui_locales", tag).send(&op).await;
        assert_eq!(page.header("content-language"), Some(tag));
    }
}

/// The English texts, in a language that is written from right to left.
fn hebrew() -> String {
    let english = include_str!("../../../config/templates/texts/en.ftl");
    english.replace(
        "sign-in-username = User name",
        "sign-in-username = שם משתמש",
    )
}

#[tokio::test]
async fn a_language_can_be_added_and_a_text_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("texts")).unwrap();
    fs::write(folder.path().join("texts/he.ftl"), hebrew()).unwrap();
    let own = "sign-in-password = Kennwort\nscope-demo-read = Ihre Dateien lesen";
    fs::write(folder.path().join("texts/de.ftl"), own).unwrap();
    let op = TestProvider::start_with(|settings| {
        settings.templates = Some(folder.path().to_owned());
        settings.language = Language::parse("he").unwrap();
        ask_for_consent(settings);
    })
    .await;

    let page = Authorize::app().send(&op).await;
    assert!(
        page.body.contains(r#"<html lang="he" dir="rtl">"#),
        "{page:?}"
    );
    assert!(page.body.contains("שם משתמש"), "{page:?}");
    let page = Authorize::app().with("ui_locales", "de").send(&op).await;
    assert_in(&page, "de", "Kennwort");
    assert_in(&page, "de", "Benutzername");
    let metadata = op.get("/oidc/.well-known/openid-configuration").await;
    let languages = &metadata.json()["ui_locales_supported"];
    assert_eq!(languages[5], "he", "{languages}");

    let mut browser = op.browser();
    let request = Authorize::service()
        .with("ui_locales", "de")
        .with("scope", "openid demo.read");
    let page = browser.get(&request.target()).await;
    let page = browser.sign_in(&page, "alice").await;
    assert_in(&page, "de", "Ihre Dateien lesen");
}

/// A name that is written the other way does not turn the sentence around it.
#[tokio::test]
async fn names_are_set_apart_from_the_sentence() {
    let op = TestProvider::start_with(|settings| {
        "אפליקציה".clone_into(&mut settings.clients[0].name);
    })
    .await;

    let page = Authorize::app().send(&op).await;
    assert!(
        page.body.contains("to continue to <bdi>אפליקציה</bdi>"),
        "{page:?}"
    );
    let posted = Authorize::app()
        .with("prompt", "none")
        .with("response_mode", "form_post")
        .send(&op)
        .await;
    assert!(
        posted.body.contains("Back to \u{2068}אפליקציה\u{2069}"),
        "{posted:?}"
    );
}
