//! Certificates that Cellgate obtains itself (RFC 8555), from a CA that really looks.

mod csr;
mod directory;
mod jws;
mod validation;

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use self::directory::{Directory, LIFETIME};
use self::validation::{shake_hands, shown};
use crate::support::{Clocked, Dead, Edge, Wire, WireAnswer, free_port};

const NAME: &str = "gate.test";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long anything may take before a test gives up.
const DEADLINE: Duration = Duration::from_secs(30);

/// A gateway that answers everything everybody asks, under a certificate of `directory`.
fn yaml(directory: &Directory, challenge: &str, more: &str) -> String {
    format!(
        "\nlisteners:\n\
         \x20 - name: edge\n\
         \x20   address: 127.0.0.1:9480\n\
         \x20   tls: {{acme_names: [{NAME}]{more}}}\n\
         \x20 - {{name: plain, address: '127.0.0.1:9482'}}\n\
         \x20 - {{name: browsers, address: '127.0.0.1:9483', redirect_to_https: {{}}}}\n\
         admin: {{address: '127.0.0.1:9481'}}\n\
         acme:\n\
         \x20 directory: '{}'\n\
         \x20 terms_of_service_agreed: true\n\
         \x20 contacts: [ops@gate.test]\n\
         \x20 challenge: {challenge}\n\
         \x20 folder: ./data/demo/acme\n\
         \x20 ca_file: ca.pem\n\
         routes: [{{name: r, path: /, whoami: true, authentication: anonymous}}]\n",
        directory.url()
    )
}

/// A folder with the CA of `directory`.
fn folder(directory: &Directory) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ca.pem"), directory.ca_pem()).unwrap();
    folder
}

/// The program, with a plain listener and one that sends browsers on; names lead there.
struct Gate {
    edge: Edge,
    plain: SocketAddr,
    browsers: SocketAddr,
}

impl Gate {
    fn start(directory: &Directory, yaml: &str) -> Self {
        let [edge, admin, plain, browsers] =
            [(); 4].map(|()| SocketAddr::from(([127, 0, 0, 1], free_port())));
        directory.leads_to(browsers, edge);
        let folder = folder(directory);
        let data = folder.path().join("data");
        let yaml = yaml
            .replace("127.0.0.1:9480", &edge.to_string())
            .replace("127.0.0.1:9481", &admin.to_string())
            .replace("127.0.0.1:9482", &plain.to_string())
            .replace("127.0.0.1:9483", &browsers.to_string())
            .replace("./data/demo", &data.to_string_lossy());
        Self {
            edge: Edge::start_again(folder, &yaml),
            plain,
            browsers,
        }
    }

    /// Asks for `/x` as somebody who believes the CA of `directory` only; the status.
    async fn get(&self, directory: &Directory) -> u16 {
        let mut stream = connect(directory, self.edge.address).await.unwrap();
        get(&mut stream).await
    }
}

/// The same in the process of the test, with a clock that the test moves.
async fn clocked(directory: &Directory, yaml: &str) -> Clocked {
    // Where it listens is known later than it asks.
    directory.look(false);
    let others = ["127.0.0.1:9482", "127.0.0.1:9483"];
    let gate = Clocked::start_beside(folder(directory), yaml, &others).await;
    let [edge, plain, _] = gate.server.addresses() else {
        panic!("three listeners");
    };
    directory.leads_to(*plain, *edge);
    directory.look(true);
    gate
}

