//! What the trace of a request says at its end.

use std::net::IpAddr;
use std::time::Duration;

use http::{HeaderMap, Method};

use crate::telemetry::traces::{Ended, UpstreamCall};

use super::context::{Context, Outcome};

/// What the conventions call a method that is not one of HTTP's.
const OTHER: &str = "_OTHER";

impl Context {
    /// Begins the trace of a request with these fields that came from `peer`, where there are traces.
    pub(super) fn begin_trace(&mut self, peer: IpAddr, headers: &HeaderMap) {
        if let Some(tracer) = &self.tracer {
            self.trace = Some(Box::new(tracer.begin(peer, headers)));
        }
    }
}

/// Ends the trace of a request.
pub(super) fn record(ctx: &Context, status: u16, took: Duration) {
    let Some(trace) = &ctx.trace else {
        return;
    };
    let canonical = ctx.canonical.as_ref();
    let journey = ctx.admission.as_ref().and_then(|it| it.journey.as_ref());
    let journey = journey.filter(|journey| journey.tries > 0);
    trace.end(&Ended {
        method: canonical.map_or(OTHER, |canonical| known(&canonical.method)),
        scheme: ctx.scheme.map(|scheme| scheme.as_str()),
        host: canonical.map(|canonical| canonical.authority.host()),
        path: canonical.map(|canonical| canonical.path.as_str()),
        route: ctx.findings.route.as_ref().map(|route| route.name.as_str()),
        status,
        client: ctx.peer,
        request_id: &ctx.request_id,
        decision: ctx.outcome.as_str(),
        reason: match &ctx.outcome {
            Outcome::Rejected(rejection) => rejection.reason(),
            _ => "",
        },
        took,
        upstream: journey.map(|journey| UpstreamCall {
            name: journey.upstream.name(),
            server: journey.server,
            tries: journey.tries,
            took: journey.started.elapsed().min(took),
            status: ctx.status,
        }),
    });
}

/// The method, if it is one of RFC 9110 or RFC 5789: everybody can make up others.
fn known(method: &Method) -> &str {
    match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::DELETE
        | Method::OPTIONS
        | Method::PATCH => method.as_str(),
        _ => OTHER,
    }
}
