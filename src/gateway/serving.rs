//! The gateway itself: what it shares between requests, and how one is taken.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{Method, Response, header};
use pingora::proxy::Session;

use crate::clock::Clock;
use crate::model::Timestamp;
use crate::provider::Provider;
use crate::telemetry::Metrics;
use crate::telemetry::traces::Tracer;

use super::admission::{Pending, Verdict};
use super::canonical::Scheme;
use super::context::{Admission, Context, InFlight};
use super::forward_auth::{Description, DescriptionError};
use super::interface::Seen;
use super::lifetime::OpenExchanges;
use super::rejection::Rejection;
use super::settings::{Action, Passwords, Route, TokenUse};
use super::sign_in::Called;
use super::snapshot::Snapshot;
use super::{admission, cors, tunnel};

/// The gateway; a handle, cheap to clone.
#[derive(Clone, Debug)]
pub struct Gateway(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    snapshot: ArcSwap<Snapshot>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    in_flight: Arc<AtomicUsize>,
    open: OpenExchanges,
    tracer: OnceLock<Arc<Tracer>>,
}

/// What becomes of a request that is not refused.
#[derive(Debug)]
pub(super) enum Taken {
    /// It goes upstream.
    Forward,
    /// An endpoint of the provider answers.
    AskProvider(Arc<Provider>),
    /// An endpoint of browser sign-in answers.
    SignIn(Called),
    /// The metadata of a protected resource are asked for.
    Metadata(Bytes),
    /// Somebody validates a name, and is told this.
    Challenge(String),
    /// A browser asks what pages from elsewhere may do.
    Preflight(Response<Bytes>),
    /// A browser opens the backend's interface, and is sent to sign in.
    EnterInterface,
    /// A call of the backend's interface, which may have a password in it.
    SessionCall,
    /// The built-in answer.
    Whoami,
    /// The proxy that asks is told that it may forward.
    Allowed,
    /// An issuer or the store has to say who asks, before anything else can be said.
    AskIssuer(Box<Pending>),
}

impl Gateway {
    /// A gateway that begins with this configuration.
    pub fn new(mut snapshot: Snapshot, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Self {
        snapshot.continue_from(None, &clock);
        Self(Arc::new(Shared {
            snapshot: ArcSwap::from_pointee(snapshot),
            open: OpenExchanges::new(Arc::clone(&clock)),
            clock,
            metrics,
            in_flight: Arc::default(),
            tracer: OnceLock::new(),
        }))
    }

    /// Serves requests that begin from now on under another configuration; those that are being
    /// served end under the one they began with. What was counted for a limit goes on counting if
    /// the limit is the same.
    pub fn swap(&self, mut snapshot: Snapshot) {
        snapshot.continue_from(Some(&self.snapshot()), &self.0.clock);
        self.0.snapshot.store(Arc::new(snapshot));
    }

    /// Has requests traced from now on; only the first time counts.
    pub fn trace_by(&self, tracer: Tracer) {
        let _first = self.0.tracer.set(Arc::new(tracer));
    }

    /// How many requests are being served.
    pub fn in_flight(&self) -> usize {
        self.0.in_flight.load(Ordering::Relaxed)
    }

    /// What a request that begins now is served with.
    pub(super) fn begin(&self) -> Context {
        let in_flight = InFlight::new(&self.0.in_flight, &self.0.metrics);
        let mut ctx = Context::new(self.snapshot(), self.0.clock.now(), in_flight);
        ctx.tracer = self.0.tracer.get().cloned();
        ctx
    }

    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        self.0.snapshot.load_full()
    }

    pub(super) fn open_exchanges(&self) -> &OpenExchanges {
        &self.0.open
    }

    /// The present.
    pub(super) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The clock's uptime.
    pub(super) fn uptime(&self) -> Duration {
        self.0.clock.uptime()
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }
}

/// Finds out what becomes of the request, and makes it ready to be forwarded if it is.
pub(super) fn take(session: &mut Session, ctx: &mut Context) -> Result<Taken, Rejection> {
    let peer = admission::peer(session)?;
    ctx.begin_trace(peer, &session.req_header().headers);
    let origin = admission::origin(session, peer, &ctx.snapshot.trusted_proxies)?;
    ctx.peer = origin.address;
    if ctx.request_id.is_empty() {
        return Err(Rejection::Fault("no randomness for a request id"));
    }
    let scheme = origin.scheme.unwrap_or_else(|| admission::scheme(session));
    ctx.scheme = Some(scheme);
    let forward_auth = ctx.snapshot.forward_auth.as_ref();
    let description =
        forward_auth.map(|asked| asked.description(session, peer, &ctx.snapshot.trusted_proxies));
    let canonical = admission::canonicalize(session, &ctx.snapshot, scheme)?;
    // By the connection itself: what a proxy says of it has no say here.
    if admission::scheme(session) == Scheme::Http && ctx.snapshot.acme.is_asked(&canonical) {
        let found = ctx.snapshot.acme.find(&canonical);
        ctx.canonical = Some(canonical);
        return found.map(Taken::Challenge).ok_or(Rejection::NoRoute);
    }
    if let Some(description) = description
        && forward_auth.is_some_and(|asked| asked.is_asked(&canonical))
    {
        ctx.canonical = Some(canonical);
        return take_described(session, ctx, &description?);
    }
    if let Some(handshake) = admission::handshake(session, peer, &ctx.snapshot.trusted_proxies) {
        let host = canonical.authority.host();
        ctx.snapshot.asking_hosts.check(&handshake, host)?;
        ctx.certificate = handshake.certificate().cloned();
    }
    ctx.canonical = Some(canonical);
    let canonical = admission::canonical(ctx)?;
    if let Some(provider) = ctx.snapshot.provider_of(canonical, &origin)? {
        return Ok(Taken::AskProvider(Arc::clone(provider)));
    }
    if let Some(called) = ctx.snapshot.sign_in_of(canonical, &origin)? {
        return Ok(Taken::SignIn(called));
    }
    if let Some(document) = ctx.snapshot.resources.find(canonical) {
        return Ok(Taken::Metadata(document.clone()));
    }
    if let Some(response) = preflight(session, ctx)? {
        return Ok(Taken::Preflight(response));
    }
    match admission::admit(session, ctx)? {
        Verdict::Admitted(admission) => go_on(session, ctx, admission),
        Verdict::Pending(pending) => Ok(Taken::AskIssuer(Box::new(pending))),
    }
}

