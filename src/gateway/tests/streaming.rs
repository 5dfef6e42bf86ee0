//! Bodies pass while they are made, in both directions.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::harness::TestGateway;

/// A gateway whose upstream is played by the test, and the listener to accept it on.
async fn played() -> (TestGateway, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let gateway = TestGateway::with(|settings| {
        settings.upstreams[0].servers = vec![address.to_string()];
    })
    .await;
    (gateway, listener)
}

/// Reads from `stream` until `end` has come.
async fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end.as_bytes()) {
        let n = stream.read_buf(&mut bytes).await.unwrap();
        assert!(n > 0, "closed after {:?}", String::from_utf8_lossy(&bytes));
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn the_first_event_arrives_before_the_second_is_made() {
    let (gateway, listener) = played().await;
    let mut client = gateway.connect().await;
    client
        .write("GET /public/events HTTP/1.1\r\nHost: a.test\r\nAccept: text/event-stream\r\n\r\n")
        .await;
    let (mut upstream, _) = listener.accept().await.unwrap();
    until(&mut upstream, "\r\n\r\n").await;
    upstream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await
        .unwrap();

    for event in ["data: 1\n\n", "data: 2\n\n"] {
        let chunk = format!("{:x}\r\n{event}\r\n", event.len());
        upstream.write_all(chunk.as_bytes()).await.unwrap();
        let seen = client.until(event.as_bytes()).await;
        assert!(!seen.is_empty());
    }
    upstream.write_all(b"0\r\n\r\n").await.unwrap();
    client.until(b"0\r\n\r\n").await;
}

#[tokio::test]
async fn the_first_piece_of_an_upload_arrives_before_the_second_is_sent() {
    let (gateway, listener) = played().await;
    let mut client = gateway.connect().await;
    client
        .write("PUT /public/file HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        .await;
    let (mut upstream, _) = listener.accept().await.unwrap();
    until(&mut upstream, "one\r\n").await;
    client.write("3\r\ntwo\r\n0\r\n\r\n").await;
    until(&mut upstream, "0\r\n\r\n").await;
    upstream
        .write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
        .await
        .unwrap();

    assert_eq!(client.answer().await.status, 201);
}

#[tokio::test]
async fn an_upload_waits_for_the_upstreams_100() {
    let (gateway, listener) = played().await;
    let mut client = gateway.connect().await;
    client
        .write("PUT /public/file HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        .await;
    let (mut upstream, _) = listener.accept().await.unwrap();
    until(&mut upstream, "\r\n\r\n").await;
    upstream
        .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
        .await
        .unwrap();
    assert!(client.head().await.starts_with("HTTP/1.1 100"));
    client.write("body").await;
    until(&mut upstream, "body").await;
    upstream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        .await
        .unwrap();

    assert_eq!(client.answer().await.status, 200);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_passed_for_whole() {
    let (gateway, listener) = played().await;
    let mut client = gateway.connect().await;
    client
        .write("GET /public/x HTTP/1.1\r\nHost: a.test\r\n\r\n")
        .await;
    let (mut upstream, _) = listener.accept().await.unwrap();
    until(&mut upstream, "\r\n\r\n").await;
    upstream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        .await
        .unwrap();
    drop(upstream);

    client.head().await;
    client.until(b"half").await;
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn in_flight_requests_are_counted_until_they_end() {
    let (gateway, listener) = played().await;
    let mut client = gateway.connect().await;
    client
        .write("GET /public/x HTTP/1.1\r\nHost: a.test\r\n\r\n")
        .await;
    let (mut upstream, _) = listener.accept().await.unwrap();
    until(&mut upstream, "\r\n\r\n").await;
    assert_eq!(gateway.gateway.in_flight(), 1);
    upstream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(client.answer().await.status, 200);
    // The connection is served by one task, which begins the next request when this one is over.
    client
        .exchange("GET /nowhere HTTP/1.1\r\nHost: a.test\r\n\r\n")
        .await;
    assert!(gateway.gateway.in_flight() <= 1);
}
