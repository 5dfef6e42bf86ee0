//! TLS on both sides: which certificate is shown, and which is believed.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use futures_util::StreamExt as _;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::support::{Edge, Wire, free_port};
use crate::websockets;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    cellgate::server::install_crypto_provider();
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate with its key.
struct Pair {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Pair {
    /// For `names`; one that ended long ago when `expired`.
    fn new(authority: &Authority, names: &[&str], expired: bool) -> Self {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        if expired {
            params.not_before = rcgen::date_time_ymd(2019, 1, 1);
            params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, authority).unwrap();
        Self { certificate, key }
    }

    fn write(&self, folder: &Path, name: &str) {
        fs::write(
            folder.join(format!("{name}.cert.pem")),
            self.certificate.pem(),
        )
        .unwrap();
        fs::write(
            folder.join(format!("{name}.key.pem")),
            self.key.serialize_pem(),
        )
        .unwrap();
    }
}

/// The demo behind TLS, with the certificates `first`, `second` and `third` of its folder.
struct Fixture {
    edge: Edge,
    authority: Authority,
    shown: [Vec<u8>; 3],
}

impl Fixture {
    fn start() -> Self {
        Self::start_with(include_str!("../../config/demo.yaml"))
    }

    fn start_with(yaml: &str) -> Self {
        let authority = authority();
        let folder = tempfile::tempdir().unwrap();
        let names: [&[&str]; 3] = [&["one.test", "127.0.0.1"], &["two.test"], &["*.wild.test"]];
        let mut listener = String::from("address: 127.0.0.1:9480\n    tls:\n      certificates:");
        let mut shown = [const { Vec::new() }; 3];
        for ((file, names), shown) in ["first", "second", "third"]
            .into_iter()
            .zip(names)
            .zip(&mut shown)
        {
            let pair = Pair::new(&authority, names, false);
            pair.write(folder.path(), file);
            *shown = pair.certificate.der().to_vec();
            listener.push_str(&format!(
                "\n        - certificate_file: {file}.cert.pem\n          private_key_file: {file}.key.pem"
            ));
        }
        let yaml = yaml
            .replacen("address: 127.0.0.1:9480", &listener, 1)
            .replace("http://127.0.0.1:9480", "https://127.0.0.1:9480");
        Self {
            edge: Edge::start_in(folder, &yaml, "info"),
            authority,
            shown,
        }
    }

    /// Connects as `name` (an address sends no SNI), believing only the fixture's authority.
    async fn connect(&self, name: &str, alpn: &[&[u8]]) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from(self.authority.der().to_vec()))
            .unwrap();
        let mut config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        let stream = TcpStream::connect(self.edge.address).await.unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
    }
}

fn certificate(stream: &TlsStream<TcpStream>) -> &[u8] {
    &stream.get_ref().1.peer_certificates().unwrap()[0]
}

/// GET `path` over HTTP/1.1; head and body of an answer with `Content-Length`.
async fn get(stream: &mut TlsStream<TcpStream>, path: &str, host: SocketAddr) -> (String, String) {
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while stream.read_line(&mut head).await.unwrap() > 2 {}
    let length = head
        .to_ascii_lowercase()
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or_else(|| panic!("no length in {head}"));
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    (head, String::from_utf8(body).unwrap())
}

