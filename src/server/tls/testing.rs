//! Both ends of a handshake, for tests.

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::super::settings::ListenerTls;
use super::*;
use crate::secret::Secret;

/// A self-signed certificate for `names`.
pub(crate) fn certificate(names: &[&str]) -> CertificatePem {
    let names = names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    CertificatePem {
        chain: made.cert.pem().into_bytes(),
        key: Secret::new(made.signing_key.serialize_pem()),
    }
}

/// A TLS client.
pub(crate) struct Client(ClientConfig);

impl Client {
    /// A client that trusts these certificates.
    pub(crate) fn that_trusts(certificates: &[&CertificatePem]) -> Self {
        install_crypto_provider();
        let mut roots = RootCertStore::empty();
        for certificate in certificates {
            let leaf = CertificateDer::from_pem_slice(&certificate.chain).unwrap();
            roots.add(leaf).unwrap();
        }
        Self(
            ClientConfig::builder()
                .with_root_certificates(roots)
                .with_no_client_auth(),
        )
    }

    /// Shakes hands over `stream`, offering `protocols`.
    pub(crate) async fn connect(
        &self,
        stream: TcpStream,
        protocols: &[&str],
    ) -> tokio_rustls::client::TlsStream<TcpStream> {
        let mut config = self.0.clone();
        config.alpn_protocols = protocols
            .iter()
            .map(|protocol| protocol.as_bytes().to_vec())
            .collect();
        TlsConnector::from(Arc::new(config))
            .connect(ServerName::try_from("a.test").unwrap(), stream)
            .await
            .unwrap()
    }
}

/// The leaf certificate that the other side of `stream` presented.
pub(crate) fn presented(stream: &tokio_rustls::client::TlsStream<TcpStream>) -> Vec<u8> {
    let (_, connection) = stream.get_ref();
    connection.peer_certificates().unwrap()[0].to_vec()
}

/// A listener for `a.test`, and a client that trusts it.
pub(crate) fn pair() -> (TlsAcceptor, Client) {
    install_crypto_provider();
    let certificate = certificate(&["a.test"]);
    let client = Client::that_trusts(&[&certificate]);
    let acceptor = TlsAcceptor::new(&ListenerTls {
        certificates: vec![certificate],
        client_certificates: None,
        acme_names: Vec::new(),
    });
    (acceptor.unwrap(), client)
}
