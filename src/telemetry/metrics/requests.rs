//! Requests, by route and outcome.

use std::time::Duration;

use prometheus::{HistogramVec, IntCounterVec, IntGauge};

use super::Metrics;
use super::families::Families;

#[derive(Debug)]
pub(super) struct Requests {
    total: IntCounterVec,
    duration: HistogramVec,
    in_flight: IntGauge,
    ended: IntCounterVec,
    limited: IntCounterVec,
}

impl Requests {
    pub(super) fn register(families: &Families<'_>) -> Self {
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
            ended: families.counters(
                "exchanges_ended_total",
                "Exchanges that were ended because what they were admitted for ended, by reason.",
                &["reason"],
            ),
            limited: families.counters(
                "requests_limited_total",
                "Requests refused because a limit of their route was used up, by route and limit.",
                &["route", "limit"],
            ),
        }
    }
}

impl Metrics {
    /// A request ended: `route` is its configured name, or `-`; `outcome` is `forwarded`,
    /// `answered`, `rejected`, `upstream_error`…
    pub fn request(&self, route: &str, outcome: &'static str, status: u16, took: Duration) {
        self.handshake(route, outcome, status);
        self.requests
            .duration
            .with_label_values(&[route])
            .observe(took.as_secs_f64());
    }

    /// A handshake became a tunnel, which is closed; how long it was open is no answer's time.
    pub fn handshake(&self, route: &str, outcome: &'static str, status: u16) {
        self.requests
            .total
            .with_label_values(&[route, outcome, class(status)])
            .inc();
    }

    /// An exchange was ended before its time: `token_expired`, `revoked`, `deadline`.
    pub fn exchange_ended(&self, reason: &'static str) {
        self.requests.ended.with_label_values(&[reason]).inc();
    }

    /// A limit of a route was used up: `rate_per_address`, `at_once`, `max_body_bytes`…
    pub fn limited(&self, route: &str, limit: &'static str) {
        let series = self.requests.limited.with_label_values(&[route, limit]);
        series.inc();
    }

    /// A request came (`1`) or was answered (`-1`).
    pub fn in_flight(&self, delta: i64) {
        self.requests.in_flight.add(delta);
    }
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
    use super::class;

    #[test]
    fn any_status_falls_into_a_class() {
        for (status, expected) in [(101, "1xx"), (404, "4xx"), (599, "5xx"), (999, "other")] {
            assert_eq!(class(status), expected);
        }
    }
}
