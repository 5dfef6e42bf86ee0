//! `oidc-provider` on Node.js: an issuer besides ourselves, with tokens of both kinds.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::application::{Application, apps};
use crate::support::{Answer, Chromium, Edge, Recorder, component, free_port, stock_component};

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

/// A gateway in front of an application whose users the issuer at this port signs in, which knows the
/// gateway by what is in a file of `shown`, a key and its file.
fn signing_in(port: u16, application: &Recorder, shown: (&str, &str), content: &str) -> Edge {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (key, file) = shown;
    fs::write(folder.path().join(file), content).expect("it can be written");
    let yaml = format!(
        "listeners: [{{name: edge, address: '127.0.0.1:9480'}}]
admin: {{address: '127.0.0.1:9481'}}
state: {{path: ./data/demo/cellgate.db, key_file: ./data/demo/cellgate.key}}
trusted_issuers:
  - issuer: http://127.0.0.1:{port}
    discovery: openid
    algorithms: [ES256]
    key_refresh: {{interval_s: 3600, min_interval_s: 1}}
    sign_in_clients:
      - name: intranet
        client_id: intranet
        {key}: {file}
        scopes: [openid, profile]
        userinfo: true
        returns_after_sign_out: true
browser_sessions: {{reached_as: 'http://127.0.0.1:9480'}}
upstreams: [{{name: app, servers: ['http://{}']}}]
routes:
  - {{name: app, host: 127.0.0.1, path: /, upstream: app, authentication: sign_in,
     sign_in_client: intranet, claims: {{groups: {{any: [staff]}}}}}}
",
        application.address
    );
    Edge::start_in(folder, &yaml, "info")
}

/// The issuer's process, and the folder it runs in.
fn issuer(port: u16) -> Option<(Application, TempDir)> {
    issuer_for(port, &[])
}

