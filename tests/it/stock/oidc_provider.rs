//! `oidc-provider` on Node.js: an issuer besides ourselves, with tokens of both kinds.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use tempfile::TempDir;

use super::application::{Application, apps};
use crate::support::{Answer, Edge, component, free_port, stock_component};

/// A gateway without a provider of its own, which trusts the issuer at this port on `/api` and
/// `/other`; `/free` needs nobody.
fn gateway(port: u16) -> Edge {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("secret"), "cellgate-secret").expect("it can be written");
    let yaml = format!(
        "listeners: [{{name: edge, address: '127.0.0.1:9480'}}]
admin: {{address: '127.0.0.1:9481'}}
trusted_issuers:
  - issuer: http://127.0.0.1:{port}
    discovery: openid
    algorithms: [ES256]
    audience: [api]
    key_refresh: {{interval_s: 3600, min_interval_s: 1}}
    introspection:
      url: http://127.0.0.1:{port}/token/introspection
      client_id: cellgate
      client_secret_file: secret
      remember_s: 0
      remember_inactive_s: 0
routes:
  - {{name: api, path: /api, whoami: true, scopes: {{all: [read]}}}}
  - {{name: other, path: /other, whoami: true, audience: [other]}}
  - {{name: free, path: /free, whoami: true, authentication: anonymous}}
"
    );
    Edge::start_in(folder, &yaml, "info")
}

/// The issuer's process, and the folder it runs in.
fn issuer(port: u16) -> Option<(Application, TempDir)> {
    let (node, packages) = component("node").zip(stock_component("node_modules/oidc-provider"))?;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = folder.path().join("oidc_provider.mjs");
    fs::copy(apps().join("oidc_provider.mjs"), &program).expect("it can be copied");
    let packages = packages.parent().expect("it is in a folder");
    symlink(packages, folder.path().join("node_modules")).expect("it can be linked");
    let mut command = Command::new(node);
    command.arg(program).arg(port.to_string());
    Some((Application::start(command, port, "listening"), folder))
}

/// Posts to the issuer as `robot`.
async fn ask(edge: &Edge, url: String, form: &[(&str, &str)]) -> Answer {
    let request = edge
        .http
        .post(url)
        .basic_auth("robot", Some("robot-secret"));
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let request = request
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    edge.send(request).await.assert_status(200)
}

/// A token of the issuer for the resource `urn:api:KIND`.
async fn token(edge: &Edge, issuer: &Application, kind: &str) -> String {
    let resource = format!("urn:api:{kind}");
    let form = [
        ("grant_type", "client_credentials"),
        ("resource", &resource),
        ("scope", "read"),
    ];
    let answer = ask(edge, format!("{}token", issuer.home), &form).await;
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

/// RFC 9068, RFC 7662 and RFC 7009 between two implementations that do not know each other.
#[tokio::test]
async fn tokens_of_oidc_provider_are_accepted_until_it_says_otherwise() {
    let port = free_port();
    let Some((issuer, _folder)) = issuer(port) else {
        return;
    };
    let edge = gateway(port);
    let jwt = token(&edge, &issuer, "jwt").await;
    let opaque = token(&edge, &issuer, "opaque").await;
    assert!(jwt.contains('.') && !opaque.contains('.'));

    for token in [&jwt, &opaque] {
        let answer = edge.get_with("/api", token).await.assert_status(200);
        let principal = &answer.json()["principal"];
        assert_eq!(principal["issuer"], format!("http://127.0.0.1:{port}"));
        assert_eq!(principal["client_id"], "robot");
        edge.get_with("/other", token)
            .await
            .assert_challenged(401, Some("invalid_token"));
    }
    edge.get_with("/api", "made-up")
        .await
        .assert_challenged(401, Some("invalid_token"));

    let form = [("token", opaque.as_str())];
    ask(&edge, format!("{}token/revocation", issuer.home), &form).await;
    edge.get_with("/api", &opaque)
        .await
        .assert_challenged(401, Some("invalid_token"));
    let metrics = edge.admin("/metrics").await.body;
    let failing = format!("cellgate_issuer_keys_failing{{issuer=\"http://127.0.0.1:{port}\"}}");
    assert!(metrics.contains(&format!("{failing} 0")), "{metrics}");
}

/// I07, I08: what can be told without the issuer is told, the rest is 503.
#[tokio::test]
async fn an_issuer_that_is_down_takes_nothing_else_with_it() {
    let port = free_port();
    let Some((issuer, _folder)) = issuer(port) else {
        return;
    };
    let edge = gateway(port);
    let jwt = token(&edge, &issuer, "jwt").await;
    let opaque = token(&edge, &issuer, "opaque").await;
    edge.get_with("/api", &jwt).await.assert_status(200);
    drop(issuer);

    edge.get_with("/api", &jwt).await.assert_status(200);
    let answer = edge.get_with("/api", &opaque).await.assert_status(503);
    assert_eq!(answer.header("retry-after"), "10");
    edge.get("/free").await.assert_status(200);
    edge.admin("/readyz").await.assert_status(200);
    edge.wait_for("introspection failed");

    let started_without = gateway(port);
    let answer = started_without.get_with("/api", &jwt).await;
    answer.assert_status(503);
    started_without.get("/free").await.assert_status(200);
    started_without.wait_for("keys cannot be fetched and none are known");
    assert!(
        !edge.log().contains(&opaque) && !started_without.log().contains(&jwt),
        "no token is logged"
    );
}
