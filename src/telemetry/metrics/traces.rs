//! Spans on their way to a collector.

use prometheus::IntCounterVec;

use super::Metrics;
use super::families::Families;

#[derive(Debug)]
pub(super) struct Traces {
    spans: IntCounterVec,
}

impl Traces {
    pub(super) fn register(families: &Families<'_>) -> Self {
        Self {
            spans: families.counters(
                "trace_spans_total",
                "Spans of sampled requests, by what became of them.",
                &["outcome"],
            ),
        }
    }
}

impl Metrics {
    /// Spans were `exported`, `failed` (the collector did not take them), or `dropped` (there was no
    /// room for them to wait).
    pub fn trace_spans(&self, outcome: &'static str, spans: usize) {
        let series = self.traces.spans.with_label_values(&[outcome]);
        series.inc_by(spans as u64);
    }
}
