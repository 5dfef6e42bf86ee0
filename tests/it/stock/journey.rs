//! What every stock client has to be able to do, with a browser that has no JavaScript.

use std::process::Command;

use serde_json::Value;

use super::application::Application;
use crate::support::{Answer, Browser, Edge, Form};

/// `sub` of the demo's alice.
pub(super) const ALICE: &str = "6f0c1f5e-3c7b-4a53-9a0f-6d0f0e1b7a01";

/// The demo, whose clients are at `port`.
pub(super) fn demo_for(port: u16) -> Edge {
    demo_with(port, |yaml| yaml)
}

/// The same with another configuration.
pub(super) fn demo_with(port: u16, change: impl FnOnce(String) -> String) -> Edge {
    let yaml = include_str!("../../../config/demo.yaml")
        .replace("127.0.0.1:9482", &format!("127.0.0.1:{port}"));
    Edge::start(&change(yaml))
}

/// A person at an application, who has not signed in yet.
#[derive(Debug)]
pub(super) struct Person<'a> {
    edge: &'a Edge,
    browser: Browser,
    pub(super) passwords_typed: usize,
}

impl<'a> Person<'a> {
    pub(super) fn new(edge: &'a Edge) -> Self {
        Self {
            edge,
            browser: Browser::default(),
            passwords_typed: 0,
        }
    }

    /// Opens `url` and goes where it leads, signing in when asked to; where that ends.
    pub(super) async fn visit(&mut self, url: &str) -> (String, Answer) {
        let mut at = url.to_owned();
        let mut answer = self.browser.get(self.edge, &at).await;
        for _ in 0..10 {
            if answer.status.is_redirection() {
                at = answer.location().into();
                answer = self.browser.get(self.edge, &at).await;
            } else if Form::find(&answer.body).is_some_and(|form| form.has("password")) {
                self.passwords_typed += 1;
                let fields = [("username", "alice"), ("password", "cells-demo-password")];
                answer = self.browser.submit(self.edge, &answer, &fields).await;
            } else {
                return (at, answer);
            }
        }
        panic!("the redirections do not end: {answer:#?}");
    }
}

/// The whole journey at an application that `command` starts, which answers /sign-in, /refresh
/// and /sign-out at `port` with what it learned.
pub(super) async fn through(edge: &Edge, mut command: Command, port: u16) {
    command
        .arg(edge.url("/oidc/"))
        .arg(port.to_string())
        .arg(edge.url("/api/hello"));
    let application = Application::start(command, port, "http://127.0.0.1");
    let mut person = Person::new(edge);
    let page = |path: &str| format!("{}{path}", application.home);

    let (_, answer) = person.visit(&page("sign-in")).await;
    let first = assert_served(&answer.assert_status(200).json());
    let (_, answer) = person.visit(&page("refresh")).await;
    let second = assert_served(&answer.assert_status(200).json());
    assert_ne!(first, second, "a refresh brings another access token");
    assert_eq!(person.passwords_typed, 1);

    let (at, _) = person.visit(&page("sign-out")).await;
    assert_eq!(at, application.home);
    person.visit(&page("sign-in")).await.1.assert_status(200);
    assert_eq!(person.passwords_typed, 2, "the session has ended");
}

/// Asserts that the application knows alice and may call the API; the access token it did so with.
#[track_caller]
pub(super) fn assert_served(report: &Value) -> String {
    assert_eq!(report["sub"], ALICE, "{report}");
    assert_eq!(report["email"], "alice@example.com", "{report}");
    assert_eq!(report["api"], 200, "{report}");
    report["access_token"].as_str().expect("a token").to_owned()
}
