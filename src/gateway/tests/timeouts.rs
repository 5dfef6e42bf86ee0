//! How long an upstream may take where the route says so.

use std::sync::Arc;
use std::time::Duration;

use http::Request;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::harness::{Protocol, TestGateway};
use super::played::{begin_events, played_with, send_event, until};
use crate::gateway::RouteTimeouts;
use crate::gateway::settings::{Settings, WebSockets};
use crate::telemetry::log::testing::Captured;

/// No test would wait that long.
const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(50);

/// Gives the route of this name timeouts.
fn limit(settings: &mut Settings, route: &str, timeouts: RouteTimeouts) {
    let mut routes = settings.routes.iter_mut();
    let route = routes.find(|known| known.name == route).unwrap();
    route.timeouts = Some(Arc::new(timeouts));
}

fn read(time: Duration) -> RouteTimeouts {
    RouteTimeouts {
        read: Some(time),
        ..RouteTimeouts::default()
    }
}

fn total(time: Duration) -> RouteTimeouts {
    RouteTimeouts {
        total: Some(time),
        ..RouteTimeouts::default()
    }
}

/// A gateway whose upstream is played by the test and takes as long as it likes, but for the route
/// of the public.
async fn limited(timeouts: RouteTimeouts) -> (TestGateway, TcpListener) {
    played_with(Protocol::Http1, |settings| {
        settings.upstreams[0].read_timeout = LONG;
        settings.upstreams[0].idle_timeout = LONG;
        limit(settings, "public", timeouts);
    })
    .await
}

/// Accepts the next request, which has no body.
async fn accept(listener: &TcpListener) -> TcpStream {
    let (mut upstream, _) = listener.accept().await.unwrap();
    until(&mut upstream, "\r\n\r\n").await;
    upstream
}

/// The peer closed the connection.
async fn assert_closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    // A reset is an end as well.
    drop(stream.read_to_end(&mut rest).await);
    assert!(rest.is_empty(), "{}", String::from_utf8_lossy(&rest));
}

/// How often the upstream was counted with this outcome.
fn counted(gateway: &TestGateway, needle: &str) -> usize {
    let text = gateway.gateway.metrics().render();
    let lines = text.lines().filter(|line| line.contains(needle));
    lines
        .filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok())
        .sum()
}

#[tokio::test]
async fn an_upstream_that_is_silent_for_longer_than_the_route_waits_is_504() {
    let lines = Captured::start();
    let (gateway, listener) = limited(read(SHORT)).await;

    let answer = gateway.get("/public/x", &[]).await;

    assert_eq!(answer.status, 504);
    let line = lines.access().remove(0);
    assert_eq!(line["reason"], "upstream_timeout");
    assert_eq!(line["decision"], "upstream_error");
    assert_eq!(counted(&gateway, "outcome=\"timeout\""), 1);
    assert_closed(&mut accept(&listener).await).await;
}

#[tokio::test]
async fn a_total_that_is_over_is_504_and_the_connection_is_not_used_again() {
    let lines = Captured::start();
    let (gateway, listener) = limited(total(SHORT)).await;

    let answer = gateway.get("/public/x", &[]).await;

    assert_eq!(answer.status, 504);
    assert_eq!(lines.access()[0]["reason"], "deadline");
    assert_eq!(counted(&gateway, "outcome=\"timeout\""), 1);
    assert_closed(&mut accept(&listener).await).await;
    let (answer, ()) = tokio::join!(gateway.get("/opt/x", &[]), async {
        let mut another = accept(&listener).await;
        let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        another.write_all(ok).await.unwrap();
    });
    assert_eq!(answer.status, 200);
}

/// The time of the other routes is the upstream's, whatever a route says.
#[tokio::test]
async fn a_stream_on_a_route_that_waits_long_is_not_cut_off() {
    let (gateway, listener) = played_with(Protocol::Http1, |settings| {
        settings.upstreams[0].read_timeout = SHORT;
        limit(settings, "public", read(LONG));
    })
    .await;
    let mut client = gateway.connect().await;
    let request = "GET /public/events HTTP/1.1\r\nHost: a.test\r\n\r\n";
    client.write(request).await;
    let mut upstream = begin_events(&listener).await;
    send_event(&mut upstream, "data: 1\n\n").await;
    client.until(b"data: 1\n\n").await;

    // As long a pause as the upstream may make elsewhere.
    assert_eq!(gateway.get("/opt/x", &[]).await.status, 504);

    send_event(&mut upstream, "data: 2\n\n").await;
    client.until(b"data: 2\n\n").await;
}

