//! `config/sign-in.yaml`: a person signs in to an application that knows nothing of it, in headless
//! Chromium.

use crate::support::{Chromium, Edge, Recorder};

const USERNAME: &str = "input[name=username]";
const PASSWORD: &str = "input[name=password]";
const SIGN_OUT: &str = "form[action='/.cellgate/sign-out'] button";

#[tokio::test]
async fn a_person_signs_in_to_an_application_and_out_of_it() {
    let Some(programs) = Chromium::find() else {
        return;
    };
    let application = Recorder::answering(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<p id=in>In</p>",
    )
    .await;
    let yaml = include_str!("../../config/sign-in.yaml")
        .replace("127.0.0.1:9483", &application.address.to_string())
        .replace("./data/sign-in", "./data/demo");
    let edge = Edge::start(&yaml);
    let chromium = Chromium::start(programs, true).await;
    let page = &chromium.page;
    let wanted = edge.url("/docs/page?chapter=2");

    page.goto(&wanted).await.unwrap();
    chromium.wait_for(PASSWORD).await;
    assert!(application.heads().is_empty(), "nobody is signed in");
    chromium.type_into(USERNAME, "alice").await;
    chromium.type_into(PASSWORD, "cells-demo-password").await;
    chromium.click("sign-in").await;

    chromium.wait_for("#in").await;
    assert_eq!(page.current_url().await.unwrap().as_str(), wanted);
    let heads = application.heads();
    let head = heads
        .iter()
        .find(|head| head.starts_with("GET /docs/page?chapter=2 "))
        .unwrap()
        .to_ascii_lowercase();
    assert!(head.contains("\r\nx-forwarded-user: alice\r\n"), "{head}");
    assert!(
        head.contains("\r\nx-auth-request-groups: staff\r\n"),
        "{head}"
    );
    assert!(!head.contains("cellgate-app"), "our cookie: {head}");

    // What a script of the application asks for comes with the session as well.
    let script = "return fetch('/data.json', {method: 'POST'}).then(it => it.status)";
    let status = page.execute(script, vec![]).await.unwrap();
    assert_eq!(status, 200);

    page.goto(&edge.url("/.cellgate/sign-out")).await.unwrap();
    chromium.wait_for(SIGN_OUT).await;
    chromium.press(SIGN_OUT).await;
    chromium.wait_for("a[href='/']").await;
    let n = application.heads().len();
    page.goto(&wanted).await.unwrap();
    chromium.wait_for(PASSWORD).await;
    assert_eq!(application.heads().len(), n, "signed out");
}
