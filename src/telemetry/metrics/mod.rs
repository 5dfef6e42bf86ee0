//! What Prometheus reads.
//!
//! Every label value is a name from the configuration or a word of the code, so the number of
//! time series is bounded by the configuration. Families are named `cellgate_…`, counters end in
//! `_total`, durations are in seconds.

mod families;

use std::sync::Mutex;
use std::time::Duration;

use prometheus::process_collector::ProcessCollector;
use prometheus::{HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Registry, TextEncoder};

use super::log::Lost;
use families::Families;

/// Everything that is counted, in a registry of its own.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Requests,
    connections: Connections,
    tokens: Tokens,
    upstreams: Upstreams,
    upkeep: Upkeep,
}

#[derive(Debug)]
struct Requests {
    total: IntCounterVec,
    duration: HistogramVec,
    in_flight: IntGauge,
}

impl Requests {
    fn register(families: &Families<'_>) -> Self {
        Self {
            total: families.counters(
                "requests_total",
                "Requests answered, by route, outcome and class of status.",
                &["route", "outcome", "status"],
            ),
            duration: families.histograms(
                "request_duration_seconds",
                "From the request's head to the last byte of the answer.",
                &["route"],
            ),
            in_flight: families.gauge("requests_in_flight", "Requests not yet answered."),
        }
    }
}

#[derive(Debug)]
struct Connections {
    open: IntGauge,
    refused: IntCounterVec,
}

impl Connections {
    fn register(families: &Families<'_>) -> Self {
        Self {
            open: families.gauge("connections", "Connections that are open."),
            refused: families.counters(
                "connections_refused_total",
                "Connections closed by the guard, by reason.",
                &["reason"],
            ),
        }
    }
}

#[derive(Debug)]
struct Tokens {
    refused: IntCounterVec,
    verifications: IntCounterVec,
    last_verifications: Mutex<[u64; 3]>,
    sign_ins: IntCounterVec,
    grants: IntCounterVec,
    introspections: IntCounterVec,
}

impl Tokens {
    fn register(families: &Families<'_>) -> Self {
        Self {
            refused: families.counters(
                "tokens_refused_total",
                "Bearer tokens refused, by reason.",
                &["reason"],
            ),
            verifications: families.counters(
                "token_verifications_total",
                "Bearer tokens found remembered (hit), verified by signature, or failed.",
                &["result"],
            ),
            last_verifications: Mutex::default(),
            sign_ins: families.counters("sign_ins_total", "Sign-ins, by outcome.", &["outcome"]),
            grants: families.counters(
                "grants_total",
                "Answers of the token endpoint, by grant type and outcome.",
                &["grant_type", "outcome"],
            ),
            introspections: families.counters(
                "introspections_total",
                "Answers of the introspection endpoint, by outcome.",
                &["outcome"],
            ),
        }
    }
}

#[derive(Debug)]
struct Upstreams {
    requests: IntCounterVec,
    duration: HistogramVec,
    up: IntGaugeVec,
}

impl Upstreams {
    fn register(families: &Families<'_>) -> Self {
        Self {
            requests: families.counters(
                "upstream_requests_total",
                "Attempts to have a request answered, by upstream and outcome.",
                &["upstream", "outcome"],
            ),
            duration: families.histograms(
                "upstream_duration_seconds",
                "Until the upstream's first byte, or its failure.",
                &["upstream"],
            ),
            up: families.gauges(
                "upstream_up",
                "Whether the health check finds a server up.",
                &["upstream", "server"],
            ),
        }
    }
}

#[derive(Debug)]
struct Upkeep {
    reloads: IntCounterVec,
    reload_failing: IntGauge,
    maintenance_failures: IntCounterVec,
    revocations: IntGauge,
    logout_tokens: IntCounterVec,
    logout_tokens_pending: IntGauge,
    log_lines_dropped: IntCounterVec,
    last_lost: Mutex<Lost>,
}

