//! Bytes of a body.

use bytes::Bytes;
use http::Request;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::limit;
use crate::gateway::RouteLimits;
use crate::gateway::tests::harness::{Protocol, TestGateway};
use crate::gateway::tests::played::{played_with, until};

fn at_most(bytes: u64) -> RouteLimits {
    RouteLimits {
        max_body_bytes: Some(bytes),
        ..RouteLimits::default()
    }
}

async fn gateway(bytes: u64) -> TestGateway {
    TestGateway::with(|settings| limit(settings, "public", at_most(bytes))).await
}

fn post(fields: &str, body: &str) -> String {
    format!("POST /public/x HTTP/1.1\r\nHost: a.test\r\n{fields}\r\n{body}")
}

#[tokio::test]
async fn a_body_of_exactly_the_bound_passes() {
    let gateway = gateway(4).await;
    for (fields, body) in [
        ("Content-Length: 4\r\n", "body"),
        (
            "Transfer-Encoding: chunked\r\n",
            "2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n",
        ),
        ("", ""),
    ] {
        assert_eq!(
            gateway.send(post(fields, body)).await.status,
            200,
            "{fields}"
        );
    }
    assert_eq!(gateway.upstream.requests().len(), 3);
}

/// RFC 9110 §15.5.14. Also before the body is asked for (§10.1.1).
#[tokio::test]
async fn a_body_that_announces_more_is_refused_before_anything_is_sent() {
    let gateway = gateway(4).await;
    for (fields, body) in [
        ("Content-Length: 5\r\n", "bodyx"),
        ("Content-Length: 1099511627776\r\n", ""),
        ("Content-Length: 5\r\nExpect: 100-continue\r\n", ""),
    ] {
        let mut connection = gateway.connect().await;
        let answer = connection.exchange(post(fields, body)).await;
        assert_eq!(answer.status, 413, "{fields}");
        assert_eq!(answer.field("connection"), Some("close"), "{fields}");
        assert_eq!(answer.json()["status"], 413);
        assert!(connection.is_closed().await, "{fields}");
        gateway.assert_nothing_forwarded(fields);
    }
    let metrics = gateway.gateway.metrics().render();
    let series = r#"cellgate_requests_limited_total{limit="max_body_bytes",route="public"} 3"#;
    assert!(metrics.contains(series), "{metrics}");
}

/// All that an upstream gets until the connection ends.
async fn everything(upstream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset is an end as well.
    drop(upstream.read_to_end(&mut bytes).await);
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_chunked_body_that_passes_the_bound_is_never_whole_at_the_upstream() {
    let change = |settings: &mut _| limit(settings, "public", at_most(4));
    let (gateway, listener) = played_with(Protocol::Http1, change).await;
    let mut client = gateway.connect().await;
    client
        .write(post("Transfer-Encoding: chunked\r\n", "4\r\nbody\r\n"))
        .await;
    let (mut upstream, _) = listener.accept().await.unwrap();
    until(&mut upstream, "body\r\n").await;

    client.write("1\r\nx\r\n0\r\n\r\n").await;

    let answer = client.answer().await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.field("connection"), Some("close"));
    assert_eq!(everything(&mut upstream).await, "", "no last chunk");
}

#[tokio::test]
async fn an_http_2_body_that_passes_the_bound_is_never_whole_at_the_upstream() {
    let change = |settings: &mut _| limit(settings, "public", at_most(4));
    let (gateway, listener) = played_with(Protocol::Http2, change).await;
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    let driving = tokio::spawn(connection);
    let request = || Request::post("http://a.test/public/x").body(()).unwrap();
    let (response, mut body) = client.send_request(request(), false).unwrap();
    body.send_data(Bytes::from_static(b"body"), false).unwrap();
    let (mut upstream, _) = listener.accept().await.unwrap();
    until(&mut upstream, "body\r\n").await;

    body.send_data(Bytes::from_static(b"x"), true).unwrap();

    assert_eq!(response.await.unwrap().status(), 413);
    assert_eq!(everything(&mut upstream).await, "", "no last chunk");
    // The connection serves on.
    let (response, _) = client.send_request(request(), true).unwrap();
    let (mut upstream, _) = listener.accept().await.unwrap();
    until(&mut upstream, "\r\n\r\n").await;
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    upstream.write_all(answer).await.unwrap();
    assert_eq!(response.await.unwrap().status(), 200);
    driving.abort();
}

/// An upstream over HTTP/2 sees a stream that is reset.
#[tokio::test]
async fn an_http_2_upstream_sees_a_reset() {
    let (gateway, listener) = played_with(Protocol::Http1, |settings| {
        settings.upstreams[0].http2 = true;
        limit(settings, "public", at_most(4));
    })
    .await;
    let mut client = gateway.connect().await;
    client
        .write(post("Transfer-Encoding: chunked\r\n", "4\r\nbody\r\n"))
        .await;
    let (stream, _) = listener.accept().await.unwrap();
    let mut connection = h2::server::handshake(stream).await.unwrap();
    let (request, _respond) = connection.accept().await.unwrap().unwrap();
    let driving = tokio::spawn(async move { while connection.accept().await.is_some() {} });
    let mut body = request.into_body();
    assert_eq!(body.data().await.unwrap().unwrap(), "body");

    client.write("1\r\nx\r\n0\r\n\r\n").await;

    assert_eq!(client.answer().await.status, 413);
    assert!(body.data().await.unwrap().is_err(), "not an orderly end");
    driving.abort();
}
