//! Bodies pass while they are made, in both directions.

use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use super::harness::PATIENCE;
use super::played::{begin_events, played, send_event, until};

#[tokio::test]
async fn the_first_event_arrives_before_the_second_is_made() {
    let (gateway, listener) = played().await;
    let mut client = gateway.connect().await;
    client
        .write("GET /public/events HTTP/1.1\r\nHost: a.test\r\nAccept: text/event-stream\r\n\r\n")
        .await;
    let mut upstream = begin_events(&listener).await;

    for event in ["data: 1\n\n", "data: 2\n\n"] {
        send_event(&mut upstream, event).await;
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

/// E18: what is left of a body is not what the next request on that connection begins with.
#[tokio::test]
async fn an_upstream_that_answered_too_early_is_asked_on_another_connection() {
    let (gateway, listener) = played().await;
    let mut first = gateway.connect().await;
    first
        .write("POST /public/x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nabc")
        .await;
    let (mut early, _) = listener.accept().await.unwrap();
    until(&mut early, "abc").await;
    let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    early.write_all(ok).await.unwrap();
    assert_eq!(first.answer().await.status, 200);

    let mut second = gateway.connect().await;
    second
        .write("GET /public/next HTTP/1.1\r\nHost: a.test\r\n\r\n")
        .await;

    let (mut fresh, _) = timeout(PATIENCE, listener.accept())
        .await
        .expect("another connection")
        .unwrap();
    let head = until(&mut fresh, "\r\n\r\n").await;
    assert!(head.starts_with("GET /public/next "), "{head}");
    fresh.write_all(ok).await.unwrap();
    assert_eq!(second.answer().await.status, 200);
}
