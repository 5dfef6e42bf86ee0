//! The only wiring: sockets, TLS, connection guard, admin listener, control socket, reload, handover
//! to a successor, signals, drain.
//!
//! [`run`] is the life of the process and [`Server`] what lives; a test starts a [`Server`] on
//! sockets of its own. Everything else in the crate gets its checked settings from here and
//! neither reads the configuration nor knows of sockets.
//!
//! Pingora parses, pools and proxies ([`pingora::proxy::HttpProxy`] around the gateway). Its
//! `Server` and `Service` are not used: they cannot refuse a connection before its TLS
//! handshake, end the process when a port is taken, and at SIGTERM sleep for the whole grace
//! period instead of leaving when nothing is in flight.

mod control;
mod handover;
mod notify;
mod run;
mod signals;

mod redirect;
mod reload;
mod running;

mod assembly;
mod inspection;
mod maintenance;
mod preview;
mod task;
mod traces;

mod acme;
mod certificates;
mod connection;
mod listening;
mod sockets;
mod tls;

mod admin;
mod vitals;

mod error;
mod settings;

#[cfg(test)]
mod tests;

pub use assembly::check;
pub(crate) use control::{Reloaded, request_reload, request_upgrade};
pub use error::StartError;
pub(crate) use inspection::{Finding, Severity, inspect};
pub use preview::{Preview, preview};
pub use run::{Beginning, run};
pub use running::Server;
pub use settings::{
    Acme, AcmeChallenge, CertificatePem, ClientCertificates, Drain, Listener, ListenerTls,
};
pub use sockets::Sockets;
pub use tls::{DatabaseTlsError, TlsError, database_encryption, install_crypto_provider};
