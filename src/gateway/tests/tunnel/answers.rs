//! What an upstream answers to a handshake: without a right 101 there is no tunnel.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{SWITCHED, accept, asking_as_alice};
use crate::gateway::tests::harness::{Answer, Protocol};
use crate::gateway::tests::played::{played, played_with};

/// What downstream gets when the upstream answers this and closes, or waits if `closes` is not set.
async fn answered(answer: &str, closes: bool) -> Answer {
    let (gateway, listener) = played().await;
    let mut client = gateway.connect().await;
    client.write(asking_as_alice(&gateway)).await;
    let (_, mut upstream) = accept(&listener).await;
    upstream.write_all(answer.as_bytes()).await.unwrap();
    if closes {
        upstream.shutdown().await.unwrap();
    }
    let answer = client.answer().await;
    assert!(client.is_closed().await, "nothing follows: {answer:?}");
    let mut rest = Vec::new();
    drop(upstream.read_to_end(&mut rest).await);
    assert!(rest.is_empty(), "no tunnel: {rest:?}");
    answer
}

#[tokio::test]
async fn an_answer_that_is_no_tunnel_is_passed_on_as_an_answer() {
    for (row, answer, closes, status, body) in [
        (
            "refused",
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\nX-Why: no\r\n\r\nnope",
            false,
            403,
            "nope",
        ),
        (
            "E20 bytes behind a 200",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Why: no\r\n\r\nok\x01\x02smuggled",
            false,
            200,
            "ok",
        ),
        (
            "in chunks",
            "HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\nX-Why: no\r\n\r\n\
             3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
            false,
            400,
            "abcde",
        ),
        (
            "to the end",
            "HTTP/1.0 404 No\r\nX-Why: no\r\n\r\ngone",
            true,
            404,
            "gone",
        ),
        (
            "after an interim answer",
            "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n\
             HTTP/1.1 401 No\r\nContent-Length: 0\r\nX-Why: no\r\n\r\n",
            false,
            401,
            "",
        ),
        (
            "no body",
            "HTTP/1.1 204 No Content\r\nX-Why: no\r\n\r\nx",
            false,
            204,
            "",
        ),
    ] {
        let answer = answered(answer, closes).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (status, body),
            "{row}"
        );
        assert_eq!(answer.field("x-why"), Some("no"), "{row}");
        assert!(answer.field("x-request-id").is_some(), "{row}");
        assert_eq!(answer.field("connection"), Some("close"), "{row}");
        assert_eq!(answer.field("transfer-encoding"), None, "{row}");
    }
}

/// Answers that could be read in two ways, or are none.
fn doubtful() -> Vec<(&'static str, String)> {
    let page = "x".repeat(300_000);
    let long = format!(
        "HTTP/1.1 403 No\r\nContent-Length: {}\r\n\r\n{page}",
        page.len()
    );
    let head = format!("HTTP/1.1 403 No\r\nX: {page}\r\n\r\n");
    let interim = "HTTP/1.1 100 Continue\r\n\r\n".repeat(10);
    vec![
        (
            "wrong accept",
            SWITCHED.replace(
                "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
                "HSmrc0sMlYUkAGmm5OPpG2HaGWk=",
            ),
        ),
        ("no accept", SWITCHED.replace("Sec-WebSocket-Accept", "X")),
        ("other protocol", SWITCHED.replace("websocket", "h2c")),
        ("HTTP/1.0", SWITCHED.replace("HTTP/1.1", "HTTP/1.0")),
        (
            "a length",
            SWITCHED.replace("Upgrade: w", "Content-Length: 5\r\nUpgrade: w"),
        ),
        (
            "a subprotocol nobody offered",
            SWITCHED.replace("Upgrade: w", "Sec-WebSocket-Protocol: x\r\nUpgrade: w"),
        ),
        (
            "bare line feeds",
            SWITCHED.replace("\r\nUpgrade", "\nUpgrade"),
        ),
        ("no HTTP", "hello\r\n\r\n".to_owned()),
        (
            "E19 length",
            "HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\nx".to_owned(),
        ),
        (
            "E19 two lengths",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx".to_owned(),
        ),
        (
            "E19 both",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx"
                .to_owned(),
        ),
        (
            "E09 chunks",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n".to_owned(),
        ),
        ("E19 interim answers", interim),
        ("a body too large", long),
        ("a head too large", head),
        (
            "cut off",
            "HTTP/1.1 403 No\r\nContent-Length: 10\r\n\r\nhalf".to_owned(),
        ),
        ("nothing", String::new()),
    ]
}

#[tokio::test]
async fn an_answer_in_doubt_is_a_bad_gateway() {
    for (row, answer) in doubtful() {
        let (gateway, listener) = played().await;
        let mut client = gateway.connect().await;
        client.write(asking_as_alice(&gateway)).await;
        let (_, mut upstream) = accept(&listener).await;
        // It may be given up before it has said everything.
        drop(upstream.write_all(answer.as_bytes()).await);
        drop(upstream.shutdown().await);
        let answer = client.answer().await;
        assert_eq!(answer.status, 502, "{row}");
        assert_eq!(answer.field("sec-websocket-accept"), None, "{row}");
        assert!(client.is_closed().await, "{row}");
    }
}

#[tokio::test]
async fn an_upstream_that_does_not_answer_is_a_gateway_timeout() {
    let (gateway, listener) = played_with(Protocol::Http1, |settings| {
        settings.upstreams[0].read_timeout = Duration::from_millis(50);
    })
    .await;
    let mut client = gateway.connect().await;
    client.write(asking_as_alice(&gateway)).await;
    let (_, _silent) = accept(&listener).await;

    assert_eq!(client.answer().await.status, 504);
}
