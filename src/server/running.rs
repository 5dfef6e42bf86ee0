//! A server at work: what it is made of, where it listens, how it ends.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use pingora::apps::HttpServerApp as _;
use pingora::server::ShutdownWatch;
use pingora::server::configuration::ServerConf;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::acme::{Around, Ordering, Patience, Renewal, with_ordered};
use super::admin::Admin;
use super::assembly::{Foundation, Pieces, State, in_listener};
use super::certificates::Certificates;
use super::connection::{Guard, Limits, Opening};
use super::error::StartError;
use super::listening::accept;
use super::maintenance::Maintenance;
use super::redirect::RedirectToHttps;
use super::settings::Listener;
use super::sockets::Sockets;
use super::task::Task;
use super::tls::{Challenges, TlsAcceptor};
use super::vitals::Vitals;
use crate::clock::Clock;
use crate::config::Config;
use crate::gateway::{Edge, Gateway, Shutdown, TrustedProxies};
use crate::issuers::Issuers;

/// How long an end waits for the database to be told of it.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(1);

/// Idle connections to upstreams that each thread may keep.
const UPSTREAM_POOL_PER_THREAD: usize = 256;

/// Connections to the admin listener at once: scrapers and probes.
const ADMIN_CONNECTIONS: usize = 64;

/// How long a connection to it may last; nobody keeps one.
const ADMIN_LIFETIME: Duration = Duration::from_secs(30);

/// How long a connection may last that is only told to go elsewhere.
const REDIRECT_LIFETIME: Duration = Duration::from_secs(30);

