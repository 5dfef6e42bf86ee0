//! How families are made.

use prometheus::core::Collector;
use prometheus::{
    HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

/// Upper bounds in seconds: from a cached verdict over loopback to a stalled upstream.
const BUCKETS_S: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// Makes families and registers each in one registry.
pub(super) struct Families<'r>(&'r Registry);

impl<'r> Families<'r> {
    /// Families for `registry`.
    pub(super) const fn new(registry: &'r Registry) -> Self {
        Self(registry)
    }

    /// Counters by `labels`.
    pub(super) fn counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.registered(IntCounterVec::new(options(name, help), labels))
    }

    /// A single gauge.
    pub(super) fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.registered(IntGauge::with_opts(options(name, help)))
    }

    /// Gauges by `labels`.
    pub(super) fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        self.registered(IntGaugeVec::new(options(name, help), labels))
    }

    /// Durations in seconds by `labels`.
    pub(super) fn histograms(&self, name: &str, help: &str, labels: &[&str]) -> HistogramVec {
        let options = HistogramOpts::new(name, help)
            .namespace("cellgate")
            .buckets(BUCKETS_S.to_vec());
        self.registered(HistogramVec::new(options, labels))
    }

    #[expect(
        clippy::expect_used,
        reason = "names and labels are constants of this file; every test that makes metrics makes them all"
    )]
    fn registered<C: Collector + Clone + 'static>(&self, family: prometheus::Result<C>) -> C {
        let family = family.expect("a family has a valid name and labels");
        self.0
            .register(Box::new(family.clone()))
            .expect("no two families share a name");
        family
    }
}

fn options(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace("cellgate")
}
