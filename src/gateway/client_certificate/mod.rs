//! The certificate that downstream showed in its handshake: whose it is, which routes ask for one,
//! and for which hosts it was shown.
//!
//! Whether it is to be believed was decided in the handshake. Here it is only compared.

mod certificate;
mod conditions;
mod hosts;

pub use certificate::ClientCertificate;
pub use conditions::{CertificateConditions, CertificateUse};
pub(super) use hosts::AskingHosts;

use std::sync::Arc;

use super::rejection::Rejection;
use crate::jose::{JwtError, Verified};
use crate::model::Timestamp;

/// What a handshake said, on a listener that asks for certificates.
#[derive(Clone, Debug)]
pub struct ClientHandshake {
    /// The name that downstream asked for (SNI): lower case, no final dot.
    server_name: Option<String>,
    certificate: Option<Arc<ClientCertificate>>,
}

impl ClientHandshake {
    /// What is known after a handshake: the name that was asked for, and the DER of the certificate
    /// that was shown and verified.
    pub fn new(server_name: Option<&str>, certificate: Option<&[u8]>) -> Self {
        let name = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
        Self {
            server_name: server_name.map(name),
            certificate: certificate.and_then(ClientCertificate::parse).map(Arc::new),
        }
    }

    /// The certificate that was shown.
    pub(super) const fn certificate(&self) -> Option<&Arc<ClientCertificate>> {
        self.certificate.as_ref()
    }
}

/// Why a request is not served on the connection it came on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// None was shown.
    #[error("the route needs a client certificate, and the connection has none")]
    Missing,
    /// It ended while the connection went on.
    #[error("the client certificate has ended since the connection was opened")]
    Ended,
    /// It is not one of those the route lets in.
    #[error("the client certificate is not one that the route lets in")]
    NotListed,
    /// The handshake was for another host, and one of the two asks for certificates
    /// (RFC 9110 §15.5.20).
    #[error("the connection was opened for another host, and one of the two asks for certificates")]
    OtherHost,
}

impl CertificateError {
    /// The reason as one word.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Missing => "no_client_certificate",
            Self::Ended => "client_certificate_ended",
            Self::NotListed => "client_certificate",
            Self::OtherHost => "client_certificate_host",
        }
    }

    /// What the peer is told besides the status: only it can mend this.
    pub(super) const fn detail(self) -> &'static str {
        match self {
            Self::Missing => "A client certificate is required here, and none was presented.",
            Self::Ended => "The client certificate of this connection has expired.",
            Self::NotListed => "The client certificate presented is not accepted here.",
            Self::OtherHost => "The connection was opened for another host. Please open a new one.",
        }
    }
}

impl CertificateUse {
    /// Whether a request may pass that came with `certificate`.
    ///
    /// # Errors
    ///
    /// [`CertificateError`] when it may not.
    pub(super) fn check(
        &self,
        certificate: Option<&ClientCertificate>,
        now: Timestamp,
    ) -> Result<(), CertificateError> {
        let Self::Required(conditions) = self else {
            return Ok(());
        };
        let certificate = certificate.ok_or(CertificateError::Missing)?;
        if certificate.has_ended(now) {
            return Err(CertificateError::Ended);
        }
        if !conditions.are_met_by(certificate) {
            return Err(CertificateError::NotListed);
        }
        Ok(())
    }
}

/// Whether what a token says about a certificate is proven by the connection (RFC 8705 §3).
///
/// # Errors
///
/// [`Rejection::Token`] when it is bound to another certificate, or to one and there is none.
pub(super) fn check_binding(
    verified: &Verified,
    certificate: Option<&ClientCertificate>,
    now: Timestamp,
) -> Result<(), Rejection> {
    let Some(bound_to) = &verified.bound_to else {
        return Ok(());
    };
    let is_proven =
        |shown: &ClientCertificate| shown.thumbprint().matches(bound_to) && !shown.has_ended(now);
    match certificate.is_some_and(is_proven) {
        true => Ok(()),
        false => Err(Rejection::Token(JwtError::SenderConstrained)),
    }
}

#[cfg(test)]
mod tests;
