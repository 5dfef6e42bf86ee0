//! Rows of E of the corpus that the edge is responsible for.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokio::io::AsyncWriteExt as _;

use super::harness::TestGateway;

#[tokio::test]
async fn a_body_whose_end_is_in_doubt_is_refused_and_the_connection_closed() {
    let gateway = TestGateway::start().await;
    for (row, fields) in [
        (
            "E01 both lengths",
            "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
        ),
        ("E02 other coding", "Transfer-Encoding: gzip, chunked\r\n"),
        ("E03 identity", "Transfer-Encoding: identity, chunked\r\n"),
        (
            "E03 twice",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        ),
        ("E06 sign", "Content-Length: +1\r\n"),
        ("E07 twice", "Content-Length: 1\r\nContent-Length: 1\r\n"),
        ("E07 list", "Content-Length: 1, 1\r\n"),
        ("E11 bare line feed", "X: 1\nContent-Length: 0\r\n"),
        ("E12 folded", "X: 1\r\n Y: 2\r\n"),
    ] {
        let mut connection = gateway.connect().await;
        let request = format!(
            "POST /public/x HTTP/1.1\r\nHost: a.test\r\n{fields}\r\n0\r\n\r\n\
             GET /public/smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n"
        );
        let answer = connection.exchange(request).await;
        assert_eq!(answer.status, 400, "{row}");
        assert_eq!(answer.field("connection"), Some("close"), "{row}");
        assert!(!answer.head.contains("Pingora"), "{row}");
        assert!(connection.is_closed().await, "{row}");
        gateway.assert_nothing_forwarded(row);
    }
}

/// E08 to E10. Whether the broken chunk comes with the head or later, to an upstream or to us.
#[tokio::test]
async fn a_chunk_with_two_readings_is_refused_and_never_whole_at_the_upstream() {
    let gateway = TestGateway::start().await;
    for (row, body) in [
        ("E08 size", "0x1\r\na\r\n0\r\n\r\n"),
        ("E09 bare line feed", "1\na\r\n0\r\n\r\n"),
        ("E10 line feed in an extension", "1;\nxx\r\na\r\n0\r\n\r\n"),
        ("E10 bare CR in an extension", "1;x\rx\r\na\r\n0\r\n\r\n"),
        ("bare line feed ends a trailer", "0\r\nX: y\n\r\n"),
    ] {
        let head = "POST /public/x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n";
        let mut connection = gateway.connect().await;
        let answer = connection.exchange([head, body].concat()).await;
        assert_eq!(answer.status, 400, "{row}");
        assert!(connection.is_closed().await, "{row}");
        gateway.assert_nothing_forwarded(row);

        let mut connection = gateway.connect().await;
        connection.write([head, "3\r\nabc\r\n"].concat()).await;
        while gateway.gateway.in_flight() == 0 {
            tokio::task::yield_now().await;
        }
        let answer = connection.exchange(body).await;
        assert_eq!(answer.status, 400, "{row}, later");
        assert!(connection.is_closed().await, "{row}, later");
        gateway.assert_nothing_forwarded(row);
    }
}

