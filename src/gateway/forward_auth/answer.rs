//! What a proxy is told.

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{Response, StatusCode};

use super::ProxyKind;
use crate::gateway::authentication::Principal;
use crate::gateway::settings::IdentityHeaders;

/// The status that an answer had before it was adapted to what its proxy understands.
const X_CELLGATE_STATUS: HeaderName = HeaderName::from_static("x-cellgate-status");

/// The request may pass: 200, and each identity header as the application is to get it, that of an
/// assertion among them, empty where it is to get none.
pub(in crate::gateway) fn let_pass(
    identity: &IdentityHeaders,
    principal: Option<&Principal>,
    assertion: Option<(&HeaderName, HeaderValue)>,
) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    let headers = response.headers_mut();
    let no_store = HeaderValue::from_static("no-store");
    headers.insert(header::CACHE_CONTROL, no_store);
    for name in identity.names() {
        headers.insert(name, HeaderValue::from_static(""));
    }
    for (name, value) in principal
        .into_iter()
        .flat_map(|principal| identity.of(principal.verified()))
    {
        headers.insert(name, value);
    }
    if let Some((name, value)) = assertion {
        headers.insert(name, value);
    }
    response
}

/// Makes of a refusal one that `kind` understands.
///
/// nginx passes on 401 and 403 and answers 500 to everything else, which would blame us for what the
/// client did; so other refusals of a client become 403. A browser that is sent to sign in becomes
/// 401, with `Location` and `Set-Cookie` for the proxy to make a redirect of. Failures of ours stay
/// failures.
pub(in crate::gateway) fn adapt(kind: ProxyKind, response: &mut Response<Bytes>) {
    let status = response.status();
    let is_understood = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    let is_refusal = status.is_client_error() && !is_understood;
    if kind == ProxyKind::Nginx && (is_refusal || status.is_redirection()) {
        *response.status_mut() = if is_refusal {
            StatusCode::FORBIDDEN
        } else {
            StatusCode::UNAUTHORIZED
        };
        let value = HeaderValue::from(status.as_u16());
        response.headers_mut().insert(X_CELLGATE_STATUS, value);
    }
}
