//! TLS towards downstream: the only part that names `rustls` types.
//!
//! TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1 by ALPN, the certificate by SNI. Certificates can be
//! replaced while connections are served; a handshake sees one set or the other, whole.

mod challenge;
mod clients;
mod database;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use pingora::listeners::tls::Acceptor;
use pingora::protocols::tls::TlsStream;
use pingora::{Error, ErrorType};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, ResolvesServerCert, ServerConfig};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};

pub(super) use self::challenge::{Challenges, PlacedName};
pub use self::database::{DatabaseTlsError, database_encryption};
use super::connection::Socket;
use super::settings::{CertificatePem, ClientCertificates, ListenerTls};

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
    /// Nobody could be verified by those who should vouch for clients.
    #[error("the CA of client certificates cannot be used: {reason}")]
    ClientCa {
        /// What the parser says.
        reason: String,
    },
    /// The library refuses the protocol versions.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

/// Does the handshakes of one listener.
#[derive(Clone)]
pub(crate) struct TlsAcceptor {
    acceptor: Arc<ArcSwap<Acceptor>>,
    certificates: Arc<Certificates>,
    challenges: Arc<Challenges>,
}

/// What a listener shows and asks for, parsed.
#[derive(Debug)]
pub(crate) struct TlsParts {
    certificates: CertificateSet,
    /// Whose certificates are asked for, if any are.
    clients: Option<Arc<dyn ClientCertVerifier>>,
}

/// Parts that a listener can take at once.
pub(crate) struct Prepared {
    certificates: CertificateSet,
    /// `None` where the one in force goes on.
    acceptor: Option<Arc<Acceptor>>,
    asks_clients: bool,
}

impl TlsParts {
    /// Parses `settings` and checks each certificate against its key.
    pub(crate) fn parse(settings: &ListenerTls) -> Result<Self, TlsError> {
        let clients = settings.client_certificates.as_ref();
        Ok(Self {
            certificates: CertificateSet::parse(settings)?,
            clients: clients.map(clients::verifier).transpose()?,
        })
    }
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
        let parts = TlsParts::parse(settings)?;
        let certificates = Arc::new(Certificates {
            set: ArcSwap::from_pointee(parts.certificates),
            asks_clients: AtomicBool::new(parts.clients.is_some()),
        });
        let acceptor = acceptor(&certificates, parts.clients)?;
        Ok(Self {
            acceptor: Arc::new(ArcSwap::from_pointee(acceptor)),
            certificates,
            challenges: Arc::default(),
        })
    }

    /// The same, which answers `challenges` as well.
    pub(crate) fn answering(self, challenges: &Arc<Challenges>) -> Self {
        Self {
            challenges: Arc::clone(challenges),
            ..self
        }
    }

    /// The handshake; `None` when it was one that validated a name, after which there is nothing.
    pub(crate) async fn accept(
        &self,
        socket: Socket,
    ) -> pingora::Result<Option<TlsStream<Socket>>> {
        let socket = match self.challenges.answer(socket).await {
            Ok(Some(socket)) => socket,
            Ok(None) => return Ok(None),
            Err(error) => {
                let context = "the validation of a name";
                return Error::e_because(ErrorType::TLSHandshakeFailure, context, error);
            }
        };
        let acceptor = self.acceptor.load_full();
        acceptor.tls_handshake(socket).await.map(Some)
    }

    /// Shows the certificates of `parts` from now on.
    pub(crate) fn show(&self, parts: TlsParts) {
        self.certificates.set.store(Arc::new(parts.certificates));
    }

    /// Makes `parts` ready to take the place of what is in force.
    pub(crate) fn prepare(&self, parts: TlsParts) -> Result<Prepared, TlsError> {
        let asks_clients = parts.clients.is_some();
        // Sessions may go on being resumed where nobody is, or was, asked for a certificate.
        let is_the_same = !asks_clients && !self.certificates.asks_clients.load(Ordering::Relaxed);
        let acceptor = match is_the_same {
            true => None,
            false => Some(Arc::new(acceptor(&self.certificates, parts.clients)?)),
        };
        Ok(Prepared {
            certificates: parts.certificates,
            acceptor,
            asks_clients,
        })
    }

    /// Takes `prepared` for all handshakes from now on.
    pub(crate) fn replace(&self, prepared: Prepared) {
        let certificates = &self.certificates;
        certificates
            .asks_clients
            .store(prepared.asks_clients, Ordering::Relaxed);
        certificates.set.store(Arc::new(prepared.certificates));
        if let Some(acceptor) = prepared.acceptor {
            self.acceptor.store(acceptor);
        }
    }
}

fn acceptor(
    certificates: &Arc<Certificates>,
    clients: Option<Arc<dyn ClientCertVerifier>>,
) -> Result<Acceptor, TlsError> {
    let certificates = Arc::clone(certificates) as Arc<dyn ResolvesServerCert>;
    match clients {
        Some(verifier) => clients::acceptor(certificates, verifier),
        None => {
            let config = server_config(certificates, None)?;
            Ok(Acceptor::from_server_config(Arc::new(config)))
        }
    }
}

/// TLS 1.2 and 1.3, with these certificates; those of `clients` are asked for.
fn server_config(
    certificates: Arc<dyn ResolvesServerCert>,
    clients: Option<Arc<dyn ClientCertVerifier>>,
) -> Result<ServerConfig, TlsError> {
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| TlsError::Setup(error.to_string()))?;
    let builder = match clients {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(certificates);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The certificates in force, looked up at each handshake.
#[derive(Debug)]
struct Certificates {
    set: ArcSwap<CertificateSet>,
    /// Whether the handshakes in force ask for certificates of clients.
    asks_clients: AtomicBool,
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.set.load().find(hello.server_name()).cloned()
    }
}

/// Parsed certificates with their keys, by the names they are for.
#[derive(Debug)]
struct CertificateSet {
    /// Presented when no name was sent or none matches; `None` as long as there is none at all.
    default: Option<Arc<CertifiedKey>>,
    exact: HashMap<String, Arc<CertifiedKey>>,
    /// By what follows `*.`.
    wildcard: HashMap<String, Arc<CertifiedKey>>,
}

impl CertificateSet {
    /// Parses the certificates of `settings`, the default one first, and checks each against its
    /// key. Where some are ordered there may be none yet.
    fn parse(settings: &ListenerTls) -> Result<Self, TlsError> {
        let keys = settings
            .certificates
            .iter()
            .zip(1..)
            .map(|(pem, number)| certified_key(pem, number))
            .collect::<Result<Vec<_>, _>>()?;
        let default = keys.first().cloned();
        if default.is_none() && settings.acme_names.is_empty() {
            return Err(TlsError::NoCertificate);
        }
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
    fn find(&self, server_name: Option<&str>) -> Option<&Arc<CertifiedKey>> {
        let Some(name) = server_name else {
            return self.default.as_ref();
        };
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let by_wildcard = || {
            let (_, rest) = name.split_once('.')?;
            self.wildcard.get(rest)
        };
        self.exact
            .get(&name)
            .or_else(by_wildcard)
            .or(self.default.as_ref())
    }
}

/// Whether `settings` name somebody who can vouch for clients.
pub(super) fn check_clients(settings: &ClientCertificates) -> Result<(), TlsError> {
    clients::verifier(settings).map(drop)
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

#[cfg(test)]
pub(super) mod testing;

#[cfg(test)]
mod tests;
