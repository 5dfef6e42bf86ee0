//! From a request's bytes to its admission: its one form, the decision, and what goes on.

use std::mem;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Version, header, request};
use pingora::http::RequestHeader;
use pingora::proxy::Session;

use super::assertion;
use super::authentication::Unsaid;
use super::canonical::{CanonicalRequest, Claimed, Scheme};
use super::client_certificate::ClientHandshake;
use super::context::{Admission, Context, Journey};
use super::decision::{Decided, Question, decide, decide_when_told};
use super::forward::Forwarding;
use super::rejection::Rejection;
use super::settings::{Action, Route};
use super::shield;
use super::snapshot::Snapshot;
use super::stickiness::Asking;
use super::swap::{self, Basic, Found};
use super::timing::Timing;
use super::trusted_proxies::{Origin, ToldBy, TrustedProxies};

/// Brings the request into its one form: target, host and method, then its fields.
///
/// Everything downstream may not say is gone from `session` afterwards.
pub(super) fn canonicalize(
    session: &mut Session,
    snapshot: &Snapshot,
    scheme: Scheme,
) -> Result<CanonicalRequest, Rejection> {
    let wire = wire_head(session);
    let request = session.req_header();
    let authority = match request.uri.authority() {
        Some(authority) => Some(authority.as_str().as_bytes()),
        None => request
            .headers
            .get(header::HOST)
            .map(|host| host.as_bytes()),
    };
    let claimed = Claimed {
        method: &request.method,
        target: target(request, wire.as_deref()),
        authority,
        scheme,
    };
    let canonical = check_head(claimed, &request.headers, snapshot)?;
    edit(session, |request| {
        snapshot.rules.clean(&mut request.headers, request.version);
    });
    Ok(canonical)
}

/// The same for a head that is not of a session.
pub(super) fn canonicalize_head(
    claimed: Claimed<'_>,
    headers: &mut HeaderMap,
    version: Version,
    snapshot: &Snapshot,
) -> Result<CanonicalRequest, Rejection> {
    let canonical = check_head(claimed, headers, snapshot)?;
    snapshot.rules.clean(headers, version);
    Ok(canonical)
}

fn check_head(
    claimed: Claimed<'_>,
    headers: &HeaderMap,
    snapshot: &Snapshot,
) -> Result<CanonicalRequest, Rejection> {
    let canonical = CanonicalRequest::parse(claimed, snapshot.limits.target_bytes)?;
    snapshot.rules.check(headers, &snapshot.limits)?;
    Ok(canonical.with_fields(headers))
}

/// The head of a request in HTTP/1, as it came over the wire.
pub(super) fn wire_head(session: &Session) -> Option<Bytes> {
    session
        .as_http1()
        .map(|http1| http1.get_headers_raw_bytes())
}

/// The request target; from `wire` if there is one, because Pingora cuts a target at `#`.
pub(super) fn target<'a>(request: &'a RequestHeader, wire: Option<&'a [u8]>) -> &'a [u8] {
    wire.map_or_else(|| request.raw_path(), raw_target)
}

/// What stands between the first and the last space of the request line.
fn raw_target(head: &[u8]) -> &[u8] {
    let line = head
        .split(|byte| *byte == b'\n')
        .find(|line| !line.trim_ascii().is_empty())
        .unwrap_or_default();
    let first = line.iter().position(|byte| *byte == b' ');
    let last = line.iter().rposition(|byte| *byte == b' ');
    match (first, last) {
        (Some(first), Some(last)) => line.get(first + 1..last).unwrap_or_default(),
        _ => &[],
    }
}

/// What can be said of a request at once.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It may go on.
    Admitted(Admission),
    /// First something has to be waited for.
    Pending(Pending),
}

/// A request that waits.
#[derive(Debug)]
pub(super) enum Pending {
    /// For an issuer or the store, who has to say who asks.
    Principal(Unsaid),
    /// For the token that it goes on with.
    UpstreamToken(Admission),
    /// For what the users' backend says of the password that it brought.
    Password(Admission, Basic),
}

