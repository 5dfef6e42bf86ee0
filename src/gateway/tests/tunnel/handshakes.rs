//! Who gets a tunnel, and what of the handshake arrives where.

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::{HANDSHAKE, SWITCHED, accept, asking, asking_as_alice, switch, tunnel};
use crate::gateway::tests::harness::{Protocol, TestGateway};
use crate::gateway::tests::played::{played, played_with, until};
use crate::outbound::testing::Dead;

#[tokio::test]
async fn a_handshake_arrives_like_any_admitted_request_and_bytes_pass_both_ways() {
    let (gateway, listener) = played().await;
    let mut client = gateway.connect().await;
    let fields = format!(
        "Authorization: {}\r\nX-Auth-User: admin\r\nCookie: a=1; __Host-cellgate-session=s\r\n\
         Sec-WebSocket-Protocol: chat, v2\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\
         Origin: http://a.test\r\n",
        gateway.bearer()
    );
    client.write(asking("/ws/%78?q", &fields)).await;
    let (head, mut upstream) = accept(&listener).await;
    let chosen = SWITCHED.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: v2\r\n\r\n");
    upstream.write_all(chosen.as_bytes()).await.unwrap();
    let answer = client.head().await;

    assert!(head.starts_with("GET /ws/x?q HTTP/1.1\r\n"), "{head}");
    for field in [
        "host: a.test",
        "connection: Upgrade",
        "upgrade: websocket",
        "sec-websocket-version: 13",
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
        "sec-websocket-protocol: chat, v2",
        "sec-websocket-extensions: permessage-deflate",
        "x-auth-user: alice",
        "x-forwarded-for: 127.0.0.1",
        "cookie: a=1",
        "origin: http://a.test",
    ] {
        assert!(
            head.contains(&format!("\r\n{field}\r\n")),
            "{field}: {head}"
        );
    }
    for word in ["authorization", "admin", "session"] {
        assert!(!head.contains(word), "{word}: {head}");
    }
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    for field in [
        "sec-websocket-accept",
        "sec-websocket-protocol: v2",
        "x-request-id",
    ] {
        assert!(
            answer.contains(&format!("\r\n{field}")),
            "{field}: {answer}"
        );
    }
    client.write(b"\x81\x85mask").await;
    until(&mut upstream, "mask").await;
    upstream.write_all(b"\x81\x02hi").await.unwrap();
    client.until(b"\x81\x02hi").await;
}

/// F04: nothing but the handshake is sent before the tunnel stands, and then nothing is lost.
#[tokio::test]
async fn what_comes_in_one_segment_with_a_handshake_is_held_back_and_not_lost() {
    let (gateway, listener) = played().await;
    let mut client = gateway.connect().await;
    let early = [asking_as_alice(&gateway).as_bytes(), b"\x82\x83early"].concat();
    client.write(early).await;
    // Would not end with the head if there was more.
    let (_, mut upstream) = accept(&listener).await;
    let early = [SWITCHED.as_bytes(), b"\x82\x03too"].concat();
    upstream.write_all(&early).await.unwrap();

    assert!(client.head().await.starts_with("HTTP/1.1 101 "));
    assert_eq!(client.until(b"too").await, b"\x82\x03too");
    assert!(until(&mut upstream, "early").await.len() > 5);
}

#[tokio::test]
async fn who_may_not_ask_gets_no_tunnel() {
    let gateway = TestGateway::start().await;
    let good = format!("Authorization: {}\r\n", gateway.bearer());
    let expired = gateway.token(|claims| claims["exp"] = 999_000.into());
    let unscoped = gateway.token(|claims| claims["scope"] = "".into());
    let bearer = |token: &str| format!("Authorization: Bearer {token}\r\n");
    let in_a_subprotocol = format!(
        "Sec-WebSocket-Protocol: bearer, {}\r\n",
        gateway.token(|_| {})
    );
    let foreign = format!("{good}Origin: https://evil.test\r\n");
    for (row, target, fields, status) in [
        ("F01 no token", "/ws/x", String::new(), 401),
        ("F01 bad token", "/ws/x", bearer(&gateway.forged()), 401),
        ("F01 expired token", "/ws/x", bearer(&expired), 401),
        ("too little scope", "/ws/x", bearer(&unscoped), 403),
        ("F02 foreign page", "/ws/x", foreign, 403),
        (
            "F02 without a token",
            "/live/x",
            "Origin: null\r\n".to_owned(),
            403,
        ),
        ("F03 route without", "/public/x", String::new(), 403),
        ("F03 API without", "/api/x", good, 403),
        ("F10 token as a subprotocol", "/ws/x", in_a_subprotocol, 401),
        ("A02 traversal", "/live/%2e%2e/admin", String::new(), 400),
        ("default deny", "/nowhere", String::new(), 404),
    ] {
        let mut connection = gateway.connect().await;
        let smuggled = "GET /public/smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n";
        let answer = connection
            .exchange(asking(target, &fields) + smuggled)
            .await;
        assert_eq!(answer.status, status, "{row}");
        assert_eq!(answer.field("connection"), Some("close"), "{row}");
        assert!(connection.is_closed().await, "{row}: F04 nothing follows");
        gateway.assert_nothing_forwarded(row);
    }
}

