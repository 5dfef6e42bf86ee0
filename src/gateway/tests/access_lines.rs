//! What the access log says of a request, and what it never says.

use std::sync::Arc;

use http::HeaderName;
use serde_json::{Value, json};

use super::harness::{Protocol, TestGateway};
use super::played::{begin_events, revocable, revoke, send_event};
use crate::gateway::{ClaimPath, LogFields};
use crate::telemetry::log::testing::Captured;

/// The next request on a connection begins when the last one has been logged.
async fn after_logging(connection: &mut super::harness::Connection) {
    let request = "GET /nowhere HTTP/1.1\r\nHost: a.test\r\n\r\n";
    assert_eq!(connection.exchange(request).await.status, 404);
}

#[tokio::test]
async fn a_request_writes_one_line_that_says_what_became_of_it() {
    let lines = Captured::start();
    let gateway = TestGateway::start().await;
    let bearer = gateway.bearer();
    let mut connection = gateway.connect().await;
    let request = format!(
        "GET /api/%78?q=s3cret HTTP/1.1\r\nHost: A.test\r\nAuthorization: {bearer}\r\n\
         Cookie: session=s3cret\r\nUser-Agent: test\r\n\r\n"
    );
    let answer = connection.exchange(request).await;
    after_logging(&mut connection).await;
    let line = lines.access().remove(0);

    assert_eq!(line["request.id"], answer.field("x-request-id").unwrap());
    for (field, value) in [
        ("peer.address", "127.0.0.1"),
        ("http.method", "GET"),
        ("http.host", "a.test"),
        ("http.path", "/api/x"),
        ("http.user_agent", "test"),
        ("route.name", "api-read"),
        ("decision", "forwarded"),
        ("principal.subject", "alice"),
        ("client.id", "app"),
    ] {
        assert_eq!(line[field], value, "{field}");
    }
    assert_eq!(line["http.status"], 200);
    assert_eq!(line["bytes_out"], 2);
    assert!(line["duration_us"].is_u64());
}

