//! Where admitted requests go: servers resolved in the background, checked for health, taken in
//! turn or by a key, left out while they fail, and given no more requests at once than they may.
//!
//! Balancing and health checking are `pingora-load-balancing`'s. What it lacks is ours: its own
//! discovery resolves names once, at start, on the calling thread; [`discovery`] resolves them
//! again and again, off the request path, and keeps the last good answer.

mod balance;
mod discovery;
mod health;
mod in_flight;
mod passive;
mod peer;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use http::HeaderValue;
use pingora::lb::{Backend, Backends};
use pingora::upstreams::peer::HttpPeer;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::rejection::Rejection;
use super::settings;
use crate::telemetry::Metrics;

pub use balance::Balance;
use balance::Balancer;
use discovery::Names;
pub(super) use in_flight::Served;
use passive::Failing;
pub use passive::PassiveHealth;

/// How often names are resolved anew.
const RESOLVE_INTERVAL: Duration = Duration::from_secs(30);
/// More servers than this are not tried to find a healthy one.
const MAX_ITERATIONS: usize = 64;

/// All upstreams, by name.
#[derive(Debug)]
pub struct Upstreams(Vec<Arc<Upstream>>);

/// Servers that are equal to a request.
pub struct Upstream {
    name: String,
    balance: Balance,
    balancer: Balancer,
    failing: Option<Failing>,
    max_in_flight: Option<usize>,
    /// Requests that it serves, those of configurations before this one among them.
    in_flight: OnceLock<Arc<AtomicUsize>>,
    metrics: Arc<Metrics>,
    template: HttpPeer,
    /// `Host` to send, if not the one downstream sent.
    host: Option<HeaderValue>,
    retries: u8,
    check_interval: Option<Duration>,
}

/// Why an upstream cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// The CA is not PEM with at least one certificate.
    #[error("upstream {upstream}: the CA file has no usable certificate")]
    Ca {
        /// Which.
        upstream: String,
    },
    /// Certificate and key that we show are not PEM, cannot be used or do not belong together.
    #[error("upstream {upstream}: certificate and key for it cannot be used together")]
    ClientCertificate {
        /// Which.
        upstream: String,
    },
    /// TLS without a name would not be verified at all.
    #[error("upstream {upstream}: TLS needs the name that the certificate must bear")]
    ServerName {
        /// Which.
        upstream: String,
    },
    /// A server is not `host:port`.
    #[error("upstream {upstream}: {server} is not host:port")]
    Server {
        /// Which.
        upstream: String,
        /// The text.
        server: String,
    },
    /// `Host` or the health check's path cannot be sent.
    #[error("upstream {upstream}: host or health check path cannot be sent")]
    Unsendable {
        /// Which.
        upstream: String,
    },
}

impl Upstreams {
    /// Upstreams with these settings. Servers named by address can be used at once, those named
    /// by name after [`Self::resolve`].
    ///
    /// # Errors
    ///
    /// The first [`UpstreamError`].
    pub fn new(
        upstreams: &[settings::Upstream],
        metrics: Arc<Metrics>,
    ) -> Result<Self, UpstreamError> {
        upstreams
            .iter()
            .map(move |upstream| Upstream::new(upstream, &metrics).map(Arc::new))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Finds the upstream of this name.
    pub fn find(&self, name: &str) -> Option<&Arc<Upstream>> {
        self.0.iter().find(|upstream| upstream.name == name)
    }

    /// Resolves every server once, all at the same time and for at most two seconds; to be
    /// awaited before the first request is taken. What does not resolve stays unknown until
    /// [`Self::watch`] finds it.
    pub async fn resolve(&self) {
        let mut look_ups = JoinSet::new();
        for upstream in &self.0 {
            let upstream = Arc::clone(upstream);
            // Bounded by the bound of each name; what fails was logged where that was seen.
            look_ups.spawn(async move { upstream.balancer.update().await.is_ok() });
        }
        while look_ups.join_next().await.is_some() {}
    }

    /// Resolves names anew and checks health, until these upstreams are dropped (as after a
    /// reload) or the future is. To be spawned once, on a runtime that lives as long as the
    /// process.
    pub async fn watch(self: Arc<Self>) {
        let mut watchers = JoinSet::new();
        for upstream in &self.0 {
            watchers.spawn(watch(Arc::downgrade(upstream)));
        }
        drop(self);
        while let Some(ended) = watchers.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "an upstream is no longer watched");
            }
        }
    }
}

/// Resolves and checks one upstream for as long as somebody else holds it.
async fn watch(upstream: Weak<Upstream>) {
    let Some(check_interval) = upstream.upgrade().map(|upstream| upstream.check_interval) else {
        return;
    };
    let period = check_interval.map_or(RESOLVE_INTERVAL, |check| check.min(RESOLVE_INTERVAL));
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut since_resolved = RESOLVE_INTERVAL;
    loop {
        ticks.tick().await;
        let Some(upstream) = upstream.upgrade() else {
            return;
        };
        since_resolved += period;
        if since_resolved >= RESOLVE_INTERVAL {
            since_resolved = Duration::ZERO;
            // A failed look-up keeps the last good answer.
            let _kept = upstream.balancer.update().await;
            upstream.forget_gone();
        }
        if check_interval.is_some() {
            upstream.balancer.backends().run_health_check(true).await;
        }
    }
}

