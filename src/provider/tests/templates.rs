//! Templates of the operator's own.

use std::fs;

use super::support::{Authorize, TestProvider};
use crate::provider::pages::Pages;

fn load(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<Pages, String>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut settings = super::support::settings();
    settings.templates = Some(folder.path().to_owned());
    let pages = Pages::load(&settings).map_err(|problems| {
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        problems.join("\n")
    });
    (folder, pages)
}

#[tokio::test]
async fn a_file_of_the_folder_takes_the_place_of_what_is_built_in() {
    let folder = tempfile::tempdir().unwrap();
    let layout = "<title>Ours</title>{% block main %}{% endblock %}";
    fs::write(folder.path().join("layout.html"), layout).unwrap();
    let op = TestProvider::start_with(|settings| {
        settings.templates = Some(folder.path().to_owned());
    })
    .await;

    let page = Authorize::app().send(&op).await;

    page.assert_sign_in_page();
    assert!(
        page.body.starts_with("<title>Ours</title>"),
        "{}",
        page.body
    );
}

#[test]
fn a_template_that_cannot_be_used_is_named_at_start() {
    for (name, text, reason) in [
        ("layout.html", "{% block main %}", "unexpected end of input"),
        ("message.html", "{{ page.titel }}", "undefined value"),
        ("sign_in.html", "<form></form>", "a-ticket is missing"),
        (
            "sign_in.html",
            "{{ ticket }}<input name=\"login\">",
            "name=\"username\" is missing",
        ),
        ("sign_out.html", "<p>Bye.</p>", "a-ticket is missing"),
        (
            "sign_out.html",
            "{% include 'nothing.html' %}",
            "nothing.html",
        ),
        (
            "message.html",
            "{{ text('no-such') }}",
            "there is no text no-such",
        ),
        (
            "message.html",
            "{{ text('consent-heading') }}",
            "Unknown variable: $client",
        ),
        ("texts/fr.ftl", "cancel = { $x }", "nothing is known of $x"),
        ("texts/fr.ftl", "a = b\nc d", "line 2"),
        (
            "texts/sv.ftl",
            "cancel = Avbryt",
            "texts are missing: account-",
        ),
        ("texts/french.ftl", "", "its name is not a language tag"),
    ] {
        let (_folder, pages) = load(&[(name, text)]);
        let error = pages.err().unwrap();
        assert!(error.contains(name), "{error}");
        assert!(error.contains(reason), "{error}");
    }
}

/// Fluent does not escape strings.
#[test]
fn a_string_in_a_text_that_would_be_html_is_named_at_start() {
    for (texts, name) in [
        ("cancel = a { \"<b>\" }", "cancel"),
        ("cancel = { \"\\u003Cb\" }", "cancel"),
        ("own = { \"&lt;\" }", "own"),
        ("own = a\n    .b = { \"'\" }", "own"),
        ("own = { { \"</p>\" } }", "own"),
        ("-own = { \"<b>\" }", "-own"),
        ("-own = { $x }\ncancel = { -own(x: \"<b>\") }", "cancel"),
        (
            "own = { $n ->\n    [one] a\n   *[other] { \"<b>\" }\n}",
            "own",
        ),
    ] {
        let (_folder, pages) = load(&[("texts/fr.ftl", texts)]);
        let error = pages.err().unwrap();
        let reason = format!("texts/fr.ftl: {name}: the string ");
        assert!(error.contains(&reason), "{texts}: {error}");
    }
}

/// Braces, and spaces at an end.
#[test]
fn a_string_may_hold_what_cannot_stand_outside_of_braces() {
    let (_folder, pages) = load(&[("texts/fr.ftl", "cancel = { \"{\" } & { \" \" }")]);

    assert!(pages.is_ok());
}

#[test]
fn every_template_that_cannot_be_used_is_named_at_once() {
    let files = [
        ("layout.html", "{% block main %}"),
        ("sign_in.html", "<form></form>"),
        ("message.html", "{{ page.titel }}"),
        ("texts/de.ftl", "cancel"),
    ];
    let (_folder, pages) = load(&files);

    let error = pages.err().unwrap();

    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines.len(), files.len(), "{error}");
    for (name, _) in files {
        assert!(
            lines.iter().any(|line| line.starts_with(name)),
            "{name} {error}"
        );
    }
}

#[test]
fn an_empty_folder_changes_nothing() {
    assert!(load(&[]).1.is_ok());
}
