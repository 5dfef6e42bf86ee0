//! Rows of G of the corpus: heads, lengths and trailers of HTTP/2 that are none.

use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;

use super::frames::{DATA, END_HEADERS, END_STREAM, Frames, HEADERS, OK, block, frame, get, sent};
use super::harness::{PATIENCE, Protocol, TestGateway};
use super::played::{played_with, until};

/// Heads that RFC 9113 §8.2 and §8.3 forbid.
fn malformed() -> Vec<(&'static str, Vec<(&'static str, &'static str)>)> {
    let with = |name, value| [get("/public/x").to_vec(), vec![(name, value)]].concat();
    let but = |at: usize, value| {
        let mut fields = get("/public/x").to_vec();
        fields[at].1 = value;
        fields
    };
    let without = |at: usize| {
        let mut fields = get("/public/x").to_vec();
        fields.remove(at);
        fields
    };
    let [method, scheme, path, authority] = get("/public/x");
    vec![
        ("G01 connection", with("connection", "close")),
        ("G01 codings", with("transfer-encoding", "chunked")),
        ("G01 te", with("te", "gzip")),
        ("G01 upgrade", with("upgrade", "h2c")),
        ("G01 keep-alive", with("keep-alive", "timeout=5")),
        ("G01 proxy", with("proxy-connection", "keep-alive")),
        ("G02 CR LF", with("x", "a\r\nx-auth-user: evil")),
        ("G02 LF", with("x", "a\nb")),
        ("G02 NUL", with("x", "a\0b")),
        ("G02 capitals", with("X-A", "b")),
        ("G02 a colon", with("a:b", "c")),
        ("G02 a space", with("a b", "c")),
        ("G02 a space in the path", but(2, "/public/ x")),
        ("G02 a version in the path", but(2, "/public/x HTTP/1.1")),
        ("G02 a space in the method", but(0, "GET /admin")),
        ("G03 two paths", with(":path", "/admin/x")),
        ("G03 another method", with(":method", "GET")),
        ("G03 an unknown one", with(":x", "y")),
        ("G03 a status", with(":status", "200")),
        (
            "G03 late",
            vec![method, scheme, authority, ("x", "y"), path],
        ),
        ("G03 no path", without(2)),
        ("G03 no method", without(0)),
        ("G03 no scheme", without(1)),
        ("G03 an empty path", but(2, "")),
        ("G03 no slash", but(2, "public/x")),
        ("G03 an absolute path", but(2, "http://a.test/public/x")),
        ("G06 user information", but(3, "u@a.test")),
        ("G06 a path in the authority", but(3, "a.test/x")),
        ("G06 an empty authority", but(3, "")),
        ("G06 a scheme that is none", but(1, "h tp")),
        ("G06 no host at all", without(3)),
        ("B06 another host", with("host", "b.test")),
    ]
}

#[tokio::test]
async fn a_head_that_is_none_is_refused_and_not_repaired() {
    let gateway = TestGateway::speaking(Protocol::Http2, |_| {}).await;
    assert_eq!(sent(&gateway, &get("/public/x")).await, OK);
    let n = gateway.upstream.requests().len();
    for (row, fields) in malformed() {
        let outcome = sent(&gateway, &fields).await;
        assert_ne!(outcome, OK, "{row}");
        assert_eq!(gateway.upstream.requests().len(), n, "{row}");
    }
}

/// B07: the one host may stand in either place, and counts the same.
#[tokio::test]
async fn a_host_in_place_of_an_authority_is_the_host() {
    let gateway = TestGateway::speaking(Protocol::Http2, |_| {}).await;
    let [method, scheme, path, _] = get("/public/x");
    let outcome = sent(&gateway, &[method, scheme, path, ("host", "A.test.")]).await;
    assert_eq!(outcome, OK);
    assert_eq!(gateway.upstream.field("host").as_deref(), Some("a.test"));
    let doubtful = [method, scheme, path, ("host", "a.test"), ("host", "b.test")];
    assert_ne!(sent(&gateway, &doubtful).await, OK);
    assert_eq!(gateway.upstream.requests().len(), 1);
}

/// G05 (RFC 9113 §8.1.1): an upstream over HTTP/1 believes the length that it was told.
#[tokio::test]
async fn a_body_of_another_length_than_announced_is_never_whole_at_the_upstream() {
    for (row, length, body) in [("shorter", "3", "a"), ("longer", "3", "abcde")] {
        let (gateway, listener) = played_with(Protocol::Http2, |_| {}).await;
        let mut frames = Frames::connect(&gateway).await;
        let mut fields = get("/public/x").to_vec();
        fields[0].1 = "POST";
        fields.push(("content-length", length));
        frames
            .write(&frame(HEADERS, END_HEADERS, 1, &block(&fields)))
            .await;
        let (mut upstream, _) = listener.accept().await.unwrap();
        until(&mut upstream, "\r\n\r\n").await;

        let data = frame(DATA, END_STREAM, 1, body.as_bytes());
        frames.write(&data).await;

        assert_ne!(frames.outcome(1).await, OK, "{row}");
        let mut rest = Vec::new();
        let end = timeout(PATIENCE, upstream.read_to_end(&mut rest)).await;
        drop(end.expect("the upstream's connection is closed"));
        assert!(rest.len() < 3, "{row}: {rest:?}");
    }
}

/// G05: lengths that contradict each other, or the end of the stream.
#[tokio::test]
async fn lengths_that_contradict_each_other_are_refused() {
    let gateway = TestGateway::speaking(Protocol::Http2, |_| {}).await;
    for (row, lengths) in [
        ("two", &["1", "2"][..]),
        ("the same twice", &["0", "0"]),
        ("a body that is not there", &["3"]),
        ("no number", &["+0"]),
    ] {
        let mut fields = get("/public/x").to_vec();
        fields.extend(lengths.iter().map(|length| ("content-length", *length)));
        assert_ne!(sent(&gateway, &fields).await, OK, "{row}");
        gateway.assert_nothing_forwarded(row);
    }
}

/// G13, C14: what follows a body is no place for a status, nor for an identity.
#[tokio::test]
async fn nothing_of_trailers_reaches_the_upstream() {
    let gateway = TestGateway::speaking(Protocol::Http2, |_| {}).await;
    let mut head = get("/public/x").to_vec();
    head[0].1 = "POST";
    let trailed = async |trailer| {
        let mut frames = Frames::connect(&gateway).await;
        let head = frame(HEADERS, END_HEADERS, 1, &block(&head));
        let body = frame(DATA, 0, 1, b"body");
        let end = END_STREAM | END_HEADERS;
        let trailers = frame(HEADERS, end, 1, &block(&[trailer]));
        frames.write(&[head, body, trailers].concat()).await;
        frames.outcome(1).await
    };

    assert_eq!(trailed(("x-auth-user", "someone-evil")).await, OK);
    let request = gateway.upstream.request();
    assert!(request.contains("body"), "{request}");
    assert!(!request.contains("someone-evil"), "{request}");
    // Whether such a stream is answered is up to the library; that nothing of it passes is not.
    for name in [":status", ":path"] {
        trailed((name, "/someone-evil")).await;
        for request in gateway.upstream.requests() {
            assert!(!request.contains(name), "{request}");
            assert!(!request.contains("someone-evil"), "{request}");
        }
    }
}
