//! Answers: the few shapes they have, and the headers they all carry.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

/// An answer of the provider.
pub(crate) type Response = http::Response<Bytes>;

/// What stands in `Content-Security-Policy` unless a page says otherwise.
const NOTHING_MAY_LOAD: &str = "default-src 'none'; frame-ancestors 'none'";

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    with_body(status, None, Bytes::new())
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => with_body(status, Some("application/json"), body.into()),
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written as JSON");
            internal_error()
        }
    }
}

/// An answer with a body of the given media type.
pub(crate) fn with_body(
    status: StatusCode,
    content_type: Option<&'static str>,
    body: Bytes,
) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if let Some(content_type) = content_type {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    response
}

/// Sends the browser on with a GET, whatever it sent here: 307 and 308 would send a posted
/// password on (RFC 9700 §2.6).
pub(crate) fn see_other(location: &str) -> Response {
    let Ok(location) = HeaderValue::try_from(location) else {
        // Registered URIs are printable ASCII and what we append is percent-encoded.
        tracing::error!("a redirection URI cannot stand in a header");
        return internal_error();
    };
    let mut response = empty(StatusCode::SEE_OTHER);
    response.headers_mut().insert(header::LOCATION, location);
    response
}

/// What is left to say when saying it properly failed.
pub(crate) fn internal_error() -> Response {
    with_body(
        StatusCode::INTERNAL_SERVER_ERROR,
        Some("text/plain; charset=utf-8"),
        Bytes::from_static(b"Something went wrong here. Please try again.\n"),
    )
}

/// Says how long others may keep an answer.
pub(crate) fn cache(response: &mut Response, directive: &'static str) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(directive));
}

/// Sets a header to a text that was made here; leaves it out if it cannot be one.
pub(crate) fn set_header(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Adds the headers that every answer carries; what the endpoint set itself stays.
pub(crate) fn harden(response: &mut Response) {
    let length = HeaderValue::from(response.body().len());
    // RFC 9110 §8.6: an answer that cannot have a body has no length either.
    let may_have_body = response.status() != StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    if may_have_body {
        headers.insert(header::CONTENT_LENGTH, length);
    }
    set_default(headers, header::CACHE_CONTROL, "no-store");
    set_default(headers, header::CONTENT_SECURITY_POLICY, NOTHING_MAY_LOAD);
    set_default(headers, header::REFERRER_POLICY, "no-referrer");
    set_default(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set_default(headers, header::X_FRAME_OPTIONS, "DENY");
}

fn set_default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers
        .entry(name)
        .or_insert(HeaderValue::from_static(value));
}
