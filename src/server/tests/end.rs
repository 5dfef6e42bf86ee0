//! The end of a server.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Demo, assert_status, exchange};

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_draining_server_says_so_and_closes_its_port_and_idle_connections() {
    let demo = Demo::start().await;
    let mut kept = TcpStream::connect(demo.address).await.unwrap();
    kept.write_all(b"GET /public/ HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        assert_ne!(kept.read_buf(&mut answer).await.unwrap(), 0);
    }

    assert!(demo.server.drain(PATIENCE).await);

    assert_eq!(kept.read_buf(&mut answer).await.unwrap(), 0, "it is closed");
    assert!(TcpStream::connect(demo.address).await.is_err());
    let ready = exchange(demo.admin, "GET", "/readyz").await;
    assert_status(&ready, 503);
    assert!(ready.ends_with("draining\n"), "{ready}");
    assert_status(&exchange(demo.admin, "GET", "/healthz").await, 200);
}

#[tokio::test]
async fn patience_with_requests_that_do_not_end_is_limited() {
    let demo = Demo::start().await;
    let mut stream = TcpStream::connect(demo.address).await.unwrap();
    let head = "POST /oidc/oauth2/token HTTP/1.1\r\nHost: 127.0.0.1:9480\r\nExpect: 100-continue\r\n\
                Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    // The invitation to send the body shows that the request is being served.
    let mut answer = Vec::new();
    assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0);
    assert_status(&String::from_utf8(answer).unwrap(), 100);

    assert!(!demo.server.drain(Duration::from_millis(50)).await);
}

/// Whoever asks `/readyz` has time to send nothing any more before a connection is refused.
#[tokio::test]
async fn a_server_with_a_load_balancer_says_that_it_ends_before_it_refuses_anybody() {
    let demo = Demo::start_with(|config| config.drain.delay = Duration::from_secs(2)).await;
    let (address, admin) = (demo.address, demo.admin);
    let draining = tokio::spawn(async move {
        let is_idle = demo.server.drain(PATIENCE).await;
        (demo, is_idle)
    });

    let not_ready = async || {
        exchange(admin, "GET", "/readyz")
            .await
            .ends_with("draining\n")
    };
    while !not_ready().await {}
    assert!(!draining.is_finished());
    assert_status(&exchange(address, "GET", "/public/").await, 200);

    let (_demo, is_idle) = draining.await.unwrap();
    assert!(is_idle);
    assert!(TcpStream::connect(address).await.is_err());
}
