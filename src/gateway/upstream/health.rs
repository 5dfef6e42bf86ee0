//! Active health checks.

use std::sync::Arc;

use async_trait::async_trait;
use http::Uri;
use pingora::http::RequestHeader;
use pingora::lb::Backend;
use pingora::lb::health_check::{HealthCheck, HealthObserve, HttpHealthCheck, TcpHealthCheck};
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, ErrorType};

use super::settings;
use crate::telemetry::Metrics;

/// The check that `upstream` wants; `None` when its path or host cannot be sent.
///
/// With a path: a `GET` that is answered with 2xx or 3xx, over a connection like those of
/// requests (TLS verified, HTTP/2 if the upstream speaks it). Without: a TCP connection.
pub(super) fn check(
    upstream: &settings::Upstream,
    wanted: &settings::HealthCheck,
    template: &HttpPeer,
    metrics: &Arc<Metrics>,
) -> Option<Box<dyn HealthCheck + Send + Sync>> {
    let observer = Box::new(Observer {
        upstream: upstream.name.clone(),
        metrics: Arc::clone(metrics),
    });
    let Some(path) = &wanted.path else {
        let mut check = TcpHealthCheck::new();
        check.consecutive_success = wanted.healthy_after;
        check.consecutive_failure = wanted.unhealthy_after;
        check.peer_template.options.connection_timeout = Some(upstream.connect_timeout);
        check.health_changed_callback = Some(observer);
        return Some(check);
    };
    let host = host(upstream);
    let mut check = HttpHealthCheck::new(&host, false);
    check.consecutive_success = wanted.healthy_after;
    check.consecutive_failure = wanted.unhealthy_after;
    check.req = request(&host, path, upstream.http2)?;
    check.peer_template = template.clone();
    check.validator = Some(Box::new(|response| {
        if response.status.is_success() || response.status.is_redirection() {
            return Ok(());
        }
        Err(Error::explain(
            ErrorType::CustomCode("health check", response.status.as_u16()),
            "the health check was not answered with 2xx or 3xx",
        ))
    }));
    check.health_changed_callback = Some(observer);
    Some(Box::new(check))
}

/// The `Host` that checks are sent with.
fn host(upstream: &settings::Upstream) -> String {
    let server_name = || upstream.tls.as_ref().map(|tls| tls.server_name.clone());
    upstream
        .host
        .clone()
        .or_else(server_name)
        .or_else(|| upstream.servers.first().cloned())
        .unwrap_or_default()
}

fn request(host: &str, path: &str, http2: bool) -> Option<RequestHeader> {
    let mut request = RequestHeader::build("GET", b"/", None).ok()?;
    let path: http::uri::PathAndQuery = path.parse().ok()?;
    if http2 {
        let uri = Uri::builder()
            .scheme("http")
            .authority(host)
            .path_and_query(path)
            .build()
            .ok()?;
        request.set_uri(uri);
        request.set_version(http::Version::HTTP_2);
    } else {
        request.set_uri(Uri::from(path));
        request.insert_header(http::header::HOST, host).ok()?;
    }
    request
        .insert_header(http::header::USER_AGENT, "cellgate-health-check")
        .ok()?;
    Some(request)
}

/// Tells the metrics and the log when a server goes up or down.
struct Observer {
    upstream: String,
    metrics: Arc<Metrics>,
}

#[async_trait]
impl HealthObserve for Observer {
    async fn observe(&self, target: &Backend, healthy: bool) {
        let server = target.addr.to_string();
        self.metrics
            .upstream_health(&self.upstream, &server, healthy);
        if healthy {
            tracing::info!(
                upstream.name = self.upstream,
                server,
                "upstream server is up"
            );
        } else {
            tracing::warn!(
                upstream.name = self.upstream,
                server,
                "upstream server is down"
            );
        }
    }
}