/// The same for a request that a proxy in front describes, and forwards itself if it may.
fn take_described(
    session: &Session,
    ctx: &mut Context,
    description: &Description,
) -> Result<Taken, Rejection> {
    ctx.asked_by = Some(description.kind);
    ctx.peer = description.client;
    let canonical = description.canonical(ctx.snapshot.limits.target_bytes)?;
    let canonical = ctx.canonical.insert(canonical);
    if ctx.snapshot.is_own_endpoint(canonical) {
        return Err(DescriptionError::OwnEndpoint.into());
    }
    match admission::admit(session, ctx)? {
        Verdict::Admitted(admission) => go_on_elsewhere(session, ctx, admission),
        Verdict::Pending(pending) => Ok(Taken::AskIssuer(Box::new(pending))),
    }
}

/// The same for a request that waits to be told who asks.
pub(super) async fn take_when_told(
    session: &mut Session,
    ctx: &mut Context,
    pending: Pending,
) -> Result<Taken, Rejection> {
    let admission = admission::admit_when_told(session, ctx, pending).await?;
    match ctx.asked_by {
        Some(_) => go_on_elsewhere(session, ctx, admission),
        None => go_on(session, ctx, admission),
    }
}

fn go_on(
    session: &mut Session,
    ctx: &mut Context,
    admission: Admission,
) -> Result<Taken, Rejection> {
    // Before cookies of ours are taken out.
    ctx.interface = see_interface(session, ctx, &admission.route)?;
    admission::rewrite(session, ctx, &admission)?;
    ctx.note_request(&session.req_header().headers);
    let taken = match admission.route.action {
        Action::Upstream(_) if matches!(ctx.interface, Seen::Entry { .. }) => Taken::EnterInterface,
        Action::Upstream(_) if is_session_call(session, &admission.route) => Taken::SessionCall,
        Action::Upstream(_) => Taken::Forward,
        Action::Whoami => Taken::Whoami,
        Action::ForwardAuth => return Err(Rejection::ForwardedElsewhere),
        Action::Refuse => return Err(Rejection::RefusedHere),
    };
    ctx.admission = Some(admission);
    Ok(taken)
}

/// What of an admitted request is about signing in to the backend's interface.
fn see_interface(session: &Session, ctx: &Context, route: &Route) -> Result<Seen, Rejection> {
    let Some(interface) = &ctx.snapshot.interface else {
        return Ok(Seen::Nothing);
    };
    let asked = (admission::canonical(ctx)?, &session.req_header().headers);
    Ok(interface.see(route, asked, ctx.snapshot.has_tls))
}

/// Whether it may bring a password in its body. Anything but a `POST` goes on without one.
fn is_session_call(session: &Session, route: &Route) -> bool {
    route.passwords == Passwords::Session && session.req_header().method == Method::POST
}

/// What becomes of an admitted request that the proxy in front forwards. A WebSocket cannot be told
/// by `Upgrade`, which is about the proxy's connection to us, but by what no other request has
/// (RFC 6455 §4.1).
fn go_on_elsewhere(
    session: &Session,
    ctx: &mut Context,
    admission: Admission,
) -> Result<Taken, Rejection> {
    if let TokenUse::Swap(_) = admission.route.token_use {
        return Err(DescriptionError::Swapped.into());
    }
    let headers = &session.req_header().headers;
    if headers.contains_key(header::SEC_WEBSOCKET_KEY) {
        tunnel::check_opening(&admission.route, headers, admission::canonical(ctx)?)?;
    }
    ctx.admission = Some(admission);
    Ok(Taken::Allowed)
}

/// The answer to a preflight, if it is one and a route has it.
fn preflight(session: &Session, ctx: &mut Context) -> Result<Option<Response<Bytes>>, Rejection> {
    let Some(canonical) = &ctx.canonical else {
        return Ok(None);
    };
    let asked = (canonical, &session.req_header().headers);
    cors::preflight(&ctx.snapshot, asked, &mut ctx.findings)
}
