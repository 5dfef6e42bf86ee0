//! Signed assertions, verified as an application would: joserfc on Python and jose on Node.js, with
//! nothing but the key set.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::application::{apps, said_by};
use crate::support::{Edge, Recorder, component, stock_component};

const AUDIENCE: &str = "https://wiki.internal/";

/// The demo in front of `upstream`, which is told who asks on `/wiki/`.
fn edge(upstream: &Recorder) -> Edge {
    let yaml = include_str!("../../../config/demo.yaml");
    Edge::start(&format!(
        "{yaml}  - name: wiki\n    path: /wiki/\n    upstream: wiki\n    \
         scopes: {{ all: [demo.read] }}\n    assertion: {{ audience: '{AUDIENCE}' }}\n\
         \x20 - name: open\n    path: /open/\n    upstream: wiki\n    authentication: anonymous\n\
         upstreams:\n  - name: wiki\n    servers: [\"http://{}\"]\n",
        upstream.address
    ))
}

/// What `application` says of each of `assertions`.
fn verified(
    application: &mut Command,
    edge: &Edge,
    audience: &str,
    assertions: &[&str],
) -> Vec<String> {
    let issuer = edge.url("/oidc/");
    let said = said_by(
        application
            .args([&edge.url("/oidc/.well-known/jwks.json"), &issuer, audience])
            .args(assertions),
    );
    assert_eq!(said.len(), assertions.len(), "{said:?}");
    said
}

/// Checks `application`, a command without arguments.
async fn know_who_asks(application: impl Fn() -> Command) {
    let upstream = Recorder::start().await;
    let edge = edge(&upstream);
    let tokens = edge.sign_in("alice").tokens().await;
    let answer = edge.get_with("/wiki/x", &tokens.access_token).await;
    answer.assert_status(200);
    let head = upstream.take_one();
    let assertion = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("x-cellgate-assertion"))
        .map(|(_, value)| value.to_owned())
        .expect("an assertion");
    // Another first character of the signature, all of whose bits count.
    let (signed, signature) = assertion.rsplit_once('.').expect("a JWT");
    let other = if signature.starts_with('A') { 'B' } else { 'A' };
    let rest: String = signature.chars().skip(1).collect();
    let forged = format!("{signed}.{other}{rest}");

    let shown = [assertion.as_str(), &tokens.access_token, &forged];
    let said = verified(&mut application(), &edge, AUDIENCE, &shown);
    assert!(said[0].starts_with("accepted 6f0c1f5e-"), "{said:?}");
    assert!(said[0].ends_with(" alice@example.com"), "{said:?}");
    assert!(said[1].starts_with("refused "), "an access token: {said:?}");
    assert!(said[2].starts_with("refused "), "forged: {said:?}");
    let elsewhere = verified(
        &mut application(),
        &edge,
        "https://mail.internal/",
        &shown[..1],
    );
    assert!(elsewhere[0].starts_with("refused "), "{elsewhere:?}");

    // It opens nothing here, and cannot be brought along by anybody.
    edge.get_with("/wiki/x", &assertion)
        .await
        .assert_status(401);
    edge.get_with("/oidc/userinfo", &assertion)
        .await
        .assert_status(401);
    upstream.assert_untouched("an assertion is no token");
    let brought = reqwest::Client::new()
        .get(edge.url("/open/x"))
        .header("X-Cellgate-Assertion", &assertion)
        .header("X_Cellgate.Assertion", &assertion)
        .send()
        .await
        .expect("it answers");
    assert_eq!(brought.status(), 200);
    let head = upstream.take_one();
    assert!(!head.contains(&assertion), "{head}");
    assert!(!edge.log().contains(&assertion));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_knows_by_joserfc_who_asks() {
    let Some(python) = stock_component("python/bin/python") else {
        return;
    };
    know_who_asks(|| {
        let mut command = Command::new(&python);
        command.arg(apps().join("verify_assertion.py"));
        command
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_knows_by_jose_who_asks() {
    let Some((node, packages)) = component("node").zip(stock_component("node_modules")) else {
        return;
    };
    // A module's packages are looked for beside it.
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("verify_assertion.mjs");
    std::fs::copy(apps().join("verify_assertion.mjs"), &program).unwrap();
    symlink(packages, folder.path().join("node_modules")).unwrap();
    know_who_asks(|| {
        let mut command = Command::new(&node);
        command.arg(Path::new(&program));
        command
    })
    .await;
}