/// A gateway whose routes have these logged.
async fn noting(
    request: &[&'static str],
    response: &[&'static str],
    claims: &[&str],
) -> TestGateway {
    let names =
        |names: &[&'static str]| names.iter().map(|it| HeaderName::from_static(it)).collect();
    let wanted = Arc::new(LogFields {
        request: names(request),
        response: names(response),
        claims: claims
            .iter()
            .map(|it| ClaimPath::parse(it).unwrap())
            .collect(),
    });
    TestGateway::with(|settings| {
        for route in &mut settings.routes {
            route.log_fields = Some(Arc::clone(&wanted));
        }
    })
    .await
}

fn fields(line: &Value) -> Value {
    serde_json::from_str(line["fields"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_route_has_more_in_its_lines_if_it_says_so() {
    let lines = Captured::start();
    let request = ["x-tenant", "x-auth-user"];
    let gateway = noting(&request, &["content-length"], &["client_id", "groups"]).await;
    let bearer = gateway.bearer();
    let mut connection = gateway.connect().await;
    let long = "\u{e9}\t".repeat(200);
    let request = format!(
        "GET /api/x?q=s3cret HTTP/1.1\r\nHost: a.test\r\nAuthorization: {bearer}\r\n\
         Cookie: session=s3cret\r\nX-Tenant: {long}\r\nX-Auth-User: admin\r\n\r\n"
    );
    connection.exchange(request).await;
    after_logging(&mut connection).await;

    let line = lines.access().remove(0);
    let mut noted = fields(&line);
    let tenant = noted["request.x-tenant"].take();
    let tenant = tenant.as_str().unwrap();
    assert!(
        tenant.len() <= 256 && tenant.starts_with("\u{e9}\\u{9}\u{e9}"),
        "{tenant}"
    );
    let expected = json!({
        "request.x-tenant": null,
        "request.x-auth-user": "alice",
        "response.content-length": "2",
        "claim.client_id": "app",
        "claim.groups": "[\"staff\"]",
    });
    assert_eq!(noted, expected);
    assert!(!line.to_string().contains("s3cret"), "{line}");
}

/// What is not named is in no line, and a refused request has what is known of it.
#[tokio::test]
async fn a_refused_request_has_what_is_known_of_it() {
    let lines = Captured::start();
    let gateway = noting(&["x-tenant"], &["content-type"], &["client_id"]).await;

    gateway.get("/api/x", &[("X-Tenant", "one")]).await;

    let noted = fields(&lines.access()[0]);
    let expected = json!({
        "request.x-tenant": "one",
        "response.content-type": "application/problem+json",
    });
    assert_eq!(noted, expected);
}

/// There is no session any more to ask.
#[tokio::test]
async fn an_exchange_that_was_given_up_has_what_was_noted_in_time() {
    let lines = Captured::start();
    let wanted = Arc::new(LogFields {
        request: vec![HeaderName::from_static("x-tenant")],
        response: vec![HeaderName::from_static("content-type")],
        claims: vec![ClaimPath::parse("client_id").unwrap()],
    });
    let (mut gateway, listener, store) = revocable(Protocol::Http1).await;
    gateway.reload(|settings, _| {
        for route in &mut settings.routes {
            route.log_fields = Some(Arc::clone(&wanted));
        }
    });
    let bearer = gateway.bearer();
    let mut client = gateway.connect().await;
    let head = "GET /api/events HTTP/1.1\r\nHost: a.test\r\nX-Tenant: one";
    client
        .write(format!("{head}\r\nAuthorization: {bearer}\r\n\r\n"))
        .await;
    let mut upstream = begin_events(&listener).await;
    send_event(&mut upstream, "data: 1\n\n").await;
    client.until(b"data: 1\n\n").await;

    revoke(&store, "jti-1").await;
    client.everything().await;

    let line = lines.access().remove(0);
    assert_eq!(line["reason"], "revoked");
    let expected = json!({
        "request.x-tenant": "one",
        "response.content-type": "text/event-stream",
        "claim.client_id": "app",
    });
    assert_eq!(fields(&line), expected);
}

#[tokio::test]
async fn a_refusal_says_why() {
    let lines = Captured::start();
    let gateway = TestGateway::start().await;
    let mut connection = gateway.connect().await;
    for target in ["/api/x", "/nowhere"] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: a.test\r\n\r\n");
        connection.exchange(request).await;
    }
    after_logging(&mut connection).await;
    gateway.get("/public/a b", &[]).await;

    let reasons: Vec<_> = lines
        .access()
        .iter()
        .map(|line| format!("{} {}", line["decision"], line["reason"]))
        .collect();
    assert_eq!(reasons[0], "\"rejected\" \"no_credential\"");
    assert_eq!(reasons[1], "\"rejected\" \"no_route\"");
    assert_eq!(reasons.last().unwrap(), "\"rejected\" \"request_line\"");
}

/// No secret at any level: tokens, queries, cookies, whatever a request was refused for.
#[tokio::test]
async fn no_level_of_the_log_has_a_secret_in_it() {
    let lines = Captured::start();
    let gateway = TestGateway::start().await;
    let token = gateway.token(|_| {});
    let expired = gateway.token(|claims| claims["exp"] = serde_json::json!(1));
    for (target, authorization) in [
        ("/api/x?q=s3cret", format!("Bearer {token}")),
        ("/api/x?q=s3cret", format!("Bearer {expired}")),
        ("/api/x?access_token=s3cret", "Basic s3cret".to_owned()),
        ("/public/a b?s3cret", "Bearer s3cret".to_owned()),
        ("/public/%zz?s3cret", "Bearer s3cret".to_owned()),
    ] {
        let fields = [
            ("Authorization", authorization.as_str()),
            ("Cookie", "a=s3cret"),
        ];
        gateway.get(target, &fields).await;
    }
    gateway.upstream.answers(b"nonsense\r\n\r\n");
    gateway.get("/public/x?s3cret", &[]).await;

    let ours: String = lines
        .text()
        .lines()
        .filter(|line| line.contains("cellgate") || line.contains("\"access\""))
        .collect();
    assert!(!ours.is_empty());
    for secret in ["s3cret", token.as_str(), expired.as_str()] {
        assert!(!ours.contains(secret), "{ours}");
    }
}