#[tokio::test]
async fn a_chunked_body_leaves_the_connection_for_the_next_request() {
    let gateway = TestGateway::start().await;
    let mut connection = gateway.connect().await;
    for n in 0..3 {
        let head = "POST /public/x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n";
        connection.write([head, "3;a=b\r\nab"].concat()).await;
        let answer = connection.exchange("c\r\n0\r\n\r\n").await;
        assert_eq!(answer.status, 200, "{n}");
        assert_eq!(answer.field("connection"), Some("keep-alive"), "{n}");
    }
    let answer = connection
        .exchange("GET /whoami HTTP/1.1\r\nHost: a.test\r\n\r\n")
        .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn versions_that_are_not_spoken_are_refused() {
    let gateway = TestGateway::start().await;
    for (version, status) in [
        ("HTTP/1.2", 505),
        ("HTTP/2.0", 505),
        ("HTTP/0.9", 505),
        ("FTP/1.1", 400),
    ] {
        let request = format!("GET /public/x {version}\r\nHost: a.test\r\n\r\n");
        assert_eq!(gateway.send(request).await.status, status, "E21 {version}");
    }
    gateway.assert_nothing_forwarded("E21");
}

#[tokio::test]
async fn expectations_are_met_or_refused() {
    let gateway = TestGateway::start().await;
    let unknown = gateway.get("/public/x", &[("Expect", "200-ok")]).await;
    assert_eq!(unknown.status, 417, "E15");
    let denied =
        "POST /api/x HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    let denied = gateway.send(denied).await;
    assert_eq!(denied.status, 401, "E15 no 100 before the refusal");
    assert_eq!(
        denied.field("connection"),
        Some("close"),
        "the body was not read"
    );
    gateway.assert_nothing_forwarded("E15");
}

#[tokio::test]
async fn a_refusal_leaves_the_connection_for_the_next_request() {
    let gateway = TestGateway::start().await;
    let mut connection = gateway.connect().await;
    for (target, status) in [
        ("/api/x", 401),
        ("/nowhere", 404),
        ("/whoami", 200),
        ("/public/x", 200),
        ("/api/x", 401),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: a.test\r\n\r\n");
        let answer = connection.exchange(request).await;
        assert_eq!(answer.status, status, "{target}");
        assert_eq!(answer.field("connection"), Some("keep-alive"), "{target}");
    }
    assert_eq!(gateway.upstream.requests().len(), 1);
}

#[tokio::test]
async fn downstream_may_ask_for_the_connection_to_be_closed() {
    let gateway = TestGateway::start().await;
    let mut connection = gateway.connect().await;
    let request = "GET /whoami HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n";

    assert_eq!(
        connection.exchange(request).await.field("connection"),
        Some("close")
    );
    assert!(connection.is_closed().await);
}

/// E17: what is pipelined is never taken for part of a judged request.
#[tokio::test]
async fn a_pipelined_request_is_not_served_under_the_first_ones_admission() {
    let gateway = TestGateway::start().await;
    let answer = gateway
        .send(
            "GET /public/x HTTP/1.1\r\nHost: a.test\r\n\r\n\
             GET /admin/x HTTP/1.1\r\nHost: a.test\r\n\r\n",
        )
        .await;

    assert!(answer.status == 200 || answer.status == 400, "{answer:?}");
    assert!(
        !gateway
            .upstream
            .requests()
            .iter()
            .any(|request| request.contains("/admin"))
    );
}

#[tokio::test]
async fn a_head_may_come_in_pieces() {
    let gateway = TestGateway::start().await;
    let mut connection = gateway.connect().await;
    for piece in ["GET /whoa", "mi HTTP/1.1\r\nHo", "st: a.test\r\n", "\r"] {
        connection.write(piece).await;
        tokio::task::yield_now().await;
    }

    assert_eq!(connection.exchange("\n").await.status, 200);
}

/// Every byte there is, in path and query: Pingora's parser and ours agree on what may stand there.
#[tokio::test]
async fn no_byte_in_a_target_is_answered_by_pingora() {
    let gateway = TestGateway::start().await;
    for byte in 0..=u8::MAX {
        for start in [&b"GET /public/"[..], b"GET /public/x?"] {
            let request = [start, &[byte], b" HTTP/1.1\r\nHost: a.test\r\n\r\n"].concat();
            let answer = gateway.send(request).await;
            assert!(!answer.head.contains("Pingora"), "{byte:#x}: {answer:?}");
            assert!(matches!(answer.status, 200 | 400), "{byte:#x}: {answer:?}");
        }
    }
}

/// Bytes as they come from scanners: a good head with something done to it.
fn mutated_head() -> impl Strategy<Value = Vec<u8>> {
    let noise = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..4),
        prop::sample::select(vec![
            "\r\n",
            "\n",
            "\r",
            "\0",
            " ",
            "\t",
            ":",
            "#",
            "%",
            "Host: b.test\r\n",
            "CONNECT ",
            "HTTP/1.1",
            "Transfer-Encoding: chunked\r\n",
            "Content-Length: 5\r\n",
            "http://",
            "@",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    (prop::collection::vec((0_usize..80, noise), 1..4)).prop_map(|changes| {
        let mut head = b"GET /public/x?y HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\n\r\n".to_vec();
        for (at, noise) in changes {
            let at = at.min(head.len());
            head.splice(at..at, noise);
        }
        head
    })
}

/// Whatever comes, the answer is ours: Pingora is never asked about a head that it would refuse
/// in its own name, and its parser repairs nothing of what reaches the upstream.
#[test]
fn no_head_is_answered_by_pingora_or_repaired() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let gateway = runtime.block_on(TestGateway::start());
    let mut runner = TestRunner::new(ProptestConfig::with_cases(300));
    let outcome = runner.run(&mutated_head(), |head| {
        let answer = runtime.block_on(async {
            let mut connection = gateway.connect().await;
            connection.write(&head).await;
            connection.stream.shutdown().await.unwrap();
            connection.everything().await
        });
        prop_assert!(!answer.contains("Pingora"), "{answer}");
        prop_assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 "),
            "{answer}"
        );
        for request in gateway.upstream.requests() {
            let target = request.split(' ').nth(1).unwrap();
            prop_assert!(target.starts_with('/'), "{request}");
        }
        Ok(())
    });
    outcome.unwrap();
}

