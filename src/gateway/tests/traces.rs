//! Traces, as a collector gets them over its socket.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::harness::{PATIENCE, TestGateway};
use crate::clock::SystemClock;
use crate::outbound::testing::Dead;
use crate::server::install_crypto_provider;
use crate::telemetry::Metrics;
use crate::telemetry::log::testing::Captured;
use crate::telemetry::traces::{TraceSettings, start};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

/// A collector, as far as an exporter sees of it.
struct Collector {
    address: SocketAddr,
    bodies: mpsc::UnboundedReceiver<Vec<u8>>,
    seen: Vec<u8>,
    _serving: JoinSet<()>,
}

/// One span, its attributes as text.
#[derive(Debug)]
struct Span {
    trace: String,
    id: String,
    parent: String,
    name: String,
    kind: u64,
    start: u64,
    end: u64,
    attributes: BTreeMap<String, String>,
}

impl Collector {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (told, bodies) = mpsc::unbounded_channel();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                take(stream, &told).await;
            }
        });
        Self {
            address,
            bodies,
            seen: Vec::new(),
            _serving: serving,
        }
    }

    fn url(&self) -> String {
        format!("http://{}/v1/traces", self.address)
    }

    /// The spans of the next export.
    async fn spans(&mut self) -> Vec<Span> {
        let body = timeout(PATIENCE, self.bodies.recv()).await.unwrap();
        let body = body.unwrap();
        self.seen.extend_from_slice(&body);
        // ExportTraceServiceRequest, ResourceSpans, ScopeSpans.
        let mut spans = Vec::new();
        for resource in all(&body, 1) {
            for scope in all(resource, 2) {
                spans.extend(all(scope, 2).into_iter().map(span));
            }
        }
        spans
    }
}

/// Takes the exports of one connection.
async fn take(mut stream: TcpStream, told: &mpsc::UnboundedSender<Vec<u8>>) {
    let mut bytes = Vec::new();
    loop {
        let head = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = head {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            assert!(head.starts_with("post /v1/traces http/1.1\r\n"), "{head}");
            assert!(
                head.contains("content-type: application/x-protobuf"),
                "{head}"
            );
            let length = head.split("content-length: ").nth(1).unwrap();
            let length: usize = length.lines().next().unwrap().parse().unwrap();
            if bytes.len() >= end + 4 + length {
                let rest = bytes.split_off(end + 4 + length);
                told.send(bytes.split_off(end + 4)).unwrap();
                bytes = rest;
                let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
                stream.write_all(ok).await.unwrap();
                continue;
            }
        }
        if !matches!(stream.read_buf(&mut bytes).await, Ok(n) if n > 0) {
            return;
        }
    }
}

/// A field of a protobuf message.
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message, in order.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    fn number(bytes: &mut &[u8]) -> u64 {
        let mut value = 0;
        for n in 0.. {
            let (byte, rest) = bytes.split_first().unwrap();
            *bytes = rest;
            value |= u64::from(byte & 0x7f) << (7 * n);
            if byte & 0x80 == 0 {
                break;
            }
        }
        value
    }
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = number(&mut bytes);
        let field = match key & 7 {
            0 => Field::Number(number(&mut bytes)),
            1 => {
                let (value, rest) = bytes.split_at(8);
                bytes = rest;
                Field::Number(u64::from_le_bytes(value.try_into().unwrap()))
            }
            2 => {
                let length = usize::try_from(number(&mut bytes)).unwrap();
                let (value, rest) = bytes.split_at(length);
                bytes = rest;
                Field::Bytes(value)
            }
            5 => {
                let (value, rest) = bytes.split_at(4);
                bytes = rest;
                Field::Number(u32::from_le_bytes(value.try_into().unwrap()).into())
            }
            kind => panic!("a field of kind {kind}"),
        };
        found.push((key >> 3, field));
    }
    found
}

/// All values of a field of messages or texts.
fn all(message: &[u8], number: u64) -> Vec<&[u8]> {
    let found = fields(message).into_iter();
    found
        .filter_map(|(known, field)| match field {
            Field::Bytes(bytes) if known == number => Some(bytes),
            _ => None,
        })
        .collect()
}

fn first(message: &[u8], number: u64) -> &[u8] {
    all(message, number).first().copied().unwrap_or_default()
}

