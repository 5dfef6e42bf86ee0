//! An upstream that a test plays itself, byte by byte.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::harness::{NOW, Protocol, TestGateway};
use super::support::store;
use crate::gateway::settings::Settings;
use crate::store::Store;

/// How long the tokens of the tests live.
pub(super) const LIFETIME: Duration = Duration::from_secs(600);

/// A gateway whose upstream is played by the test, and the listener to accept it on.
pub(super) async fn played() -> (TestGateway, TcpListener) {
    played_with(Protocol::Http1, |_| {}).await
}

/// The same with deviations.
pub(super) async fn played_with(
    protocol: Protocol,
    change: impl FnOnce(&mut Settings),
) -> (TestGateway, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let gateway = TestGateway::speaking(protocol, |settings| {
        settings.upstreams[0].servers = vec![address.to_string()];
        change(settings);
    })
    .await;
    (gateway, listener)
}

/// The same with a store in which tokens can be revoked.
pub(super) async fn revocable(protocol: Protocol) -> (TestGateway, TcpListener, Store) {
    let (mut gateway, listener) = played_with(protocol, |_| {}).await;
    let store = store().await;
    gateway.reload(|_, parts| parts.revocations = Some(Arc::clone(store.revocations())));
    (gateway, listener, store)
}

/// Revokes the token of this id.
pub(super) async fn revoke(store: &Store, token_id: &str) {
    let until = NOW.after(LIFETIME);
    store.revoke_token(token_id, until).await.unwrap();
}

/// Reads from `stream` until `end` has come.
pub(super) async fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end.as_bytes()) {
        let n = stream.read_buf(&mut bytes).await.unwrap();
        assert!(n > 0, "closed after {:?}", String::from_utf8_lossy(&bytes));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Accepts the next request, without a body, and begins a stream of events in answer to it.
pub(super) async fn begin_events(listener: &TcpListener) -> TcpStream {
    let (mut upstream, _) = listener.accept().await.unwrap();
    until(&mut upstream, "\r\n\r\n").await;
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    upstream.write_all(head.as_bytes()).await.unwrap();
    upstream
}

/// Sends one event.
pub(super) async fn send_event(upstream: &mut TcpStream, event: &str) {
    let chunk = format!("{:x}\r\n{event}\r\n", event.len());
    upstream.write_all(chunk.as_bytes()).await.unwrap();
}