/// A server at work. Dropping it ends its tasks without waiting for requests.
pub struct Server {
    pub(super) foundation: Foundation,
    /// The gateway, as what connections are handed to.
    pub(super) edge: Arc<Edge>,
    /// By listener name.
    pub(super) acceptors: Vec<(String, TlsAcceptor)>,
    pub(super) limits: Arc<ArcSwap<Limits>>,
    pub(super) vitals: Arc<Vitals>,
    /// What is in force; locked while a reload is under way.
    pub(super) config: Mutex<Config>,
    /// Resolves and checks the servers of the upstreams in force.
    pub(super) watching: std::sync::Mutex<Task>,
    /// Fetches the keys of the trusted issuers in force.
    pub(super) fetching: std::sync::Mutex<Task>,
    /// Tells clients that sessions ended, under the configuration in force.
    pub(super) telling: std::sync::Mutex<Option<Task>>,
    /// Replaces signing keys in time, under the configuration in force.
    pub(super) keeping: std::sync::Mutex<Option<Task>>,
    /// Looks after the sessions at the users' backend, under the configuration in force.
    pub(super) looking_after: std::sync::Mutex<Option<Task>>,
    /// Tells of certificates that end, under the configuration in force.
    pub(super) reminding: std::sync::Mutex<Task>,
    /// Orders and renews certificates, under the configuration in force.
    ordering: std::sync::Mutex<Option<Ordering>>,
    /// With whom orders failed lately.
    patience: Patience,
    /// Says that every connection ends after its next request.
    leaving: watch::Sender<bool>,
    /// Says that connections which ask for nothing end.
    stopping: watch::Sender<bool>,
    /// The same for those to the admin listener, which is there until the process is not.
    admin_leaving: watch::Sender<bool>,
    /// The listening sockets once more, for a successor.
    inheritance: std::sync::Mutex<Vec<OwnedFd>>,
    addresses: Vec<SocketAddr>,
    admin_address: Option<SocketAddr>,
    /// The accept loops of the listeners; each ends when its port is closed.
    accepting: Mutex<JoinSet<()>>,
    /// Admin listener and maintenance, which go on while the rest drains.
    pub(super) tasks: JoinSet<()>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("addresses", &self.addresses)
            .field("admin_address", &self.admin_address)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Puts everything together and begins to accept on `sockets`.
    ///
    /// # Errors
    ///
    /// [`StartError`] says what is missing and what to do; nothing is running then.
    pub async fn start(
        config: Config,
        clock: Arc<dyn Clock>,
        sockets: Sockets,
    ) -> Result<Self, StartError> {
        let foundation = Foundation::open(&config, clock).await?;
        let pieces = Pieces::build(&config, &foundation, &Issuers::default()).await?;
        let listeners = with_ordered(&config.listeners, config.acme.as_ref());
        let openings = openings(&listeners, &foundation.answering.names)?;
        let redirects: Vec<_> = config
            .listeners
            .iter()
            .map(|it| it.redirects_to_https_port)
            .collect();
        let (addresses, admin_address) = sockets.addresses()?;
        pieces.upstreams.resolve().await;
        pieces.adopt().await?;
        let gateway = Gateway::new(
            pieces.snapshot,
            Arc::clone(&foundation.clock),
            Arc::clone(&foundation.metrics),
        );
        let certificates = Arc::new(Certificates::of(&listeners));
        let reminder = Arc::clone(&certificates).watch(Arc::clone(&foundation.clock));
        let issuers = Arc::clone(&pieces.issuers);
        let vitals = Vitals::new(&foundation, pieces.verifier, issuers, certificates);
        let mut server = Self {
            edge: Arc::new(Edge::new(gateway, pingora_conf(&config))),
            acceptors: acceptors(&listeners, &openings),
            limits: Arc::new(ArcSwap::from_pointee(Limits::from(&config.gateway))),
            vitals: Arc::new(vitals),
            watching: std::sync::Mutex::new(Task::spawn(pieces.upstreams.watch())),
            fetching: std::sync::Mutex::new(Task::spawn(pieces.issuers.watch())),
            telling: std::sync::Mutex::new(
                pieces.courier.map(|courier| Task::spawn(courier.run())),
            ),
            keeping: std::sync::Mutex::new(pieces.keeper.map(|keeper| Task::spawn(keeper.run()))),
            looking_after: std::sync::Mutex::new(
                pieces
                    .upstream_keeper
                    .map(|keeper| Task::spawn(keeper.run())),
            ),
            reminding: std::sync::Mutex::new(Task::spawn(reminder)),
            ordering: std::sync::Mutex::default(),
            patience: Patience::default(),
            config: Mutex::new(config),
            foundation,
            leaving: watch::Sender::new(false),
            stopping: watch::Sender::new(false),
            admin_leaving: watch::Sender::new(false),
            inheritance: std::sync::Mutex::new(sockets.inheritance()?),
            addresses,
            admin_address,
            accepting: Mutex::default(),
            tasks: JoinSet::new(),
        };
        server.begin(sockets, openings, &redirects);
        // After the listeners, at which it is asked whether a name is ours.
        let ordering = server.order_certificates(&*server.config.lock().await);
        server.replace_ordering(ordering);
        Ok(server)
    }

    /// Orders and renews certificates as `config` says, until the answer is dropped.
    pub(super) fn order_certificates(&self, config: &Config) -> Option<Ordering> {
        let around = Around {
            listeners: config.listeners.clone(),
            acceptors: self.acceptors.clone(),
            answering: self.foundation.answering.clone(),
            vitals: Arc::clone(&self.vitals),
            patience: self.patience.clone(),
        };
        let acme = config.acme.as_ref()?;
        Some(Renewal::new(acme, around).begin())
    }

    /// Lets go of what orders certificates now.
    pub(super) fn replace_ordering(&self, ordering: Option<Ordering>) {
        let current = self.ordering.lock();
        *current.unwrap_or_else(PoisonError::into_inner) = ordering;
    }

    /// Where it listens, in the order of the configuration's listeners.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Where metrics and health are served.
    pub const fn admin_address(&self) -> Option<SocketAddr> {
        self.admin_address
    }

