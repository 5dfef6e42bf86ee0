//! The guard over real sockets, before an application that answers with the path.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use http::Response;
use pingora::apps::http_app::ServeHttp;
use pingora::protocols::http::ServerSession;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::{Guard, Limits, Opening, Slots};
use crate::gateway::{ToldBy, TrustedProxies, TrustedProxy};
use crate::server::listening::{accept, bind};
use crate::server::tls::testing;
use crate::telemetry::Metrics;

struct Echo;

#[async_trait]
impl ServeHttp for Echo {
    async fn response(&self, session: &mut ServerSession) -> Response<Vec<u8>> {
        let request = session.req_header();
        let path = request.uri.path().as_bytes().to_vec();
        if request.version == http::Version::HTTP_10 {
            session.set_keepalive(None);
        }
        Response::builder()
            .header("content-length", path.len())
            .body(path)
            .unwrap()
    }
}

struct Served {
    address: SocketAddr,
    slots: Arc<Slots>,
    metrics: Arc<Metrics>,
    shutdown: watch::Sender<bool>,
    accepting: tokio::task::JoinHandle<()>,
}

fn limits() -> Limits {
    Limits {
        opening: Duration::from_secs(20),
        connections: 100,
        connections_per_address: 100,
        trusted_proxies: TrustedProxies::default(),
    }
}

fn serve(opening: Opening, limits: Limits) -> Served {
    serve_for(None, opening, limits)
}

fn serve_for(lifetime: Option<Duration>, opening: Opening, limits: Limits) -> Served {
    let socket = bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let (shutdown, watch) = watch::channel(false);
    let guard = Guard {
        app: Arc::new(Echo),
        slots: Arc::default(),
        limits: Arc::new(ArcSwap::from_pointee(limits)),
        metrics: Arc::default(),
        lifetime,
        shutdown: watch.into(),
    };
    Served {
        address,
        slots: Arc::clone(&guard.slots),
        metrics: Arc::clone(&guard.metrics),
        shutdown,
        accepting: tokio::spawn(accept(socket, opening, guard)),
    }
}

impl Served {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    fn refused(&self, reason: &str) -> bool {
        let series = format!(r#"cellgate_connections_refused_total{{reason="{reason}"}} 1"#);
        self.metrics.render().contains(&series)
    }
}

/// Everything until the other side closes.
async fn read_all(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    // A reset closes as well.
    drop(stream.read_to_end(&mut bytes).await);
    String::from_utf8(bytes).unwrap()
}

/// Sends a request that keeps the connection, and reads its answer, whose body is the path.
async fn exchange(
    stream: &mut (impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin),
    path: &str,
) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    while !answer.ends_with(&format!("\r\n\r\n{path}")) {
        let mut buffer = [0; 1024];
        let n = stream.read(&mut buffer).await.unwrap();
        assert_ne!(n, 0, "closed after {answer:?}");
        answer.push_str(std::str::from_utf8(&buffer[..n]).unwrap());
    }
}

#[tokio::test]
async fn requests_follow_each_other_on_one_connection() {
    let served = serve(Opening::Plain, limits());
    let mut stream = served.connect().await;

    exchange(&mut stream, "/one").await;
    exchange(&mut stream, "/two").await;

    assert_eq!(served.slots.taken(), 1);
    drop(stream);
    served.slots.all_free().await;
}

#[tokio::test]
async fn a_connection_ends_with_its_lifetime_whatever_it_does() {
    let lifetime = Some(Duration::from_millis(150));
    let served = serve_for(lifetime, Opening::Plain, limits());

    let mut stream = served.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();

    assert_eq!(read_all(&mut stream).await, "");
    served.slots.all_free().await;
}

#[tokio::test]
async fn what_is_too_much_is_closed_at_once_and_what_was_there_stays() {
    let limits = Limits {
        connections_per_address: 1,
        ..limits()
    };
    let served = serve(Opening::Plain, limits);
    let mut first = served.connect().await;
    exchange(&mut first, "/one").await;

    let mut second = served.connect().await;

    assert_eq!(read_all(&mut second).await, "");
    assert!(served.refused("address"));
    exchange(&mut first, "/two").await;
}

#[tokio::test]
async fn a_listener_with_h2c_speaks_both_protocols() {
    let served = serve(Opening::PlainOrHttp2, limits());

    let mut stream = served.connect().await;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
    assert!(read_all(&mut stream).await.ends_with("\r\n\r\n/"));

    let (requests, connection) = h2::client::handshake(served.connect().await).await.unwrap();
    tokio::spawn(connection);
    assert_eq!(http2_exchange(requests, "/two").await, "/two");
}

