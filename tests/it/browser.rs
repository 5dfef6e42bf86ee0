//! A person with a browser: headless Chromium signs in.

use crate::support::{Chromium, Edge, Recorder};

const PASSWORD: &str = "input[name=password][type=password][autocomplete=current-password]";

/// The demo, with the application's redirect URI at an address of the test's own.
async fn edge_and_application() -> (Edge, Recorder) {
    let application = Recorder::answering(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<p id=in>In</p>",
    )
    .await;
    let yaml = include_str!("../../config/demo.yaml")
        .replace("127.0.0.1:9482", &application.address.to_string());
    (Edge::start(&yaml), application)
}

async fn a_person_signs_in(scripts: bool) {
    let Some(programs) = Chromium::find() else {
        return;
    };
    let (edge, application) = edge_and_application().await;
    let chromium = Chromium::start(programs, scripts).await;
    let page = &chromium.page;
    let callback = format!("http://{}/callback", application.address);
    let url = edge
        .sign_in("alice")
        .parameter("redirect_uri", &callback)
        .url();

    page.goto(&url).await.unwrap();
    chromium
        .type_into("input[name=username][autocomplete=username]", "alice")
        .await;
    chromium.type_into(PASSWORD, "a mistake").await;
    chromium.click("sign-in").await;

    chromium.wait_for("[role=alert]").await;
    assert!(
        application.heads().is_empty(),
        "nothing goes to the application before the password is right"
    );
    chromium.type_into(PASSWORD, "cells-demo-password").await;
    chromium.click("sign-in").await;

    chromium.wait_for("#in").await;
    let arrived = page.current_url().await.unwrap();
    assert!(arrived.as_str().starts_with(&callback), "{arrived}");
    let parameter = |name: &str| {
        arrived
            .query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    assert_eq!(parameter("state").as_deref(), Some("the-state"));
    assert!(
        parameter("code").is_some_and(|code| code.len() >= 22),
        "{arrived}"
    );

    // Single sign-on: the second time no page is shown.
    page.goto(&url).await.unwrap();
    chromium.wait_for("#in").await;
    chromium.page.clone().close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_after_a_typing_error() {
    a_person_signs_in(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_without_javascript() {
    a_person_signs_in(false).await;
}

/// The page fits a window 320 px wide, is operable by keyboard alone, and loads nothing from
/// elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn the_sign_in_page_fits_a_small_window_and_the_keyboard() {
    let Some(programs) = Chromium::find() else {
        return;
    };
    let (edge, application) = edge_and_application().await;
    let chromium = Chromium::start(programs, true).await;
    let page = &chromium.page;
    let callback = format!("http://{}/callback", application.address);
    page.set_window_rect(0, 0, 320, 640).await.unwrap();

    page.goto(
        &edge
            .sign_in("alice")
            .parameter("redirect_uri", &callback)
            .url(),
    )
    .await
    .unwrap();

    let wide = chromium.wider_than_the_window().await;
    assert!(wide.is_empty(), "{wide:#?}");
    let unlabeled = page
        .execute(
            "return [...document.querySelectorAll('input:not([type=hidden])')].filter(i => i.labels.length === 0).length",
            vec![],
        )
        .await
        .unwrap();
    assert_eq!(unlabeled, 0, "an input has no label");
    let focused = page.active_element().await.unwrap();
    assert_eq!(
        focused.attr("name").await.unwrap().as_deref(),
        Some("username")
    );
    focused
        .send_keys("alice\u{e004}cells-demo-password\u{e007}")
        .await
        .unwrap();

    chromium.wait_for("#in").await;
    let heads = application.heads();
    assert!(
        heads.iter().any(|head| head.starts_with("GET /callback?")),
        "{heads:?}"
    );
    chromium.page.clone().close().await.unwrap();
}
