//! What routes ask beside a good token, and how an operator finds out why one was refused.

use std::fs;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Answer, Browser, Clocked, Edge, Tokens, exchange};

/// The demo with routes of this text besides.
fn demo_with(routes: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    let yaml = fs::read_to_string(format!("{root}/config/demo.yaml")).expect("the demo is there");
    yaml.replace("\nroutes:\n", &format!("\nroutes:\n{routes}"))
}

const FRESH: &str = "  - {name: fresh, path: /fresh/, whoami: true, step_up: {max_age_s: 300}}\n";

/// RFC 9470: refused for a sign-in that is too old, then a new one with what the challenge says.
#[tokio::test]
async fn a_sign_in_that_is_too_old_is_made_anew_and_passes() {
    let op = Clocked::start_with_tls(&demo_with(FRESH)).await;
    let mut browser = Browser::default();
    let first = tokens(&op, op.sign_in("alice").submit_in(&mut browser).await).await;
    op.get_with("/fresh/x", &first.access_token)
        .await
        .assert_status(200);

    op.advance(Duration::from_secs(301));
    let refused = op.get_with("/fresh/x", &first.access_token).await;
    refused.assert_challenged(401, Some("insufficient_user_authentication"));
    let challenge = refused.header("www-authenticate");
    let (_, max_age) = challenge.split_once("max_age=\"").expect("max_age");
    let (max_age, _) = max_age.split_once('"').expect("a value");
    // Elsewhere the token is as good as before.
    op.get_with("/api/x", &first.access_token)
        .await
        .assert_status(200);

    let again = op.sign_in("alice").parameter("max_age", max_age);
    let second = tokens(&op, again.submit_in(&mut browser).await).await;
    op.get_with("/fresh/x", &second.access_token)
        .await
        .assert_status(200);
}

/// The session is still there, so without `max_age` the browser gets a token at once; it says when
/// the user signed in, not when it was issued.
#[tokio::test]
async fn a_new_token_is_no_new_sign_in() {
    let op = Clocked::start_with_tls(&demo_with(FRESH)).await;
    let mut browser = Browser::default();
    tokens(&op, op.sign_in("alice").submit_in(&mut browser).await).await;
    op.advance(Duration::from_secs(301));

    let second = tokens(&op, op.sign_in("alice").submit_in(&mut browser).await).await;

    op.get_with("/fresh/x", &second.access_token)
        .await
        .assert_challenged(401, Some("insufficient_user_authentication"));
}

async fn tokens(op: &Clocked, answer: Answer) -> Tokens {
    let code = answer.location_parameter("code");
    let code = code.unwrap_or_else(|| panic!("no code in {answer:#?}"));
    Tokens::read(&op.token(&exchange(&code)).await.assert_status(200))
}

/// RFC 9068 §2.2.1: access tokens say how their user signed in, and a route can ask for it.
#[tokio::test]
async fn a_way_to_sign_in_that_nobody_used_is_refused() {
    let password = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
    let yaml = demo_with(&format!(
        "  - {{name: some, path: /some/, whoami: true, step_up: {{acr: ['{password}', mfa]}}}}
  - {{name: strong, path: /strong/, whoami: true, step_up: {{acr: [mfa]}}}}
"
    ));
    let edge = Edge::start(&yaml);
    let token = edge.sign_in("alice").tokens().await.access_token;

    edge.get_with("/some/x", &token).await.assert_status(200);
    let refused = edge.get_with("/strong/x", &token).await;
    refused.assert_challenged(401, Some("insufficient_user_authentication"));
    let challenge = refused.header("www-authenticate");
    assert!(challenge.contains("acr_values=\"mfa\""), "{challenge}");
}

const OF_ROUTES: &str = "  - name: editors
    path: /editors/
    whoami: true
    claims: {groups: {any: [editors], none: [suspended]}}
  - name: verified
    path: /verified/
    whoami: true
    condition: claims.email_verified && claims.email.endsWith('@example.com')
  - name: inside
    path: /inside/
    whoami: true
    authentication: anonymous
    networks: [192.0.2.0/24]
  - name: service
    path: /service/
    whoami: true
    clients: [demo-service]
";

#[tokio::test]
async fn groups_claims_clients_and_networks_decide() {
    let edge = Edge::start(&demo_with(OF_ROUTES));
    let alice = edge.sign_in("alice").tokens().await.access_token;
    let bob = edge.sign_in("bob").tokens().await.access_token;
    for (path, of_alice, of_bob) in [
        ("/editors/x", 200, 403),
        ("/verified/x", 200, 403),
        ("/inside/x", 403, 403),
        ("/service/x", 403, 403),
    ] {
        edge.get_with(path, &alice).await.assert_status(of_alice);
        edge.get_with(path, &bob).await.assert_status(of_bob);
    }
}