/// Each of them begins Pingora's wait anew.
#[tokio::test]
async fn informational_answers_do_not_stretch_a_total() {
    let (gateway, listener) = limited(total(SHORT)).await;
    let mut client = gateway.connect().await;
    let request = "GET /public/x HTTP/1.1\r\nHost: a.test\r\n\r\n";
    client.write(request).await;
    let mut upstream = accept(&listener).await;
    let chatter = async {
        let hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";
        while upstream.write_all(hints).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };

    let (answered, ()) = tokio::join!(client.until(b"HTTP/1.1 504 Gateway Timeout\r\n"), chatter);

    assert!(!answered.is_empty());
}

/// Without a total the same download goes on, on the next route.
#[tokio::test]
async fn a_download_is_cut_off_when_the_total_is_over() {
    let lines = Captured::start();
    let (gateway, listener) = limited(total(Duration::from_millis(600))).await;
    let mut downloads = Vec::new();
    let mut sending = JoinSet::new();
    for target in ["/public/x", "/opt/x"] {
        let mut client = gateway.connect().await;
        let request = format!("GET {target} HTTP/1.1\r\nHost: a.test\r\n\r\n");
        client.write(request).await;
        let mut upstream = begin_events(&listener).await;
        sending.spawn(async move {
            let piece = [b"10000\r\n".as_slice(), &[b'x'; 0x10000], b"\r\n"].concat();
            while upstream.write_all(&piece).await.is_ok() {}
        });
        downloads.push(client);
    }
    let [mut cut_off, mut goes_on] = downloads.try_into().ok().unwrap();

    let whole = cut_off.everything().await;

    assert!(whole.starts_with("HTTP/1.1 200"), "{whole:.100}");
    assert!(!whole.ends_with("0\r\n\r\n"), "it does not look whole");
    assert_eq!(lines.access()[0]["reason"], "deadline");
    assert_eq!(counted(&gateway, "reason=\"deadline\""), 1);
    assert_eq!(lines.audit(), Vec::<serde_json::Value>::new());
    for _ in 0..10 {
        let more = goes_on.stream.read(&mut [0; 0x10000]).await.unwrap();
        assert!(more > 0, "the other one goes on");
    }
}

#[tokio::test]
async fn a_client_that_pauses_for_a_total_is_the_one_to_blame() {
    let lines = Captured::start();
    let (gateway, listener) = limited(total(SHORT)).await;
    let head = "POST /public/x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nhalf";

    let answer = gateway.send(head).await;

    assert_eq!(answer.status, 408);
    assert_eq!(lines.access()[0]["reason"], "body_timeout");
    assert_eq!(counted(&gateway, "outcome=\"timeout\""), 0);
    drop(listener);
}

#[tokio::test]
async fn a_request_with_a_body_has_its_total_from_its_end() {
    let lines = Captured::start();
    let (gateway, _listener) = limited(total(SHORT)).await;
    let request = "POST /public/x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nwhole";

    let answer = gateway.send(request).await;

    assert_eq!(answer.status, 504);
    assert_eq!(lines.access()[0]["reason"], "deadline");
}

#[tokio::test]
async fn an_answer_over_http_2_is_waited_for_no_longer() {
    let (gateway, _listener) = played_with(Protocol::Http2, |settings| {
        settings.upstreams[0].read_timeout = LONG;
        limit(settings, "public", total(SHORT));
    })
    .await;
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { drop(connection.await) });
    let mut client = client.ready().await.unwrap();
    let request = Request::get("http://a.test/public/x").body(()).unwrap();

    let (answer, _) = client.send_request(request, true).unwrap();

    assert_eq!(answer.await.unwrap().status(), 504);
}

#[tokio::test]
async fn a_handshake_of_a_websocket_is_waited_for_no_longer() {
    for (timeouts, reason) in [
        (read(SHORT), "upstream_timeout"),
        (total(SHORT), "deadline"),
    ] {
        let lines = Captured::start();
        let (gateway, _listener) = played_with(Protocol::Http1, |settings| {
            settings.upstreams[0].read_timeout = LONG;
            limit(settings, "public", timeouts);
            for route in &mut settings.routes {
                route.websockets = Some(WebSockets::default());
            }
        })
        .await;
        let handshake = [
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];

        assert_eq!(gateway.get("/public/x", &handshake).await.status, 504);
        assert_eq!(lines.access()[0]["reason"], reason);
    }
}

#[tokio::test]
async fn a_connection_is_left_unused_for_as_long_as_the_route_says() {
    let (gateway, listener) = limited(RouteTimeouts {
        idle: Some(SHORT),
        ..RouteTimeouts::default()
    })
    .await;
    let exchange = async {
        let mut upstream = accept(&listener).await;
        let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        upstream.write_all(ok).await.unwrap();
        upstream
    };

    let (answer, mut upstream) = tokio::join!(gateway.get("/public/x", &[]), exchange);

    assert_eq!(answer.status, 200);
    assert_closed(&mut upstream).await;
}
