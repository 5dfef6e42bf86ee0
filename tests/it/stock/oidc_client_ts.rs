//! `oidc-client-ts` in a single-page application, in Chromium: a public client whose pages come
//! through the gateway, so that its script and the API are of one origin.

use fantoccini::Locator;
use serde_json::Value;
use tokio::net::TcpListener;

use super::application::apps;
use super::files::{Files, serve};
use super::journey::assert_served;
use crate::support::{Chromium, Edge, stock_component};

/// The demo with the application below `/app/`.
fn edge_with_application(files: std::net::SocketAddr) -> Edge {
    let yaml = include_str!("../../../config/demo.yaml")
        .replace("127.0.0.1:9482/callback", "127.0.0.1:9480/app/callback")
        .replace("127.0.0.1:9482/", "127.0.0.1:9480/app/")
        .replace(
            "\nroutes:\n",
            &format!(
                "\nupstreams:\n  - name: files\n    servers: [\"http://{files}\"]\n\nroutes:\n  \
                 - name: application\n    path: /app/\n    upstream: files\n    \
                 authentication: anonymous\n"
            ),
        );
    Edge::start(&yaml)
}

/// What the application shows once it has come to `step`.
async fn report(chromium: &Chromium, step: &str) -> Value {
    chromium
        .wait_for(&format!("body[data-step={step}], body[data-step=failed]"))
        .await;
    let report = chromium.page.find(Locator::Id("report")).await.unwrap();
    let text = report.text().await.unwrap();
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{step}: {text}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn oidc_client_ts_signs_in_refreshes_and_signs_out() {
    let library = "node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js";
    let Some((programs, library)) = Chromium::find().zip(stock_component(library)) else {
        return;
    };
    let files = Files {
        page: std::fs::read_to_string(apps().join("spa.html")).unwrap(),
        script: std::fs::read_to_string(library).unwrap(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let edge = edge_with_application(serve(listener, files));
    let chromium = Chromium::start(programs, true).await;
    let home = edge.url("/app/");

    chromium.page.goto(&home).await.unwrap();
    chromium.click("begin").await;
    chromium.sign_in("alice").await;
    let first = assert_served(&report(&chromium, "signed-in").await);

    chromium.click("refresh").await;
    let second = assert_served(&report(&chromium, "refreshed").await);
    assert_ne!(first, second, "a refresh brings another access token");

    chromium.click("end").await;
    chromium.wait_for("body[data-step=nobody]").await;
    assert_eq!(chromium.page.current_url().await.unwrap().as_str(), home);
    chromium.click("begin").await;
    // The session has ended: the password is asked for again.
    chromium.wait_for("input[name=password]").await;
    chromium.page.clone().close().await.unwrap();
}
