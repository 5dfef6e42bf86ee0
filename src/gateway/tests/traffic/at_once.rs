//! Requests at once.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::limit;
use crate::gateway::RouteLimits;
use crate::gateway::tests::harness::{Answer, Connection, Protocol, TestGateway};
use crate::gateway::tests::played::{begin_events, played_with, until};

async fn gateway(route: &str, limits: RouteLimits) -> (TestGateway, TcpListener) {
    played_with(Protocol::Http1, |settings| limit(settings, route, limits)).await
}

/// Asks for a stream of events, which goes on until its end is told.
async fn open(
    gateway: &TestGateway,
    listener: &TcpListener,
    (target, fields): (&str, &str),
) -> (Connection, TcpStream) {
    let mut client = gateway.connect().await;
    client.write(request(target, fields)).await;
    let upstream = begin_events(listener).await;
    client.head().await;
    (client, upstream)
}

async fn refused(gateway: &TestGateway, target: &str, fields: &str) -> Answer {
    gateway.send(request(target, fields)).await
}

fn request(target: &str, fields: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: a.test\r\n{fields}\r\n")
}

fn bearer(gateway: &TestGateway, subject: &str) -> String {
    let token = gateway.token(|claims| claims["sub"] = subject.into());
    format!("Authorization: Bearer {token}\r\n")
}

#[tokio::test]
async fn a_full_route_is_unavailable_until_an_answer_ends() {
    let limits = RouteLimits {
        at_once: Some(1),
        ..RouteLimits::default()
    };
    let (gateway, listener) = gateway("public", limits).await;
    let (mut client, mut upstream) = open(&gateway, &listener, ("/public/x", "")).await;

    let full = refused(&gateway, "/public/x", "").await;
    assert_eq!(full.status, 503);
    assert_eq!(full.field("retry-after"), Some("1"));
    let metrics = gateway.gateway.metrics().render();
    let series = r#"cellgate_requests_limited_total{limit="at_once",route="public"} 1"#;
    assert!(metrics.contains(series), "{metrics}");

    upstream.write_all(b"0\r\n\r\n").await.unwrap();
    client.until(b"0\r\n\r\n").await;
    // Whoever has read the answer may ask again at once.
    let mut another = gateway.connect().await;
    another.write(request("/public/x", "")).await;
    until(&mut upstream, "\r\n\r\n").await;
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    upstream.write_all(answer).await.unwrap();
    assert_eq!(another.answer().await.status, 200);
}

#[tokio::test]
async fn a_client_that_leaves_leaves_its_place() {
    let limits = RouteLimits {
        at_once: Some(1),
        ..RouteLimits::default()
    };
    let (gateway, listener) = gateway("public", limits).await;
    let (client, mut upstream) = open(&gateway, &listener, ("/public/x", "")).await;
    drop(client);
    // The gateway finds out when it has something to pass on, and then leaves the upstream.
    let (mut from_gateway, mut to_gateway) = upstream.split();
    let sending = async {
        while to_gateway.write_all(b"1\r\nx\r\n").await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ended = from_gateway.read_u8() => {}
        () = sending => {}
    }
    while gateway.gateway.in_flight() > 0 {
        tokio::task::yield_now().await;
    }

    let (_client, _upstream) = open(&gateway, &listener, ("/public/x", "")).await;
}

#[tokio::test]
async fn one_subject_cannot_take_all_places() {
    let limits = RouteLimits {
        at_once: Some(10),
        at_once_per_subject: Some(1),
        ..RouteLimits::default()
    };
    let (gateway, listener) = gateway("api-read", limits).await;
    let (alice, bob) = (bearer(&gateway, "alice"), bearer(&gateway, "bob"));
    let _first = open(&gateway, &listener, ("/api/x", &alice)).await;

    let answer = refused(&gateway, "/api/x", &alice).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.field("retry-after"), Some("1"));
    let _second = open(&gateway, &listener, ("/api/x", &bob)).await;
}

#[tokio::test]
async fn one_address_cannot_take_all_places() {
    let limits = RouteLimits {
        at_once_per_address: Some(2),
        ..RouteLimits::default()
    };
    let (gateway, listener) = gateway("public", limits).await;
    let _first = open(&gateway, &listener, ("/public/x", "")).await;
    let _second = open(&gateway, &listener, ("/public/x", "")).await;

    assert_eq!(refused(&gateway, "/public/x", "").await.status, 429);
}

/// Who is being served under the configuration before is still being served.
#[tokio::test]
async fn a_reload_knows_of_what_is_under_way() {
    let limits = |at_once| RouteLimits {
        at_once: Some(at_once),
        ..RouteLimits::default()
    };
    let (mut gateway, listener) = gateway("public", limits(5)).await;
    let _first = open(&gateway, &listener, ("/public/x", "")).await;

    gateway.reload(|settings, _| limit(settings, "public", limits(1)));
    assert_eq!(refused(&gateway, "/public/x", "").await.status, 503);
}

#[tokio::test]
async fn a_websocket_has_its_place_until_it_is_closed() {
    let limits = RouteLimits {
        at_once: Some(1),
        ..RouteLimits::default()
    };
    let (gateway, listener) = gateway("live", limits).await;
    let handshake = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let mut client = gateway.connect().await;
    client.write(request("/live/x", handshake)).await;
    let (mut upstream, _) = listener.accept().await.unwrap();
    until(&mut upstream, "\r\n\r\n").await;
    upstream
        .write_all(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
              Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
        )
        .await
        .unwrap();
    assert!(client.head().await.starts_with("HTTP/1.1 101"));

    assert_eq!(refused(&gateway, "/live/x", "").await.status, 503);
}
