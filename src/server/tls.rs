//! TLS towards downstream: the only file that names `rustls` types.
//!
//! TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1 by ALPN, the certificate by SNI. Certificates can be
//! replaced while connections are served; a handshake sees one set or the other, whole.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use pingora::listeners::tls::Acceptor;
use pingora::protocols::tls::TlsStream;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, ServerConfig};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};

use super::connection::Socket;
use super::settings::{CertificatePem, ListenerTls};

/// Makes aws-lc-rs the process's cryptography; first thing in `main` and in tests.
///
/// Without it Pingora would install another library, and whoever builds a TLS client with both
/// present would panic. Does nothing when called again.
pub fn install_crypto_provider() {
    // The error is the provider that was installed earlier: ours.
    drop(default_provider().install_default());
}

/// Why certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The list is empty.
    #[error("there is no certificate")]
    NoCertificate,
    /// The chain is not PEM, or holds no certificate.
    #[error("certificate {number}: the chain is not a list of PEM certificates: {reason}")]
    Chain {
        /// Which one, from 1.
        number: usize,
        /// What the parser says.
        reason: String,
    },
    /// The key is not PEM, or holds no private key.
    #[error("certificate {number}: the key file holds no PEM private key")]
    Key {
        /// Which one, from 1.
        number: usize,
    },
    /// Certificate and key do not belong together, or the key cannot sign.
    #[error("certificate {number}: the key is not the certificate's: {reason}")]
    Mismatch {
        /// Which one, from 1.
        number: usize,
        /// What the library says.
        reason: String,
    },
    /// The library refuses the protocol versions.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

/// Does the handshakes of one listener.
#[derive(Clone)]
pub(crate) struct TlsAcceptor {
    acceptor: Arc<Acceptor>,
    certificates: Arc<Certificates>,
}

impl fmt::Debug for TlsAcceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsAcceptor")
            .field("certificates", &self.certificates)
            .finish_non_exhaustive()
    }
}

impl TlsAcceptor {
    /// An acceptor with the certificates of `settings`.
    pub(crate) fn new(settings: &ListenerTls) -> Result<Self, TlsError> {
        let set = CertificateSet::parse(&settings.certificates)?;
        let certificates = Arc::new(Certificates(ArcSwap::from_pointee(set)));
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| TlsError::Setup(error.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&certificates) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: Arc::new(Acceptor::from_server_config(Arc::new(config))),
            certificates,
        })
    }

    /// The handshake.
    pub(crate) async fn accept(&self, socket: Socket) -> pingora::Result<TlsStream<Socket>> {
        self.acceptor.tls_handshake(socket).await
    }

    /// Takes `set` for all handshakes from now on.
    pub(crate) fn replace(&self, set: CertificateSet) {
        self.certificates.0.store(Arc::new(set));
    }
}

/// The certificates in force, looked up at each handshake.
#[derive(Debug)]
struct Certificates(ArcSwap<CertificateSet>);

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(self.0.load().find(hello.server_name())))
    }
}

/// Parsed certificates with their keys, by the names they are for.
#[derive(Debug)]
pub(crate) struct CertificateSet {
    /// Presented when no name was sent or none matches.
    default: Arc<CertifiedKey>,
    exact: HashMap<String, Arc<CertifiedKey>>,
    /// By what follows `*.`.
    wildcard: HashMap<String, Arc<CertifiedKey>>,
}

impl CertificateSet {
    /// Parses certificates, the default one first, and checks each against its key.
    pub(crate) fn parse(certificates: &[CertificatePem]) -> Result<Self, TlsError> {
        let keys = certificates
            .iter()
            .zip(1..)
            .map(|(pem, number)| certified_key(pem, number))
            .collect::<Result<Vec<_>, _>>()?;
        let default = keys.first().cloned().ok_or(TlsError::NoCertificate)?;
        let mut set = Self {
            default,
            exact: HashMap::new(),
            wildcard: HashMap::new(),
        };
        for key in keys {
            for name in names(&key) {
                let (table, name) = match name.strip_prefix("*.") {
                    Some(rest) => (&mut set.wildcard, rest.to_owned()),
                    None => (&mut set.exact, name),
                };
                // The first one in the file wins.
                table.entry(name).or_insert_with(|| Arc::clone(&key));
            }
        }
        Ok(set)
    }

