//! Rows of B and M of the corpus: handshakes of TLS that are odd, old, or early.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::Edge;

const DEADLINE: Duration = Duration::from_secs(20);

/// The demo behind TLS, with a certificate for each of two names.
struct Fixture {
    edge: Edge,
    shown: [CertificateDer<'static>; 2],
}

impl Fixture {
    fn start() -> Self {
        cellgate::server::install_crypto_provider();
        let folder = tempfile::tempdir().unwrap();
        let mut listener = String::from("address: 127.0.0.1:9480\n    tls:\n      certificates:");
        let shown = ["one.test", "two.test"].map(|name| {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
            let certificate = params.self_signed(&key).unwrap();
            for (kind, pem) in [("cert", certificate.pem()), ("key", key.serialize_pem())] {
                std::fs::write(folder.path().join(format!("{name}.{kind}.pem")), pem).unwrap();
            }
            listener.push_str(&format!(
                "\n        - certificate_file: {name}.cert.pem\n          \
                 private_key_file: {name}.key.pem"
            ));
            certificate.der().clone()
        });
        let yaml = include_str!("../../../config/demo.yaml")
            .replacen("address: 127.0.0.1:9480", &listener, 1)
            .replace("http://127.0.0.1:9480", "https://127.0.0.1:9480");
        Self {
            edge: Edge::start_in(folder, &yaml, "info"),
            shown,
        }
    }

    /// A client that believes both certificates.
    fn client(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        for certificate in &self.shown {
            roots.add(certificate.clone()).unwrap();
        }
        ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth()
    }

    async fn connect(&self, connector: TlsConnector, name: &str) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(self.edge.address).await.unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let connected = timeout(DEADLINE, connector.connect(name, stream)).await;
        connected.expect("a handshake").unwrap()
    }
}

/// GETs a page over a connection of its own, on a thread that may wait.
fn ask(address: SocketAddr, client: Arc<ClientConfig>) -> (ClientConnection, bool, String) {
    let name = ServerName::try_from("one.test").unwrap();
    let mut connection = ClientConnection::new(client, name).unwrap();
    let takes_early_data = connection.early_data().is_some();
    let mut socket = std::net::TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut stream = rustls::Stream::new(&mut connection, &mut socket);
    let request = "GET /public/x HTTP/1.1\r\nHost: one.test\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    (connection, takes_early_data, answer)
}

/// B18 (RFC 8470): a session may be resumed, but what comes with its first bytes could be anybody's
/// who saw them before.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_taken_before_a_resumed_handshake_is_over() {
    let fixture = Fixture::start();
    let mut client = fixture.client();
    client.enable_early_data = true;
    let client = Arc::new(client);
    for resumed in [HandshakeKind::Full, HandshakeKind::Resumed] {
        let (address, client) = (fixture.edge.address, Arc::clone(&client));
        let asked = tokio::task::spawn_blocking(move || ask(address, client));
        let (connection, takes_early_data, answer) = asked.await.unwrap();

        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_eq!(connection.handshake_kind(), Some(resumed));
        assert!(!takes_early_data, "{resumed:?}");
    }
}

/// M01: a hello in many records says what it says in one.
#[tokio::test]
async fn a_hello_in_pieces_brings_the_certificate_of_its_name() {
    let fixture = Fixture::start();
    let mut client = fixture.client();
    client.max_fragment_size = Some(32);
    let connector = TlsConnector::from(Arc::new(client));
    for (name, shown) in [("one.test", 0), ("two.test", 1)] {
        let stream = fixture.connect(connector.clone(), name).await;
        let (_, connection) = stream.get_ref();
        let certificates = connection.peer_certificates().unwrap();
        assert_eq!(certificates[0], fixture.shown[shown], "{name}");
    }
}

/// The first message of a client, without extensions (RFC 5246 §7.4.1.2).
fn hello(version: [u8; 2], ciphers: &[[u8; 2]]) -> Vec<u8> {
    let ciphers = ciphers.concat();
    let n_ciphers = u8::try_from(ciphers.len()).unwrap();
    let body = [
        &version[..],
        &[7; 32],
        &[0, 0, n_ciphers],
        &ciphers,
        &[1, 0],
    ]
    .concat();
    let length = u8::try_from(body.len()).unwrap();
    [&[0x16, 3, 1, 0, length + 4, 1, 0, 0, length][..], &body].concat()
}

/// M09: a fatal alert, and nothing else.
#[tokio::test]
async fn what_is_older_than_tls_1_2_is_refused() {
    let fixture = Fixture::start();
    for (row, version, ciphers) in [
        ("SSL 3.0", [3, 0], [[0, 0x2f]]),
        ("TLS 1.0", [3, 1], [[0xc0, 0x13]]),
        ("TLS 1.1", [3, 2], [[0xc0, 0x13]]),
        ("a key exchange by RSA alone", [3, 3], [[0, 0x9c]]),
    ] {
        let mut stream = TcpStream::connect(fixture.edge.address).await.unwrap();
        stream.write_all(&hello(version, &ciphers)).await.unwrap();
        let mut answer = Vec::new();
        let read = timeout(DEADLINE, stream.read_to_end(&mut answer)).await;
        drop(read.expect("an end"));
        // An alert, fatal (RFC 8446 §6).
        let alert = answer.first() == Some(&0x15) && answer.get(5) == Some(&2);
        assert!(answer.is_empty() || alert, "{row}: {answer:?}");
        assert!(!answer.contains(&0x16), "{row}: {answer:?}");
    }
}
