//! `admin`, `server`, `log` and `limits`: what concerns the process as a whole.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::defaults;

/// Metrics and health.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AdminTable {
    /// IP address and port; not for the public, so best a loopback or private address.
    #[schemars(extend("x-required" = true), length(min = 1))]
    pub(crate) address: Option<String>,
}

/// The process.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ServerTable {
    /// Worker threads; left out: one for each core.
    #[schemars(range(min = 1, max = 1024))]
    pub(crate) threads: Option<usize>,
    /// Seconds that requests in flight have to end after SIGTERM.
    #[schemars(range(min = 0, max = 3600))]
    pub(crate) drain_timeout_s: u64,
    /// Seconds that it goes on as ever after SIGTERM, but says at `/readyz` that it is not ready, so
    /// that a load balancer sends nothing any more before the ports are closed.
    #[schemars(range(min = 0, max = 300))]
    pub(crate) drain_delay_s: u64,
    /// A Unix socket, relative to the working directory, at which `cellgate reload` and `cellgate
    /// upgrade` ask; left out: none, and only SIGHUP loads the file anew.
    #[schemars(length(min = 1, max = 100))]
    pub(crate) control_socket: Option<String>,
}

impl Default for ServerTable {
    fn default() -> Self {
        Self {
            threads: None,
            drain_timeout_s: defaults::DRAIN_TIMEOUT_S,
            drain_delay_s: defaults::DRAIN_DELAY_S,
            control_socket: None,
        }
    }
}

/// What is logged.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LogTable {
    /// Level, or levels by module, in the notation of `tracing`: `info,cellgate::gateway=debug`.
    #[schemars(length(min = 1))]
    pub(crate) filter: String,
    /// Whether each request writes an access line.
    pub(crate) access: bool,
}

impl Default for LogTable {
    fn default() -> Self {
        Self {
            filter: defaults::LOG_FILTER.to_owned(),
            access: true,
        }
    }
}

/// Sizes, times and counts that a downstream cannot exceed.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LimitsTable {
    /// Seconds from the first byte of a request head to its last.
    #[schemars(range(min = 1, max = 120))]
    pub(crate) head_timeout_s: u64,
    /// Bytes of all request fields together.
    #[schemars(range(min = 1024, max = 1_048_576))]
    pub(crate) head_bytes: usize,
    /// Number of request fields.
    #[schemars(range(min = 16, max = 1000))]
    pub(crate) head_fields: usize,
    /// Bytes of a request target (path and query).
    #[schemars(range(min = 256, max = 65536))]
    pub(crate) target_bytes: usize,
    /// Seconds that a connection may wait for its next request.
    #[schemars(range(min = 1, max = 3600))]
    pub(crate) keepalive_s: u64,
    /// Seconds between two reads from, or two writes to, a downstream.
    #[schemars(range(min = 1, max = 86400))]
    pub(crate) downstream_timeout_s: u64,
    /// Connections at once.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) connections: usize,
    /// Connections at once from one address.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) connections_per_address: usize,
    /// Tokens from one address that may fail verification in a minute; after that its tokens are
    /// refused without the cost of checking a signature.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) token_failures_per_minute: u32,
    /// Verified tokens that are remembered; each takes about a kilobyte.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub(crate) remembered_tokens: u64,
    /// WebSockets.
    pub(crate) tunnels: TunnelsTable,
}

/// How long WebSockets may be open, and how many.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TunnelsTable {
    /// Seconds without a byte in either direction, then a WebSocket is closed.
    #[schemars(range(min = 1, max = 86400))]
    pub(crate) idle_timeout_s: u64,
    /// Seconds that a WebSocket may be open whatever passes; left out: as long as its token.
    #[schemars(range(min = 1, max = 2_592_000))]
    pub(crate) lifetime_s: Option<u64>,
    /// WebSockets of one subject at once.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) per_subject: usize,
}

impl Default for TunnelsTable {
    fn default() -> Self {
        Self {
            idle_timeout_s: defaults::TUNNEL_IDLE_TIMEOUT_S,
            lifetime_s: None,
            per_subject: defaults::TUNNELS_PER_SUBJECT,
        }
    }
}

impl Default for LimitsTable {
    fn default() -> Self {
        Self {
            head_timeout_s: defaults::HEAD_TIMEOUT_S,
            head_bytes: defaults::HEAD_BYTES,
            head_fields: defaults::HEAD_FIELDS,
            target_bytes: defaults::TARGET_BYTES,
            keepalive_s: defaults::KEEPALIVE_S,
            downstream_timeout_s: defaults::DOWNSTREAM_TIMEOUT_S,
            connections: defaults::CONNECTIONS,
            connections_per_address: defaults::CONNECTIONS_PER_ADDRESS,
            token_failures_per_minute: defaults::TOKEN_FAILURES_PER_MINUTE,
            remembered_tokens: defaults::REMEMBERED_TOKENS,
            tunnels: TunnelsTable::default(),
        }
    }
}
