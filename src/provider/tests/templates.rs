//! Templates of the operator's own.

use std::fs;

use super::support::{Authorize, TestProvider};
use crate::provider::pages::Pages;

fn load(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<Pages, String>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let mut settings = super::support::settings();
    settings.templates = Some(folder.path().to_owned());
    let pages = Pages::load(&settings).map_err(|error| error.to_string());
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
    ] {
        let (_folder, pages) = load(&[(name, text)]);
        let error = pages.err().unwrap();
        assert!(error.contains(name), "{error}");
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn an_empty_folder_changes_nothing() {
    assert!(load(&[]).1.is_ok());
}
