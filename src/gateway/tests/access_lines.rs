//! What the access log says of a request, and what it never says.

use super::harness::TestGateway;
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