#[tokio::test]
async fn a_listed_origin_and_the_hosts_own_get_a_tunnel() {
    let (gateway, listener) = played().await;
    for origin in ["https://app.test", "https://a.test"] {
        let mut client = gateway.connect().await;
        let fields = format!(
            "Authorization: {}\r\nOrigin: {origin}\r\n",
            gateway.bearer()
        );
        client.write(asking("/ws/x", &fields)).await;
        let _upstream = switch(&listener).await;
        assert!(
            client.head().await.starts_with("HTTP/1.1 101 "),
            "F02 {origin}"
        );
    }
}

/// F07.
#[tokio::test]
async fn a_handshake_that_is_none_is_refused() {
    let gateway = TestGateway::start().await;
    for (row, was, is) in [
        (
            "two protocols",
            "Upgrade: websocket",
            "Upgrade: websocket, h2c",
        ),
        ("version 12", "Version: 13", "Version: 12"),
        ("no key", "Sec-WebSocket-Key", "X-Key"),
        ("short key", "dGhlIHNhbXBsZSBub25jZQ==", "dGhl"),
        (
            "a body",
            "Connection: Upgrade",
            "Connection: Upgrade\r\nContent-Length: 2",
        ),
        ("POST", "GET", "POST"),
    ] {
        let request = asking("/live/x", "").replacen(was, is, 1);
        let answer = gateway.send(request).await;
        assert_eq!(answer.status, 400, "{row}");
        let spoken = (row == "version 12").then_some("13");
        assert_eq!(answer.field("sec-websocket-version"), spoken, "{row}");
        gateway.assert_nothing_forwarded(row);
    }
}

/// F05, F06 and RFC 9110 §7.8: what is not a WebSocket is not understood, and therefore ignored.
#[tokio::test]
async fn other_protocols_are_never_switched_to() {
    for (row, fields) in [
        (
            "F06",
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
        ),
        ("F05", "Connection: Upgrade\r\nUpgrade: foo\r\n"),
        ("no connection option", "Upgrade: websocket\r\n"),
        ("no protocol", "Connection: Upgrade\r\n"),
    ] {
        let gateway = TestGateway::start().await;
        let mut connection = gateway.connect().await;
        let request = format!("GET /public/x HTTP/1.1\r\nHost: a.test\r\n{fields}\r\n");
        assert_eq!(connection.exchange(request).await.status, 200, "{row}");
        let request = gateway.upstream.request().to_lowercase();
        // The id is random letters, which may spell anything.
        let request: Vec<&str> = request
            .lines()
            .filter(|line| !line.starts_with("x-request-id:"))
            .collect();
        let request = request.join("\n");
        for word in ["upgrade", "h2c", "http2-settings", "websocket"] {
            assert!(!request.contains(word), "{row} {word}: {request}");
        }
        let next = "GET /api/x HTTP/1.1\r\nHost: a.test\r\n\r\n";
        assert_eq!(
            connection.exchange(next).await.status,
            401,
            "{row}: judged by itself"
        );
    }
    let old = format!("GET /live/x HTTP/1.0\r\nHost: a.test\r\n{HANDSHAKE}\r\n");
    let gateway = TestGateway::start().await;
    assert_eq!(
        gateway.send(old).await.status,
        200,
        "HTTP/1.0 has no upgrades"
    );
    assert!(!gateway.upstream.request().contains("upgrade"));
}

/// F08: whoever wants a WebSocket over HTTP/2 is not told that it could have one, and so opens a
/// connection of HTTP/1.1.
#[tokio::test]
async fn http_2_does_not_offer_websockets() {
    let gateway = TestGateway::speaking(Protocol::Http2, |_| {}).await;
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    let driving = tokio::spawn(connection);
    // The settings have come when a request was answered.
    let mut client = client.ready().await.unwrap();
    let request = http::Request::get("http://a.test/nowhere")
        .body(())
        .unwrap();
    let (response, _) = client.send_request(request, true).unwrap();
    assert_eq!(response.await.unwrap().status(), 404);

    assert!(!client.is_extended_connect_protocol_enabled());
    driving.abort();
}

#[tokio::test]
async fn a_server_that_is_down_leaves_the_handshake_to_another() {
    let dead = Dead::hold();
    let nowhere = dead.address.to_string();
    let (gateway, listener) = played_with(Protocol::Http1, |settings| {
        settings.upstreams[0].servers.push(nowhere);
    })
    .await;
    for _ in 0..4 {
        tunnel(&gateway, &listener).await;
    }
}

/// F11.
#[tokio::test]
async fn one_subject_has_so_many_tunnels_and_no_more() {
    let (gateway, listener) = played_with(Protocol::Http1, |settings| {
        settings.limits.tunnels.per_subject = 1;
    })
    .await;
    let (mut first, upstream) = tunnel(&gateway, &listener).await;

    let second = gateway.send(asking_as_alice(&gateway)).await;
    assert_eq!(second.status, 429);

    drop(upstream);
    assert!(first.is_closed().await);
    first.stream.shutdown().await.unwrap();
    while gateway.gateway.in_flight() > 0 {
        tokio::task::yield_now().await;
    }
    tunnel(&gateway, &listener).await;
}
