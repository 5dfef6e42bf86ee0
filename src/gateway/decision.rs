//! Which route a request takes, who asks, and whether it may pass: the decision, apart from
//! connections, so that it can be explained by the code that makes it.

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;

use crate::model::Timestamp;

use super::authentication::{Presented, Principal, Unsaid, Who};
use super::canonical::CanonicalRequest;
use super::client_certificate::{ClientCertificate, check_binding};
use super::policy::Asked;
use super::rejection::Rejection;
use super::route::Match;
use super::settings::{Action, Route};
use super::sign_in::or_sign_in;
use super::snapshot::Snapshot;

/// What is decided about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) canonical: &'a CanonicalRequest,
    /// Its fields, cleaned of what downstream may not say.
    pub(super) headers: &'a HeaderMap,
    pub(super) peer: IpAddr,
    /// What was shown in the handshake, if it was by whoever asks.
    pub(super) certificate: Option<&'a ClientCertificate>,
    pub(super) now: Timestamp,
    /// Whether somebody sent it, so that it counts.
    pub(super) is_real: bool,
}

/// What came to light on the way to a decision, whichever it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    /// The route, once it was found.
    pub(super) route: Option<Arc<Route>>,
    /// Who asks, once that was established.
    pub(super) principal: Option<Principal>,
}

/// What can be decided at once.
#[derive(Debug)]
pub(super) enum Decided {
    /// The request may pass on this route.
    Passes(Arc<Route>),
    /// First an issuer or the store has to say who asks: for [`decide_when_told`].
    Unsaid(Unsaid),
}

/// Decides whether the request may pass.
///
/// # Errors
///
/// [`Rejection`] when it may not; [`Rejection::SignIn`] when signing in would help and it is a browser
/// that can be sent there.
pub(super) fn decide(
    question: &Question<'_>,
    findings: &mut Findings,
) -> Result<Decided, Rejection> {
    decide_at_once(question, findings)
        .map_err(|rejection| or_sign_in(rejection, question, findings))
}

fn decide_at_once(question: &Question<'_>, findings: &mut Findings) -> Result<Decided, Rejection> {
    let Question {
        snapshot,
        canonical,
        headers,
        peer,
        certificate,
        now,
        is_real,
    } = *question;
    let route = match snapshot.routes.find(canonical) {
        Match::Found(route) => route,
        Match::MethodNotAllowed(allow) => return Err(Rejection::MethodNotAllowed { allow }),
        Match::NotFound => return Err(Rejection::NoRoute),
    };
    findings.route = Some(Arc::clone(&route));
    if route.action == Action::Refuse {
        return Err(Rejection::RefusedHere);
    }
    if route.refuses_agent(headers) {
        return Err(Rejection::UserAgent);
    }
    if canonical.path.has_encoded_slash() && !route.allow_encoded_slash {
        return Err(Rejection::EncodedSlash);
    }
    route.policy.check_source(peer)?;
    route.client_certificate.check(certificate, now)?;
    // Before anything is verified: who may not ask that often must not cost that much.
    if is_real {
        snapshot.traffic.arrive(&route, peer)?;
    }
    let presented = Presented { peer, now };
    let authenticator = &snapshot.authenticator;
    findings.principal = match authenticator.principal(&route, (headers, canonical), presented)? {
        Who::Nobody => None,
        Who::Known(principal) => {
            check_binding(principal.verified(), certificate, now)?;
            Some(principal)
        }
        Who::Unsaid(unsaid) => return Ok(Decided::Unsaid(unsaid)),
    };
    route.policy.check(&question.asked(findings))?;
    Ok(Decided::Passes(route))
}

/// Waits to be told who asks, and decides then about the request on the route that was found.
///
/// # Errors
///
/// As [`decide`].
pub(super) async fn decide_when_told(
    question: &Question<'_>,
    unsaid: Unsaid,
    findings: &mut Findings,
) -> Result<Arc<Route>, Rejection> {
    let presented = Presented {
        peer: question.peer,
        now: question.now,
    };
    let told = question.snapshot.authenticator.ask(unsaid, presented).await;
    told.and_then(|principal| decide_about(question, principal, findings))
        .map_err(|rejection| or_sign_in(rejection, question, findings))
}

fn decide_about(
    question: &Question<'_>,
    principal: Principal,
    findings: &mut Findings,
) -> Result<Arc<Route>, Rejection> {
    check_binding(principal.verified(), question.certificate, question.now)?;
    findings.principal = Some(principal);
    let route = findings.route.clone().ok_or(Rejection::Fault(
        "an issuer was asked before a route was found",
    ))?;
    route.policy.check(&question.asked(findings))?;
    Ok(route)
}

impl<'a> Question<'a> {
    /// What policies are asked, of whoever was found.
    pub(super) fn asked(&self, findings: &'a Findings) -> Asked<'a> {
        Asked {
            verified: findings.principal.as_ref().map(Principal::verified),
            request: self.canonical,
            source: self.peer,
            now: self.now,
        }
    }
}
