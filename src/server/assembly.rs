//! How the parts of a configuration come together.
//!
//! What outlives a reload ([`Foundation`]) is apart from what a configuration makes anew
//! ([`Pieces`]), so that a reload builds all pieces first and swaps them in when nothing can fail
//! any more.

use std::sync::Arc;
use std::time::Duration;

use super::acme::{Answering, with_ordered};
use super::error::StartError;
use super::settings::Listener;
use super::tls::{TlsError, TlsParts};
use crate::clock::Clock;
use crate::config::Config;
use crate::gateway::{Route, Snapshot, SnapshotParts, TokenUse, Upstreams};
use crate::issuers::{self, Issuers};
use crate::jose::{KeyRing, TokenVerifier};
use crate::provider::{self, ClientMemory, KeyKeeper, LogoutCourier, Provider};
use crate::store::{self, Store, StoreError};
use crate::telemetry::Metrics;
use crate::users::{self, SignIn, UpstreamKeeper, UpstreamSessions, UserDirectory};

/// By how much the clocks of nodes that share a database may differ.
const CLOCKS_APART: Duration = Duration::from_secs(5);

/// What stays as it is while configurations come and go.
#[derive(Clone, Debug)]
pub(super) struct Foundation {
    /// Where the present comes from.
    pub(super) clock: Arc<dyn Clock>,
    /// Everything that is counted.
    pub(super) metrics: Arc<Metrics>,
    /// The state; `None` where there is nothing to be kept.
    pub(super) state: Option<State>,
    /// Where it is proven that names are ours.
    pub(super) answering: Answering,
}

/// The provider's state and the keys in it.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// Codes, tokens, sessions, keys, revocations.
    pub(super) store: Store,
    /// The signing keys, parsed.
    pub(super) keys: Arc<KeyRing>,
    /// What is known of clients.
    pub(super) clients: Arc<ClientMemory>,
}

impl Foundation {
    /// Opens the state that `config` names, and creates it where missing.
    pub(super) async fn open(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        Self::over(config, config.store.as_ref(), clock).await
    }

    /// The same without creating or migrating anything that others may use.
    pub(super) async fn as_it_is(
        config: &Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let settings = config.store.as_ref().map(store::Settings::as_it_is);
        Self::over(config, settings.as_ref(), clock).await
    }

    /// The same over a store in memory, which leaves nothing behind.
    pub(super) async fn in_memory(
        config: &Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let settings = store::Settings::in_memory();
        Self::over(config, config.store.as_ref().map(|_| &settings), clock).await
    }

    async fn over(
        config: &Config,
        settings: Option<&store::Settings>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let metrics = Arc::new(Metrics::new());
        let answering = Answering::default();
        answering.switch(config.acme.as_ref());
        let state = match settings {
            Some(settings) => Some(State {
                store: open_state(settings, &*clock).await?,
                keys: Arc::new(KeyRing::default()),
                clients: Arc::new(ClientMemory::new(&metrics)?),
            }),
            None => None,
        };
        Ok(Self {
            clock,
            metrics,
            state,
            answering,
        })
    }
}

/// Opens the state, which reads all revocations.
async fn open_state(settings: &store::Settings, clock: &dyn Clock) -> Result<Store, StoreError> {
    let now = clock.now();
    let store = Store::open(settings).await?;
    store.is_up_to_date(now);
    Ok(store)
}

/// What one configuration makes.
#[derive(Debug)]
pub(super) struct Pieces {
    /// Routes, policies, provider: what one request sees.
    pub(super) snapshot: Snapshot,
    /// Knows own and trusted issuers.
    pub(super) verifier: Arc<TokenVerifier>,
    /// The provider; `None` without one.
    provider: Option<Arc<Provider>>,
    /// Whose keys are fetched; to be watched.
    pub(super) issuers: Arc<Issuers>,
    /// Tells clients that sessions ended; to be run.
    pub(super) courier: Option<LogoutCourier>,
    /// Replaces signing keys in time; to be run.
    pub(super) keeper: Option<KeyKeeper>,
    /// Looks after the sessions at the users' backend; to be run.
    pub(super) upstream_keeper: Option<UpstreamKeeper>,
    /// Where requests go; to be watched.
    pub(super) upstreams: Arc<Upstreams>,
}