    /// The certificate to present: the exact name's, else the wildcard's, else the default.
    fn find(&self, server_name: Option<&str>) -> &Arc<CertifiedKey> {
        let Some(name) = server_name else {
            return &self.default;
        };
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let by_wildcard = || {
            let (_, rest) = name.split_once('.')?;
            self.wildcard.get(rest)
        };
        self.exact
            .get(&name)
            .or_else(by_wildcard)
            .unwrap_or(&self.default)
    }
}

/// Whether `pem` is a chain with its own key.
pub(super) fn check(pem: &CertificatePem) -> Result<(), TlsError> {
    certified_key(pem, 1).map(drop)
}

fn certified_key(pem: &CertificatePem, number: usize) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain = CertificateDer::pem_slice_iter(&pem.chain)
        .collect::<Result<Vec<_>, PemError>>()
        .map_err(|error| TlsError::Chain {
            number,
            reason: error.to_string(),
        })?;
    if chain.is_empty() {
        return Err(TlsError::Chain {
            number,
            reason: "there is none in it".to_owned(),
        });
    }
    let key = PrivateKeyDer::from_pem_slice(pem.key.expose().as_bytes())
        .map_err(|_| TlsError::Key { number })?;
    CertifiedKey::from_der(chain, key, &default_provider())
        .map(Arc::new)
        .map_err(|error| TlsError::Mismatch {
            number,
            reason: error.to_string(),
        })
}

/// The DNS names a certificate is for, in lower case.
fn names(key: &CertifiedKey) -> Vec<String> {
    let Some(leaf) = key.cert.first() else {
        return Vec::new();
    };
    // What cannot be parsed here was parsed by `from_der` already; it then has no names.
    webpki::EndEntityCert::try_from(leaf)
        .map(|leaf| {
            leaf.valid_dns_names()
                .map(str::to_ascii_lowercase)
                .collect()
        })
        .unwrap_or_default()
}

/// Both ends of a handshake, for the tests of the guard.
#[cfg(test)]
pub(super) mod testing {
    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, RootCertStore};
    use tokio::net::TcpStream;
    use tokio_rustls::TlsConnector;

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
        });
        (acceptor.unwrap(), client)
    }
}

#[cfg(test)]
mod tests {
    use super::testing::certificate;
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn the_certificate_is_chosen_by_name() {
        let set = CertificateSet::parse(&[
            certificate(&["default.test"]),
            certificate(&["*.apps.test"]),
            certificate(&["one.apps.test", "other.test"]),
        ])
        .unwrap();
        let serial = |name| names(set.find(name)).join(" ");

        for (name, sni, expected) in [
            ("no name", None, "default.test"),
            ("unknown", Some("elsewhere.test"), "default.test"),
            ("exact", Some("other.test"), "one.apps.test other.test"),
            (
                "exact before wildcard",
                Some("one.apps.test"),
                "one.apps.test other.test",
            ),
            ("wildcard", Some("two.apps.test"), "*.apps.test"),
            ("one label only", Some("a.b.apps.test"), "default.test"),
            ("the bare domain", Some("apps.test"), "default.test"),
            (
                "letter case",
                Some("OTHER.Test"),
                "one.apps.test other.test",
            ),
            (
                "trailing dot",
                Some("other.test."),
                "one.apps.test other.test",
            ),
        ] {
            assert_eq!(serial(sni), expected, "{name}");
        }
    }

    #[test]
    fn what_cannot_be_served_is_refused_with_its_number() {
        let good = certificate(&["a.test"]);
        let other = certificate(&["b.test"]);
        let mixed = CertificatePem {
            chain: good.chain.clone(),
            key: other.key,
        };
        let no_key = CertificatePem {
            chain: good.chain.clone(),
            key: Secret::new(String::from_utf8(good.chain.clone()).unwrap()),
        };
        let no_chain = CertificatePem {
            chain: b"not a certificate".to_vec(),
            key: good.key.clone(),
        };
        let broken = CertificatePem {
            chain: good.chain.get(..good.chain.len() / 2).unwrap().to_vec(),
            key: good.key.clone(),
        };
        let error = |second: CertificatePem| {
            CertificateSet::parse(&[good.clone(), second])
                .unwrap_err()
                .to_string()
        };

        assert!(error(mixed).starts_with("certificate 2: the key is not the certificate's"));
        assert!(error(no_key).starts_with("certificate 2: the key file holds no"));
        assert!(error(no_chain).starts_with("certificate 2: the chain is not"));
        assert!(error(broken).starts_with("certificate 2: the chain is not"));
        assert!(matches!(
            CertificateSet::parse(&[]),
            Err(TlsError::NoCertificate)
        ));
    }
}