    /// Ends: says "not ready", goes on for the configured delay, so that whoever asks sends nothing
    /// any more, closes the ports, finishes what is in flight, at most for `patience`. Returns as
    /// soon as nothing is in flight; whether that came to be.
    pub async fn drain(&self, patience: Duration) -> bool {
        let delay = self.config.lock().await.drain.delay;
        if !delay.is_zero() {
            self.vitals.begin_draining();
            self.leave_duties().await;
            sleep_until(Instant::now() + delay).await;
        }
        self.close().await;
        self.stopping.send_replace(true);
        // Wakes kept connections that wait for a request which must not come any more.
        self.edge.http_cleanup().await;
        timeout(patience, self.vitals.slots.all_free())
            .await
            .is_ok()
    }

    /// Leaves to a successor, which listens on the same sockets already: says "not ready" to who
    /// asks on a connection it has, and stops accepting, on the admin listener too. Every connection
    /// may ask once more and is told that this was the last; those that do not are closed after half
    /// of `patience`, and what is in flight has the rest of it. Whether nothing is in flight at last.
    pub async fn leave(&self, patience: Duration) -> bool {
        self.admin_leaving.send_replace(true);
        self.close().await;
        let beside = self.foundation.state.as_ref().map(|state| {
            let maintenance = self.maintenance(state);
            Task::spawn(maintenance.run_beside_another())
        });
        let (slots, half) = (&self.vitals.slots, patience / 2);
        let is_idle = timeout(half, slots.all_free()).await.is_ok();
        self.stopping.send_replace(true);
        self.edge.http_cleanup().await;
        let is_idle = is_idle || timeout(half, slots.all_free()).await.is_ok();
        drop(beside);
        is_idle
    }

    /// Takes over what another process revokes at once, for as long as that one may be leaving.
    pub(super) fn work_beside_another(&self, time: Duration) -> Option<Task> {
        let state = self.foundation.state.as_ref()?;
        let maintenance = self.maintenance(state);
        Some(Task::spawn(async move {
            drop(timeout(time, maintenance.run_beside_another()).await);
        }))
    }

    /// The sockets it listens on, for a successor.
    pub(super) fn inheritance(&self) -> io::Result<Vec<OwnedFd>> {
        let sockets = self.inheritance.lock();
        let sockets = sockets.unwrap_or_else(PoisonError::into_inner);
        sockets.iter().map(OwnedFd::try_clone).collect()
    }

    /// Says "not ready", and closes the ports.
    async fn close(&self) {
        self.vitals.begin_draining();
        // Whoever comes after orders its own.
        self.replace_ordering(None);
        let inheritance = &self.inheritance;
        inheritance
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        self.leaving.send_replace(true);
        let mut accepting = self.accepting.lock().await;
        while accepting.join_next().await.is_some() {}
        drop(accepting);
        self.leave_duties().await;
    }