impl Upkeep {
    fn register(families: &Families<'_>) -> Self {
        Self {
            reloads: families.counters(
                "reloads_total",
                "Reloads of the configuration, by outcome.",
                &["outcome"],
            ),
            reload_failing: families.gauge(
                "reload_failing",
                "1 while the last reload failed and the configuration before it is in force.",
            ),
            maintenance_failures: families.counters(
                "maintenance_failures_total",
                "Background work that failed and will be tried again, by task.",
                &["task"],
            ),
            revocations: families.gauge("revocations", "Revoked tokens and grants remembered."),
            logout_tokens: families.counters(
                "logout_tokens_total",
                "Attempts to tell a client of the end of a session, by outcome.",
                &["outcome"],
            ),
            logout_tokens_pending: families.gauge(
                "logout_tokens_pending",
                "Clients that are still to be told of the end of a session.",
            ),
            log_lines_dropped: families.counters(
                "log_lines_dropped_total",
                "Lines that did not reach the log: no room (queue_full), or not taken by standard output (write_failed).",
                &["reason"],
            ),
            last_lost: Mutex::default(),
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All families, registered in a registry of their own.
    pub fn new() -> Self {
        let registry = Registry::new();
        // Fails only where there is no `/proc`; the other families do not need it.
        drop(registry.register(Box::new(ProcessCollector::for_self())));
        let families = Families::new(&registry);
        families
            .gauges(
                "build_info",
                "Always 1; the label is the version.",
                &["version"],
            )
            .with_label_values(&[env!("CARGO_PKG_VERSION")])
            .set(1);
        Self {
            requests: Requests::register(&families),
            connections: Connections::register(&families),
            tokens: Tokens::register(&families),
            upstreams: Upstreams::register(&families),
            upkeep: Upkeep::register(&families),
            registry,
        }
    }

    /// The text exposition format, version 0.0.4.
    pub fn render(&self) -> String {
        // Encoding into a string fails for a family without samples only, and `gather` leaves
        // those out.
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap_or_default()
    }

    /// A request ended: `route` is its configured name, or `-`; `outcome` is `forwarded`,
    /// `answered`, `rejected`, `upstream_error`…
    pub fn request(&self, route: &str, outcome: &'static str, status: u16, took: Duration) {
        self.requests
            .total
            .with_label_values(&[route, outcome, class(status)])
            .inc();
        self.requests
            .duration
            .with_label_values(&[route])
            .observe(took.as_secs_f64());
    }

    /// A bearer token was refused.
    pub fn token_refused(&self, reason: &'static str) {
        self.tokens.refused.with_label_values(&[reason]).inc();
    }

    /// A sign-in ended: `success`, `denied`, `locked`, `step_up_required`, `throttled`,
    /// `unavailable`, `error`.
    pub fn sign_in(&self, outcome: &'static str) {
        self.tokens.sign_ins.with_label_values(&[outcome]).inc();
    }

    /// The token endpoint answered; `outcome` is `issued` or the RFC 6749 §5.2 code.
    pub fn grant(&self, grant_type: &'static str, outcome: &'static str) {
        self.tokens
            .grants
            .with_label_values(&[grant_type, outcome])
            .inc();
    }

    /// The introspection endpoint answered: `active`, `inactive`, or the RFC 6749 §5.2 code.
    pub fn introspection(&self, outcome: &'static str) {
        self.tokens
            .introspections
            .with_label_values(&[outcome])
            .inc();
    }

    /// An upstream answered or failed: `ok`, `connect_error`, `timeout`, `error`; `took` is the
    /// time until its first byte.
    pub fn upstream(&self, upstream: &str, outcome: &'static str, took: Duration) {
        self.upstreams
            .requests
            .with_label_values(&[upstream, outcome])
            .inc();
        self.upstreams
            .duration
            .with_label_values(&[upstream])
            .observe(took.as_secs_f64());
    }

    /// A server of an upstream went up or down.
    pub fn upstream_health(&self, upstream: &str, server: &str, healthy: bool) {
        self.upstreams
            .up
            .with_label_values(&[upstream, server])
            .set(i64::from(healthy));
    }

    /// A reload brought other upstreams: forgets the health of those before.
    pub fn forget_upstream_health(&self) {
        self.upstreams.up.reset();
    }

    /// Takes over the verifier's own counts, made since it was built.
    ///
    /// A reload builds a new verifier, which counts from zero; the families go on from where
    /// they were.
    pub fn verifications(&self, hits: u64, verified: u64, failed: u64) {
        let now = [hits, verified, failed];
        let Ok(mut last) = self.tokens.last_verifications.lock() else {
            return;
        };
        let was_replaced = now.iter().zip(last.iter()).any(|(now, last)| now < last);
        let base = if was_replaced { [0; 3] } else { *last };
        for ((result, now), base) in ["hit", "verified", "failed"].into_iter().zip(now).zip(base) {
            self.tokens
                .verifications
                .with_label_values(&[result])
                .inc_by(now.saturating_sub(base));
        }
        *last = now;
    }

    /// A request came (`1`) or was answered (`-1`).
    pub fn in_flight(&self, delta: i64) {
        self.requests.in_flight.add(delta);
    }

    /// How many connections are open.
    pub fn connections(&self, count: usize) {
        self.connections.open.set(gauge_value(count));
    }

    /// The guard closed a connection: `total`, `address`, `timeout`, `tls`.
    pub fn connection_refused(&self, reason: &'static str) {
        self.connections.refused.with_label_values(&[reason]).inc();
    }

    /// The configuration was loaded anew, or kept because the new one is not usable.
    pub fn reload(&self, succeeded: bool) {
        let outcome = if succeeded { "loaded" } else { "kept" };
        self.upkeep.reloads.with_label_values(&[outcome]).inc();
        self.upkeep.reload_failing.set(i64::from(!succeeded));
    }

    /// A client was told of the end of a session (`delivered`), will be tried again
    /// (`postponed`), or is given up (`failed`).
    pub fn logout_token(&self, outcome: &'static str) {
        let counters = &self.upkeep.logout_tokens;
        counters.with_label_values(&[outcome]).inc();
    }

    /// How many clients are still to be told of the end of a session.
    pub fn logout_tokens_pending(&self, count: usize) {
        self.upkeep.logout_tokens_pending.set(gauge_value(count));
    }

    /// Background work failed: `keys`, `revocations`, `garbage`, `logout_tokens`.
    pub fn maintenance_failed(&self, task: &'static str) {
        self.upkeep
            .maintenance_failures
            .with_label_values(&[task])
            .inc();
    }

    /// Takes over the log's own counts, made since the process began.
    pub fn log_lines_lost(&self, now: Lost) {
        let Ok(mut last) = self.upkeep.last_lost.lock() else {
            return;
        };
        for (reason, now, last) in [
            ("queue_full", now.dropped, last.dropped),
            ("write_failed", now.refused, last.refused),
        ] {
            self.upkeep
                .log_lines_dropped
                .with_label_values(&[reason])
                .inc_by(now.saturating_sub(last));
        }
        *last = now;
    }

    /// How many revocations are remembered.
    pub fn revocations(&self, count: usize) {
        self.upkeep.revocations.set(gauge_value(count));
    }
}

fn gauge_value(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A status by its class: an upstream may send any number it likes.
const fn class(status: u16) -> &'static str {
    match status {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        500..=599 => "5xx",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value of the sample whose line starts with `series`.
    fn sample(metrics: &Metrics, series: &str) -> Option<String> {
        metrics.render().lines().find_map(|line| {
            line.strip_prefix(series)?
                .strip_prefix(' ')
                .map(str::to_owned)
        })
    }

    #[test]
    fn a_request_is_counted_by_route_outcome_and_class() {
        let metrics = Metrics::new();

        metrics.request("api", "forwarded", 204, Duration::from_millis(3));
        metrics.request("api", "forwarded", 200, Duration::from_millis(3));

        let series = r#"cellgate_requests_total{outcome="forwarded",route="api",status="2xx"}"#;
        assert_eq!(sample(&metrics, series).as_deref(), Some("2"));
        let below_5_ms = r#"cellgate_request_duration_seconds_bucket{route="api",le="0.005"}"#;
        assert_eq!(sample(&metrics, below_5_ms).as_deref(), Some("2"));
        let below_1_ms = r#"cellgate_request_duration_seconds_bucket{route="api",le="0.001"}"#;
        assert_eq!(sample(&metrics, below_1_ms).as_deref(), Some("0"));
    }

    #[test]
    fn any_status_falls_into_a_class() {
        for (status, expected) in [(101, "1xx"), (404, "4xx"), (599, "5xx"), (999, "other")] {
            assert_eq!(class(status), expected);
        }
    }

    #[test]
    fn a_replaced_verifier_does_not_turn_the_counts_back() {
        let metrics = Metrics::new();
        let hits = || {
            sample(
                &metrics,
                r#"cellgate_token_verifications_total{result="hit"}"#,
            )
        };

        metrics.verifications(5, 1, 0);
        metrics.verifications(9, 2, 0);
        assert_eq!(hits().as_deref(), Some("9"));

        metrics.verifications(3, 0, 0);
        assert_eq!(hits().as_deref(), Some("12"));
    }

    #[test]
    fn the_health_of_upstreams_that_are_gone_is_forgotten() {
        let metrics = Metrics::new();
        metrics.upstream_health("api", "10.0.0.1:80", true);
        assert!(metrics.render().contains("10.0.0.1:80"));

        metrics.forget_upstream_health();

        assert!(!metrics.render().contains("10.0.0.1:80"));
    }

    #[test]
    fn a_failed_reload_raises_the_alarm_until_one_succeeds() {
        let metrics = Metrics::new();

        metrics.reload(false);
        assert_eq!(
            sample(&metrics, "cellgate_reload_failing").as_deref(),
            Some("1")
        );

        metrics.reload(true);
        assert_eq!(
            sample(&metrics, "cellgate_reload_failing").as_deref(),
            Some("0")
        );
    }
}