/// E05: in HTTP/1.0 a request without a length has no body, and what follows is nobody's.
#[tokio::test]
async fn what_follows_a_request_of_http_1_0_is_not_read() {
    let gateway = TestGateway::start().await;
    let mut connection = gateway.connect().await;
    connection
        .write(
            "POST /public/x HTTP/1.0\r\nHost: a.test\r\n\r\n\
             GET /public/smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n",
        )
        .await;

    let answer = connection.everything().await;

    assert_eq!(answer.matches("HTTP/1.").count(), 1, "{answer}");
    for request in gateway.upstream.requests() {
        assert!(!request.contains("smuggled"), "{request}");
    }
}

/// E14: a body is one whatever the method, and the next request begins behind it.
#[tokio::test]
async fn a_body_with_a_method_that_needs_none_is_a_body() {
    for method in ["GET", "DELETE", "OPTIONS"] {
        for (fields, body) in [
            ("Content-Length: 4\r\n", "body"),
            ("Transfer-Encoding: chunked\r\n", "4\r\nbody\r\n0\r\n\r\n"),
        ] {
            let row = format!("{method} {fields}");
            let gateway = TestGateway::start().await;
            let mut connection = gateway.connect().await;
            let request = format!("{method} /public/x HTTP/1.1\r\nHost: a.test\r\n{fields}\r\n");
            assert_eq!(
                connection.exchange(request + body).await.status,
                200,
                "{row}"
            );
            assert!(gateway.upstream.request().contains("body"), "{row}");

            let next = "GET /api/x HTTP/1.1\r\nHost: a.test\r\n\r\n";
            assert_eq!(connection.exchange(next).await.status, 401, "{row}");
        }
    }
}

/// E14: HEAD is answered without a body, whatever was sent.
#[tokio::test]
async fn a_body_with_head_is_a_body() {
    let gateway = TestGateway::start().await;
    gateway
        .upstream
        .answers(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
    let mut connection = gateway.connect().await;
    connection
        .write("HEAD /public/x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\nbody")
        .await;
    assert!(connection.head().await.starts_with("HTTP/1.1 200"));
    assert!(gateway.upstream.request().ends_with("body"));

    let next = "GET /api/x HTTP/1.1\r\nHost: a.test\r\n\r\n";
    assert_eq!(connection.exchange(next).await.status, 401);
}

/// E16, N10: the body of a refused request is neither waited for nor taken for the next request.
#[tokio::test]
async fn the_body_of_a_refused_request_is_no_request() {
    let gateway = TestGateway::start().await;
    let smuggled = "GET /public/smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n";
    let exact = format!("Content-Length: {}\r\n", smuggled.len());
    let chunk = format!("{:x}\r\n{smuggled}\r\n0\r\n\r\n", smuggled.len());
    for (row, fields, body) in [
        ("whole", exact.as_str(), smuggled),
        ("more to come", "Content-Length: 10485760\r\n", smuggled),
        ("in a chunk", "Transfer-Encoding: chunked\r\n", &chunk),
    ] {
        let mut connection = gateway.connect().await;
        let head = format!("POST /api/x HTTP/1.1\r\nHost: a.test\r\n{fields}\r\n");
        let answer = connection.exchange(head + body).await;
        assert_eq!(answer.status, 401, "{row}");
        assert_eq!(answer.field("connection"), Some("close"), "{row}");
        assert!(connection.is_closed().await, "{row}");
        gateway.assert_nothing_forwarded(row);
    }
}

/// C14: trailers are nobody's word on who asks.
#[tokio::test]
async fn trailers_do_not_reach_the_upstream() {
    let gateway = TestGateway::start().await;
    let answer = gateway
        .send(
            "POST /public/x HTTP/1.1\r\nHost: a.test\r\nTrailer: X-Auth-User\r\n\
             Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Auth-User: evil\r\n\r\n",
        )
        .await;

    assert_eq!(answer.status, 200);
    let request = gateway.upstream.request();
    assert!(!request.contains("evil"), "{request}");
}
