//! How connections to an upstream are made.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pingora::protocols::ALPN;
use pingora::protocols::tls::CaType;
use pingora::tls::sign::CertifiedKey;
use pingora::tls::{CertificateDer, CryptoProvider, PrivateKeyDer, RootCertStore};
use pingora::upstreams::peer::{HttpPeer, HttpUpstreamRequestPolicy};
use pingora::utils::tls::{CertKey, WrappedX509, parse_x509};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{UpstreamError, settings};

/// Requests at once on one HTTP/2 connection; Pingora's default of one would open a connection
/// for each.
const H2_STREAMS: usize = 100;
/// Between pings that keep an HTTP/2 connection, and find out that it is dead.
const H2_PING_INTERVAL: Duration = Duration::from_secs(30);

/// A peer with everything but the address.
pub(super) fn template(upstream: &settings::Upstream) -> Result<HttpPeer, UpstreamError> {
    let server_name = upstream.tls.as_ref().map(|tls| tls.server_name.clone());
    // Pingora skips all verification of a peer without a name.
    if server_name.as_deref() == Some("") {
        return Err(UpstreamError::ServerName {
            upstream: upstream.name.clone(),
        });
    }
    // An address is looked up nowhere; each request puts that of its server here.
    let unspecified = SocketAddr::from(([0, 0, 0, 0], 1));
    let mut peer = HttpPeer::new(
        unspecified,
        upstream.tls.is_some(),
        server_name.unwrap_or_default(),
    );
    // Connections are shared by address, scheme and name, but neither by CA nor by protocol:
    // without a key of its own, one upstream would get connections verified for another.
    peer.group_key = group_key(upstream);
    let options = &mut peer.options;
    options.verify_cert = true;
    options.verify_hostname = true;
    options.connection_timeout = Some(upstream.connect_timeout);
    options.total_connection_timeout = Some(upstream.connect_timeout);
    options.read_timeout = Some(upstream.read_timeout);
    options.write_timeout = Some(upstream.write_timeout);
    options.idle_timeout = Some(upstream.idle_timeout);
    // What may become a tunnel does not go through Pingora.
    options.http_upstream_request_policy = HttpUpstreamRequestPolicy::deny_upgrades();
    if upstream.http2 {
        options.alpn = ALPN::H2;
        options.max_h2_streams = H2_STREAMS;
        options.h2_ping_interval = Some(H2_PING_INTERVAL);
    }
    if let Some(pem) = upstream.tls.as_ref().and_then(|tls| tls.ca_pem.as_deref()) {
        let ca = authorities(pem).ok_or_else(|| UpstreamError::Ca {
            upstream: upstream.name.clone(),
        })?;
        options.ca = Some(ca);
    }
    let shown = upstream.tls.as_ref();
    if let Some(shown) = shown.and_then(|tls| tls.client_certificate.as_ref()) {
        let key = client_key(shown).ok_or_else(|| UpstreamError::ClientCertificate {
            upstream: upstream.name.clone(),
        })?;
        peer.client_cert_key = Some(Arc::new(key));
    }
    Ok(peer)
}

/// What two upstreams must have in common to share connections.
fn group_key(upstream: &settings::Upstream) -> u64 {
    let mut hasher = DefaultHasher::new();
    upstream.http2.hash(&mut hasher);
    if let Some(tls) = &upstream.tls {
        tls.ca_pem.hash(&mut hasher);
        let shown = tls.client_certificate.as_ref();
        shown.map(|shown| &shown.chain).hash(&mut hasher);
    }
    hasher.finish()
}

/// The certificates of a PEM file; `None` unless there is one and all can be used.
fn authorities(pem: &[u8]) -> Option<Arc<CaType>> {
    let mut store = RootCertStore::empty();
    let mut certificates = Vec::new();
    for der in blocks(str::from_utf8(pem).ok()?, "CERTIFICATE")? {
        // `parse_x509` panics on what is no certificate, so it is tried in a way that does not.
        store.add(CertificateDer::from(der.clone())).ok()?;
        certificates.push(WrappedX509::new(der, parse_x509));
    }
    (!certificates.is_empty()).then(|| certificates.into())
}

/// Certificate and key as Pingora takes them; `None` unless they can be used and belong together.
fn client_key(shown: &settings::ClientKey) -> Option<CertKey> {
    let chain = blocks(str::from_utf8(&shown.chain).ok()?, "CERTIFICATE")?;
    let key = KEY_LABELS
        .iter()
        .find_map(|label| blocks(shown.key.expose(), label)?.into_iter().next())?;
    // Pingora panics on whatever is none, so all of it is tried before.
    let is_certificate = |der: &Vec<u8>| X509Certificate::from_der(der).is_ok();
    if chain.is_empty() || !chain.iter().all(is_certificate) {
        return None;
    }
    let parsed = chain.iter().cloned().map(CertificateDer::from).collect();
    let parsed_key = PrivateKeyDer::try_from(key.clone()).ok()?;
    CertifiedKey::from_der(parsed, parsed_key, CryptoProvider::get_default()?).ok()?;
    Some(CertKey::new(chain, key))
}

/// What private keys are called (RFC 5958, RFC 8017, RFC 5915).
const KEY_LABELS: [&str; 3] = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];

/// The contents of the blocks of a PEM text with this label; `None` when one of them is broken.
fn blocks(text: &str, label: &str) -> Option<Vec<Vec<u8>>> {
    let begin = format!("-----BEGIN {label}-----");
    let end = format!("-----END {label}-----");
    let blocks = text.split(&begin).skip(1).map(|block| {
        let (body, _) = block.split_once(&end)?;
        let base64: String = body.split_ascii_whitespace().collect();
        STANDARD.decode(base64).ok()
    });
    blocks.collect()
}
