//! Apache with `mod_auth_openidc`: a proxy that signs users in and calls the API for them.

use std::path::Path;
use std::process::Command;

use super::application::{Application, apps};
use super::journey::{ALICE, Person, demo_for};
use crate::support::{Answer, Edge, component, component_at, free_port};

const MODULES: &str = "/usr/lib/apache2/modules";

/// Starts `apache` in `folder` with `apps/apache.conf`.
fn start(apache: &Path, folder: &Path, edge: &Edge, port: u16) -> Application {
    let configuration = [
        ("@FOLDER@", folder.to_string_lossy().as_ref()),
        ("@PORT@", &port.to_string()),
        ("@MODULES@", MODULES),
        ("@ISSUER@", &edge.url("/oidc/")),
        ("@API@", &edge.url("/api/")),
    ]
    .iter()
    .fold(
        std::fs::read_to_string(apps().join("apache.conf")).unwrap(),
        |text, (word, value)| text.replace(word, value),
    );
    let file = folder.join("apache.conf");
    std::fs::write(&file, configuration).unwrap();
    let mut command = Command::new(apache);
    command.arg("-DFOREGROUND").arg("-f").arg(file);
    Application::start(command, port, "resuming normal operations")
}

/// Asserts that the module knows alice, from ID token and userinfo, and that the API took the
/// access token it sent; the access token.
#[track_caller]
fn assert_served(answer: Answer) -> String {
    let answer = answer.assert_status(200);
    assert_eq!(answer.header("x-subject"), ALICE);
    assert_eq!(answer.header("x-email"), "alice@example.com");
    assert!(answer.body.contains(ALICE), "{answer:#?}");
    answer.header("x-access-token").to_owned()
}

#[tokio::test]
async fn mod_auth_openidc_signs_in_refreshes_and_signs_out() {
    let module = component_at(format!("{MODULES}/mod_auth_openidc.so"));
    let Some((apache, _)) = component("apache2").zip(module) else {
        return;
    };
    let port = free_port();
    let edge = demo_for(port);
    let folder = tempfile::tempdir().unwrap();
    let application = start(&apache, folder.path(), &edge, port);
    let mut person = Person::new(&edge);
    let page = format!("{}api/hello", application.home);

    let (at, answer) = person.visit(&page).await;
    assert_eq!(at, page);
    let first = assert_served(answer);

    // The module's own hooks, below its redirect URI.
    let hook = |query: &[(&str, &str)]| {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(query)
            .finish();
        format!("{}callback?{query}", application.home)
    };
    let refresh = hook(&[("refresh", page.as_str()), ("access_token", &first)]);
    let (at, answer) = person.visit(&refresh).await;
    assert_eq!(at, page);
    let second = assert_served(answer);
    assert_ne!(first, second, "a refresh brings another access token");

    let (at, _) = person.visit(&hook(&[("logout", &application.home)])).await;
    assert_eq!(at, application.home);
    assert_eq!(person.passwords_typed, 1);
    person.visit(&page).await.1.assert_status(200);
    assert_eq!(person.passwords_typed, 2, "the session has ended");
}
