//! WebSockets through the gateway, byte by byte: section F of the corpus.

mod answers;
mod ends;
mod handshakes;
mod subscriptions;

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use super::harness::{Connection, TestGateway};
use super::played::until;

/// The fields of a handshake, the example of RFC 6455 §1.3.
const HANDSHAKE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
/// The answer to it.
pub(super) const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// A request for a WebSocket with these fields besides.
pub(super) fn asking(target: &str, fields: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: a.test\r\n{HANDSHAKE}{fields}\r\n")
}

/// The same with a good token.
fn asking_as_alice(gateway: &TestGateway) -> String {
    let authorization = format!("Authorization: {}\r\n", gateway.bearer());
    asking("/ws/x", &authorization)
}

/// Accepts the next handshake; head and connection.
async fn accept(listener: &TcpListener) -> (String, TcpStream) {
    let (mut upstream, _) = listener.accept().await.unwrap();
    let head = until(&mut upstream, "\r\n\r\n").await;
    (head, upstream)
}

/// Accepts the next handshake and answers it.
async fn switch(listener: &TcpListener) -> TcpStream {
    let (_, mut upstream) = accept(listener).await;
    upstream.write_all(SWITCHED.as_bytes()).await.unwrap();
    upstream
}

/// A tunnel of alice's: her end and the upstream's.
async fn tunnel(gateway: &TestGateway, listener: &TcpListener) -> (Connection, TcpStream) {
    let mut client = gateway.connect().await;
    client.write(asking_as_alice(gateway)).await;
    let upstream = switch(listener).await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    (client, upstream)
}
