//! `oidc-client`, with which the pages of `cells-sync` sign in, in Chromium; and then what its daemon does with
//! what they got (fact sheet D.2).

use std::ops::RangeInclusive;

use fantoccini::Locator;
use serde_json::Value;
use tokio::net::TcpListener;

use super::application::apps;
use super::files::{Files, serve};
use crate::cells::stand_in::{StandIn, Switches};
use crate::cells_site::configuration;
use crate::support::{Chromium, Edge, claims, stock_component};

/// Where its pages may be, which it has built in: the first that is free.
const PORTS: RangeInclusive<u16> = 3636..=3666;

async fn listener() -> TcpListener {
    for port in PORTS {
        if let Ok(listener) = TcpListener::bind(("localhost", port)).await {
            return listener;
        }
    }
    panic!("none of the ports of cells-sync is free");
}

async fn report(chromium: &Chromium) -> Value {
    chromium
        .wait_for("body[data-step=signed-in], body[data-step=failed]")
        .await;
    let report = chromium.page.find(Locator::Id("report")).await.unwrap();
    serde_json::from_str(&report.text().await.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_cells_sync_sign_in_and_its_daemon_goes_on() {
    let library = "node_modules/oidc-client/dist/oidc-client.min.js";
    let Some((programs, library)) = Chromium::find().zip(stock_component(library)) else {
        return;
    };
    let cells = StandIn::start(Switches::default()).await.expect("a port");
    let yaml = configuration(&cells, "");
    let yaml = yaml.replace("\n  clients:\n", "\n  cells_clients: [sync]\n  clients:\n");
    let edge = Edge::start(&yaml);
    let page = std::fs::read_to_string(apps().join("sync.html")).unwrap();
    let files = Files {
        // Without the slash that the issuer has.
        page: page.replace("AUTHORITY", &edge.url("/oidc")),
        script: std::fs::read_to_string(library).unwrap(),
    };
    let address = serve(listener().await, files);
    let chromium = Chromium::start(programs, true).await;

    let home = format!("http://localhost:{}/", address.port());
    chromium.page.goto(&home).await.unwrap();
    chromium.click("begin").await;
    chromium.sign_in("alice").await;

    // The library has checked issuer, audience, times and signature of the ID token.
    let user = report(&chromium).await;
    assert_eq!(user["profile"]["name"], "alice", "{user}");
    assert_eq!(user["token_type"], "Bearer");
    let text = |name: &str| {
        user[name]
            .as_str()
            .unwrap_or_else(|| panic!("{name}: {user}"))
    };
    assert_eq!(
        claims(text("id_token"))["aud"],
        serde_json::json!(["cells-sync"])
    );
    chromium.page.clone().close().await.unwrap();

    let mut refresh_token = text("refresh_token").to_owned();
    for _ in 0..2 {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", "cells-sync"),
            ("refresh_token", &refresh_token),
            ("scope", "openid email profile pydio offline"),
        ];
        let tokens = edge.token(&form).await.assert_status(200).json();
        assert_eq!(
            claims(tokens["id_token"].as_str().unwrap())["name"],
            "alice"
        );
        let token = tokens["access_token"].as_str().unwrap();
        let seen = edge.get_with("/a/user/alice", token).await;
        assert_eq!(seen.assert_status(200).json()["Login"], "alice");
        refresh_token = tokens["refresh_token"].as_str().unwrap().to_owned();
    }
}
