//! What ends a tunnel, and what its two ends are told.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::tunnel;
use crate::gateway::tests::harness::{Connection, Protocol, TestGateway};
use crate::gateway::tests::played::{LIFETIME, played, played_with, revocable, revoke, until};
use crate::telemetry::log::testing::Captured;

/// Both ends were told this status and nothing else, each in its own way, and then the end.
async fn assert_told(status: u16, client: &mut Connection, upstream: &mut TcpStream) {
    let mut told = Vec::new();
    client.stream.read_to_end(&mut told).await.unwrap();
    let [high, low] = status.to_be_bytes();
    assert_eq!(told, [0x88, 2, high, low], "downstream");
    let mut told = Vec::new();
    upstream.read_to_end(&mut told).await.unwrap();
    assert_eq!(told.len(), 8, "upstream: {told:?}");
    assert_eq!(told[..2], [0x88, 0x82], "upstream, masked");
    assert_eq!(
        [told[6] ^ told[2], told[7] ^ told[3]],
        [high, low],
        "upstream"
    );
}

/// F09.
#[tokio::test]
async fn a_tunnel_ends_when_its_token_expires() {
    let (gateway, listener) = played().await;
    let (mut client, mut upstream) = tunnel(&gateway, &listener).await;

    gateway.clock.advance(LIFETIME);

    assert_told(1008, &mut client, &mut upstream).await;
}

#[tokio::test]
async fn a_tunnel_ends_when_its_token_is_revoked() {
    let lines = Captured::start();
    let (gateway, listener, store) = revocable(Protocol::Http1).await;
    let (mut client, mut upstream) = tunnel(&gateway, &listener).await;
    client.write(b"\x81\x80mask").await;
    until(&mut upstream, "mask").await;

    revoke(&store, "jti-1").await;

    assert_told(1008, &mut client, &mut upstream).await;
    drop((client, upstream));
    closed(&gateway).await;
    let audit = lines.audit();
    assert_eq!(audit[0]["event"], "exchange_ended");
    assert_eq!(audit[0]["reason"], "revoked");
    let line = lines.access().remove(0);
    for (field, value) in [
        ("route.name", "ws"),
        ("http.path", "/ws/x"),
        ("decision", "forwarded"),
        ("principal.subject", "alice"),
        ("tunnel.closed", "revoked"),
    ] {
        assert_eq!(line[field], value, "{field}");
    }
    assert_eq!(
        (&line["http.status"], &line["bytes_in"]),
        (&101.into(), &6.into())
    );
    let metrics = gateway.gateway.metrics().render();
    for sample in [
        "cellgate_tunnels 0",
        r#"cellgate_tunnels_closed_total{reason="revoked"} 1"#,
        r#"cellgate_tunnel_bytes_total{direction="up"} 6"#,
        r#"cellgate_exchanges_ended_total{reason="revoked"} 1"#,
    ] {
        assert!(metrics.contains(sample), "{sample}: {metrics}");
    }
}

/// Waits until no request is being served.
pub(super) async fn closed(gateway: &TestGateway) {
    while gateway.gateway.in_flight() > 0 {
        tokio::task::yield_now().await;
    }
}

/// A close frame in the middle of another one would be taken for a part of it.
#[tokio::test]
async fn whoever_is_in_the_middle_of_a_frame_is_told_by_the_end_alone() {
    let (gateway, listener, store) = revocable(Protocol::Http1).await;
    let (mut client, mut upstream) = tunnel(&gateway, &listener).await;
    upstream.write_all(b"\x82\x0ahalf").await.unwrap();
    client.until(b"half").await;

    revoke(&store, "jti-1").await;

    assert!(client.is_closed().await);
    let mut told = Vec::new();
    upstream.read_to_end(&mut told).await.unwrap();
    assert_eq!(told.len(), 8, "the other direction is between two frames");
}

#[tokio::test]
async fn a_tunnel_without_traffic_is_closed() {
    let (gateway, listener) = played_with(Protocol::Http1, |settings| {
        settings.limits.tunnels.idle_timeout = Duration::from_millis(50);
    })
    .await;
    let (mut client, mut upstream) = tunnel(&gateway, &listener).await;

    assert_told(1001, &mut client, &mut upstream).await;
}

#[tokio::test]
async fn a_tunnel_is_open_no_longer_than_tunnels_may_be() {
    let (gateway, listener) = played_with(Protocol::Http1, |settings| {
        settings.limits.tunnels.lifetime = Some(Duration::from_millis(50));
    })
    .await;
    let (mut client, mut upstream) = tunnel(&gateway, &listener).await;

    assert_told(1001, &mut client, &mut upstream).await;
}

#[tokio::test]
async fn both_ends_are_told_that_we_stop() {
    let (gateway, listener) = played().await;
    let (mut client, mut upstream) = tunnel(&gateway, &listener).await;

    gateway.stop();

    assert_told(1001, &mut client, &mut upstream).await;
}

#[tokio::test]
async fn an_end_that_says_nothing_more_may_still_be_told_something() {
    let (gateway, listener) = played().await;
    let (mut client, mut upstream) = tunnel(&gateway, &listener).await;

    client.stream.shutdown().await.unwrap();
    let mut nothing = Vec::new();
    upstream.read_to_end(&mut nothing).await.unwrap();
    assert!(nothing.is_empty());
    upstream.write_all(b"\x81\x04last").await.unwrap();
    client.until(b"\x81\x04last").await;

    drop(upstream);
    assert!(client.is_closed().await);
    closed(&gateway).await;
    let metrics = gateway.gateway.metrics().render();
    let sample = r#"cellgate_tunnels_closed_total{reason="downstream"} 1"#;
    assert!(metrics.contains(sample), "{metrics}");
}

#[tokio::test]
async fn an_open_tunnel_is_counted() {
    let (gateway, listener) = played().await;
    let _open = tunnel(&gateway, &listener).await;

    assert!(
        gateway
            .gateway
            .metrics()
            .render()
            .contains("\ncellgate_tunnels 1\n")
    );
}
