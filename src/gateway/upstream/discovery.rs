//! The servers of an upstream, resolved again and again.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use pingora::lb::Backend;
use pingora::lb::discovery::ServiceDiscovery;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{UpstreamError, settings};

/// How long a look-up may take; requests are answered without what does not resolve by then.
const PATIENCE: Duration = Duration::from_secs(2);

/// The servers of one upstream, as they were named.
#[derive(Debug)]
pub(super) struct Names {
    upstream: String,
    servers: Vec<Server>,
    look_up: LookUp,
}

/// Finds the addresses of `host:port`.
type LookUp = fn(String) -> Addresses;

/// The addresses of a name, when they are known.
type Addresses = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

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
            look_up: ask_system,
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
        self.resolve().await;
        let mut backends = BTreeSet::new();
        for server in &self.servers {
            match server {
                Server::Address(address) => {
                    backends.insert(backend(*address)?);
                }
                Server::Name(_, last) => {
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
    /// Looks all names up at the same time, so that a slow one keeps no other from being known.
    async fn resolve(&self) {
        let mut look_ups = JoinSet::new();
        for (n, server) in self.servers.iter().enumerate() {
            if let Server::Name(name, _) = server {
                let answer = (self.look_up)(name.clone());
                look_ups.spawn(async move { (n, timeout(PATIENCE, answer).await) });
            }
        }
        while let Some(looked_up) = look_ups.join_next().await {
            if let Ok((n, answer)) = looked_up
                && let Some(Server::Name(name, last)) = self.servers.get(n)
            {
                self.note(name, last, answer.unwrap_or_else(|late| Err(late.into())));
            }
        }
    }

    /// Keeps the answer of a look-up; a resolver's hiccup changes nothing.
    fn note(
        &self,
        name: &str,
        last: &ArcSwap<Vec<SocketAddr>>,
        answer: io::Result<Vec<SocketAddr>>,
    ) {
        match answer {
            Ok(addresses) => last.store(Arc::new(addresses)),
            Err(error) => tracing::warn!(
                upstream.name = self.upstream, server = name, %error,
                "an upstream's server cannot be resolved"
            ),
        }
    }
}

fn ask_system(name: String) -> Addresses {
    Box::pin(async move { Ok(tokio::net::lookup_host(name).await?.collect()) })
}

fn backend(address: SocketAddr) -> pingora::Result<Backend> {
    Backend::new(&address.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A resolver that knows `known:1`, refuses `unknown:1` and says nothing about others.
    fn ask_test(name: String) -> Addresses {
        Box::pin(async move {
            match name.as_str() {
                "known:1" => Ok(vec![SocketAddr::from(([192, 0, 2, 1], 1))]),
                "unknown:1" => Err(io::ErrorKind::NotFound.into()),
                _ => std::future::pending().await,
            }
        })
    }

    fn names(servers: &[&str]) -> Names {
        Names {
            upstream: "app".to_owned(),
            servers: servers
                .iter()
                .map(|text| Server::parse(text).unwrap())
                .collect(),
            look_up: ask_test,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_without_an_answer_costs_its_time_once_and_no_other_name_its_address() {
        let names = names(&["silent:1", "dumb:1", "unknown:1", "known:1", "192.0.2.9:1"]);
        let began = tokio::time::Instant::now();

        let (backends, _) = names.discover().await.unwrap();

        assert_eq!(
            began.elapsed(),
            PATIENCE,
            "together, not one after the other"
        );
        let found: Vec<String> = backends
            .iter()
            .map(|found| found.addr.to_string())
            .collect();
        assert_eq!(found, ["192.0.2.1:1", "192.0.2.9:1"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_known_of_a_name_outlives_a_resolver_that_does_not_answer() {
        let names = names(&["silent:1"]);
        let Server::Name(_, last) = &names.servers[0] else {
            panic!("it is a name");
        };
        last.store(Arc::new(vec![SocketAddr::from(([192, 0, 2, 7], 1))]));

        let (backends, _) = names.discover().await.unwrap();

        assert_eq!(backends.len(), 1);
    }
}
