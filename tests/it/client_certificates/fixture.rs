//! A gateway that asks for certificates, and who asks it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::pairs::{Authority, Pair, authority};
use crate::support::Edge;

/// A gateway that asks for certificates.
pub(super) struct Fixture {
    pub(super) edge: Edge,
    pub(super) server_authority: Authority,
    pub(super) client_authority: Authority,
}

const ROUTES: &str = "
identity:
  client_certificate_headers:
    X-Subject: subject
    X-Common-Name: common_name
    X-Hosts: dns_names
    X-Print: thumbprint
    X-Serial: serial
    Client-Cert: certificate
routes:
  - {name: open, host: two.test, path: /, whoami: true, authentication: anonymous}
  - {name: ignores, host: one.test, path: /ignores, whoami: true, authentication: anonymous}
  - {name: told, host: one.test, path: /told, whoami: true, authentication: anonymous, client_certificate: optional}
  - {name: closed, host: one.test, path: /closed, whoami: true, authentication: anonymous, client_certificate: required}
  - name: listed
    host: one.test
    path: /listed
    whoami: true
    authentication: anonymous
    client_certificate: required
    client_certificate_of: {organizational_units: [backup, restore], dns_names: ['*.clients.test']}
";

impl Fixture {
    pub(super) fn start(mode: &str) -> Self {
        Self::start_with(mode, ROUTES, |_| {})
    }

    pub(super) fn start_with(mode: &str, routes: &str, prepare: impl FnOnce(&Path)) -> Self {
        let (server_authority, client_authority) = (authority(), authority());
        let folder = tempfile::tempdir().unwrap();
        let names = ["one.test", "two.test", "127.0.0.1"];
        Pair::new(&server_authority, &names, |_| {}).write(folder.path(), "edge");
        fs::write(folder.path().join("clients.pem"), client_authority.pem()).unwrap();
        prepare(folder.path());
        let yaml = format!(
            "listeners:
  - name: edge
    address: 127.0.0.1:9480
    tls:
      certificates: [{{certificate_file: edge.cert.pem, private_key_file: edge.key.pem}}]
      client_certificates: {{ca_file: clients.pem, mode: {mode}}}
admin: {{address: '127.0.0.1:9481'}}
{routes}"
        );
        Self {
            edge: Edge::start_in(folder, &yaml, "info"),
            server_authority,
            client_authority,
        }
    }

    pub(super) fn client(
        &self,
        shown: Option<&Pair>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from(self.server_authority.der().to_vec());
        roots.add(authority).unwrap();
        let builder = ClientConfig::builder_with_protocol_versions(versions);
        let builder = builder.with_root_certificates(roots);
        match shown {
            None => builder.with_no_client_auth(),
            Some(pair) => {
                let (chain, key) = pair.der();
                builder.with_client_auth_cert(chain, key).unwrap()
            }
        }
    }

    /// Shakes hands as `name`; an address sends no SNI.
    pub(super) async fn connect(
        &self,
        name: &str,
        shown: Option<&Pair>,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        connect(self, self.client(shown, rustls::ALL_VERSIONS), name).await
    }

    /// What a client gets that shows `shown` and asks for `host` and `path` on a connection to `name`.
    pub(super) async fn get(
        &self,
        name: &str,
        shown: Option<&Pair>,
        host: &str,
        path: &str,
    ) -> std::io::Result<Got> {
        let mut stream = self.connect(name, shown).await?;
        ask(&mut stream, host, path, "").await
    }
}

pub(super) async fn connect(
    fixture: &Fixture,
    config: ClientConfig,
    name: &str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(fixture.edge.address).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

/// An answer.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Value,
}

impl Got {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.body["headers"][name].as_str()
    }
}

/// Asks, and reads to the end. With TLS 1.3 a refused client learns of it here.
pub(super) async fn ask(
    stream: &mut TlsStream<TcpStream>,
    host: &str,
    path: &str,
    fields: &str,
) -> std::io::Result<Got> {
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{fields}\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Ok(Got {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_ascii_lowercase(),
        body: serde_json::from_str(body).unwrap(),
    })
}
