//! The sockets that a configuration asks for.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd as _, OwnedFd};

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
        Self::bind_or_take(config, Vec::new())
    }

    /// The same, with those of `handed` that listen where `config` says instead of new ones.
    ///
    /// # Errors
    ///
    /// As [`Self::bind`].
    pub(super) fn bind_or_take(config: &Config, handed: Vec<OwnedFd>) -> Result<Self, StartError> {
        let mut handed: Vec<_> = handed
            .into_iter()
            .map(std::net::TcpListener::from)
            .collect();
        let mut have = |name: &str, address: SocketAddr| {
            let is_there = |socket: &std::net::TcpListener| {
                socket.local_addr().is_ok_and(|there| there == address)
            };
            let socket = match handed.iter().position(is_there) {
                Some(at) => TcpListener::from_std(handed.swap_remove(at)),
                None => bind(address),
            };
            socket.map_err(|source| StartError::Listen {
                name: name.to_owned(),
                address,
                source,
            })
        };
        Ok(Self {
            listeners: config
                .listeners
                .iter()
                .map(|listener| have(&listener.name, listener.address))
                .collect::<Result<_, _>>()?,
            admin: config
                .admin
                .map(|address| have("admin", address))
                .transpose()?,
        })
    }

    /// All of them once more, for another process.
    pub(super) fn inheritance(&self) -> Result<Vec<OwnedFd>, StartError> {
        let sockets = self.listeners.iter().chain(&self.admin);
        let copies = sockets.map(|socket| socket.as_fd().try_clone_to_owned());
        let copies = copies.collect::<io::Result<_>>();
        copies.map_err(|source| StartError::System {
            what: "a second handle of a socket",
            source,
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
