//! Answers that nobody reads: N03 and G14 of the corpus.

use std::time::Duration;

use tokio::time::timeout;

use super::frames::{END_HEADERS, END_STREAM, Frames, HEADERS, block, frame, get};
use super::harness::{PATIENCE, Protocol, TestGateway};

/// More than the buffers between two sockets of one machine hold.
const LARGE: usize = 32 * 1024 * 1024;

async fn gateway(protocol: Protocol) -> TestGateway {
    let gateway = TestGateway::speaking(protocol, |settings| {
        settings.limits.downstream_timeout = Duration::from_millis(200);
    })
    .await;
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n");
    gateway
        .upstream
        .answers(&[head.into_bytes(), vec![b'x'; LARGE]].concat());
    gateway
}

/// The request is begun, and then given up.
async fn assert_given_up(gateway: &TestGateway) {
    let given_up = async {
        while gateway.upstream.requests().is_empty() || gateway.gateway.in_flight() > 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, given_up).await.expect("it is given up");
}

/// N03.
#[tokio::test]
async fn a_download_that_nobody_reads_is_given_up() {
    let gateway = gateway(Protocol::Http1).await;
    let mut client = gateway.connect().await;
    client
        .write("GET /public/x HTTP/1.1\r\nHost: a.test\r\n\r\n")
        .await;

    assert_given_up(&gateway).await;
}

/// G14: the window of the stream is 64 KiB, and never opens.
#[tokio::test]
async fn a_stream_whose_window_stays_shut_is_given_up() {
    let gateway = gateway(Protocol::Http2).await;
    let mut client = Frames::connect(&gateway).await;
    let head = block(&get("/public/x"));
    client
        .write(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &head))
        .await;

    assert_given_up(&gateway).await;
}