fn number(message: &[u8], wanted: u64) -> u64 {
    let found = fields(message).into_iter();
    let mut found = found.filter_map(|(known, field)| match field {
        Field::Number(value) if known == wanted => Some(value),
        _ => None,
    });
    found.next().unwrap_or_default()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn span(message: &[u8]) -> Span {
    let attributes = all(message, 9).into_iter().map(|attribute| {
        let value = first(attribute, 2);
        let shown = match first(value, 1) {
            [] => number(value, 3).to_string(),
            bytes => text(bytes),
        };
        (text(first(attribute, 1)), shown)
    });
    Span {
        trace: hex(first(message, 1)),
        id: hex(first(message, 2)),
        parent: hex(first(message, 4)),
        name: text(first(message, 5)),
        kind: number(message, 6),
        start: number(message, 7),
        end: number(message, 8),
        attributes: attributes.collect(),
    }
}

/// Has the gateway trace all requests, and answers what counts its spans and what sends them.
fn trace(
    gateway: &TestGateway,
    endpoint: String,
    change: impl FnOnce(&mut TraceSettings),
) -> (Arc<Metrics>, crate::telemetry::traces::Exporter) {
    install_crypto_provider();
    let mut settings = TraceSettings {
        endpoint,
        service_name: "edge-of-this-test".to_owned(),
        sample_one_in: 1,
        parents_from: Vec::new(),
    };
    change(&mut settings);
    let metrics = Arc::new(Metrics::new());
    let (tracer, exporter) = start(&settings, Arc::new(SystemClock), Arc::clone(&metrics)).unwrap();
    gateway.gateway.trace_by(tracer);
    (metrics, exporter)
}

/// A gateway that traces all requests to a collector.
async fn traced(change: impl FnOnce(&mut TraceSettings)) -> (TestGateway, Collector, JoinSet<()>) {
    let gateway = TestGateway::start().await;
    let collector = Collector::start().await;
    let (_metrics, exporter) = trace(&gateway, collector.url(), change);
    let mut sending = JoinSet::new();
    sending.spawn(exporter.run());
    (gateway, collector, sending)
}

fn parent() -> String {
    format!("00-{TRACE}-{SPAN}-01")
}

#[tokio::test]
async fn a_forwarded_request_is_a_span_and_its_exchange_another() {
    let (gateway, mut collector, _sending) = traced(|_| {}).await;
    let bearer = gateway.bearer();
    let fields = [("Authorization", bearer.as_str()), ("Cookie", "a=s3cret")];
    let answer = gateway.get("/api/x?q=s3cret", &fields).await;

    let spans = collector.spans().await;
    let [request, exchange] = spans.try_into().unwrap();
    assert_eq!((request.kind, exchange.kind), (2, 3), "server, client");
    assert_eq!(request.name, "GET api-read");
    assert_eq!(request.parent, "");
    assert_eq!(exchange.trace, request.trace);
    assert_eq!(exchange.parent, request.id);
    assert!(request.start <= exchange.start && exchange.end <= request.end);
    let server = gateway.upstream.address;
    let id = answer.field("x-request-id").unwrap();
    for (span, name, value) in [
        (&request, "http.request.method", "GET"),
        (&request, "http.response.status_code", "200"),
        (&request, "http.route", "api-read"),
        (&request, "url.path", "/api/x"),
        (&request, "url.scheme", "http"),
        (&request, "server.address", "a.test"),
        (&request, "client.address", "127.0.0.1"),
        (&request, "cellgate.request.id", id),
        (&request, "cellgate.decision", "forwarded"),
        (&exchange, "server.address", "127.0.0.1"),
        (&exchange, "server.port", &server.port().to_string()),
        (&exchange, "http.response.status_code", "200"),
    ] {
        let found = span.attributes.get(name).map(String::as_str);
        assert_eq!(found, Some(value), "{name}");
    }
    let told = gateway.upstream.field("traceparent").unwrap();
    assert_eq!(told, format!("00-{}-{}-01", request.trace, exchange.id));
    let all = String::from_utf8_lossy(&collector.seen).into_owned();
    assert!(all.contains("edge-of-this-test"));
    let token = bearer.strip_prefix("Bearer ").unwrap();
    assert!(!all.contains("s3cret") && !all.contains(token));
}

#[tokio::test]
async fn a_refused_request_says_why_and_has_no_exchange() {
    let (gateway, mut collector, _sending) = traced(|_| {}).await;

    gateway.get("/api/x", &[]).await;

    let spans = collector.spans().await;
    let [request] = spans.try_into().unwrap();
    let attributes = &request.attributes;
    assert_eq!(attributes["cellgate.reason"], "no_credential");
    assert_eq!(attributes["cellgate.decision"], "rejected");
    assert_eq!(attributes["http.response.status_code"], "401");
}

/// Nobody but those who are listed can have a request sampled, or be the parent of its spans.
#[tokio::test]
async fn a_trace_of_a_stranger_is_not_ours() {
    let (gateway, mut collector, _sending) = traced(|settings| {
        settings.parents_from = vec!["192.0.2.0/24".parse().unwrap()];
    })
    .await;
    let parent = parent();
    let fields = [
        ("Traceparent", parent.as_str()),
        ("Tracestate", "a=1"),
        ("X-Forwarded-For", "192.0.2.7"),
    ];
    gateway.get("/public/x", &fields).await;

    let request = collector.spans().await.remove(0);
    assert_ne!(request.trace, TRACE);
    assert_eq!(request.parent, "");
    let told = gateway.upstream.field("traceparent").unwrap();
    assert!(!told.contains(TRACE) && !told.contains(SPAN), "{told}");
    assert_eq!(gateway.upstream.field("tracestate"), None);
}

#[tokio::test]
async fn a_trace_of_a_listed_peer_goes_on_here() {
    let listed = |settings: &mut TraceSettings| {
        settings.parents_from = vec!["127.0.0.0/8".parse().unwrap()];
        settings.sample_one_in = 1_000_000;
    };
    let (gateway, mut collector, _sending) = traced(listed).await;
    let parent = parent();
    let fields = [("Traceparent", parent.as_str()), ("Tracestate", "a=1")];
    gateway.get("/public/x", &fields).await;

    let spans = collector.spans().await;
    let [request, exchange] = spans.try_into().unwrap();
    assert_eq!(
        (request.trace.as_str(), request.parent.as_str()),
        (TRACE, SPAN)
    );
    let told = gateway.upstream.field("traceparent").unwrap();
    assert_eq!(told, format!("00-{TRACE}-{}-01", exchange.id));
    assert_eq!(gateway.upstream.field("tracestate").as_deref(), Some("a=1"));
}

/// What is not sampled is told to the upstream, and nobody else.
#[tokio::test]
async fn what_a_listed_peer_does_not_sample_is_not_sampled_here() {
    let (gateway, mut collector, _sending) = traced(|settings| {
        settings.parents_from = vec!["127.0.0.1/32".parse().unwrap()];
    })
    .await;
    let unsampled = format!("00-{TRACE}-{SPAN}-00");
    gateway
        .get("/public/x", &[("Traceparent", unsampled.as_str())])
        .await;
    let told = gateway.upstream.field("traceparent").unwrap();
    assert!(
        told.starts_with(&format!("00-{TRACE}-")) && told.ends_with("-00"),
        "{told}"
    );
    gateway.get("/nowhere", &[]).await;

    let spans = collector.spans().await;

    let [request] = spans.try_into().unwrap();
    assert_eq!(request.attributes["url.path"], "/nowhere", "the next one");
}

#[tokio::test]
async fn a_collector_that_is_away_keeps_no_request_waiting() {
    let lines = Captured::start();
    let gateway = TestGateway::start().await;
    let dead = Dead::hold();
    let endpoint = format!("http://{}/v1/traces", dead.address);
    let (metrics, exporter) = trace(&gateway, endpoint, |_| {});
    assert_eq!(gateway.get("/public/x", &[]).await.status, 200);

    let failed = async {
        let series = "cellgate_trace_spans_total{outcome=\"failed\"} 2";
        while !metrics.render().contains(series) {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = exporter.run() => panic!("it does not end"),
        told = timeout(PATIENCE, failed) => told.unwrap(),
    }
    let told = lines.text();
    assert!(told.contains("does not take spans"), "{told}");
}

#[tokio::test]
async fn spans_that_have_no_room_are_counted() {
    let gateway = TestGateway::start().await;
    let (metrics, exporter) = trace(&gateway, "http://127.0.0.1:9/v1/traces".to_owned(), |_| {});
    // Nobody takes anything out of the queue any more.
    drop(exporter);

    assert_eq!(gateway.get("/public/x", &[]).await.status, 200);
    let counted = async {
        let series = "cellgate_trace_spans_total{outcome=\"dropped\"} 2";
        while !metrics.render().contains(series) {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), counted).await.unwrap();
}
