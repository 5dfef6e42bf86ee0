//! B: who the request is for, and where it came from.

use super::{Fixture, field};

#[tokio::test]
async fn a_host_that_can_be_read_two_ways_is_refused() {
    let fixture = Fixture::start().await;
    for (row, line, fields) in [
        (
            "B02 two Host lines",
            "GET /public/x HTTP/1.1",
            &["Host: a.test", "Host: b.test"][..],
        ),
        (
            "B02 two equal Host lines",
            "GET /public/x HTTP/1.1",
            &["Host: a.test", "Host: a.test"],
        ),
        (
            "B02 a list",
            "GET /public/x HTTP/1.1",
            &["Host: a.test, b.test"],
        ),
        (
            "B03 another authority",
            "GET http://a.test/public/x HTTP/1.1",
            &["Host: b.test"],
        ),
        (
            "B05 user information",
            "GET /public/x HTTP/1.1",
            &["Host: a.test@evil.test"],
        ),
        (
            "B05 a path",
            "GET /public/x HTTP/1.1",
            &["Host: a.test/../b"],
        ),
        (
            "B05 a fragment",
            "GET /public/x HTTP/1.1",
            &["Host: a.test#"],
        ),
        (
            "B05 an open bracket",
            "GET /public/x HTTP/1.1",
            &["Host: [::1"],
        ),
        ("B05 a space", "GET /public/x HTTP/1.1", &["Host: a test"]),
        ("B05 an empty host", "GET /public/x HTTP/1.1", &["Host:"]),
        (
            "B05 a port that is none",
            "GET /public/x HTTP/1.1",
            &["Host: a.test:http"],
        ),
        (
            "B05 too large a port",
            "GET /public/x HTTP/1.1",
            &["Host: a.test:99999"],
        ),
    ] {
        let answer = fixture.send(line, fields).await;

        fixture.assert_refused(row, &answer, &[400]);
    }
}

/// B04, RFC 9112 §3.2.
#[tokio::test]
async fn http_1_1_wants_a_host() {
    let fixture = Fixture::start().await;

    let answer = fixture.send_bytes(b"GET /public/x HTTP/1.1\r\n\r\n").await;

    fixture.assert_refused("B04", &answer, &[400]);
}

/// B01: letter case, a final dot and the port do not make another host.
#[tokio::test]
async fn spellings_of_a_host_are_one_host() {
    let fixture = Fixture::start().await;
    for host in ["A.TEST", "a.test.", "a.test:443", "a.test:80"] {
        let answer = fixture
            .send("GET /public/x HTTP/1.1", &[&format!("Host: {host}")])
            .await;

        assert_eq!(answer.status, 200, "{host}");
        fixture.upstream.take_one();
    }
}

/// B08, B10–B12, B14: what a stranger says of the client is replaced by what we know.
#[tokio::test]
async fn forwarding_headers_are_ours() {
    let fixture = Fixture::start().await;

    let fields = [
        "X-Forwarded-For: 10.1.2.3",
        "X-Forwarded-Host: b.test",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Port: 1",
        "X-Forwarded-Prefix: /admin",
        "X-Forwarded-Uri: /admin",
        "X-Forwarded-Method: DELETE",
        "Forwarded: host=b.test;proto=https;for=1.2.3.4",
        "X-Original-URL: /admin",
        "X-Rewrite-URL: /admin",
        "X-Envoy-Original-Path: /admin",
        "X-Real-IP: 10.1.2.3",
    ];
    let answer = fixture.send("GET /public/x HTTP/1.1", &fields).await;

    assert_eq!(answer.status, 200);
    let head = fixture.upstream.take_one();
    assert_eq!(field(&head, "x-forwarded-for"), Some("127.0.0.1"), "{head}");
    assert_eq!(field(&head, "x-forwarded-proto"), Some("http"), "{head}");
    assert_eq!(
        field(&head, "x-forwarded-host"),
        Some(fixture.edge.address.to_string().as_str()),
        "{head}"
    );
    for stranger in ["10.1.2.3", "b.test", "1.2.3.4", "/admin", "DELETE"] {
        assert!(!head.contains(stranger), "{stranger} in {head}");
    }
}

/// B13: a long list costs nothing and means nothing.
#[tokio::test]
async fn a_long_list_of_addresses_is_bounded() {
    let fixture = Fixture::start().await;

    let list = format!(
        "X-Forwarded-For: {}",
        "1.2.3.4, unknown, _hidden, [::1]:80, ".repeat(300)
    );
    let answer = fixture.send("GET /public/x HTTP/1.1", &[&list]).await;

    if answer.status == 200 {
        assert_eq!(
            field(&fixture.upstream.take_one(), "x-forwarded-for"),
            Some("127.0.0.1")
        );
    } else {
        fixture.assert_refused("B13", &answer, &[431]);
    }
}