/// Decides about the request, and finds the way to its upstream. What came to light stays in
/// `ctx`, whatever is decided.
pub(super) fn admit(session: &Session, ctx: &mut Context) -> Result<Verdict, Rejection> {
    let question = Question {
        snapshot: &ctx.snapshot,
        canonical: ctx.canonical.as_ref().ok_or(NOT_CANONICAL)?,
        headers: &session.req_header().headers,
        peer: ctx.peer,
        certificate: ctx.certificate.as_deref(),
        now: ctx.now,
        is_real: true,
    };
    match decide(&question, &mut ctx.findings)? {
        Decided::Passes(route) => let_pass(session, ctx, route),
        Decided::Unsaid(unsaid) => Ok(Verdict::Pending(Pending::Principal(unsaid))),
    }
}

/// Waits for what is missing: who asks, after which is decided, and the token that the request goes
/// on with.
pub(super) async fn admit_when_told(
    session: &mut Session,
    ctx: &mut Context,
    pending: Pending,
) -> Result<Admission, Rejection> {
    let verdict = match pending {
        Pending::Principal(unsaid) => admit_principal(session, ctx, unsaid).await?,
        Pending::UpstreamToken(_) | Pending::Password(..) => Verdict::Pending(pending),
    };
    match verdict {
        Verdict::Admitted(admission) => Ok(admission),
        Verdict::Pending(Pending::UpstreamToken(admission)) => {
            let token = swap::wait(ctx, admission.principal.as_ref()).await?;
            Ok(Admission {
                upstream_token: Some(token),
                ..admission
            })
        }
        Verdict::Pending(Pending::Password(admission, basic)) => {
            let authorization = shield::try_basic(ctx, &basic).await?;
            Ok(Admission {
                authorization,
                ..admission
            })
        }
        Verdict::Pending(Pending::Principal(_)) => Err(Rejection::Fault("asked twice who asks")),
    }
}

async fn admit_principal(
    session: &mut Session,
    ctx: &mut Context,
    unsaid: Unsaid,
) -> Result<Verdict, Rejection> {
    let question = Question {
        snapshot: &ctx.snapshot,
        canonical: ctx.canonical.as_ref().ok_or(NOT_CANONICAL)?,
        headers: &session.req_header().headers,
        peer: ctx.peer,
        certificate: ctx.certificate.as_deref(),
        now: ctx.now,
        is_real: true,
    };
    let decided = decide_when_told(&question, unsaid, &mut ctx.findings);
    let route = decided.await?;
    let_pass(session, ctx, route)
}

fn let_pass(session: &Session, ctx: &Context, route: Arc<Route>) -> Result<Verdict, Rejection> {
    let principal = ctx.findings.principal.clone();
    let traffic = &ctx.snapshot.traffic;
    let place = traffic.enter(&route, ctx.peer, principal.as_ref())?;
    let journey = journey(session, ctx, &route)?;
    let found = swap::find(ctx, &route, principal.as_ref())?;
    let admission = Admission {
        route,
        principal,
        journey,
        place,
        upstream_token: None,
        authorization: None,
    };
    // Whoever was admitted by a token of ours has none to be tried.
    if admission.principal.is_none()
        && let Some(basic) = swap::password(&admission.route, &session.req_header().headers)?
    {
        return Ok(Verdict::Pending(Pending::Password(admission, basic)));
    }
    Ok(match found {
        Found::NotNeeded => Verdict::Admitted(admission),
        Found::Ready(token) => Verdict::Admitted(Admission {
            upstream_token: Some(token),
            ..admission
        }),
        Found::Unread => Verdict::Pending(Pending::UpstreamToken(admission)),
    })
}

/// Where the route leads; `None` when the answer is built in.
fn journey(session: &Session, ctx: &Context, route: &Route) -> Result<Option<Journey>, Rejection> {
    let Action::Upstream(name) = &route.action else {
        return Ok(None);
    };
    // A snapshot is not made without the upstreams of its routes.
    let upstream = ctx
        .snapshot
        .upstream(name)
        .ok_or(Rejection::Fault("the route's upstream is gone"))?;
    let asking = Asking {
        headers: &session.req_header().headers,
        scheme: canonical(ctx)?.scheme,
        address: ctx.peer,
        principal: ctx.findings.principal.as_ref(),
    };
    Ok(Some(Journey {
        sticky: asking.sticky(upstream.balance())?,
        served: upstream.serve()?,
        upstream: Arc::clone(upstream),
        tries: 0,
        server: None,
        started: ctx.started,
        body_bytes: 0,
        timing: route.timeouts.clone().map(Timing::new),
    }))
}

