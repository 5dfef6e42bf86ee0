//! A gateway on a port of its own, and a client that sends it bytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use pingora::apps::ServerApp as _;
use pingora::protocols::l4::stream::Stream;
use pingora::protocols::{GetSocketDigest as _, SocketDigest};
use pingora::server::configuration::ServerConf;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::corpus;
use super::recorder::Recorder;
use super::support::ISSUER;
use crate::clock::ManualClock;
use crate::gateway::settings::Settings;
use crate::gateway::{Edge, Gateway, Shutdown, Snapshot, SnapshotParts, Upstreams};
use crate::jose::{KeyRing, RingKey, SigningAlgorithm, SigningKey, TokenVerifier};
use crate::model::Timestamp;
use crate::provider::Provider;
use crate::provider::tests::support::START;
use crate::store::{Revocations, Store};
use crate::telemetry::Metrics;

/// The present of all tests.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_000_000);
/// No test waits longer for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The gateway G of the corpus, in front of the upstream U.
pub(crate) struct TestGateway {
    pub(crate) address: SocketAddr,
    pub(crate) upstream: Recorder,
    pub(crate) gateway: Gateway,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) key: Arc<SigningKey>,
    settings: Settings,
    parts: SnapshotParts,
    _serving: JoinSet<()>,
    shutdown: watch::Sender<bool>,
}

/// How the gateway's connections begin.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

impl TestGateway {
    /// A gateway with the routes of the corpus.
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// The same with deviations in its settings.
    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::speaking(Protocol::Http1, change).await
    }

    pub(crate) async fn speaking(protocol: Protocol, change: impl FnOnce(&mut Settings)) -> Self {
        let upstream = Recorder::start().await;
        let mut settings = corpus::settings(upstream.address);
        change(&mut settings);
        let key = Arc::new(SigningKey::generate(SigningAlgorithm::Es256).unwrap());
        let ring = KeyRing::new(vec![RingKey {
            key: Arc::clone(&key),
            created_at: Timestamp::from_secs(0),
            active_from: Timestamp::from_secs(0),
            published_until: None,
        }]);
        let own = Some((ISSUER.to_owned(), Arc::new(ring)));
        let verifier = TokenVerifier::new(own, &[], 1000)
            .unwrap()
            .limiting_failures(settings.limits.token_failures_per_minute);
        let metrics = Arc::new(Metrics::new());
        let upstreams = Upstreams::new(&settings.upstreams, Arc::clone(&metrics)).unwrap();
        let parts = SnapshotParts {
            verifier: Arc::new(verifier),
            issuers: Arc::default(),
            revocations: Some(Arc::new(Revocations::default())),
            upstream_sessions: None,
            provider: None,
            store: None,
            upstreams: Arc::new(upstreams),
            acme: Arc::default(),
        };
        let snapshot = Snapshot::new(&settings, parts.clone()).unwrap();
        let clock = Arc::new(ManualClock::at(NOW));
        let gateway = Gateway::new(snapshot, Arc::clone(&clock) as _, metrics);
        let edge = Arc::new(Edge::new(gateway.clone(), ServerConf::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, stops) = watch::channel(false);
        let mut serving = JoinSet::new();
        serving.spawn(accept(listener, edge, stops, protocol));
        Self {
            address,
            upstream,
            gateway,
            clock,
            key,
            settings,
            parts,
            _serving: serving,
            shutdown,
        }
    }

    /// Changes settings and parts while it serves.
    pub(crate) fn reload(&mut self, change: impl FnOnce(&mut Settings, &mut SnapshotParts)) {
        change(&mut self.settings, &mut self.parts);
        let snapshot = Snapshot::new(&self.settings, self.parts.clone()).unwrap();
        self.gateway.swap(snapshot);
    }

    /// Has `provider` over `store` behind it, in the time of the provider's tests.
    pub(crate) fn put_behind(&mut self, provider: Provider, store: &Store) {
        self.clock.advance(START.since(NOW));
        self.reload(|_, parts| {
            parts.provider = Some(Arc::new(provider));
            parts.store = Some(store.clone());
            parts.revocations = Some(Arc::clone(store.revocations()));
        });
    }

    /// Makes the upstreams anew, as every reload of a server does.
    pub(crate) fn reload_upstreams(&mut self) {
        let metrics = Arc::new(Metrics::new());
        let upstreams = Upstreams::new(&self.settings.upstreams, metrics).unwrap();
        self.reload(|_, parts| parts.upstreams = Arc::new(upstreams));
    }

    /// Has it stop, as SIGTERM does.
    pub(crate) fn stop(&self) {
        self.shutdown.send_replace(true);
    }

    /// Sends `bytes` over a new connection and reads one answer.
    pub(crate) async fn send(&self, bytes: impl AsRef<[u8]>) -> Answer {
        self.connect().await.exchange(bytes).await
    }

    /// `GET target` with these fields.
    pub(crate) async fn get(&self, target: &str, fields: &[(&str, &str)]) -> Answer {
        let fields: String = fields
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        self.send(format!(
            "GET {target} HTTP/1.1\r\nHost: a.test\r\n{fields}\r\n"
        ))
        .await
    }

    pub(crate) async fn connect(&self) -> Connection {
        Connection::over(TcpStream::connect(self.address).await.unwrap())
    }

    /// A token with the signature of another.
    pub(crate) fn forged(&self) -> String {
        let (token, other) = (
            self.token(|_| {}),
            self.token(|claims| claims["jti"] = "x".into()),
        );
        let (signed, _) = token.rsplit_once('.').unwrap();
        let (_, signature) = other.rsplit_once('.').unwrap();
        format!("{signed}.{signature}")
    }

    /// A token that may `read`, after `change` to its claims.
    pub(crate) fn token(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = json!({
            "iss": ISSUER,
            "sub": "alice",
            "aud": "api",
            "client_id": "app",
            "scope": "read",
            "iat": NOW.as_secs(),
            "exp": NOW.as_secs() + 600,
            "jti": "jti-1",
            "groups": ["staff"],
        });
        change(&mut claims);
        self.key.sign_jwt("at+jwt", &claims).unwrap()
    }

    /// A good token, as the value of `Authorization`.
    pub(crate) fn bearer(&self) -> String {
        format!("Bearer {}", self.token(|_| {}))
    }

    /// Nothing has reached the upstream.
    #[track_caller]
    pub(crate) fn assert_nothing_forwarded(&self, row: &str) {
        let requests = self.upstream.requests();
        assert!(requests.is_empty(), "{row}: {requests:#?}");
    }
}

