//! From a request's bytes to its admission: the checks, in the order they are made.

use std::mem;
use std::sync::Arc;

use http::{header, request};
use pingora::proxy::Session;

use super::authentication::{Inquiry, Presented, Principal, Who};
use super::canonical::{CanonicalRequest, Claimed, Scheme};
use super::context::{Admission, Context, Journey};
use super::forward::Forwarding;
use super::policy::Asked;
use super::rejection::Rejection;
use super::route::Match;
use super::settings::{Action, Route};
use super::snapshot::Snapshot;
use super::trusted_proxies::{Origin, TrustedProxies};

/// Brings the request into its one form: target, host and method, then its fields.
///
/// Everything downstream may not say is gone from `session` afterwards.
pub(super) fn canonicalize(
    session: &mut Session,
    snapshot: &Snapshot,
    scheme: Scheme,
) -> Result<CanonicalRequest, Rejection> {
    let limits = &snapshot.limits;
    // HTTP/1: as it came over the wire, because Pingora cuts a target at `#`.
    let wire = session
        .as_http1()
        .map(|http1| http1.get_headers_raw_bytes());
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
        target: match &wire {
            Some(head) => raw_target(head),
            None => request.raw_path(),
        },
        authority,
        scheme,
    };
    let canonical = CanonicalRequest::parse(claimed, limits.target_bytes)?;
    snapshot.rules.check(&request.headers, limits)?;
    edit(session, |request| {
        snapshot.rules.clean(&mut request.headers, request.version);
    });
    Ok(canonical)
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
    /// First an issuer has to say who asks.
    Pending(Pending),
}

/// A request that waits for an issuer.
#[derive(Debug)]
pub(super) struct Pending {
    route: Arc<Route>,
    inquiry: Inquiry,
}

/// Finds the route, the principal, and asks the policy.
pub(super) fn admit(session: &Session, ctx: &Context) -> Result<Verdict, Rejection> {
    let canonical = canonical(ctx)?;
    let snapshot = &ctx.snapshot;
    let route = match snapshot.routes.find(canonical) {
        Match::Found(route) => route,
        Match::MethodNotAllowed(allow) => return Err(Rejection::MethodNotAllowed { allow }),
        Match::NotFound => return Err(Rejection::NoRoute),
    };
    if canonical.path.has_encoded_slash() && !route.allow_encoded_slash {
        return Err(Rejection::EncodedSlash);
    }
    route.policy.check_source(ctx.peer)?;
    let request = (&session.req_header().headers, canonical);
    let principal = match snapshot
        .authenticator
        .principal(&route, request, presented(ctx))?
    {
        Who::Nobody => None,
        Who::Known(principal) => Some(principal),
        Who::Unsaid(inquiry) => return Ok(Verdict::Pending(Pending { route, inquiry })),
    };
    let_pass(ctx, route, principal).map(Verdict::Admitted)
}

/// Waits for the issuer, and asks the policy then.
pub(super) async fn admit_when_told(
    ctx: &Context,
    pending: Pending,
) -> Result<Admission, Rejection> {
    let authenticator = &ctx.snapshot.authenticator;
    let principal = authenticator.ask(&pending.inquiry, presented(ctx)).await?;
    let_pass(ctx, pending.route, Some(principal))
}

fn let_pass(
    ctx: &Context,
    route: Arc<Route>,
    principal: Option<Principal>,
) -> Result<Admission, Rejection> {
    route.policy.check(&Asked {
        verified: principal.as_ref().map(Principal::verified),
        request: canonical(ctx)?,
        source: ctx.peer,
        now: ctx.now,
    })?;
    let journey = journey(ctx, &route)?;
    Ok(Admission {
        route,
        principal,
        journey,
    })
}

const fn presented(ctx: &Context) -> Presented {
    Presented {
        peer: ctx.peer,
        now: ctx.now,
    }
}

/// Where the route leads; `None` when the answer is built in.
fn journey(ctx: &Context, route: &Route) -> Result<Option<Journey>, Rejection> {
    let Action::Upstream(name) = &route.action else {
        return Ok(None);
    };
    // A snapshot is not made without the upstreams of its routes.
    let upstream = ctx
        .snapshot
        .upstream(name)
        .ok_or(Rejection::Fault("the route's upstream is gone"))?;
    Ok(Some(Journey {
        upstream: Arc::clone(upstream),
        tries: 0,
        server: None,
        started: ctx.started,
    }))
}

/// Makes of the request the one that goes on.
pub(super) fn rewrite(
    session: &mut Session,
    ctx: &Context,
    admission: &Admission,
) -> Result<(), Rejection> {
    let forwarding = Forwarding {
        canonical: canonical(ctx)?,
        route: &admission.route,
        principal: admission.principal.as_ref(),
        peer: ctx.peer,
        request_id: &ctx.request_id,
    };
    edit(session, |request| {
        forwarding.write(request, &ctx.snapshot.identity)
    })
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
    ctx.canonical
        .as_ref()
        .ok_or(Rejection::Fault("the request was not made canonical"))
}

/// Where the request began: the connection's other end, or what a trusted proxy there says.
pub(super) fn origin(session: &Session, proxies: &TrustedProxies) -> Result<Origin, Rejection> {
    let address = session.client_addr().and_then(|address| address.as_inet());
    let peer = address.ok_or(Rejection::Fault("the connection has no address"))?;
    Ok(proxies.origin(peer.ip(), &session.req_header().headers)?)
}

/// Whether the connection speaks TLS.
pub(super) fn scheme(session: &Session) -> Scheme {
    let digest = session.digest();
    match digest.and_then(|digest| digest.ssl_digest.as_ref()) {
        Some(_) => Scheme::Https,
        None => Scheme::Http,
    }
}
