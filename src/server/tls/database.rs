//! TLS towards the database: whom to trust.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::store::Encryption;

/// Why connections to the database cannot be made private.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseTlsError {
    /// Not PEM, or no certificate in it.
    #[error("holds no certificate that can be read")]
    Unreadable,
    /// A certificate that cannot vouch for others.
    #[error("holds a certificate that is no authority: {0}")]
    Unusable(String),
    /// The library refuses the protocol versions.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

/// Connections to servers that the authorities in `pem` vouch for, by the name they are asked by.
///
/// # Errors
///
/// [`DatabaseTlsError`] when `pem` is no list of authorities.
pub fn database_encryption(pem: &[u8]) -> Result<Encryption, DatabaseTlsError> {
    let authorities = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, PemError>>()
        .map_err(|_| DatabaseTlsError::Unreadable)?;
    if authorities.is_empty() {
        return Err(DatabaseTlsError::Unreadable);
    }
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots
            .add(authority)
            .map_err(|error| DatabaseTlsError::Unusable(error.to_string()))?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| DatabaseTlsError::Setup(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Encryption::new(pem, MakeRustlsConnect::new(config)))
}
