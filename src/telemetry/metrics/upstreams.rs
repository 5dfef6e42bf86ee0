//! Upstreams, their answers and their health.

use std::time::Duration;

use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec};

use super::Metrics;
use super::families::Families;

#[derive(Debug)]
pub(super) struct Upstreams {
    requests: IntCounterVec,
    duration: HistogramVec,
    up: IntGaugeVec,
    left_out: IntCounterVec,
}

impl Upstreams {
    pub(super) fn register(families: &Families<'_>) -> Self {
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
            left_out: families.counters(
                "upstream_servers_left_out_total",
                "Times that a server was left out because requests failed there, by upstream.",
                &["upstream"],
            ),
        }
    }
}

impl Metrics {
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

    /// A server of an upstream is left out for a while.
    pub fn upstream_left_out(&self, upstream: &str) {
        let series = self.upstreams.left_out.with_label_values(&[upstream]);
        series.inc();
    }

    /// A reload brought other upstreams: forgets the health of those before.
    pub fn forget_upstream_health(&self) {
        self.upstreams.up.reset();
    }
}
