//! Discovery, health and the settings that are refused.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use super::{Choice, UpstreamError, Upstreams, settings};
use crate::gateway::tests::corpus::upstream_settings;
use crate::gateway::tests::recorder::Recorder;
use crate::outbound::testing::Dead;
use crate::telemetry::Metrics;

fn upstreams(settings: settings::Upstream) -> Result<Upstreams, UpstreamError> {
    Upstreams::new(&[settings], Arc::new(Metrics::new()))
}

fn with_servers(servers: &[&str]) -> settings::Upstream {
    let servers: Vec<String> = servers.iter().map(ToString::to_string).collect();
    upstream_settings("u", &servers)
}

fn check(path: Option<&str>) -> settings::HealthCheck {
    settings::HealthCheck {
        path: path.map(str::to_owned),
        interval: Duration::from_secs(5),
        healthy_after: 1,
        unhealthy_after: 1,
    }
}

/// Checks health once; the server that gets the next request.
async fn healthy(upstreams: &Upstreams) -> Option<SocketAddr> {
    let upstream = upstreams.find("u").unwrap();
    upstream.balancer.backends().run_health_check(true).await;
    upstream
        .pick(Choice::default())
        .and_then(|peer| peer._address.as_inet().copied())
}

#[test]
fn settings_that_could_not_work_or_would_not_be_verified_are_refused() {
    for server in ["u.test", "u.test:http", ":80", "[::1", "a:b:80", ""] {
        let refused = upstreams(with_servers(&[server]));
        assert!(
            matches!(refused, Err(UpstreamError::Server { .. })),
            "{server}"
        );
    }
    let tls = |server_name: &str, ca_pem: Option<&[u8]>| settings::Upstream {
        tls: Some(settings::UpstreamTls {
            server_name: server_name.to_owned(),
            ca_pem: ca_pem.map(<[u8]>::to_vec),
            client_certificate: None,
        }),
        ..with_servers(&["127.0.0.1:443"])
    };
    let nameless = upstreams(tls("", None));
    assert!(matches!(nameless, Err(UpstreamError::ServerName { .. })));
    let garbage = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for pem in [&b""[..], b"no PEM", b"\xff", garbage] {
        let refused = upstreams(tls("u.test", Some(pem)));
        assert!(matches!(refused, Err(UpstreamError::Ca { .. })), "{pem:?}");
    }
}

#[tokio::test]
async fn a_name_is_known_once_it_was_resolved() {
    let server = Recorder::start().await;
    let name = format!("localhost:{}", server.address.port());
    let upstreams = upstreams(with_servers(&[&name])).unwrap();
    assert!(
        upstreams
            .find("u")
            .unwrap()
            .pick(Choice::default())
            .is_none()
    );

    upstreams.resolve().await;

    assert!(
        upstreams
            .find("u")
            .unwrap()
            .pick(Choice::default())
            .is_some()
    );
}

#[tokio::test]
async fn a_name_that_does_not_resolve_leaves_the_other_servers() {
    let upstreams = upstreams(with_servers(&["127.0.0.1:80", "name.invalid:80"])).unwrap();
    upstreams.resolve().await;

    let peer = upstreams
        .find("u")
        .unwrap()
        .pick(Choice::default())
        .unwrap();
    assert_eq!(peer._address.to_string(), "127.0.0.1:80");
}

#[tokio::test]
async fn a_server_that_takes_no_connections_gets_no_requests() {
    let server = Recorder::start().await;
    let dead = Dead::hold();
    let upstreams = upstreams(settings::Upstream {
        health_check: Some(check(None)),
        ..with_servers(&[&dead.address.to_string(), &server.address.to_string()])
    })
    .unwrap();
    for _ in 0..4 {
        assert_eq!(healthy(&upstreams).await, Some(server.address));
    }
}

#[tokio::test]
async fn a_server_whose_check_fails_gets_no_requests_until_it_succeeds() {
    let server = Recorder::start().await;
    let upstreams = upstreams(settings::Upstream {
        health_check: Some(check(Some("/health?deep"))),
        ..with_servers(&[&server.address.to_string()])
    })
    .unwrap();
    for (answer, up) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true),
        ("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", false),
        ("HTTP/1.1 204 No Content\r\n\r\n", true),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", false),
    ] {
        server.answers(answer.as_bytes());
        assert_eq!(healthy(&upstreams).await.is_some(), up, "{answer:?}");
    }
    let request = server.requests().remove(0);
    assert!(
        request.starts_with("GET /health?deep HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.contains(&format!("Host: {}\r\n", server.address)),
        "{request}"
    );
}

#[tokio::test]
async fn checks_speak_the_protocol_of_the_upstream() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        let mut paths = Vec::new();
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            paths.push(request.uri().path().to_owned());
            respond
                .send_response(http::Response::<()>::default(), true)
                .unwrap();
        }
        paths
    });
    let upstreams = upstreams(settings::Upstream {
        http2: true,
        health_check: Some(check(Some("/grpc.health"))),
        ..with_servers(&[&address.to_string()])
    })
    .unwrap();

    assert_eq!(healthy(&upstreams).await, Some(address));
    drop(upstreams);
    assert_eq!(serving.await.unwrap(), ["/grpc.health"]);
}

#[tokio::test]
async fn watching_keeps_nothing_alive() {
    let upstreams = Arc::new(upstreams(with_servers(&["127.0.0.1:80"])).unwrap());
    let upstream = Arc::downgrade(upstreams.find("u").unwrap());
    let watching = tokio::spawn(Arc::clone(&upstreams).watch());
    tokio::task::yield_now().await;

    drop(upstreams);

    assert!(upstream.upgrade().is_none());
    watching.abort();
}