/// Connects under [`NAME`], believing the CA of `directory` only.
async fn connect(
    directory: &Directory,
    address: SocketAddr,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(directory.ca_der()).unwrap();
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from(NAME).unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

/// Asks for `/x`; the status.
async fn get(stream: &mut TlsStream<TcpStream>) -> u16 {
    let request = format!("GET /x HTTP/1.1\r\nHost: {NAME}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 16 * 1024];
    let n = stream.read(&mut answer).await.unwrap();
    let head = String::from_utf8_lossy(&answer[..n]).into_owned();
    head.get(9..12).and_then(|it| it.parse().ok()).unwrap()
}

/// The certificate that is shown under [`NAME`] once it is not `old`.
async fn next_certificate(address: SocketAddr, old: &[u8]) -> Vec<u8> {
    let until = Instant::now() + DEADLINE;
    loop {
        if let Ok(stream) = shake_hands(address, NAME, &[]).await {
            let shown = shown(&stream);
            if shown != old {
                return shown;
            }
        }
        assert!(Instant::now() < until, "there is no new certificate");
    }
}

/// Asks at a plain listener.
async fn plainly(address: SocketAddr, method: &str, path: &str) -> WireAnswer {
    let mut wire = Wire::connect(address).await;
    let request = format!("{method} {path} HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 0\r\n\r\n");
    wire.write(request).await;
    wire.read().await
}

/// Files that others than their owner may read.
fn open_files(folder: &Path) -> Vec<String> {
    let mut open = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if fs::metadata(&path).unwrap().permissions().mode() & 0o077 != 0 {
            open.push(path.display().to_string());
        }
        if path.is_dir() {
            open.extend(open_files(&path));
        }
    }
    open
}

/// RFC 8737: by a handshake, on a listener that asks everybody else for a certificate, and not once
/// more at the next start.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_obtained_by_a_handshake_and_kept() {
    let directory = Directory::start().await;
    let mut gate = Gate::start(&directory, &yaml(&directory, "tls_alpn_01", ""));

    gate.edge.wait_for("a certificate was issued");

    assert_eq!(gate.get(&directory).await, 200);
    let kept = gate.edge.folder.path().join("data/acme");
    assert_eq!(open_files(&kept), Vec::<String>::new());
    let metrics = gate.edge.admin("/metrics").await.body;
    let line = "cellgate_certificate_days_left{listener=\"edge\",name=\"gate.test\"} 90";
    assert!(metrics.contains(line), "{metrics}");

    let text = fs::read_to_string(gate.edge.folder.path().join("cellgate.yaml")).unwrap();
    gate.edge.signal("TERM");
    let (log, code) = gate.edge.last_words();
    assert_eq!(code, Some(0), "{log}");
    let folder = std::mem::replace(&mut gate.edge.folder, tempfile::tempdir().unwrap());
    gate.edge = Edge::start_again(folder, &text);

    assert_eq!(gate.get(&directory).await, 200, "from the first moment");
    // It has looked by then whether one is due.
    gate.edge.signal("HUP");
    gate.edge.wait_for("configuration loaded");
    assert_eq!(directory.counts(), (1, 1));
}

/// RFC 8737 §3: whoever validates has no certificate to show.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_proven_also_where_everybody_is_asked_for_a_certificate() {
    let directory = Directory::start().await;
    let clients = ", client_certificates: {ca_file: ca.pem}";
    let gate = Gate::start(&directory, &yaml(&directory, "tls_alpn_01", clients));

    gate.edge.wait_for("a certificate was issued");

    let mut stream = connect(&directory, gate.edge.address).await.unwrap();
    assert!(stream.read(&mut [0]).await.is_err(), "nobody else comes in");
}

