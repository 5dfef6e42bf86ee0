//! What every answer says besides itself, ours as well as the upstream's: who may read it, and that
//! the host is to be asked over TLS only.

use bytes::Bytes;
use http::Response;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use pingora::proxy::Session;

use super::admission;
use super::canonical::Scheme;
use super::context::Context;
use super::cors::is_about_reading;

/// Completes an answer of ours.
pub(super) fn add_to_ours(response: &mut Response<Bytes>, session: &Session, ctx: &Context) {
    // A proxy that asked passes on, if anything, what it has such fields of its own for.
    if ctx.asked_by.is_some() {
        return;
    }
    let headers = response.headers_mut();
    if let Some(value) = transport_security(session, ctx) {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value.clone());
    }
    let route = ctx.findings.route.as_ref();
    if let Some(cors) = route.and_then(|route| route.cors.as_ref()) {
        let origin = session.req_header().headers.get(header::ORIGIN);
        headers.extend(cors.fields(origin));
        if let Some(vary) = cors.vary() {
            headers.append(header::VARY, vary);
        }
    }
}

/// Completes an answer of the upstream, in place of what it says itself.
pub(super) fn add_to_theirs(headers: &mut HeaderMap, session: &Session, ctx: &Context) {
    if ctx.snapshot.transport_security.is_some() {
        // Over plain HTTP nobody says it (RFC 6797 §7.2), and over TLS it is said once (§8.1).
        headers.remove(header::STRICT_TRANSPORT_SECURITY);
        if let Some(value) = transport_security(session, ctx) {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, value.clone());
        }
    }
    let route = ctx.findings.route.as_ref();
    if let Some(cors) = route.and_then(|route| route.cors.as_ref()) {
        let names = headers.keys();
        let theirs: Vec<HeaderName> = names
            .filter(|name| is_about_reading(name))
            .cloned()
            .collect();
        for name in &theirs {
            headers.remove(name);
        }
        let origin = session.req_header().headers.get(header::ORIGIN);
        for (name, value) in cors.fields(origin) {
            headers.insert(name, value);
        }
        if let Some(vary) = cors.vary() {
            headers.append(header::VARY, vary);
        }
    }
}

/// What browsers are told of TLS, on a request that came over it, wherever it ended.
fn transport_security<'a>(session: &Session, ctx: &'a Context) -> Option<&'a HeaderValue> {
    let value = ctx.snapshot.transport_security.as_ref()?;
    let scheme = ctx.scheme.unwrap_or_else(|| admission::scheme(session));
    (scheme == Scheme::Https).then_some(value)
}