    /// Leaves to others what one process does for all; what it does for its own requests goes on.
    async fn leave_duties(&self) {
        let keeping = &self.keeping;
        drop(
            keeping
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let Some(state) = self.foundation.state.as_ref() else {
            return;
        };
        // Without an answer they lapse.
        match timeout(LEAVE_TIMEOUT, state.store.leave_duties()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the work for all nodes could not be left"),
            Err(_) => tracing::warn!("the work for all nodes could not be left in time"),
        }
    }

    fn maintenance(&self, state: &State) -> Maintenance {
        Maintenance {
            store: state.store.clone(),
            keys: Arc::clone(&state.keys),
            clock: Arc::clone(&self.foundation.clock),
            metrics: Arc::clone(&self.foundation.metrics),
        }
    }

    /// How long requests in flight may take at the end.
    pub(super) async fn drain_timeout(&self) -> Duration {
        self.config.lock().await.drain.timeout
    }

    /// Counts a reload whose file could not even be loaded.
    pub(super) fn reload_failed(&self) {
        self.foundation.metrics.reload(false);
    }

    fn begin(&mut self, sockets: Sockets, openings: Vec<Opening>, redirects: &[Option<u16>]) {
        self.begin_traces();
        let guard = Guard {
            app: Arc::clone(&self.edge),
            slots: Arc::clone(&self.vitals.slots),
            limits: Arc::clone(&self.limits),
            metrics: Arc::clone(&self.foundation.metrics),
            lifetime: None,
            shutdown: Shutdown {
                leaving: self.leaving.subscribe(),
                stopping: self.stopping.subscribe(),
            },
        };
        let accepting = self.accepting.get_mut();
        for ((socket, opening), redirect) in
            sockets.listeners.into_iter().zip(openings).zip(redirects)
        {
            match redirect {
                None => accepting.spawn(accept(socket, opening, guard.clone())),
                Some(port) => {
                    let tokens = Arc::clone(&self.foundation.answering.tokens);
                    let app = RedirectToHttps::new(*port, tokens);
                    accepting.spawn(accept(
                        socket,
                        opening,
                        guard.serving(app, REDIRECT_LIFETIME),
                    ))
                }
            };
        }
        if let Some(socket) = sockets.admin {
            let leaving = self.admin_leaving.subscribe();
            self.tasks
                .spawn(serve_admin(socket, Arc::clone(&self.vitals), leaving));
        }
        if let Some(state) = &self.foundation.state {
            let maintenance = Maintenance {
                store: state.store.clone(),
                keys: Arc::clone(&state.keys),
                clock: Arc::clone(&self.foundation.clock),
                metrics: Arc::clone(&self.foundation.metrics),
            };
            self.tasks.spawn(maintenance.run());
        }
    }
}

/// How the connections of each listener begin.
fn openings(
    listeners: &[Listener],
    challenges: &Arc<Challenges>,
) -> Result<Vec<Opening>, StartError> {
    listeners
        .iter()
        .map(|listener| match &listener.tls {
            Some(tls) => TlsAcceptor::new(tls)
                .map(|acceptor| Opening::Tls(acceptor.answering(challenges)))
                .map_err(|source| in_listener(listener, source)),
            None if listener.h2c => Ok(Opening::PlainOrHttp2),
            None => Ok(Opening::Plain),
        })
        .collect()
}

fn acceptors(listeners: &[Listener], openings: &[Opening]) -> Vec<(String, TlsAcceptor)> {
    listeners
        .iter()
        .zip(openings)
        .filter_map(|(listener, opening)| match opening {
            Opening::Tls(acceptor) => Some((listener.name.clone(), acceptor.clone())),
            Opening::Plain | Opening::PlainOrHttp2 => None,
        })
        .collect()
}

/// What Pingora needs to know for its connections to upstreams.
fn pingora_conf(config: &Config) -> ServerConf {
    ServerConf {
        threads: threads(config),
        upstream_keepalive_pool_size: UPSTREAM_POOL_PER_THREAD,
        ..ServerConf::default()
    }
}

/// Worker threads: as configured, else one per core.
pub(super) fn threads(config: &Config) -> usize {
    let per_core = || std::thread::available_parallelism().map_or(1, usize::from);
    config.threads.unwrap_or_else(per_core)
}

/// Serves metrics and health, also while the rest drains. Its connections have places of their
/// own: a full house must still be visible.
fn serve_admin(
    socket: TcpListener,
    vitals: Arc<Vitals>,
    leaving: ShutdownWatch,
) -> impl Future<Output = ()> + use<> {
    let limits = Limits {
        opening: ADMIN_LIFETIME,
        connections: ADMIN_CONNECTIONS,
        connections_per_address: ADMIN_CONNECTIONS,
        trusted_proxies: TrustedProxies::default(),
    };
    // Nobody sends on it: what is asked is answered.
    let (open, stopping) = watch::channel(false);
    let guard = Guard {
        metrics: Arc::clone(&vitals.metrics),
        app: Arc::new(Admin::new(vitals)),
        slots: Arc::default(),
        limits: Arc::new(ArcSwap::from_pointee(limits)),
        lifetime: Some(ADMIN_LIFETIME),
        shutdown: Shutdown { leaving, stopping },
    };
    async move {
        accept(socket, Opening::Plain, guard).await;
        drop(open);
    }
}
