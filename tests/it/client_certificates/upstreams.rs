//! The certificate that the gateway shows to an upstream.

use std::fs;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::pairs::{Authority, Pair, authority};
use crate::support::Edge;

/// An upstream that lets in only who has a certificate of `clients`, and answers with its holder's
/// number of certificates.
async fn strict_upstream(pair: &Pair, clients: &Authority) -> std::net::SocketAddr {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(clients.der().to_vec()))
        .unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots))
        .build()
        .unwrap();
    let (chain, key) = pair.der();
    let config = ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            tokio::spawn(async move {
                let mut head = [0; 4096];
                while matches!(stream.read(&mut head).await, Ok(n) if n > 0) {
                    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
                    stream.write_all(answer).await.unwrap();
                    stream.flush().await.unwrap();
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn an_upstream_that_asks_for_a_certificate_gets_ours() {
    let (ours, theirs) = (authority(), authority());
    let server = Pair::new(&ours, &["app.test"], |_| {});
    let address = strict_upstream(&server, &ours).await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ca.pem"), ours.pem()).unwrap();
    Pair::of_client(&ours, "gateway").write(folder.path(), "good");
    Pair::of_client(&theirs, "gateway").write(folder.path(), "foreign");
    let (mut upstreams, mut routes) = (String::new(), String::new());
    let rows = [("good", 200), ("none", 502), ("foreign", 502)];
    for (name, _) in rows {
        let shown = match name {
            "none" => String::new(),
            name => format!(
                "\n    client_certificate_file: {name}.cert.pem\n    client_private_key_file: {name}.key.pem"
            ),
        };
        upstreams.push_str(&format!(
            "\n  - name: {name}\n    servers: [https://{address}]\n    server_name: app.test\n    \
             ca_file: ca.pem{shown}"
        ));
        routes.push_str(&format!(
            "\n  - {{name: to-{name}, path: /{name}, authentication: anonymous, upstream: {name}}}"
        ));
    }
    let yaml = format!(
        "listeners: [{{name: edge, address: '127.0.0.1:9480'}}]\nadmin: {{address: '127.0.0.1:9481'}}\n\
         upstreams:{upstreams}\nroutes:{routes}\n"
    );
    let edge = Edge::start_in(folder, &yaml, "info");

    // Twice: a connection of one upstream is not used for another.
    for (name, status) in rows.into_iter().chain(rows) {
        let answer = edge.get(&format!("/{name}")).await;
        assert_eq!(answer.status, status, "{name}: {answer:?}");
    }
}