/// Makes of the request the one that goes on.
pub(super) fn rewrite(
    session: &mut Session,
    ctx: &Context,
    admission: &Admission,
) -> Result<(), Rejection> {
    let principal = admission.principal.as_ref();
    let forwarding = Forwarding {
        canonical: canonical(ctx)?,
        assertion: assertion::of(&ctx.snapshot, &admission.route, principal, ctx.now)?,
        route: &admission.route,
        principal,
        upstream_token: admission.upstream_token.as_ref(),
        certificate: ctx.certificate.as_deref(),
        authorization: admission.authorization.as_ref(),
        peer: ctx.peer,
        request_id: &ctx.request_id,
    };
    check_announced_body(session, &admission.route)?;
    edit(session, |request| {
        if let Some(trace) = &ctx.trace {
            trace.write(&mut request.headers);
        }
        forwarding.write(request, &ctx.snapshot.identity)
    })
}

/// Refuses a body that says itself that it is more than the route takes, before anybody is sent
/// anything. One that does not say is counted while it passes.
fn check_announced_body(session: &Session, route: &Route) -> Result<(), Rejection> {
    let Some(limit) = route.max_body_bytes() else {
        return Ok(());
    };
    let announced = session.req_header().headers.get(header::CONTENT_LENGTH);
    let announced = announced
        .and_then(|length| length.to_str().ok())
        .and_then(|length| length.parse::<u64>().ok());
    match announced {
        Some(length) if length > limit => Err(Rejection::BodyTooLarge),
        _ => Ok(()),
    }
}

/// Changes the request of `session`.
///
/// Pingora keeps the spelling of field names in a second map that each change has to follow, which
/// costs more than all that is changed here. Names are the same in any spelling (RFC 9110 §5.1),
/// so the spelling is given up at the first change.
fn edit<T>(session: &mut Session, change: impl FnOnce(&mut request::Parts) -> T) -> T {
    let request = session.req_header_mut();
    let (nothing, ()) = http::Request::new(()).into_parts();
    let mut parts = request::Parts::from(mem::replace(request, nothing.into()));
    let changed = change(&mut parts);
    *request = parts.into();
    changed
}

/// The canonical request, which every step but the first one finds.
pub(super) fn canonical(ctx: &Context) -> Result<&CanonicalRequest, Rejection> {
    ctx.canonical.as_ref().ok_or(NOT_CANONICAL)
}

const NOT_CANONICAL: Rejection = Rejection::Fault("the request was not made canonical");

/// The connection's other end.
pub(super) fn peer(session: &Session) -> Result<IpAddr, Rejection> {
    let address = session.client_addr().and_then(|address| address.as_inet());
    let peer = address.ok_or(Rejection::Fault("the connection has no address"))?;
    Ok(peer.ip())
}

/// Where the request began: `peer`, or what a trusted proxy there says.
pub(super) fn origin(
    session: &Session,
    peer: IpAddr,
    proxies: &TrustedProxies,
) -> Result<Origin, Rejection> {
    Ok(proxies.origin(peer, &session.req_header().headers)?)
}

/// Whether the connection speaks TLS.
pub(super) fn scheme(session: &Session) -> Scheme {
    let digest = session.digest();
    match digest.and_then(|digest| digest.ssl_digest.as_ref()) {
        Some(_) => Scheme::Https,
        None => Scheme::Http,
    }
}

/// What downstream said in its handshake, on a listener that asks for certificates. A proxy that
/// ends TLS in front of us shows its own, which says nothing of whoever asks.
pub(super) fn handshake(
    session: &Session,
    peer: IpAddr,
    proxies: &TrustedProxies,
) -> Option<Arc<ClientHandshake>> {
    let tls = session.digest()?.ssl_digest.as_ref()?;
    let handshake = tls.extension.get::<Arc<ClientHandshake>>()?;
    let is_a_proxys = proxies.told_by(peer) == Some(ToldBy::ForwardedFields);
    (!is_a_proxys).then(|| Arc::clone(handshake))
}
