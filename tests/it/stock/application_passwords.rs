//! An application password as its user has it made, in Chromium, and as programs use it: webdav4 and
//! curl, unmodified.

use std::process::Command;

use super::application::apps;
use crate::support::{Chromium, Edge, Recorder, component, stock_component};

const ANSWER: &str = "HTTP/1.1 207 Multi-Status\r\nContent-Type: application/xml\r\n\
     Content-Length: 285\r\n\r\n<?xml version=\"1.0\"?><D:multistatus xmlns:D=\"DAV:\"><D:response>\
     <D:href>/dav/report.txt</D:href><D:propstat><D:prop><D:displayname>report.txt</D:displayname>\
     <D:getcontentlength>5</D:getcontentlength></D:prop><D:status>HTTP/1.1 200 OK</D:status>\
     </D:propstat></D:response></D:multistatus>";

/// The demo with two places for `WebDAV`, in front of `upstream`.
fn edge(upstream: &Recorder) -> Edge {
    let (dav, mail) = ("/dav", "/mail-dav");
    let route = |name: &str, path: &str| {
        format!(
            "  - name: {name}\n    path: {path}\n    upstream: files\n    \
             scopes: {{ all: [demo.read] }}\n    \
             application_passwords: {{ title: The place {name} }}\n"
        )
    };
    let yaml = include_str!("../../../config/demo.yaml");
    let (before, rest) = yaml.split_once("  - name: dav\n").unwrap();
    let (_, after) = rest.split_once("  - name: ").unwrap();
    let yaml = format!(
        "{before}{}{}  - name: {after}\nupstreams:\n  - name: files\n    servers: [\"http://{}\"]\n\
         identity:\n  headers:\n    X-Auth-Login: preferred_username\n",
        route("dav", dav),
        route("mail", mail),
        upstream.address,
    );
    Edge::start(&yaml)
}

/// Signs alice in at her account page, and has a password made for the place `dav`.
async fn mint(chromium: &Chromium, edge: &Edge) -> String {
    let page = &chromium.page;
    page.goto(&edge.url("/oidc/account")).await.unwrap();
    chromium.sign_in("alice").await;
    chromium.wait_for("#mint").await;
    chromium.type_into("input[name=name]", "A laptop").await;
    chromium.press("input[name=route][value=dav]").await;
    chromium.click("mint").await;
    chromium.wait_for("#password").await;
    let shown = "return document.getElementById('password').textContent";
    let shown = page.execute(shown, vec![]).await.unwrap();
    shown.as_str().unwrap().to_owned()
}

fn webdav4(edge: &Edge, path: &str, password: &str) -> Option<String> {
    let python = stock_component("python/bin/python")?;
    let output = Command::new(python)
        .arg(apps().join("dav_client.py"))
        .args([&edge.url(path), "alice", password])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

/// The status that curl gets when it lets the server choose how to be asked.
fn curl(edge: &Edge, path: &str, password: &str) -> Option<String> {
    let output = Command::new(component("curl")?)
        .args(["--silent", "--anyauth", "--request", "PROPFIND"])
        .args(["--output", "/dev/null", "--write-out", "%{http_code}"])
        .args(["--user", &format!("alice:{password}")])
        .arg(edge.url(path))
        .output()
        .unwrap();
    Some(String::from_utf8(output.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_made_in_a_browser_opens_its_place_to_stock_programs_until_it_is_revoked() {
    let Some(programs) = Chromium::find() else {
        return;
    };
    let upstream = Recorder::answering(ANSWER).await;
    let edge = edge(&upstream);
    let chromium = Chromium::start(programs, true).await;
    let password = mint(&chromium, &edge).await;

    if let Some(said) = webdav4(&edge, "/dav", &password) {
        assert!(
            said.starts_with("listed ") && said.ends_with("report.txt"),
            "{said}"
        );
        let refused = webdav4(&edge, "/mail-dav", &password);
        assert_eq!(refused.as_deref(), Some("refused 401"));
    }
    if let Some(status) = curl(&edge, "/dav/", &password) {
        assert_eq!(status, "207");
        let elsewhere = curl(&edge, "/mail-dav/", &password);
        assert_eq!(elsewhere.as_deref(), Some("401"));
        let none = curl(&edge, "/api/x", &password);
        assert_eq!(none.as_deref(), Some("401"), "a route that takes none");
    }
    for head in upstream.heads() {
        let head = head.to_ascii_lowercase();
        assert!(head.contains("x-auth-login: alice"), "{head}");
        assert!(!head.contains("authorization"), "{head}");
    }
    assert!(!upstream.heads().is_empty());

    let page = &chromium.page;
    chromium.click("back").await;
    chromium.wait_for("button[name=end-password]").await;
    let text = page.source().await.unwrap();
    assert!(text.contains("A laptop") && !text.contains(&password));
    chromium.press("button[name=end-password]").await;
    chromium.wait_for("#notice").await;

    let n_before = upstream.heads().len();
    let after = webdav4(&edge, "/dav", &password);
    assert!(after.is_none_or(|said| said == "refused 401"));
    let after = curl(&edge, "/dav/", &password);
    assert!(after.is_none_or(|status| status == "401"));
    assert_eq!(upstream.heads().len(), n_before);
    let log = edge.log();
    assert!(log.contains("\"event\":\"application_password\""), "{log}");
    assert!(!log.contains(&password), "{log}");
    page.clone().close().await.unwrap();
}
