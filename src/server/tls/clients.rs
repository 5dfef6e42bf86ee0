//! Certificates of those who connect: who is asked for one, and what is passed on of it.

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use pingora::listeners::tls::{Acceptor, TlsSettings};
use pingora::listeners::{TlsAccept, TlsAcceptCallbacks};
use pingora::protocols::tls::TlsRef;
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{
    NoServerSessionStorage, ResolvesServerCert, ServerConfig, WebPkiClientVerifier,
};

use super::{TlsError, server_config};
use crate::gateway::ClientHandshake;
use crate::server::settings::ClientCertificates;

/// Who verifies the certificates that `settings` ask for.
pub(super) fn verifier(
    settings: &ClientCertificates,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let refused = |reason: String| TlsError::ClientCa { reason };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&settings.ca_pem) {
        let certificate = certificate.map_err(|error: PemError| refused(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| refused(error.to_string()))?;
    }
    let provider = Arc::new(default_provider());
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = match settings.is_required {
        true => builder,
        false => builder.allow_unauthenticated(),
    };
    builder.build().map_err(|error| refused(error.to_string()))
}

/// Does handshakes that ask for certificates.
///
/// Each is a whole one: a session that is resumed would carry a certificate past its end, and past a
/// reload that no longer lets it in.
pub(super) fn acceptor(
    certificates: Arc<dyn ResolvesServerCert>,
    verifier: Arc<dyn ClientCertVerifier>,
) -> Result<Acceptor, TlsError> {
    let mut config: ServerConfig = server_config(Arc::clone(&certificates), Some(verifier))?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    let callbacks: TlsAcceptCallbacks = Box::new(Introduction);
    let refused = |error: pingora::BError| TlsError::Setup(error.to_string());
    let mut settings = TlsSettings::with_callbacks(callbacks).map_err(refused)?;
    // It makes a configuration of its own of this, which ours takes the place of: there is no other
    // way to have both a configuration and a callback.
    settings.set_cert_resolver(certificates);
    let mut acceptor = settings.build();
    acceptor.acceptor = pingora::tls::TlsAcceptor::from(Arc::new(config));
    Ok(acceptor)
}

/// Notes what a handshake said, for the requests of the connection.
struct Introduction;

#[async_trait]
impl TlsAccept for Introduction {
    async fn handshake_complete_callback(
        &self,
        tls: &TlsRef,
    ) -> Option<Arc<dyn Any + Send + Sync>> {
        let handshake = ClientHandshake::new(tls.server_name(), tls.peer_certificate_der());
        Some(Arc::new(Arc::new(handshake)))
    }
}