impl Pieces {
    /// Builds everything that `config` asks for. Changes nothing that is in force, except that
    /// signing keys for a new algorithm are made. What was learned from the issuers of `earlier`
    /// is kept.
    pub(super) async fn build(
        config: &Config,
        foundation: &Foundation,
        earlier: &Issuers,
    ) -> Result<Self, StartError> {
        let own = match (&config.provider, &foundation.state) {
            (Some(settings), Some(state)) => Some((settings, state)),
            _ => None,
        };
        if let Some((settings, state)) = own {
            ensure_keys(settings, state, foundation.clock.as_ref()).await?;
        }
        Self::assemble(config, foundation, earlier)
    }

    /// The same with the keys there are.
    pub(super) fn assemble(
        config: &Config,
        foundation: &Foundation,
        earlier: &Issuers,
    ) -> Result<Self, StartError> {
        let own = match (&config.provider, &foundation.state) {
            (Some(settings), Some(state)) => Some((settings, state)),
            _ => None,
        };
        let state = foundation.state.as_ref();
        let limits = &config.gateway.limits;
        let issuers = Arc::new(issuers(config, foundation, earlier)?);
        let verifier = TokenVerifier::new(
            own.map(|(settings, state)| {
                let issuer = settings.issuer.as_str().to_owned();
                (issuer, Arc::clone(&state.keys))
            }),
            &issuers.verifiable(),
            limits.remembered_tokens,
        )?
        .limiting_failures(limits.token_failures_per_minute);
        let verifier = Arc::new(match state {
            Some(state) if state.store.is_shared() => verifier.allowing_clocks_apart(CLOCKS_APART),
            _ => verifier,
        });
        let backend = match own {
            Some((_, state)) => Some(Backend::new(config, state, foundation)?),
            None => None,
        };
        let provider = match (own, &backend) {
            (Some(own), Some(backend)) => Some(provider(config, own, backend, &verifier)?),
            _ => None,
        };
        let courier = provider.clone().map(LogoutCourier::new).transpose()?;
        let keeper = provider.clone().map(KeyKeeper::new);
        let upstreams = Arc::new(Upstreams::new(
            &config.gateway.upstreams,
            Arc::clone(&foundation.metrics),
        )?);
        let upstream_sessions = backend.and_then(|backend| backend.upstream_sessions);
        let snapshot = Snapshot::new(
            &config.gateway,
            SnapshotParts {
                verifier: Arc::clone(&verifier),
                issuers: Arc::clone(&issuers),
                revocations: state.map(|state| Arc::clone(state.store.revocations())),
                provider: provider.clone(),
                upstream_sessions: upstream_sessions.clone(),
                store: state.map(|state| state.store.clone()),
                upstreams: Arc::clone(&upstreams),
                acme: Arc::clone(&foundation.answering.tokens),
            },
        )?;
        Ok(Self {
            snapshot,
            verifier,
            provider,
            issuers,
            courier,
            keeper,
            upstream_keeper: upstream_sessions.map(UpstreamKeeper::new),
            upstreams,
        })
    }

    /// Ends what the configuration before this one had and this one has not. The last step before
    /// it is in force.
    pub(super) async fn adopt(&self) -> Result<(), StartError> {
        match &self.provider {
            Some(provider) => Ok(provider.adopt_clients().await?),
            None => Ok(()),
        }
    }
}

