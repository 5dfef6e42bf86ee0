//! Bodies too large for any buffer, in both directions at once.
//!
//! The upstreams here read on while they write. One that writes and reads in turns can stall
//! behind Pingora: the README says when.

use std::future::poll_fn;

use bytes::Bytes;
use http::Request;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::traffic::{edge, listener, skip_head};

/// Bytes of each body.
const LARGE: usize = 64 * 1024 * 1024;

/// Answers with a large body while it reads one: reading and writing do not wait for each other.
async fn exchange_at_once(stream: TcpStream) {
    let mut stream = BufReader::new(stream);
    skip_head(&mut stream).await;
    let (mut read, mut write) = tokio::io::split(stream);
    let writing = tokio::spawn(async move {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n");
        write.write_all(head.as_bytes()).await.unwrap();
        write_large(&mut write).await;
        write.flush().await.unwrap();
        write
    });
    read_large(&mut read, || ()).await;
    drop(writing.await.unwrap());
}

async fn write_large(to: &mut (impl AsyncWrite + Unpin)) {
    let block = vec![b'x'; 64 * 1024];
    for _ in 0..LARGE / block.len() {
        to.write_all(&block).await.unwrap();
    }
}

/// Reads [`LARGE`] bytes and calls `now_and_then`.
async fn read_large(from: &mut (impl AsyncRead + Unpin), mut now_and_then: impl FnMut()) {
    let (mut buffer, mut left) = (vec![0; 64 * 1024], LARGE);
    while left > 0 {
        let n = from.read(&mut buffer).await.unwrap();
        assert!(n > 0, "{left} bytes are missing");
        assert!(buffer[..n].iter().all(|byte| *byte == b'x'));
        left -= n;
        if left % 16 == 0 {
            now_and_then();
        }
    }
}

/// 64 MiB there and 64 MiB back at the same time, never more than a little of it in memory.
#[tokio::test]
async fn large_bodies_stream_both_ways_at_once() {
    let (listener, address) = listener().await;
    let edge = edge(&[address], "");
    // Warm: what the first request allocates for good is not the body.
    edge.get("/public/x").await.assert_status(200);
    let before = edge.resident_kib();
    tokio::spawn(async move { exchange_at_once(listener.accept().await.unwrap().0).await });

    let (read, mut write) = TcpStream::connect(edge.address).await.unwrap().into_split();
    let host = edge.address;
    let sender = tokio::spawn(async move {
        let head =
            format!("PUT /app/x HTTP/1.1\r\nHost: {host}\r\nContent-Length: {LARGE}\r\n\r\n");
        write.write_all(head.as_bytes()).await.unwrap();
        write_large(&mut write).await;
        write
    });
    let mut read = BufReader::new(read);
    let head = skip_head(&mut read).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let mut most = before;
    read_large(&mut read, || most = most.max(edge.resident_kib())).await;
    most = most.max(edge.resident_kib());
    drop(sender.await.unwrap());

    assert!(most - before < 16 * 1024, "{before} KiB became {most} KiB");
}

/// The same with HTTP/2 downstream, whose windows are small.
#[tokio::test]
async fn large_bodies_stream_both_ways_at_once_over_http_2() {
    let (listener, address) = listener().await;
    let edge = edge(&[address], "");
    tokio::spawn(async move { exchange_at_once(listener.accept().await.unwrap().0).await });
    let stream = TcpStream::connect(edge.address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let request = Request::put(edge.url("/app/x"))
        .header("content-length", LARGE)
        .body(())
        .unwrap();
    let mut client = client.ready().await.unwrap();
    let (response, stream) = client.send_request(request, false).unwrap();

    let sender = tokio::spawn(send_large(stream));
    let response = response.await.unwrap();
    assert_eq!(response.status(), 200);
    let (mut body, mut left) = (response.into_body(), LARGE);
    while let Some(chunk) = body.data().await {
        let chunk = chunk.unwrap();
        left -= chunk.len();
        body.flow_control().release_capacity(chunk.len()).unwrap();
    }

    assert_eq!(left, 0);
    sender.await.unwrap();
}

/// Sends [`LARGE`] bytes, as fast as the window opens.
async fn send_large(mut stream: h2::SendStream<Bytes>) {
    let mut left = LARGE;
    while left > 0 {
        stream.reserve_capacity(left.min(64 * 1024));
        let room = poll_fn(|cx| stream.poll_capacity(cx)).await;
        let n = room.expect("the stream is open").unwrap().min(left);
        left -= n;
        let block = Bytes::from(vec![b'x'; n]);
        stream.send_data(block, left == 0).unwrap();
    }
}
