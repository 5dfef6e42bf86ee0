//! Calls from scripts of other origins (the Fetch standard's CORS protocol).
//!
//! Any origin may call what needs no cookie, and no cookie ever comes along: credentials are
//! never allowed. The authorization endpoint and the pages take no such calls at all.

use http::{HeaderValue, StatusCode, header};

use super::endpoint::Endpoint;
use super::reply::{self, Response};

/// Answers the question of a browser before a call.
pub(crate) fn preflight(endpoint: Endpoint) -> Response {
    let mut response = reply::empty(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, endpoint.allow());
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, endpoint.allow());
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("Authorization, Cache-Control, Content-Type"),
    );
    headers.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("3600"),
    );
    response
}

/// Lets scripts of any origin read the answer.
pub(crate) fn open(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("WWW-Authenticate, Retry-After"),
    );
}
