//! `routes[].timeouts`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long the upstream may take on a route. What is left out is as the upstream says.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RouteTimeoutsTable {
    /// Milliseconds until a connection stands, TLS included.
    #[schemars(range(min = 10, max = 60000))]
    pub(crate) connect_ms: Option<u64>,
    /// Seconds between two reads.
    #[schemars(range(min = 1, max = 86400))]
    pub(crate) read_s: Option<u64>,
    /// Seconds between two writes.
    #[schemars(range(min = 1, max = 86400))]
    pub(crate) write_s: Option<u64>,
    /// Seconds after which a connection is closed that a request of this route left unused.
    #[schemars(range(min = 1, max = 3600))]
    pub(crate) idle_s: Option<u64>,
    /// Seconds from the end of the request to the end of its answer, all tries together; left out:
    /// any time. Not for routes with long downloads, streams of events or calls that stay open.
    #[schemars(range(min = 1, max = 86400))]
    pub(crate) total_s: Option<u64>,
}
