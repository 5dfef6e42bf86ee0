//! The only wiring.

mod connection;
mod settings;
mod tls;

pub use settings::{CertificatePem, Listener, ListenerTls};
pub use tls::{TlsError, install_crypto_provider};
