//! `routes[].limits`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::defaults;

/// How much of a route anybody may take. What is left out is not limited.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RouteLimitsTable {
    /// Requests from each network address, whether they are let through or not. IPv6 counts by /64.
    pub(crate) per_address: Option<RateTable>,
    /// Requests of each client (`client_id` of the token) that are let through.
    pub(crate) per_client: Option<RateTable>,
    /// Requests of each subject that are let through.
    pub(crate) per_subject: Option<RateTable>,
    /// Requests at once, in all.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) at_once: Option<usize>,
    /// Requests at once from each network address. IPv6 counts by /64.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) at_once_per_address: Option<usize>,
    /// Requests at once of each subject.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) at_once_per_subject: Option<usize>,
    /// Bytes that the body of a request may have.
    #[schemars(range(min = 0, max = 1_099_511_627_776_u64))]
    pub(crate) max_body_bytes: Option<u64>,
}

/// So many requests in a time: a token bucket.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RateTable {
    /// Requests in each period; what was used comes back evenly.
    #[schemars(extend("x-required" = true), range(min = 1, max = 1_000_000))]
    pub(crate) requests: Option<u32>,
    /// Seconds of the period.
    #[schemars(range(min = 1, max = 86400))]
    pub(crate) period_s: u64,
    /// Requests that may come together; left out: as many as `requests`.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) burst: Option<u32>,
}

impl Default for RateTable {
    fn default() -> Self {
        Self {
            requests: None,
            period_s: defaults::RATE_PERIOD_S,
            burst: None,
        }
    }
}
