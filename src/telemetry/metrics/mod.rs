//! What Prometheus reads.
//!
//! Every label value is a name from the configuration or a word of the code, so the number of
//! time series is bounded by the configuration. Families are named `cellgate_…`, counters end in
//! `_total`, durations are in seconds.

mod families;

mod connections;
mod issuers;
mod requests;
mod tokens;
mod traces;
mod tunnels;
mod upkeep;
mod upstreams;

use prometheus::process_collector::ProcessCollector;
use prometheus::{Registry, TextEncoder};

use connections::Connections;
use families::Families;
use issuers::Issuers;
use requests::Requests;
use tokens::Tokens;
use traces::Traces;
use tunnels::Tunnels;
pub use tunnels::{OpenTunnel, Tunneled};
use upkeep::Upkeep;
use upstreams::Upstreams;

/// Everything that is counted, in a registry of its own.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Requests,
    connections: Connections,
    issuers: Issuers,
    tokens: Tokens,
    traces: Traces,
    tunnels: Tunnels,
    upstreams: Upstreams,
    upkeep: Upkeep,
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
            issuers: Issuers::register(&families),
            tokens: Tokens::register(&families),
            traces: Traces::register(&families),
            tunnels: Tunnels::register(&families),
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
}

fn gauge_value(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
