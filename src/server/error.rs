//! Why the server cannot start, or cannot take a new configuration.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::tls::TlsError;
use crate::config::ConfigError;
use crate::gateway::{SnapshotError, UpstreamError};
use crate::issuers::IssuersError;
use crate::jose::KeyError;
use crate::provider::ProviderError;
use crate::store::StoreError;
use crate::telemetry::log::LogError;
use crate::users::SignInError;

/// Why the server cannot start, in words that say what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The file cannot be read or is not a configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The address is taken, not ours, or needs privileges.
    #[error(
        "listener {name}: cannot listen on {address}: {source}; choose another address or end the process that holds it (`ss -ltnp` shows it)"
    )]
    Listen {
        /// The listener's name, or `admin`.
        name: String,
        /// Where it should listen.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Certificates or keys.
    #[error("listener {name}: {source}")]
    Tls {
        /// The listener's name.
        name: String,
        /// What is wrong with them.
        source: TlsError,
    },
    /// State.
    #[error("the store cannot be opened: {0}")]
    Store(#[from] StoreError),
    /// The trusted issuers.
    #[error("trusted issuers: {0}")]
    Issuers(#[from] IssuersError),
    /// Signing keys.
    #[error("keys: {0}")]
    Keys(#[from] KeyError),
    /// Templates.
    #[error("the provider cannot start: {0}")]
    Provider(#[from] ProviderError),
    /// The users' backend.
    #[error("the users' backend cannot be set up: {0}")]
    Users(#[from] SignInError),
    /// An upstream that cannot be connected to.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// Routes that do not fit the upstreams.
    #[error(transparent)]
    Routes(#[from] SnapshotError),
    /// The filter of the log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// `--upgrade` without a place to ask at.
    #[error(
        "--upgrade: the configuration has no `server.control_socket`, at which the running process could be asked for its sockets"
    )]
    NothingToTakeOver,
    /// The running process does not hand over.
    #[error(
        "--upgrade: no process hands over its sockets at {socket}: {source}; start without it if none runs"
    )]
    TakeOver {
        /// Where it was asked.
        socket: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Threads, signals.
    #[error("the operating system refuses {what}: {source}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// What it says.
        source: io::Error,
    },
}
