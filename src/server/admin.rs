//! The admin listener: metrics and health, nothing else, for GET and HEAD only.
//!
//! It has an address of its own, so that none of this can be reached through a public listener
//! whatever the routes say. It never tells anything of a request or a user.

use std::sync::Arc;

use async_trait::async_trait;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Method, Response, StatusCode};
use pingora::apps::http_app::ServeHttp;
use pingora::protocols::http::ServerSession;

use super::vitals::Vitals;

/// Answers on the admin listener.
#[derive(Debug)]
pub(super) struct Admin {
    vitals: Arc<Vitals>,
}

impl Admin {
    /// Tells of `vitals`.
    pub(super) const fn new(vitals: Arc<Vitals>) -> Self {
        Self { vitals }
    }

    async fn answer(&self, path: &str) -> (StatusCode, String) {
        match path {
            "/metrics" => (StatusCode::OK, self.vitals.render_metrics()),
            // The process answers, so it lives; a failing store is no reason to restart it.
            "/healthz" => (StatusCode::OK, "ok\n".to_owned()),
            "/readyz" => match self.vitals.check_ready().await {
                Ok(()) => (StatusCode::OK, self.vitals.ready()),
                Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
            },
            _ => (StatusCode::NOT_FOUND, "not found\n".to_owned()),
        }
    }
}

#[async_trait]
impl ServeHttp for Admin {
    async fn response(&self, session: &mut ServerSession) -> Response<Vec<u8>> {
        // A scrape every few seconds is no reason to keep a connection, and Pingora would keep it
        // even for a client that asked to close.
        session.set_keepalive(None);
        let request = session.req_header();
        let is_head = request.method == Method::HEAD;
        if request.method != Method::GET && !is_head {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "GET and HEAD only\n".into());
            let allowed = HeaderValue::from_static("GET, HEAD");
            response.headers_mut().insert(ALLOW, allowed);
            return response;
        }
        let (status, body) = self.answer(request.uri.path()).await;
        let mut response = text(status, body);
        if is_head {
            response.body_mut().clear();
        }
        response
    }
}

fn text(status: StatusCode, body: String) -> Response<Vec<u8>> {
    let length = body.len();
    let mut response = Response::new(body.into_bytes());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    // The version belongs to the exposition format; for the short texts it means nothing.
    let plain = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    headers.insert(CONTENT_TYPE, plain);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