/// The same with users who sign in to the application at an address, which shows a key of this JWK Set
/// if there is one.
fn issuer_for(port: u16, application: &[&str]) -> Option<(Application, TempDir)> {
    let (node, packages) = component("node").zip(stock_component("node_modules/oidc-provider"))?;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = folder.path().join("oidc_provider.mjs");
    fs::copy(apps().join("oidc_provider.mjs"), &program).expect("it can be copied");
    let packages = packages.parent().expect("it is in a folder");
    symlink(packages, folder.path().join("node_modules")).expect("it can be linked");
    let mut command = Command::new(node);
    command.arg(program).arg(port.to_string()).args(application);
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

/// What a browser gets whose user goes to `path`.
async fn navigate(edge: &Edge, path: &str) -> Answer {
    let navigation = edge.http.get(edge.url(path));
    let navigation = navigation
        .header("accept", "text/html")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", "document");
    edge.send(navigation).await
}

/// Asks for `wanted` until the issuer asks who that is, and says so: carol, who agrees.
async fn sign_in_there(chromium: &Chromium, wanted: &str) {
    loop {
        // The issuer is left alone for a second after it was not there.
        chromium.page.goto(wanted).await.unwrap();
        let source = chromium.page.source().await.unwrap();
        if source.contains("name=\"login\"") {
            break;
        }
    }
    chromium.type_into("input[name=login]", "carol").await;
    chromium.type_into("input[name=password]", "x").await;
    chromium.press("button.login-submit").await;
    chromium.wait_for("input[value=consent]").await;
    chromium.press("button.login-submit").await;
}

/// Ends carol's session beside the running process; the issuer, which knows nothing of that, begins
/// another one.
async fn an_operator_ends_it(edge: &Edge, port: u16, chromium: &Chromium, wanted: &str) {
    let listed = sessions(edge, &["list"]);
    let line = listed.lines().find(|line| line.contains(" carol "));
    let line = line.unwrap_or_else(|| panic!("{listed}")).to_owned();
    assert!(
        line.ends_with(&format!("127.0.0.1   http://127.0.0.1:{port}")),
        "{line}"
    );
    let id = line.split(' ').next().unwrap();
    let said = sessions(edge, &["end", "carol"]);
    assert!(said.starts_with("1 session of carol ended"), "{said}");
    edge.wait_for(&format!("\"revoked.id\":\"{id}\""));
    chromium.page.goto(wanted).await.unwrap();
    chromium.wait_for("#in").await;
    let listed = sessions(edge, &["list", "carol"]);
    assert!(
        listed.contains(" carol ") && !listed.contains(id),
        "{listed}"
    );
}

/// OpenID Connect Core §3.1, RFC 9207 and RP-Initiated Logout between two implementations that do not
/// know each other, in a browser.
#[tokio::test]
async fn a_person_signs_in_at_oidc_provider_and_out_of_it() {
    let Some(programs) = Chromium::find() else {
        return;
    };
    let application = Recorder::answering(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<p id=in>In</p>",
    )
    .await;
    let port = free_port();
    let shown = ("client_secret_file", "secret");
    let edge = signing_in(port, &application, shown, "intranet-secret");
    edge.admin("/readyz").await.assert_status(200);
    navigate(&edge, "/x").await.assert_status(503);
    let Some((_issuer, _folder)) = issuer_for(port, &[edge.url("").trim_end_matches('/')]) else {
        return;
    };
    let chromium = Chromium::start(programs, true).await;
    let page = &chromium.page;
    let wanted = edge.url("/docs/page?chapter=2");

    sign_in_there(&chromium, &wanted).await;

    chromium.wait_for("#in").await;
    assert_eq!(page.current_url().await.unwrap().as_str(), wanted);
    let heads = application.heads();
    let wanted_one = |head: &&String| head.starts_with("GET /docs/page?chapter=2 ");
    let head = heads.iter().find(wanted_one).unwrap().to_ascii_lowercase();
    assert!(
        head.contains("\r\nx-auth-request-user: carol\r\n"),
        "{head}"
    );
    assert!(
        head.contains("\r\nx-auth-request-groups: staff\r\n"),
        "{head}"
    );
    assert!(!head.contains("cellgate-app"), "our cookie: {head}");

    an_operator_ends_it(&edge, port, &chromium, &wanted).await;

    page.goto(&edge.url("/.cellgate/sign-out")).await.unwrap();
    chromium
        .press("form[action='/.cellgate/sign-out'] button")
        .await;
    chromium.wait_for("button[value=yes]").await;
    chromium.press("button[value=yes]").await;
    chromium.wait_for("a[href='/']").await;
    let there = page.current_url().await.unwrap();
    assert_eq!(there.path(), "/.cellgate/signed-out");
    let n = application.heads().len();
    page.goto(&wanted).await.unwrap();
    chromium.wait_for("input[name=login]").await;
    assert_eq!(application.heads().len(), n, "signed out");
    let metrics = edge.admin("/metrics").await.body;
    assert!(
        metrics.contains("cellgate_issuer_sign_ins_total{"),
        "{metrics}"
    );
}

/// What an operator reads who asks `edge`'s state about sessions.
fn sessions(edge: &Edge, words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cellgate"));
    let command = command.arg("sessions").args(words);
    let config = edge.folder.path().join("cellgate.yaml");
    let output = command.arg("--config").arg(config).output();
    let output = output.expect("it runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("it is text")
}

/// A new key and its public half, as an operator would register it.
fn key(folder: &Path) -> (String, String) {
    let pem = rcgen::KeyPair::generate().expect("a key").serialize_pem();
    let file = folder.join("made.pem");
    fs::write(&file, &pem).expect("it can be written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_cellgate"));
    let output = command.args(["keys", "public"]).arg(&file).output();
    let output = output.expect("it runs");
    assert!(output.status.success(), "{output:?}");
    let jwks = String::from_utf8(output.stdout).expect("it is text");
    (pem, jwks)
}

/// RFC 7523 between two implementations: the issuer knows us by the key that is registered, and not by
/// another one; and by the right one from the reload on that names it.
#[tokio::test]
async fn oidc_provider_knows_us_by_the_registered_key_alone() {
    let Some(programs) = Chromium::find() else {
        return;
    };
    let application = Recorder::answering(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<p id=in>In</p>",
    )
    .await;
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let (registered, jwks) = key(scratch.path());
    let (other, _) = key(scratch.path());
    let port = free_port();
    let shown = (
        "authentication: private_key_jwt\n        private_key_file",
        "key.pem",
    );
    let edge = signing_in(port, &application, shown, &other);
    let home = edge.url("");
    let Some((_issuer, _folder)) = issuer_for(port, &[home.trim_end_matches('/'), &jwks]) else {
        return;
    };
    let chromium = Chromium::start(programs, true).await;
    let wanted = edge.url("/docs/page");

    sign_in_there(&chromium, &wanted).await;

    edge.wait_for("the issuer refuses us as its client (invalid_client)");
    application.assert_untouched("nobody is signed in");

    fs::write(edge.folder.path().join("key.pem"), registered).expect("it can be written");
    edge.signal("HUP");
    edge.wait_for("configuration loaded");
    chromium.page.goto(&wanted).await.unwrap();
    chromium.wait_for("#in").await;
    let heads = application.heads();
    let head = heads.first().expect("it was asked").to_ascii_lowercase();
    assert!(
        head.contains("\r\nx-auth-request-user: carol\r\n"),
        "{head}"
    );
}
