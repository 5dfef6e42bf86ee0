//! Calls from scripts of other origins (the Fetch standard's CORS protocol).
//!
//! Public documents may be read from anywhere. What takes codes and tokens answers the scripts of
//! registered applications only: of the origins that their redirection URIs have, and those listed
//! for them. No cookie is looked at there, so credentials are never allowed; a page that was
//! tricked into running another's script gains nothing that it could not do by itself. The
//! authorization endpoint, the pages and introspection take no part in this at all.

use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::Provider;
use super::endpoint::{Endpoint, Scripts};
use super::reply::{self, Response};
use super::request::Request;

/// Seconds that a browser may remember the answer to a preflight; most remember two hours at most.
const MAX_AGE_S: &str = "3600";

/// What scripts may send beyond what the standard lets everybody send.
const REQUEST_HEADERS: &str = "Authorization, Cache-Control, Content-Type";

/// What scripts may read beyond what the standard lets everybody read.
const RESPONSE_HEADERS: &str = "Retry-After, WWW-Authenticate";

impl Provider {
    /// Answers the question of a browser before a call. Who may not call is told nothing, which
    /// the browser takes for no.
    pub(super) async fn preflight(&self, endpoint: Endpoint, request: &Request) -> Response {
        let mut response = reply::empty(StatusCode::NO_CONTENT);
        let allowed = self.allowed_origin(endpoint, request).await.is_some();
        let headers = response.headers_mut();
        headers.insert(header::ALLOW, endpoint.allow());
        let methods = endpoint.cross_origin_methods();
        let asks_for = request.header(&header::ACCESS_CONTROL_REQUEST_METHOD);
        if allowed && asks_for.is_some_and(|method| methods.contains(&method)) {
            set(
                headers,
                header::ACCESS_CONTROL_ALLOW_METHODS,
                &methods.join(", "),
            );
            set(
                headers,
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                REQUEST_HEADERS,
            );
            set(headers, header::ACCESS_CONTROL_MAX_AGE, MAX_AGE_S);
        }
        response
    }

    /// Lets the script that asked read the answer, if it may.
    pub(super) async fn open_to_scripts(
        &self,
        endpoint: Endpoint,
        request: &Request,
        response: &mut Response,
    ) {
        if endpoint.audience() == Scripts::Applications {
            // Also on what is refused: a cache must not show it to the origin that is not.
            let headers = response.headers_mut();
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(origin) = self.allowed_origin(endpoint, request).await {
            let headers = response.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            set(
                headers,
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                RESPONSE_HEADERS,
            );
        }
    }

    /// What `Access-Control-Allow-Origin` says; `None` where the script may not read.
    async fn allowed_origin(&self, endpoint: Endpoint, request: &Request) -> Option<HeaderValue> {
        match endpoint.audience() {
            Scripts::Anybodys => Some(HeaderValue::from_static("*")),
            Scripts::Applications => {
                let origin = request.header(&header::ORIGIN)?;
                let is_registered = self.clients.has_origin(origin, request.now).await;
                is_registered.then(|| HeaderValue::from_str(origin).ok())?
            }
            Scripts::OurOwn => None,
        }
    }
}

fn set(headers: &mut HeaderMap, name: http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
