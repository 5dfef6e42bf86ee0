//! Which server gets a request: in turn, or the same one for the same key.
//!
//! Keys are spread by Ketama, which `pingora-load-balancing` brings: a server that comes or goes
//! moves only the keys of its own share, and every process with the same servers agrees.

use pingora::lb::selection::RoundRobin;
use pingora::lb::selection::consistent::KetamaHashing;
use pingora::lb::{Backend, Backends, LoadBalancer};

use super::MAX_ITERATIONS;

/// What decides which server gets a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Balance {
    /// Its turn.
    #[default]
    RoundRobin,
    /// Where the request comes from; IPv6 by its /64.
    Address,
    /// Whose it is; where nobody is known, where it comes from.
    Subject,
    /// A cookie of ours, that the first answer sets.
    Cookie,
}

/// A balancer of one kind or the other.
pub(super) enum Balancer {
    InTurn(LoadBalancer<RoundRobin>),
    ByKey(LoadBalancer<KetamaHashing>),
}

impl Balancer {
    pub(super) fn new(balance: Balance, backends: Backends) -> Self {
        match balance {
            Balance::RoundRobin => Self::InTurn(LoadBalancer::from_backends(backends)),
            Balance::Address | Balance::Subject | Balance::Cookie => {
                Self::ByKey(LoadBalancer::from_backends(backends))
            }
        }
    }

    pub(super) async fn update(&self) -> pingora::Result<()> {
        match self {
            Self::InTurn(balancer) => balancer.update().await,
            Self::ByKey(balancer) => balancer.update().await,
        }
    }

    pub(super) fn backends(&self) -> &Backends {
        match self {
            Self::InTurn(balancer) => balancer.backends(),
            Self::ByKey(balancer) => balancer.backends(),
        }
    }

    /// The first server for `key` that `accept` takes, told whether it is healthy.
    pub(super) fn select(
        &self,
        key: &[u8],
        accept: impl Fn(&Backend, bool) -> bool,
    ) -> Option<Backend> {
        // One server alone, as most upstreams have, needs no turn and no ring.
        let servers = self.backends().get_backend();
        if let (1, Some(only)) = (servers.len(), servers.first()) {
            return accept(only, self.backends().ready(only)).then(|| only.clone());
        }
        match self {
            Self::InTurn(balancer) => balancer.select_with(key, MAX_ITERATIONS, accept),
            // Each server has many points on the ring, and those next to each other may be of one.
            Self::ByKey(balancer) => balancer.select_with(key, MAX_ITERATIONS * 16, accept),
        }
    }
}