#[tokio::test]
async fn a_plain_listener_sends_browsers_to_tls() {
    let plain = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let listener = format!(
        "listeners:\n  - {{ name: plain, address: '{plain}', redirect_to_https: {{ port: 8443 }} }}\n"
    );
    let demo = include_str!("../../config/demo.yaml");
    let _edge = Edge::start(&demo.replacen("listeners:\n", &listener, 1));
    for (row, request, status, location) in [
        (
            "a page",
            "GET /public/x?q=1 HTTP/1.1\r\nHost: one.test\r\n\r\n",
            308,
            Some("location: https://one.test:8443/public/x?q=1\r\n"),
        ),
        (
            "a password",
            "POST /oidc/login HTTP/1.1\r\nHost: one.test\r\nContent-Length: 0\r\n\r\n",
            421,
            None,
        ),
        (
            "a page that is asked for with a form",
            "GET /public/x HTTP/1.1\r\nHost: one.test\r\nContent-Length: 5\r\n\r\na=b&c",
            421,
            None,
        ),
    ] {
        let mut wire = Wire::connect(plain).await;
        wire.write(request).await;
        let answer = wire.read().await;

        assert_eq!(answer.status, status, "{row}: {answer:?}");
        let head = answer.head.to_ascii_lowercase();
        assert_eq!(location.is_some(), head.contains("\nlocation:"), "{row}");
        assert!(head.contains(location.unwrap_or_default()), "{row}: {head}");
        assert!(!head.contains("pingora"), "{row}: {head}");
        assert!(wire.is_closed().await, "{row}");
    }
}

#[tokio::test]
async fn the_certificate_is_chosen_by_name() {
    let fixture = Fixture::start();
    for (name, expected) in [
        ("one.test", 0),
        ("two.test", 1),
        ("a.wild.test", 2),
        ("127.0.0.1", 0),
    ] {
        let stream = fixture.connect(name, &[]).await.unwrap();
        assert_eq!(certificate(&stream), fixture.shown[expected], "{name}");
    }
    for name in ["three.test", "a.b.wild.test"] {
        assert!(fixture.connect(name, &[]).await.is_err(), "{name}");
    }
}

#[tokio::test]
async fn http_2_and_http_1_are_negotiated() {
    let fixture = Fixture::start();
    let stream = fixture.connect("one.test", &[b"h2", b"http/1.1"]).await;
    let stream = stream.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get(format!("https://{}/public/x", fixture.edge.address))
        .body(())
        .unwrap();
    let (answer, _) = client
        .ready()
        .await
        .unwrap()
        .send_request(request, true)
        .unwrap();
    assert_eq!(answer.await.unwrap().status(), 200);

    let mut stream = fixture.connect("one.test", &[b"http/1.1"]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let (head, body) = get(&mut stream, "/public/x", fixture.edge.address).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let seen: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(seen["headers"]["x-forwarded-proto"], "https");
}

#[tokio::test]
async fn a_websocket_goes_through_tls() {
    let demo = include_str!("../../config/demo.yaml");
    let yaml = websockets::with_websockets(demo, websockets::echo().await);
    let fixture = Fixture::start_with(&yaml);
    let stream = fixture.connect("one.test", &[b"http/1.1"]).await.unwrap();
    let url = format!("wss://{}/live/x", fixture.edge.address);
    let mut socket = websockets::open(stream, &url, None).await.unwrap();
    let hello = socket.next().await.unwrap().unwrap();
    assert_eq!(hello.into_text().unwrap(), "hello");

    fixture.edge.signal("TERM");

    assert!(socket.next().await.unwrap().unwrap().is_close());
}

#[tokio::test]
async fn a_reload_takes_new_certificates_and_drops_nobody() {
    let fixture = Fixture::start();
    let mut open = fixture.connect("two.test", &[]).await.unwrap();
    let next = Pair::new(&fixture.authority, &["two.test"], false);
    next.write(fixture.edge.folder.path(), "second");

    fixture.edge.signal("HUP");
    fixture.edge.wait_for("configuration loaded");

    let fresh = fixture.connect("two.test", &[]).await.unwrap();
    assert_eq!(certificate(&fresh), next.certificate.der().to_vec());
    let (head, _) = get(&mut open, "/public/x", fixture.edge.address).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
}

#[tokio::test]
async fn cookies_of_an_https_issuer_are_bound_to_host_and_tls() {
    let fixture = Fixture::start();
    let edge = &fixture.edge;
    let mut stream = fixture.connect("one.test", &[]).await.unwrap();
    let url = edge.sign_in("alice").url();
    let path = url.strip_prefix(&edge.url("")).unwrap();

    let (head, _) = get(&mut stream, path, edge.address).await;

    let cookies: Vec<String> = head
        .to_ascii_lowercase()
        .lines()
        .filter_map(|line| line.strip_prefix("set-cookie: ").map(str::to_owned))
        .collect();
    assert!(!cookies.is_empty(), "{head}");
    for cookie in cookies {
        assert!(cookie.starts_with("__host-"), "{cookie}");
        for attribute in ["; secure", "; httponly", "; path=/"] {
            assert!(cookie.contains(attribute), "{attribute}: {cookie}");
        }
    }
}

/// An HTTPS server that answers 200 to every request.
async fn serve(pair: Pair) -> SocketAddr {
    let chain = vec![CertificateDer::from(pair.certificate.der().to_vec())];
    let key = PrivateKeyDer::try_from(pair.key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Whoever does not believe the certificate leaves during the handshake.
            let Ok(stream) = acceptor.accept(stream).await else {
                continue;
            };
            tokio::spawn(answer_all(BufReader::new(stream)));
        }
    });
    address
}