async fn http2_exchange(requests: h2::client::SendRequest<bytes::Bytes>, path: &str) -> String {
    let request = http::Request::get(format!("http://a{path}"))
        .body(())
        .unwrap();
    let (response, _) = requests
        .ready()
        .await
        .unwrap()
        .send_request(request, true)
        .unwrap();
    let mut body = response.await.unwrap().into_body();
    let bytes = body.data().await.unwrap().unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn the_protocol_under_tls_is_the_negotiated_one() {
    let (acceptor, client) = testing::pair();
    let served = serve(Opening::Tls(acceptor), limits());
    let connect =
        async |protocols: &[&str]| client.connect(served.connect().await, protocols).await;

    let mut http1 = connect(&["http/1.1"]).await;
    exchange(&mut http1, "/one").await;
    exchange(&mut http1, "/two").await;

    let mut without = connect(&[]).await;
    exchange(&mut without, "/three").await;

    let http2 = connect(&["h2", "http/1.1"]).await;
    let (requests, connection) = h2::client::handshake(http2).await.unwrap();
    tokio::spawn(connection);
    assert_eq!(http2_exchange(requests, "/four").await, "/four");
}

#[tokio::test]
async fn a_handshake_that_does_not_come_to_its_end_is_cut() {
    let limits = Limits {
        opening: Duration::from_millis(150),
        ..limits()
    };
    let served = serve(Opening::Tls(testing::pair().0), limits);

    let mut stream = served.connect().await;
    stream.write_all(&[22, 3, 1]).await.unwrap();

    assert_eq!(read_all(&mut stream).await, "");
    served.slots.all_free().await;
    assert!(served.refused("timeout"));
}

#[tokio::test]
async fn at_the_end_the_port_closes_and_a_handshake_under_way_is_dropped() {
    let served = serve(Opening::Tls(testing::pair().0), limits());
    let mut stream = served.connect().await;
    stream.write_all(&[22, 3, 1]).await.unwrap();

    served.shutdown.send_replace(true);

    assert_eq!(read_all(&mut stream).await, "");
    served.slots.all_free().await;
    served.accepting.await.unwrap();
    assert!(TcpStream::connect(served.address).await.is_err());
}

/// [`limits`] behind a load balancer that begins each connection with a PROXY header.
fn behind_proxy() -> Limits {
    let proxy = TrustedProxy {
        networks: vec!["127.0.0.1/32".parse().unwrap()],
        told_by: ToldBy::ProxyProtocol,
    };
    Limits {
        trusted_proxies: TrustedProxies::new(vec![proxy]),
        ..limits()
    }
}

const INTRODUCTION: &[u8] = b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 443\r\n";

#[tokio::test]
async fn tls_and_http2_come_after_a_proxy_header() {
    let (acceptor, client) = testing::pair();
    let served = serve(Opening::Tls(acceptor), behind_proxy());
    let mut stream = served.connect().await;
    stream.write_all(INTRODUCTION).await.unwrap();
    let mut under_tls = client.connect(stream, &["http/1.1"]).await;
    exchange(&mut under_tls, "/tls").await;

    let served = serve(Opening::PlainOrHttp2, behind_proxy());
    let mut stream = served.connect().await;
    stream.write_all(INTRODUCTION).await.unwrap();
    let (requests, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    assert_eq!(http2_exchange(requests, "/http2").await, "/http2");
}

#[tokio::test]
async fn a_proxy_header_that_does_not_come_to_its_end_is_cut() {
    let limits = Limits {
        opening: Duration::from_millis(150),
        ..behind_proxy()
    };
    let served = serve(Opening::Plain, limits);

    let mut stream = served.connect().await;
    stream.write_all(b"PROXY TCP4 192.0").await.unwrap();

    assert_eq!(read_all(&mut stream).await, "");
    served.slots.all_free().await;
    assert!(served.refused("timeout"));
}

#[tokio::test]
async fn one_caller_cannot_take_all_the_places_behind_a_proxy() {
    let limits = Limits {
        connections_per_address: 1,
        ..behind_proxy()
    };
    let served = serve(Opening::Plain, limits);
    let connect = async |introduction: &[u8]| {
        let mut stream = served.connect().await;
        stream.write_all(introduction).await.unwrap();
        stream
    };
    let mut first = connect(INTRODUCTION).await;
    exchange(&mut first, "/first").await;

    let mut second = connect(INTRODUCTION).await;
    assert_eq!(read_all(&mut second).await, "");
    assert!(served.refused("address"));

    let mut of_another = connect(b"PROXY TCP4 192.0.2.8 10.0.0.1 1 443\r\n").await;
    exchange(&mut of_another, "/other").await;
}
