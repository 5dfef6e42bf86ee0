//! What the listeners run on, and how they end.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::secret::Secret;

/// Where and how we listen.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Unique, for logs.
    pub name: String,
    /// Address and port.
    pub address: SocketAddr,
    /// TLS with these certificates; `None`: plain.
    pub tls: Option<ListenerTls>,
    /// HTTP/2 without TLS by prior knowledge (plain listeners only, default off).
    pub h2c: bool,
    /// Only sends browsers to this port of `https` (plain listeners only).
    pub redirects_to_https_port: Option<u16>,
}

/// What SIGTERM leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    /// How long everything goes on, except that it is said not to be ready (default 0).
    pub delay: Duration,
    /// How long requests in flight may take then (default 30 s).
    pub timeout: Duration,
}

/// Certificates of a listener, chosen by SNI; the first one is the default.
#[derive(Clone, Debug)]
pub struct ListenerTls {
    /// PEM chain and PEM key.
    pub certificates: Vec<CertificatePem>,
    /// Names that certificates are ordered for besides, lower case; each gets one of its own.
    pub acme_names: Vec<String>,
    /// Who is asked for a certificate; `None`: nobody.
    pub client_certificates: Option<ClientCertificates>,
}

/// How certificates are ordered (RFC 8555).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acme {
    /// URL of the directory, `https`.
    pub directory: String,
    /// PEM of those who vouch for it besides the system's.
    pub ca_pem: Option<Vec<u8>>,
    /// Mail addresses that it may write to.
    pub contacts: Vec<String>,
    /// How names are proven.
    pub challenge: AcmeChallenge,
    /// Where account and certificates are kept.
    pub folder: PathBuf,
}

/// How a name is proven to be ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcmeChallenge {
    /// In a handshake (RFC 8737).
    TlsAlpn01,
    /// On a plain listener (RFC 8555 §8.3).
    Http01,
}

/// Certificates that downstream is asked for in the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificates {
    /// PEM of those who vouch for them.
    pub ca_pem: Vec<u8>,
    /// Whether a handshake without one fails.
    pub is_required: bool,
}

/// A certificate chain and its key, as text.
#[derive(Clone)]
pub struct CertificatePem {
    /// Chain, leaf first.
    pub chain: Vec<u8>,
    /// Private key.
    pub key: Secret,
}

impl fmt::Debug for CertificatePem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CertificatePem(..)")
    }
}