async fn answer_all(mut stream: BufReader<tokio_rustls::server::TlsStream<TcpStream>>) {
    let mut line = String::new();
    while matches!(stream.read_line(&mut line).await, Ok(n) if n > 0) {
        if line == "\r\n" {
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
            stream.write_all(answer).await.unwrap();
            stream.flush().await.unwrap();
        }
        line.clear();
    }
}

#[tokio::test]
async fn only_the_upstream_that_was_named_and_vouched_for_gets_requests() {
    let (ours, theirs) = (authority(), authority());
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ca.pem"), ours.pem()).unwrap();
    let rows = [
        ("good", Pair::new(&ours, &["app.test"], false), 200),
        ("other-name", Pair::new(&ours, &["other.test"], false), 502),
        ("expired", Pair::new(&ours, &["app.test"], true), 502),
        ("foreign", Pair::new(&theirs, &["app.test"], false), 502),
    ];
    let (mut upstreams, mut routes, mut expected) = (String::new(), String::new(), Vec::new());
    for (name, pair, status) in rows {
        let address = serve(pair).await;
        upstreams.push_str(&format!(
            "\n  - name: {name}\n    servers: [https://{address}]\n    server_name: app.test\n    ca_file: ca.pem"
        ));
        routes.push_str(&format!(
            "\n  - name: to-{name}\n    path: /{name}\n    authentication: anonymous\n    upstream: {name}"
        ));
        expected.push((name, status));
    }
    let yaml = include_str!("../../config/demo.yaml").replacen(
        "\nroutes:",
        &format!("\nupstreams:{upstreams}\nroutes:{routes}"),
        1,
    );
    let edge = Edge::start_in(folder, &yaml, "info");

    for (name, status) in expected {
        let answer = edge.get(&format!("/{name}")).await;
        assert_eq!(answer.status, status, "{name}: {answer:?}");
    }
}

/// RFC 6797 §7.1: every answer over TLS, whoever makes it: the provider, a route, nobody, and the edge
/// that refuses a head before anybody sees it.
#[tokio::test]
async fn every_answer_over_tls_tells_browsers_to_stay_with_it() {
    let demo = include_str!("../../config/demo.yaml");
    let yaml = format!("{demo}\nstrict_transport_security: {{max_age_s: 60}}\n");
    let fixture = Fixture::start_with(&yaml);
    let host = fixture.edge.address;
    for request in [
        format!("GET /oidc/.well-known/openid-configuration HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        format!("GET /nowhere/at/all HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        format!("GET /x/../y HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        "GET / HTTP/1.1\nHost: a\r\n\r\n".to_owned(),
    ] {
        let mut stream = fixture.connect("127.0.0.1", &[]).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while stream.read_line(&mut head).await.unwrap() > 2 {}
        let head = head.to_ascii_lowercase();
        let said: Vec<&str> = head
            .lines()
            .filter(|line| line.starts_with("strict-transport-security"))
            .collect();
        assert_eq!(
            said,
            ["strict-transport-security: max-age=60"],
            "{request}{head}"
        );
    }
}