/// RFC 8555 §8.3, on the listener that sends browsers elsewhere; a nonce that was used up in between
/// (§6.5) does not matter.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_obtained_on_a_plain_listener() {
    let directory = Directory::start().await;
    directory.doubt_nonces(2);
    let gate = Gate::start(&directory, &yaml(&directory, "http_01", ""));

    gate.edge.wait_for("a certificate was issued");

    assert_eq!(gate.get(&directory).await, 200);
    assert_eq!(directory.counts(), (1, 1));
    assert_eq!(plainly(gate.browsers, "GET", "/x").await.status, 308);
    assert_eq!(plainly(gate.plain, "GET", "/x").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn m07_only_a_challenge_that_waits_is_answered() {
    let directory = Directory::start().await;
    directory.look(false);
    let gate = Gate::start(&directory, &yaml(&directory, "http_01", ""));
    let token = directory.token().await;
    let path = format!("/.well-known/acme-challenge/{token}");

    for (listener, elsewhere) in [(gate.plain, 200), (gate.browsers, 308)] {
        let known = plainly(listener, "GET", &path).await;
        assert_eq!(known.status, 200, "{known:?}");
        let body = String::from_utf8(known.body).unwrap();
        assert!(body.starts_with(&format!("{token}.")), "{body}");
        assert_eq!(plainly(listener, "POST", &path).await.status, 404);
        for other in ["", "x", "x/y", token.split_at(1).1] {
            let path = format!("/.well-known/acme-challenge/{other}");
            let answer = plainly(listener, "GET", &path).await;
            assert_eq!(answer.status, 404, "{path}: {answer:?}");
        }
        for path in ["/.well-known/acme-challenge", "/.well-known/x"] {
            assert_eq!(plainly(listener, "GET", path).await.status, elsewhere);
        }
    }

    directory.look(true);
    gate.edge.wait_for("a certificate was issued");
    for listener in [gate.plain, gate.browsers] {
        assert_eq!(
            plainly(listener, "GET", &path).await.status,
            404,
            "it is over"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn m07_who_only_pretends_to_validate_gets_no_handshake() {
    let directory = Directory::start().await;
    directory.look(false);
    let gate = Gate::start(&directory, &yaml(&directory, "tls_alpn_01", ""));
    directory.token().await;
    let shake = |name, alpn| shake_hands(gate.edge.address, name, alpn);

    // Another name, and something to be served besides.
    assert!(shake("other.test", &[b"acme-tls/1"]).await.is_err());
    assert!(shake(NAME, &[b"acme-tls/1", b"h2"]).await.is_err());
    // No certificate is there yet, and none is made up.
    assert!(shake(NAME, &[b"http/1.1"]).await.is_err());
    let readiness = gate.edge.admin("/readyz").await;
    assert_eq!(readiness.status, 200);
    assert_eq!(
        readiness.body,
        "ready, without a certificate yet for gate.test\n"
    );

    directory.look(true);
    gate.edge.wait_for("a certificate was issued");
    let after = shake(NAME, &[b"acme-tls/1"]).await;
    assert!(after.is_err(), "nothing is proven any more");
    assert_eq!(gate.edge.admin("/readyz").await.body, "ready\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_ahead_of_its_end_and_drops_nobody() {
    let directory = Directory::start().await;
    let gate = clocked(&directory, &yaml(&directory, "tls_alpn_01", "")).await;
    let first = next_certificate(gate.address, &[]).await;
    let mut open = connect(&directory, gate.address).await.unwrap();
    assert_eq!(get(&mut open).await, 200);

    // Not before a third of its life and a tenth of that are left.
    let pass = |time| {
        directory.advance(time);
        gate.advance(time);
    };
    pass(LIFETIME / 2);
    gate.admin("/metrics").await.assert_status(200);
    assert_eq!(directory.counts(), (1, 1));
    pass(15 * DAY + DAY);
    let second = next_certificate(gate.address, &first).await;

    assert_ne!(second, first);
    assert_eq!(get(&mut open).await, 200, "as before");
    assert_eq!(directory.counts(), (1, 2), "by the same account");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_certificate_stays_while_the_ca_is_away() {
    let directory = Directory::start().await;
    let gate = clocked(&directory, &yaml(&directory, "http_01", "")).await;
    let first = next_certificate(gate.address, &[]).await;

    directory.set_down(true);
    directory.advance(61 * DAY);
    gate.advance(61 * DAY);
    let failed = "cellgate_maintenance_failures_total{task=\"acme\"} 1";
    let until = Instant::now() + DEADLINE;
    while !gate.admin("/metrics").await.body.contains(failed) {
        assert!(Instant::now() < until, "no order has failed");
    }
    let stream = shake_hands(gate.address, NAME, &[]).await.unwrap();
    assert_eq!(shown(&stream), first);

    directory.set_down(false);
    gate.advance(Duration::from_secs(120));
    next_certificate(gate.address, &first).await;
    assert_eq!(directory.counts(), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_in_the_log_with_what_to_do() {
    let directory = Directory::start().await;
    directory.refuse("rateLimited", 7200);
    let gate = Gate::start(&directory, &yaml(&directory, "tls_alpn_01", ""));

    let line = gate.edge.wait_for("a certificate could not be ordered");

    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    let line = line.to_string();
    assert!(line.contains("\"again_in_s\":7200"), "{line}");
    assert!(line.contains("rateLimited"), "{line}");
    assert!(line.contains("staging directory"), "{line}");
    gate.edge.admin("/readyz").await.assert_status(200);
}

/// Names that lead elsewhere are not ours.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_leads_elsewhere_is_not_proven() {
    let directory = Directory::start().await;
    let dead = Dead::hold();
    directory.look(false);
    let gate = Gate::start(&directory, &yaml(&directory, "tls_alpn_01", ""));
    directory.token().await;
    directory.leads_to(dead.address, dead.address);
    directory.look(true);

    let line = gate.edge.wait_for("a certificate could not be ordered");

    assert!(line.contains("could not validate the name"), "{line}");
    assert!(line.contains("port 443"), "{line}");
    assert_eq!(directory.counts(), (1, 0));
}
