//! What of an upstream's answer reaches downstream.

use super::harness::TestGateway;

#[tokio::test]
async fn an_upstream_cannot_speak_for_us() {
    let gateway = TestGateway::start().await;
    gateway.upstream.answers(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nServer: nginx\r\nX-Auth-User: root\r\n\
          X-Accel-Redirect: /secret\r\nX-Request-Id: forged\r\n\
          Set-Cookie: __Host-cellgate-session=evil; Path=/\r\nSet-Cookie: app=1\r\n\
          Set-Cookie: CELLGATE-x=evil\r\nStrict-Transport-Security: max-age=1\r\n\r\nok",
    );
    let answer = gateway.get("/public/x", &[]).await;

    assert_eq!(answer.status, 200, "C22");
    for word in ["evil", "root", "/secret", "forged"] {
        assert!(!answer.head.contains(word), "C22 {word}: {}", answer.head);
    }
    assert_eq!(answer.field("set-cookie"), Some("app=1"));
    assert_eq!(answer.field("server"), Some("nginx"));
    assert_eq!(answer.field("strict-transport-security"), Some("max-age=1"));
}

#[tokio::test]
async fn answers_to_one_caller_are_not_for_shared_caches() {
    let gateway = TestGateway::start().await;
    let bearer = gateway.bearer();
    let fields = [("Authorization", bearer.as_str())];
    let protected = gateway.get("/api/x", &fields).await;
    assert_eq!(protected.field("cache-control"), Some("private"), "L27");
    assert_eq!(protected.field("vary"), Some("Authorization"), "L27");
    assert_eq!(
        gateway.get("/public/x", &[]).await.field("cache-control"),
        None
    );
    gateway.upstream.answers(
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nCache-Control: public, max-age=60\r\n\r\n",
    );
    let chosen = gateway.get("/api/x", &fields).await;
    assert_eq!(
        chosen.field("cache-control"),
        Some("public, max-age=60"),
        "the upstream's choice"
    );
}

#[tokio::test]
async fn head_has_the_head_and_no_body() {
    let gateway = TestGateway::start().await;
    gateway
        .upstream
        .answers(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
    let mut connection = gateway.connect().await;
    connection
        .write("HEAD /public/x HTTP/1.1\r\nHost: a.test\r\n\r\n")
        .await;
    assert!(connection.head().await.contains("500"));
    connection
        .write("HEAD /whoami HTTP/1.1\r\nHost: a.test\r\n\r\n")
        .await;
    assert!(connection.head().await.starts_with("HTTP/1.1 200"));
    connection
        .write("HEAD /api/x HTTP/1.1\r\nHost: a.test\r\n\r\n")
        .await;
    assert!(connection.head().await.starts_with("HTTP/1.1 401"));
}

#[tokio::test]
async fn a_broken_answer_is_a_bad_gateway() {
    for (row, bytes) in [
        (
            "E19 length",
            &b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\nx"[..],
        ),
        ("E19 no HTTP", b"hello\r\n\r\n"),
        (
            "E20 upgrade nobody asked for",
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        ),
    ] {
        let gateway = TestGateway::start().await;
        gateway.upstream.answers(bytes);
        let answer = gateway
            .get("/public/x", &[("Upgrade", "x"), ("Connection", "upgrade")])
            .await;
        assert_eq!(answer.status, 502, "{row}");
        assert!(!answer.head.contains("Pingora"), "{row}");
        assert_eq!(
            answer.field("content-type"),
            Some("application/problem+json"),
            "{row}"
        );
    }
}

/// N11: what is compressed is not ours to open.
#[tokio::test]
async fn a_compressed_answer_is_passed_on_as_it_is() {
    let gateway = TestGateway::start().await;
    gateway.upstream.answers(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!",
    );

    let answer = gateway
        .get("/public/x", &[("Accept-Encoding", "identity")])
        .await;

    assert_eq!(answer.field("content-encoding"), Some("gzip"));
    assert_eq!(answer.body, "not gzip!");
}
