//! Connections, open and refused.

use prometheus::{IntCounterVec, IntGauge};

use super::families::Families;
use super::{Metrics, gauge_value};

#[derive(Debug)]
pub(super) struct Connections {
    open: IntGauge,
    refused: IntCounterVec,
}

impl Connections {
    pub(super) fn register(families: &Families<'_>) -> Self {
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

impl Metrics {
    /// How many connections are open.
    pub fn connections(&self, count: usize) {
        self.connections.open.set(gauge_value(count));
    }

    /// The guard closed a connection: `total`, `address`, `timeout`, `tls`, `proxy_header`.
    pub fn connection_refused(&self, reason: &'static str) {
        self.connections.refused.with_label_values(&[reason]).inc();
    }
}
