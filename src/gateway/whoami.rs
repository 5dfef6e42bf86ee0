//! The built-in answer: the request as an upstream would get it, and who asks.

use bytes::Bytes;
use http::Response;
use http::header::{self, HeaderName, HeaderValue};
use pingora::http::RequestHeader;
use serde_json::{Map, Value, json};

use super::authentication::Principal;
use super::canonical::CanonicalRequest;
use super::context::Admission;
use super::forward::is_hidden;
use super::settings::TokenPlaces;

/// Answers with method, path, query, headers (without credentials) and principal.
///
/// `request` is what would be forwarded, written by the same function that writes it for
/// upstreams.
pub(super) fn answer(
    canonical: &CanonicalRequest,
    request: &RequestHeader,
    admission: Option<&Admission>,
) -> Response<Bytes> {
    let places = admission.map(|admission| &admission.route.token_places);
    let principal = admission.and_then(|admission| admission.principal.as_ref());
    let document = json!({
        "method": canonical.method.as_str(),
        "path": canonical.path.as_str(),
        "query": request.uri.query(),
        "headers": headers(request, places.unwrap_or(&TokenPlaces::default())),
        "principal": principal.map(principal_document),
    });
    let mut response = Response::new(Bytes::from(document.to_string()));
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    let no_store = HeaderValue::from_static("no-store");
    headers.insert(header::CACHE_CONTROL, no_store);
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    response
}

/// Names and values; those that are marked as secrets are left out. Several values of one name become one, as recipients may join them
/// (RFC 9110 §5.3).
fn headers(request: &RequestHeader, places: &TokenPlaces) -> Map<String, Value> {
    let is_secret = |name: &HeaderName| {
        let mut values = request.headers.get_all(name).iter();
        values.any(HeaderValue::is_sensitive)
    };
    request
        .headers
        .keys()
        .filter(|name| !is_hidden(name, places) && !is_secret(name))
        .map(|name| {
            let values: Vec<_> = request
                .headers
                .get_all(name)
                .iter()
                .map(|value| String::from_utf8_lossy(value.as_bytes()))
                .collect();
            (name.to_string(), Value::from(values.join(", ")))
        })
        .collect()
}

/// A client that asks for itself is no user, though its token has a subject (RFC 9068 §2.2): the
/// identity headers name none either.
fn principal_document(principal: &Principal) -> Value {
    let verified = principal.verified();
    let kind = if verified.is_of_client() {
        "client"
    } else {
        "user"
    };
    json!({
        "kind": kind,
        "issuer": &*verified.issuer,
        "subject": verified.subject.as_str(),
        "client_id": verified.client_id.as_ref().map(|id| id.as_str()),
        "scope": verified.scope.iter().collect::<Vec<_>>(),
        "audience": verified.audience,
        "expires_at": verified.expires_at.as_secs(),
        "claims": verified.claims,
    })
}
