//! How connections to an upstream are made.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pingora::protocols::ALPN;
use pingora::protocols::tls::CaType;
use pingora::tls::{CertificateDer, RootCertStore};
use pingora::upstreams::peer::{HttpPeer, HttpUpstreamRequestPolicy};
use pingora::utils::tls::{WrappedX509, parse_x509};

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
    Ok(peer)
}

/// What two upstreams must have in common to share connections.
fn group_key(upstream: &settings::Upstream) -> u64 {
    let mut hasher = DefaultHasher::new();
    upstream.http2.hash(&mut hasher);
    if let Some(tls) = &upstream.tls {
        tls.ca_pem.hash(&mut hasher);
    }
    hasher.finish()
}

/// The certificates of a PEM file; `None` unless there is one and all can be used.
fn authorities(pem: &[u8]) -> Option<Arc<CaType>> {
    let text = str::from_utf8(pem).ok()?;
    let mut store = RootCertStore::empty();
    let mut certificates = Vec::new();
    for block in text.split("-----BEGIN CERTIFICATE-----").skip(1) {
        let (body, _) = block.split_once("-----END CERTIFICATE-----")?;
        let base64: String = body.split_ascii_whitespace().collect();
        let der = STANDARD.decode(base64).ok()?;
        // `parse_x509` panics on what is no certificate, so it is tried in a way that does not.
        store.add(CertificateDer::from(der.clone())).ok()?;
        certificates.push(WrappedX509::new(der, parse_x509));
    }
    (!certificates.is_empty()).then(|| certificates.into())
}