impl Upstream {
    fn new(settings: &settings::Upstream, metrics: &Arc<Metrics>) -> Result<Self, UpstreamError> {
        let unsendable = || UpstreamError::Unsendable {
            upstream: settings.name.clone(),
        };
        let template = peer::template(settings)?;
        let names = Names::new(settings)?;
        let host = settings
            .host
            .as_deref()
            .map(HeaderValue::from_str)
            .transpose()
            .map_err(|_| unsendable())?;
        let known = names.literal();
        let mut backends = Backends::new(Box::new(names));
        if let Some(check) = &settings.health_check {
            let check =
                health::check(settings, check, &template, metrics).ok_or_else(unsendable)?;
            backends.set_health_check(check);
        }
        let upstream = Self {
            name: settings.name.clone(),
            balance: settings.balance,
            balancer: Balancer::new(settings.balance, backends),
            failing: settings.passive_health.map(Failing::new),
            max_in_flight: settings.max_in_flight,
            in_flight: OnceLock::new(),
            metrics: Arc::clone(metrics),
            template,
            host,
            retries: settings.retries.min(2),
            check_interval: settings.health_check.as_ref().map(|check| check.interval),
        };
        // Literal addresses need no look-up: the update is ready when it is first polled.
        if known {
            let _ready = futures_ready(upstream.balancer.update());
        }
        Ok(upstream)
    }

    /// Its name, in logs and metrics.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The `Host` to send, if not the one downstream sent.
    pub(super) const fn host(&self) -> Option<&HeaderValue> {
        self.host.as_ref()
    }

    /// How often another server may be tried when a request could not be sent.
    pub(super) const fn retries(&self) -> u8 {
        self.retries
    }

    /// What decides which server gets a request.
    pub(super) const fn balance(&self) -> Balance {
        self.balance
    }

    /// Goes on counting the requests that `earlier` serves, which was called the same.
    pub(super) fn continue_from(&self, earlier: &Self) {
        let count = Arc::clone(earlier.count());
        // Set once: a snapshot is put in force once.
        let _kept = self.in_flight.set(count);
    }

    fn count(&self) -> &Arc<AtomicUsize> {
        self.in_flight.get_or_init(Arc::default)
    }

    /// Takes a place among the requests that it serves at once, to be held until the answer ends;
    /// `None` within when they are not counted.
    ///
    /// # Errors
    ///
    /// [`Rejection::UpstreamFull`] when there is none.
    pub(super) fn serve(&self) -> Result<Option<Served>, Rejection> {
        let Some(limit) = self.max_in_flight else {
            return Ok(None);
        };
        let served = in_flight::take(self.count(), limit);
        served.map(Some).ok_or(Rejection::UpstreamFull)
    }

    /// The server for `choice`: healthy, not left out, and another one than it was before, as far
    /// as there is such a one. Of servers that are all left out one is taken all the same.
    pub(super) fn pick(&self, choice: Choice<'_>) -> Option<HttpPeer> {
        let is_other = |backend: &Backend| {
            choice.not.is_none() || backend.addr.as_inet().copied() != choice.not
        };
        let is_left_out = |backend: &Backend| {
            let address = backend.addr.as_inet();
            let asked = self.failing.as_ref().zip(address);
            asked.is_some_and(|(failing, address)| failing.is_left_out(*address, choice.now))
        };
        let select = |accept: &dyn Fn(&Backend) -> bool| {
            let accept = |backend: &Backend, healthy| healthy && accept(backend);
            self.balancer.select(choice.key, accept)
        };
        let backend = select(&|backend| is_other(backend) && !is_left_out(backend))
            .or_else(|| select(&|backend| !is_left_out(backend)))
            .or_else(|| select(&is_other))
            .or_else(|| select(&|_| true))?;
        let mut peer = self.template.clone();
        peer._address = backend.addr;
        Some(peer)
    }

    /// Notes how a request went at `server`.
    pub(super) fn note(&self, server: Option<SocketAddr>, is_well: bool, now: Duration) {
        let (Some(failing), Some(server)) = (&self.failing, server) else {
            return;
        };
        if failing.note(server, is_well, now) {
            self.metrics.upstream_left_out(&self.name);
            tracing::warn!(
                upstream.name = self.name, %server,
                "upstream server fails requests and is left out for a while"
            );
        }
    }

    /// Forgets what is known of servers that are no longer there.
    fn forget_gone(&self) {
        if let Some(failing) = &self.failing {
            let backends = self.balancer.backends().get_backend();
            let there: HashSet<SocketAddr> = backends
                .iter()
                .filter_map(|backend| backend.addr.as_inet().copied())
                .collect();
            failing.retain(|server| there.contains(&server));
        }
    }
}

/// What a server is chosen by.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Choice<'a> {
    /// The same key gets the same server; not looked at where servers take turns.
    pub(super) key: &'a [u8],
    /// The one that it was before.
    pub(super) not: Option<SocketAddr>,
    /// The clock's uptime.
    pub(super) now: Duration,
}

/// Polls a future once.
fn futures_ready<F: Future>(future: F) -> Option<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstream")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