/// Serves as the connection guard does.
async fn accept(
    listener: TcpListener,
    edge: Arc<Edge>,
    stops: watch::Receiver<bool>,
    protocol: Protocol,
) {
    let mut connections = JoinSet::new();
    while let Ok((stream, peer)) = listener.accept().await {
        let (edge, stops) = (Arc::clone(&edge), stops.clone());
        connections.spawn(async move {
            let mut stream = Stream::from(stream);
            let digest = SocketDigest::from_raw_fd(-1);
            digest.peer_addr.set(Some(peer.into())).unwrap();
            stream.set_socket_digest(digest);
            if protocol == Protocol::Http2 {
                drop(edge.process_new(Box::new(stream), &stops).await);
                return;
            }
            let opening = Duration::from_secs(60);
            let shutdown = Shutdown::from(stops);
            edge.serve_http1(Box::new(stream), opening, &shutdown).await;
        });
    }
}

/// A client's connection.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
}

/// One answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Connection {
    pub(crate) const fn over(stream: TcpStream) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    pub(crate) async fn exchange(&mut self, bytes: impl AsRef<[u8]>) -> Answer {
        self.write(bytes).await;
        self.answer().await
    }

    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Reads one answer whose body has a length.
    pub(crate) async fn answer(&mut self) -> Answer {
        let head = self.head().await;
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or_else(|| panic!("no status in {head:?}"));
        let mut answer = Answer {
            status,
            head,
            body: String::new(),
        };
        let length = answer
            .field("content-length")
            .map_or(0, |length| length.parse().unwrap());
        let body = self.take(length).await;
        answer.body = String::from_utf8(body).unwrap();
        answer
    }

    /// Reads a head.
    pub(crate) async fn head(&mut self) -> String {
        String::from_utf8(self.until(b"\r\n\r\n").await).unwrap()
    }

    /// Reads until `end` has come.
    pub(crate) async fn until(&mut self, end: &[u8]) -> Vec<u8> {
        loop {
            let found = self
                .buffer
                .windows(end.len())
                .position(|window| window == end);
            if let Some(at) = found {
                return self.buffer.drain(..at + end.len()).collect();
            }
            self.fill().await;
        }
    }

    async fn take(&mut self, length: usize) -> Vec<u8> {
        while self.buffer.len() < length {
            self.fill().await;
        }
        self.buffer.drain(..length).collect()
    }

    async fn fill(&mut self) {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.buffer));
        let n = read.await.expect("the gateway says nothing").unwrap();
        assert!(
            n > 0,
            "closed after {:?}",
            String::from_utf8_lossy(&self.buffer)
        );
    }

    /// Reads until the gateway closes the connection.
    pub(crate) async fn everything(&mut self) -> String {
        let read = timeout(PATIENCE, self.stream.read_to_end(&mut self.buffer));
        // A reset is an end as well.
        drop(read.await.expect("the gateway keeps the connection"));
        String::from_utf8_lossy(&self.buffer).into_owned()
    }

    /// Whether the gateway closes the connection without another byte.
    pub(crate) async fn is_closed(&mut self) -> bool {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.buffer));
        let end = read.await.expect("the gateway keeps the connection");
        self.buffer.is_empty() && !matches!(end, Ok(n) if n > 0)
    }
}

impl Answer {
    /// The value of the first field of this name.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "))
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}
