//! `traces`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::defaults;

/// Traces of requests. Needs a program that was built with the feature `opentelemetry`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TracesTable {
    /// The URL of a collector that spans are posted to (OTLP over HTTP, in protobuf).
    #[schemars(extend("x-required" = true), length(min = 1, max = 2048))]
    pub(crate) endpoint: Option<String>,
    /// `service.name` of all spans.
    #[schemars(length(min = 1, max = 128))]
    pub(crate) service_name: String,
    /// One of so many requests is sampled, where none of `parents_from` says otherwise; 1: all.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) sample_one_in: u32,
    /// Networks or addresses of peers whose `traceparent` counts: what they sample is sampled, as a part
    /// of their trace. That of all others is replaced.
    #[schemars(inner(length(min = 1)))]
    pub(crate) parents_from: Vec<String>,
}

impl Default for TracesTable {
    fn default() -> Self {
        Self {
            endpoint: None,
            service_name: defaults::TRACE_SERVICE_NAME.to_owned(),
            sample_one_in: defaults::TRACE_SAMPLE_ONE_IN,
            parents_from: Vec::new(),
        }
    }
}
