//! The sockets that a configuration asks for.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::error::StartError;
use super::listening::bind;
use crate::config::Config;

/// Sockets that already listen, for the listeners of one configuration.
///
/// They are made first, so that a port that is taken is an error with the listener's name, and
/// so that a test can have one port chosen by the system before it writes the configuration.
#[derive(Debug)]
pub struct Sockets {
    /// For [`Config::listeners`], in their order.
    pub listeners: Vec<TcpListener>,
    /// For [`Config::admin`].
    pub admin: Option<TcpListener>,
}

impl Sockets {
    /// Listens where `config` says. Must be called within a runtime.
    ///
    /// # Errors
    ///
    /// [`StartError::Listen`] names the listener that could not be had.
    pub fn bind(config: &Config) -> Result<Self, StartError> {
        let bind = |name: &str, address| {
            bind(address).map_err(|source| StartError::Listen {
                name: name.to_owned(),
                address,
                source,
            })
        };
        Ok(Self {
            listeners: config
                .listeners
                .iter()
                .map(|listener| bind(&listener.name, listener.address))
                .collect::<Result<_, _>>()?,
            admin: config
                .admin
                .map(|address| bind("admin", address))
                .transpose()?,
        })
    }

    /// Where they listen: the listeners' addresses, and the admin listener's.
    pub(super) fn addresses(&self) -> Result<(Vec<SocketAddr>, Option<SocketAddr>), StartError> {
        let refused = |source: io::Error| StartError::System {
            what: "the address of a socket",
            source,
        };
        let listeners = self
            .listeners
            .iter()
            .map(TcpListener::local_addr)
            .collect::<Result<_, _>>()
            .map_err(refused)?;
        let admin = self
            .admin
            .as_ref()
            .map(TcpListener::local_addr)
            .transpose()
            .map_err(refused)?;
        Ok((listeners, admin))
    }
}