/// From a user's complaint to the lines about it.
#[tokio::test]
async fn the_id_of_a_refusal_leads_to_its_access_and_audit_lines() {
    let edge = Edge::start(&demo_with(OF_ROUTES));
    let bob = edge.sign_in("bob").tokens().await.access_token;

    let refused = edge.get_with("/editors/x", &bob).await.assert_status(403);

    let id = refused.header("x-request-id").to_owned();
    assert_eq!(refused.json()["request_id"], id.as_str());
    edge.wait_for("\"target\":\"access\"");
    edge.get("/public/last").await;
    edge.wait_for("/public/last");
    let log = edge.log();
    let about: Vec<Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["request.id"] == id.as_str())
        .collect();
    for target in ["access", "audit"] {
        let line = about.iter().find(|line| line["target"] == target);
        let line = line.unwrap_or_else(|| panic!("no {target} line in {about:#?}"));
        assert_eq!(line["reason"], "claim");
        assert_eq!(line["route.name"], "editors");
        assert_eq!(line["client.id"], "demo-app");
    }
}

/// What the provider writes down of a request bears its id as well.
#[tokio::test]
async fn the_audit_lines_of_a_sign_in_bear_the_id_of_their_request() {
    let edge = Edge::demo();

    let answer = edge.sign_in("alice").password("wrong").submit().await;

    let id = answer.header("x-request-id").to_owned();
    let line = edge.wait_for("\"event\":\"sign_in\"");
    let line: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(line["span"]["request.id"], id.as_str(), "{line}");
}

/// RFC 9728, from the challenge to a token that is taken.
#[tokio::test]
async fn a_refused_client_finds_out_whom_to_ask() {
    let yaml = demo_with(
        "  - name: files
    path: /files/
    whoami: true
    audience: ['http://127.0.0.1:9480/files/']
    scopes: {all: [demo.read]}
  - name: quiet
    path: /files/quiet/
    whoami: true
    audience: ['http://127.0.0.1:9480/files/']
    resource_metadata: false
",
    );
    // The client may ask for tokens for the resource.
    let yaml = yaml.replacen(
        "      scope: openid",
        "      resources: ['http://127.0.0.1:9480/files/']\n      scope: openid",
        1,
    );
    let edge = Edge::start(&yaml);

    let refused = edge.get("/files/x").await.assert_status(401);

    let challenge = refused.header("www-authenticate");
    let (_, url) = challenge
        .split_once("resource_metadata=\"")
        .expect("the metadata are named");
    let (url, _) = url.split_once('"').expect("a value");
    let metadata = edge.send(edge.http.get(url)).await.assert_status(200);
    assert_eq!(metadata.header("content-type"), "application/json");
    let metadata = metadata.json();
    let resource = edge.url("/files/");
    assert_eq!(metadata["resource"], resource.as_str());
    assert_eq!(metadata["scopes_supported"][0], "demo.read");
    let issuer = metadata["authorization_servers"][0].as_str().expect("one");
    assert_eq!(issuer, edge.url("/oidc/"));

    let sign_in = edge.sign_in("alice").parameter("resource", &resource);
    let token = sign_in.tokens().await.access_token;
    edge.get_with("/files/x", &token).await.assert_status(200);

    let quiet = edge.get("/files/quiet/x").await.assert_status(401);
    assert!(
        !quiet
            .header("www-authenticate")
            .contains("resource_metadata")
    );
    edge.get("/.well-known/oauth-protected-resource/elsewhere")
        .await
        .assert_status(404);
}

/// Runs `cellgate explain` beside `edge`, on its configuration and state.
fn explain(edge: &Edge, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cellgate"))
        .args(["explain", "--json", "--config", "cellgate.yaml"])
        .args(arguments)
        .current_dir(edge.folder.path())
        .output()
        .expect("the program runs")
}

/// The state of the running server is what an explanation looks at, its revocations included.
#[tokio::test]
async fn an_explanation_knows_the_tokens_of_the_running_server() {
    let edge = Edge::start(&demo_with(OF_ROUTES));
    let bob = edge.sign_in("bob").tokens().await.access_token;
    let of = |path: &str| {
        let output = explain(&edge, &["--url", &edge.url(path), "--token", &bob]);
        let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (output.status.code(), document)
    };

    let (code, document) = of("/api/x");
    assert_eq!(
        (code, &document["allowed"]),
        (Some(0), &true.into()),
        "{document:#}"
    );
    let (code, document) = of("/editors/x");
    assert_eq!(
        (code, &document["reason"]),
        (Some(3), &"claim".into()),
        "{document:#}"
    );

    let form = [("client_id", "demo-app"), ("token", bob.as_str())];
    edge.post_form("/oidc/oauth2/revoke", &form)
        .await
        .assert_status(200);
    let (code, document) = of("/api/x");
    assert_eq!(
        (code, &document["reason"]),
        (Some(3), &"revoked".into()),
        "{document:#}"
    );
}
