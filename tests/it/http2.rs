//! What HTTP/2 (RFC 9113) adds to the edge: streams that end early, and heads that are counted
//! differently.

use std::future::poll_fn;
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Reason, SendStream};
use http::{Method, Request, Response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{Edge, Recorder};

/// Nothing takes longer.
const DEADLINE: Duration = Duration::from_secs(20);

/// The demo with `limits` and HTTP/2 by prior knowledge, and `/app/` leading to `upstream`.
fn edge(limits: &str, upstream: &Recorder) -> Edge {
    let yaml = include_str!("../../config/demo.yaml")
        .replacen(
            "address: 127.0.0.1:9480",
            "address: 127.0.0.1:9480\n    h2c: true",
            1,
        )
        .replacen(
            "\nroutes:",
            &format!(
                "\nlimits: {limits}\nupstreams:\n  - name: app\n    servers: [\"http://{}\"]\nroutes:\n  - name: app\n    path: /app/\n    authentication: anonymous\n    upstream: app",
                upstream.address
            ),
            1,
        );
    Edge::start(&yaml)
}

async fn connect(edge: &Edge) -> SendRequest<Bytes> {
    let stream = TcpStream::connect(edge.address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    client.ready().await.unwrap()
}

/// Begins a request whose body never ends.
async fn begin(
    client: &SendRequest<Bytes>,
    edge: &Edge,
    path: &str,
) -> (Response<h2::RecvStream>, SendStream<Bytes>) {
    let request = Request::builder()
        .method(Method::POST)
        .uri(edge.url(path))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(())
        .unwrap();
    let mut client = client.clone().ready().await.unwrap();
    let (response, mut stream) = client.send_request(request, false).unwrap();
    stream.send_data(Bytes::from_static(b"a=b"), false).unwrap();
    let response = timeout(DEADLINE, response).await.expect("an answer");
    (response.unwrap(), stream)
}

/// RFC 9113 §8.1: whoever answers before the request is whole asks for the rest not to be sent.
#[tokio::test]
async fn an_answer_to_half_a_request_ends_the_stream_and_with_it_a_drain() {
    let upstream = Recorder::start().await;
    let mut edge = edge("{ head_timeout_s: 1 }", &upstream);
    let client = connect(&edge).await;
    let mut held = Vec::new();
    for (row, path, status) in [
        ("the body does not come", "/oidc/oauth2/token", 408),
        ("no route", "/nowhere", 404),
        ("no token", "/api/x", 401),
        ("answered without reading", "/public/x", 200),
        ("the upstream answers early", "/app/x", 200),
    ] {
        let (response, mut stream) = begin(&client, &edge, path).await;
        assert_eq!(response.status(), status, "{row}");
        let mut body = response.into_body();
        while let Some(chunk) = body.data().await {
            chunk.expect("the answer comes whole");
        }
        let reset = timeout(DEADLINE, poll_fn(|cx| stream.poll_reset(cx))).await;
        let reason = reset.expect("the stream is reset").unwrap();
        assert_eq!(reason, Reason::NO_ERROR, "{row}");
        held.push(stream);
    }

    let line = edge.wait_for("\"request_unfinished\"");
    assert!(line.contains("\"http.path\":\"/app/x\""), "{line}");
    assert!(line.contains("\"http.status\":200"), "{line}");
    edge.signal("TERM");

    let ended = tokio::task::spawn_blocking(move || edge.wait());
    let code = timeout(DEADLINE, ended).await.expect("the drain ends");
    assert_eq!(code.unwrap(), Some(0));
}

/// A head counts the same over both protocols, also beyond what Pingora would take by itself. One
/// that is far too large is not decoded, which ends the connection (RFC 9113 §4.3): status 0 here.
#[tokio::test]
async fn a_head_is_limited_by_the_configuration() {
    let upstream = Recorder::start().await;
    let large = edge("{ head_bytes: 150000 }", &upstream);
    let small = edge("{ head_bytes: 4096, head_fields: 20 }", &upstream);
    for (row, edge, n_fields, bytes, status) in [
        ("within the default", &large, 1, 3000, 200),
        ("beyond Pingora's 64 KiB", &large, 8, 15_000, 200),
        ("beyond ours", &large, 11, 15_000, 431),
        ("within a small limit", &small, 1, 3000, 200),
        ("beyond a small limit", &small, 2, 3000, 431),
        ("far beyond it", &small, 4, 15_000, 0),
    ] {
        let mut request = Request::get(edge.url("/public/x"));
        for n in 0..n_fields {
            request = request.header(format!("x-{n}"), "a".repeat(bytes));
        }
        let mut client = connect(edge).await;
        let request = request.body(()).unwrap();
        let (response, _) = client.send_request(request, true).unwrap();
        let response = timeout(DEADLINE, response).await.expect("an answer");
        let answered = response.map_or(0, |response| response.status().as_u16());
        assert_eq!(answered, status, "{row}");
    }
}

/// `value` as a string literal of HPACK (RFC 7541 §5.2), not compressed.
fn literal(value: &str) -> Vec<u8> {
    let length = u8::try_from(value.len()).unwrap();
    assert!(length < 127, "one byte is enough for the length");
    [&[length], value.as_bytes()].concat()
}

/// G04: `#` may not stand in `:path`. The HTTP/2 library takes it, and what follows it, away before
/// anybody can see them; so it decides nothing, and reaches nobody.
#[tokio::test]
async fn a_fragment_in_a_path_neither_decides_nor_is_forwarded() {
    let upstream = Recorder::start().await;
    let edge = edge("{}", &upstream);
    let mut stream = TcpStream::connect(edge.address).await.unwrap();
    // Literals without indexing, named by the static table: :authority 1, :path 4; and whole
    // entries of it: :method GET 2, :scheme http 6.
    let block = [
        vec![0x82, 0x86, 0x01],
        literal(&edge.address.to_string()),
        vec![0x04],
        literal("/app/x#/../../api/secret"),
    ]
    .concat();
    let length = u8::try_from(block.len()).unwrap();
    // SETTINGS; HEADERS with END_STREAM and END_HEADERS on stream 1 (RFC 9113 §4.1, §6.2).
    let frames = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(),
        &[0, 0, 0, 4, 0, 0, 0, 0, 0],
        &[0, 0, length, 1, 0x05, 0, 0, 0, 1],
        &block,
    ]
    .concat();
    stream.write_all(&frames).await.unwrap();
    // The body of the upstream's answer, or the end.
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"ok") {
        let read = timeout(DEADLINE, stream.read_buf(&mut bytes)).await;
        assert!(read.expect("an answer").unwrap() > 0, "{bytes:?}");
    }

    let head = upstream.take_one();
    assert!(head.starts_with("GET /app/x HTTP/1.1\r\n"), "{head}");
    assert!(!head.contains("secret"), "{head}");
}