/// The trusted issuers; nobody is asked for keys yet.
fn issuers(
    config: &Config,
    foundation: &Foundation,
    earlier: &Issuers,
) -> Result<Issuers, StartError> {
    let surroundings = issuers::Surroundings {
        clock: Arc::clone(&foundation.clock),
        metrics: Arc::clone(&foundation.metrics),
        remembered_tokens: config.gateway.limits.remembered_tokens,
    };
    let issuers = Issuers::new(&config.trusted_issuers, earlier, &surroundings)?;
    Ok(issuers)
}

/// Makes sure that there is a key for every algorithm that `settings` sign with.
async fn ensure_keys(
    settings: &provider::Settings,
    state: &State,
    clock: &dyn Clock,
) -> Result<(), StartError> {
    let algorithms = settings.signing_algorithms();
    let keys = state.store.ensure_keys(&algorithms, clock.now()).await?;
    state.keys.replace(keys);
    Ok(())
}

/// The users' backend.
struct Backend<'a> {
    foundation: &'a Foundation,
    directory: Arc<dyn UserDirectory>,
    upstream_sessions: Option<UpstreamSessions>,
}

impl<'a> Backend<'a> {
    fn new(config: &Config, state: &State, foundation: &'a Foundation) -> Result<Self, StartError> {
        // The configuration has users wherever it has a provider; an empty list lets nobody in.
        let nobody = users::Settings::Static(Vec::new());
        let directory = users::directory(config.users.as_ref().unwrap_or(&nobody))?;
        // Where no route needs them nothing is kept: it could only be stolen.
        let swaps = |route: &Route| matches!(route.token_use, TokenUse::Swap(_));
        let upstream_sessions = config.gateway.routes.iter().any(swaps).then(|| {
            UpstreamSessions::new(
                Arc::clone(&directory),
                state.store.clone(),
                Arc::clone(&foundation.clock),
                Arc::clone(&foundation.metrics),
            )
        });
        Ok(Self {
            foundation,
            directory,
            upstream_sessions,
        })
    }
}

fn provider(
    config: &Config,
    (settings, state): (&provider::Settings, &State),
    backend: &Backend<'_>,
    verifier: &Arc<TokenVerifier>,
) -> Result<Arc<Provider>, StartError> {
    let foundation = backend.foundation;
    let directory = Arc::clone(&backend.directory);
    let parts = provider::Parts {
        clock: Arc::clone(&foundation.clock),
        store: state.store.clone(),
        keys: Arc::clone(&state.keys),
        clients: Arc::clone(&state.clients),
        verifier: Arc::clone(verifier),
        sign_in: SignIn::new(directory, state.store.clone(), config.sign_in),
        upstream_sessions: backend.upstream_sessions.clone(),
        metrics: Arc::clone(&foundation.metrics),
    };
    Ok(Arc::new(Provider::new(settings.clone(), parts)?))
}

/// What every listener with TLS shows and asks for, by its name.
pub(super) fn certificates(listeners: &[Listener]) -> Result<Vec<(String, TlsParts)>, StartError> {
    listeners
        .iter()
        .filter_map(|listener| Some((listener, listener.tls.as_ref()?)))
        .map(|(listener, tls)| match TlsParts::parse(tls) {
            Ok(parts) => Ok((listener.name.clone(), parts)),
            Err(source) => Err(in_listener(listener, source)),
        })
        .collect()
}

/// A TLS problem with the name of the listener that has it.
pub(super) fn in_listener(listener: &Listener, source: TlsError) -> StartError {
    StartError::Tls {
        name: listener.name.clone(),
        source,
    }
}

/// Everything start-up does short of opening sockets and state.
///
/// To be called when `inspect` found nothing that keeps it from starting.
///
/// # Errors
///
/// The [`StartError`] that `run` would end with.
pub async fn check(config: &Config, clock: Arc<dyn Clock>) -> Result<(), StartError> {
    crate::telemetry::log::check_filter(&config.log_filter)?;
    certificates(&with_ordered(&config.listeners, config.acme.as_ref()))?;
    let foundation = Foundation::in_memory(config, clock).await?;
    Pieces::build(config, &foundation, &Issuers::default()).await?;
    Ok(())
}
