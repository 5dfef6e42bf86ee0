//! A gateway before a backend with a WebSocket that takes tokens in messages, and what is said there.

use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::gateway::settings::{Authentication, OtherTokens, Policy, Route, TokenUse, WebSockets};
use crate::gateway::tests::harness::{Connection, NOW, Protocol, TestGateway};
use crate::gateway::tests::played::played_with;
use crate::gateway::tests::tunnel::{asking, switch};
use crate::users::UpstreamSite;

pub(super) const MASK: [u8; 4] = [7, 0, 0xff, 0x20];

/// A gateway with `/ws/event`, where the backend's own tokens pass, and `/strict/event`, where not.
pub(super) struct Edge {
    pub(super) gateway: TestGateway,
    pub(super) listener: TcpListener,
    pub(super) site: UpstreamSite,
}

impl Edge {
    pub(super) async fn start() -> Self {
        let (mut gateway, listener) = played_with(Protocol::Http1, |settings| {
            settings.limits.tunnels.per_subject = 2;
            let base = settings.routes.iter().find(|route| route.name == "ws");
            let base = base.unwrap().clone();
            let subscribing = |name: &str, others| Route {
                name: name.to_owned(),
                path: format!("/{name}/event"),
                policy: Policy {
                    authentication: Authentication::Optional,
                    ..base.policy.clone()
                },
                token_use: TokenUse::Swap(others),
                websockets: Some(WebSockets {
                    subscribe: true,
                    ..WebSockets::default()
                }),
                ..base.clone()
            };
            let routes = [
                subscribing("events", OtherTokens::Pass),
                subscribing("strict", OtherTokens::Refuse),
                Route {
                    outlives_token: true,
                    ..subscribing("lasting", OtherTokens::Pass)
                },
            ];
            settings.routes.extend(routes);
        })
        .await;
        let site = UpstreamSite::signed_in_at(NOW).await;
        let sessions = site.sessions.clone();
        let revocations = std::sync::Arc::clone(site.store.revocations());
        gateway.reload(|_, parts| {
            parts.upstream_sessions = Some(sessions);
            parts.revocations = Some(revocations);
        });
        Self {
            gateway,
            listener,
            site,
        }
    }

    /// A token that the sign-in brought.
    pub(super) fn token(&self) -> String {
        self.token_with(|_| {})
    }

    pub(super) fn token_with(&self, change: impl FnOnce(&mut Value)) -> String {
        self.gateway.token(|claims| {
            claims["grant_id"] = "grant".into();
            change(claims);
        })
    }

    /// A tunnel on this route, opened by nobody in particular.
    pub(super) async fn open(&self, route: &str) -> (Connection, TcpStream) {
        let mut client = self.gateway.connect().await;
        client.write(asking(&format!("/{route}/event"), "")).await;
        let upstream = switch(&self.listener).await;
        let head = client.head().await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        (client, upstream)
    }
}

/// A masked frame with this first byte.
pub(super) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = payload.len();
    let mut frame = match u16::try_from(length).unwrap() {
        0..=125 => vec![first, 0x80 | u8::try_from(length).unwrap()],
        medium => [&[first, 0xfe][..], &medium.to_be_bytes()].concat(),
    };
    frame.extend(MASK);
    frame.extend(masked(payload, MASK));
    frame
}

pub(super) fn masked(payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    payload
        .iter()
        .zip(mask.iter().cycle())
        .map(|(b, m)| b ^ m)
        .collect()
}

pub(super) fn message(value: &Value) -> Vec<u8> {
    frame(0x81, value.to_string().as_bytes())
}

pub(super) fn subscription(token: &str) -> Vec<u8> {
    message(&json!({"@type": "subscribe", "jwt": token}))
}

/// The next frame that the upstream gets: its first byte, and what it says.
pub(super) async fn next(upstream: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut head = [0; 2];
    upstream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[1] & 0x80, 0x80, "masked");
    let length = match head[1] & 0x7f {
        126 => usize::from(upstream.read_u16().await.unwrap()),
        short => usize::from(short),
    };
    let mut mask = [0; 4];
    upstream.read_exact(&mut mask).await.unwrap();
    let mut payload = vec![0; length];
    upstream.read_exact(&mut payload).await.unwrap();
    (head[0], masked(&payload, mask))
}

/// The upstream gets exactly these bytes next.
#[track_caller]
pub(super) fn same(got: &[u8], expected: &[u8], row: &str) {
    assert_eq!(got, expected, "{row}");
}

pub(super) async fn read(upstream: &mut TcpStream, n: usize) -> Vec<u8> {
    let mut bytes = vec![0; n];
    upstream.read_exact(&mut bytes).await.unwrap();
    bytes
}

/// Downstream is told this status and this text, and upstream the status, after which both end.
pub(super) async fn assert_closed(
    (client, upstream): &mut (Connection, TcpStream),
    (status, text): (u16, &str),
    row: &str,
) {
    let mut told = Vec::new();
    client.stream.read_to_end(&mut told).await.unwrap();
    let payload = [&status.to_be_bytes(), text.as_bytes()].concat();
    let length = u8::try_from(payload.len()).unwrap();
    assert_eq!(told, [&[0x88, length][..], &payload].concat(), "{row}");
    let (first, said) = next(upstream).await;
    assert_eq!(
        (first, said.as_slice()),
        (0x88, &status.to_be_bytes()[..]),
        "{row}"
    );
    let mut rest = Vec::new();
    upstream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty(), "{row}: {rest:?}");
}
