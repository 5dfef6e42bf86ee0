//! The servers of an upstream, resolved again and again.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;

use async_trait::async_trait;
use pingora::lb::Backend;
use pingora::lb::discovery::ServiceDiscovery;
use pingora::{Error, ErrorType};

use super::{UpstreamError, settings};

/// The servers of one upstream, as they were named.
#[derive(Debug)]
pub(super) struct Names {
    upstream: String,
    servers: Vec<Server>,
}

#[derive(Debug)]
enum Server {
    Address(SocketAddr),
    /// `host:port`.
    Name(String),
}

impl Names {
    /// The servers of `upstream`.
    pub(super) fn new(upstream: &settings::Upstream) -> Result<Self, UpstreamError> {
        let servers = upstream
            .servers
            .iter()
            .map(|text| Server::parse(text))
            .collect::<Result<_, _>>()
            .map_err(|server| UpstreamError::Server {
                upstream: upstream.name.clone(),
                server,
            })?;
        Ok(Self {
            upstream: upstream.name.clone(),
            servers,
        })
    }

    /// Whether every server is an address, so that nothing has to be looked up.
    pub(super) fn literal(&self) -> bool {
        self.servers
            .iter()
            .all(|server| matches!(server, Server::Address(_)))
    }
}

impl Server {
    fn parse(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(|| text.to_owned())?;
        if host.is_empty() || host.contains(':') || port.parse::<u16>().is_err() {
            return Err(text.to_owned());
        }
        Ok(Self::Name(text.to_owned()))
    }
}

#[async_trait]
impl ServiceDiscovery for Names {
    /// The addresses at this moment. Any name that does not resolve fails the whole, so that a
    /// resolver's hiccup leaves all servers as they were.
    async fn discover(&self) -> pingora::Result<(BTreeSet<Backend>, HashMap<u64, bool>)> {
        let mut backends = BTreeSet::new();
        for server in &self.servers {
            match server {
                Server::Address(address) => {
                    backends.insert(backend(*address)?);
                }
                Server::Name(name) => {
                    let addresses = tokio::net::lookup_host(name).await.map_err(|error| {
                        tracing::warn!(
                            upstream.name = self.upstream, server = name, %error,
                            "an upstream's server cannot be resolved"
                        );
                        Error::because(ErrorType::ConnectNoRoute, "resolving a server", error)
                    })?;
                    for address in addresses {
                        backends.insert(backend(address)?);
                    }
                }
            }
        }
        Ok((backends, HashMap::new()))
    }
}

fn backend(address: SocketAddr) -> pingora::Result<Backend> {
    Backend::new(&address.to_string())
}
