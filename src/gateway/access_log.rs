//! One line and one count for each request, and the end of its trace.

use std::net::IpAddr;
use std::time::Duration;

use http::{HeaderMap, Method};
use pingora::proxy::Session;

use crate::telemetry::Metrics;

use super::authentication::Principal;
use super::context::{Context, Outcome};
use super::log_fields::Noted;
use super::rejection::Rejection;
use super::serving::Gateway;
use super::trace;

/// Counts the request, and writes its line if the configuration wants lines.
///
/// Never the query: it may hold tokens and what people searched for.
pub(super) fn record(session: &Session, ctx: &Context, metrics: &Metrics) {
    let status = session
        .response_written()
        .map_or(0, |response| response.status.as_u16());
    let took = ctx.started.elapsed();
    let route = route_name(ctx);
    metrics.request(route, ctx.outcome.as_str(), status, took);
    trace::record(ctx, status, took);
    if !ctx.snapshot.access_log {
        return;
    }
    let request = session.req_header();
    let principal = ctx.findings.principal.as_ref();
    let verified = principal.map(Principal::verified);
    let reason = match &ctx.outcome {
        Outcome::Rejected(rejection) => rejection.reason(),
        _ => "",
    };
    tracing::info!(
        target: "access",
        {
        request.id = ctx.request_id,
        peer.address = %ctx.peer,
        http.method = method(ctx.canonical.as_ref().map_or(&request.method, |it| &it.method)),
        http.host = ctx.canonical.as_ref().map(|canonical| canonical.authority.host()),
        http.path = ctx.canonical.as_ref().map(|canonical| canonical.path.as_str()),
        http.status = status,
        http.version = ?request.version,
        http.user_agent = user_agent(&request.headers),
        route.name = route,
        decision = ctx.outcome.as_str(),
        reason,
        client.certificate = ctx.certificate.as_ref().and_then(|it| it.subject()),
        principal.subject = verified.map(|verified| verified.subject.as_str()),
        client.id = verified.and_then(|v| v.client_id.as_ref()).map(|id| id.as_str()),
        upstream.server = ctx.server().as_deref(),
        bytes_in = session.body_bytes_read(),
        bytes_out = session.body_bytes_sent(),
        duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        fields = fields(ctx, Some(session)),
        },
        "request"
    );
}

/// What there is to say of a tunnel at its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct TunnelRecord {
    pub(super) closed: &'static str,
    /// Why, where that word does not say it.
    pub(super) reason: &'static str,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
}

/// Counts and logs an exchange that was given up for this reason, when there is no session any more
/// to ask.
pub(super) fn record_given_up(ctx: &Context, reason: &'static str, metrics: &Metrics) {
    let took = ctx.started.elapsed();
    metrics.request(route_name(ctx), ctx.outcome.as_str(), ctx.status, took);
    trace::record(ctx, ctx.status, took);
    write_without_session(ctx, reason, None);
}

/// Counts and logs a handshake that became a tunnel, now that it is closed.
pub(super) fn record_tunnel(ctx: &Context, tunnel: TunnelRecord, metrics: &Metrics) {
    // How long it was open would drown how long answers take.
    metrics.handshake(route_name(ctx), ctx.outcome.as_str(), ctx.status);
    trace::record(ctx, ctx.status, ctx.started.elapsed());
    write_without_session(ctx, tunnel.reason, Some(tunnel));
}

/// The line of an exchange whose session is gone.
fn write_without_session(ctx: &Context, reason: &'static str, tunnel: Option<TunnelRecord>) {
    if !ctx.snapshot.access_log {
        return;
    }
    let verified = ctx
        .admission
        .as_ref()
        .and_then(|admission| admission.principal.as_ref())
        .map(|principal| principal.verified());
    tracing::info!(
        target: "access",
        {
        request.id = ctx.request_id,
        peer.address = %ctx.peer,
        http.method = ctx.canonical.as_ref().map(|canonical| method(&canonical.method)),
        http.host = ctx.canonical.as_ref().map(|canonical| canonical.authority.host()),
        http.path = ctx.canonical.as_ref().map(|canonical| canonical.path.as_str()),
        http.status = ctx.status,
        route.name = route_name(ctx),
        decision = ctx.outcome.as_str(),
        reason,
        client.certificate = ctx.certificate.as_ref().and_then(|it| it.subject()),
        principal.subject = verified.map(|verified| verified.subject.as_str()),
        client.id = verified.and_then(|v| v.client_id.as_ref()).map(|id| id.as_str()),
        upstream.server = ctx.server().as_deref(),
        tunnel.closed = tunnel.map(|tunnel| tunnel.closed),
        bytes_in = tunnel.map(|tunnel| tunnel.bytes_in),
        bytes_out = tunnel.map(|tunnel| tunnel.bytes_out),
        duration_us = u64::try_from(ctx.started.elapsed().as_micros()).unwrap_or(u64::MAX),
        fields = fields(ctx, None),
        },
        "request"
    );
}

/// What the route has logged besides, as the text of a JSON object. Without a session it is what was
/// noted in time.
fn fields(ctx: &Context, session: Option<&Session>) -> Option<String> {
    let wanted = ctx.log_fields()?;
    let mut noted = Noted::default();
    match session {
        Some(session) => {
            noted.request(wanted, &session.req_header().headers);
            if let Some(response) = session.response_written() {
                noted.response(wanted, &response.headers);
            }
        }
        None => noted = ctx.noted.as_deref().cloned().unwrap_or_default(),
    }
    let admitted = ctx.admission.as_ref().and_then(|it| it.principal.as_ref());
    if let Some(principal) = admitted.or(ctx.findings.principal.as_ref()) {
        noted.claims(wanted, &principal.verified().claims);
    }
    Some(noted.into_text())
}

/// The name of the route that was found, or `-`.
fn route_name(ctx: &Context) -> &str {
    let route = ctx.findings.route.as_ref();
    route.map_or("-", |route| route.name.as_str())
}

/// A request of which nothing can be said but why it was refused.
pub(super) struct RefusedHead<'a> {
    pub(super) peer: Option<IpAddr>,
    pub(super) request_id: &'a str,
    pub(super) rejection: &'a Rejection,
    pub(super) took: Duration,
}

/// Counts and logs a request whose head was refused; nothing of its bytes is logged.
pub(super) fn record_refused_head(refused: &RefusedHead<'_>, gateway: &Gateway) {
    let status = refused.rejection.wire().status.as_u16();
    gateway
        .metrics()
        .request("-", "rejected", status, refused.took);
    if gateway.snapshot().access_log {
        tracing::info!(
            target: "access",
            {
            request.id = refused.request_id,
            peer.address = refused.peer.map(tracing::field::display),
            http.status = status,
            route.name = "-",
            decision = "rejected",
            reason = refused.rejection.reason(),
            },
            "request"
        );
    }
}

impl Context {
    /// The server that the request went to.
    fn server(&self) -> Option<String> {
        let journey = self.admission.as_ref()?.journey.as_ref()?;
        journey.server.map(|server| server.to_string())
    }
}

/// The method, unless somebody made one up to fill the log.
fn method(method: &Method) -> &str {
    let text = method.as_str();
    if text.len() <= 20 { text } else { "(long)" }
}

fn user_agent(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(http::header::USER_AGENT)?.to_str().ok()?;
    text.get(..text.len().min(256))
}
