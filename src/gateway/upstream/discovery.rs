//! The servers of an upstream, resolved again and again.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use pingora::lb::Backend;
use pingora::lb::discovery::ServiceDiscovery;

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
    /// `host:port`, and what it resolved to last.
    Name(String, ArcSwap<Vec<SocketAddr>>),
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
        Ok(Self::Name(text.to_owned(), ArcSwap::default()))
    }
}

#[async_trait]
impl ServiceDiscovery for Names {
    /// The addresses at this moment; of a name that does not resolve, those it had last.
    async fn discover(&self) -> pingora::Result<(BTreeSet<Backend>, HashMap<u64, bool>)> {
        let mut backends = BTreeSet::new();
        for server in &self.servers {
            match server {
                Server::Address(address) => {
                    backends.insert(backend(*address)?);
                }
                Server::Name(name, last) => {
                    self.resolve(name, last).await;
                    for address in last.load().iter() {
                        backends.insert(backend(*address)?);
                    }
                }
            }
        }
        Ok((backends, HashMap::new()))
    }
}

impl Names {
    /// Looks `name` up; a resolver's hiccup changes nothing.
    async fn resolve(&self, name: &str, last: &ArcSwap<Vec<SocketAddr>>) {
        match tokio::net::lookup_host(name).await {
            Ok(addresses) => last.store(Arc::new(addresses.collect())),
            Err(error) => tracing::warn!(
                upstream.name = self.upstream, server = name, %error,
                "an upstream's server cannot be resolved"
            ),
        }
    }
}

fn backend(address: SocketAddr) -> pingora::Result<Backend> {
    Backend::new(&address.to_string())
}
