//! `upstreams`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::defaults;

/// Servers that requests are forwarded to, in turn.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct UpstreamTable {
    /// Unique name, that routes refer to.
    #[schemars(extend("x-required" = true), length(min = 1, max = 64))]
    pub(crate) name: Option<String>,
    /// `http://host:port` or `https://host:port` of each server, all with the same scheme.
    #[schemars(extend("x-required" = true), length(min = 1), inner(length(min = 1)))]
    pub(crate) servers: Option<Vec<String>>,
    /// Name that the certificate of the servers must bear; left out: the one host name of
    /// `servers`. For `https` only.
    #[schemars(length(min = 1))]
    pub(crate) server_name: Option<String>,
    /// PEM file with the CA that signed the certificate; left out: the system's CAs. For `https`
    /// only.
    #[schemars(length(min = 1))]
    pub(crate) ca_file: Option<String>,
    /// PEM file with the certificate chain that is shown to servers that ask for one, leaf first;
    /// left out: none. For `https` only.
    #[schemars(length(min = 1))]
    pub(crate) client_certificate_file: Option<String>,
    /// PEM file with its private key.
    #[schemars(length(min = 1))]
    pub(crate) client_private_key_file: Option<String>,
    /// Whether HTTP/2 is spoken (gRPC needs it); without TLS, by prior knowledge.
    pub(crate) http2: bool,
    /// `Host` to send; left out: the one that the downstream sent.
    #[schemars(length(min = 1))]
    pub(crate) host: Option<String>,
    /// Asks each server regularly whether it is well; left out: a server counts as well.
    pub(crate) health_check: Option<HealthCheckTable>,
    /// Milliseconds until a connection stands, TLS included.
    #[schemars(range(min = 10, max = 60000))]
    pub(crate) connect_timeout_ms: u64,
    /// Seconds between two reads.
    #[schemars(range(min = 1, max = 86400))]
    pub(crate) read_timeout_s: u64,
    /// Seconds between two writes.
    #[schemars(range(min = 1, max = 86400))]
    pub(crate) write_timeout_s: u64,
    /// Seconds after which an unused connection is closed.
    #[schemars(range(min = 1, max = 3600))]
    pub(crate) idle_timeout_s: u64,
    /// Further attempts at another server, only while the request has not been sent.
    #[schemars(range(min = 0, max = 2))]
    pub(crate) retries: u8,
    /// What decides which server gets a request.
    pub(crate) balance: BalanceName,
    /// Leaves out a server for a while that fails the requests it gets; left out: never.
    pub(crate) passive_health: Option<PassiveHealthTable>,
    /// Requests that all servers together have at once; left out: any number.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) max_in_flight: Option<usize>,
}

impl Default for UpstreamTable {
    fn default() -> Self {
        Self {
            name: None,
            servers: None,
            server_name: None,
            ca_file: None,
            client_certificate_file: None,
            client_private_key_file: None,
            http2: false,
            host: None,
            health_check: None,
            connect_timeout_ms: defaults::CONNECT_TIMEOUT_MS,
            read_timeout_s: defaults::READ_TIMEOUT_S,
            write_timeout_s: defaults::WRITE_TIMEOUT_S,
            idle_timeout_s: defaults::IDLE_TIMEOUT_S,
            retries: defaults::RETRIES,
            balance: BalanceName::default(),
            passive_health: None,
            max_in_flight: None,
        }
    }
}

/// What decides which server gets a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BalanceName {
    /// Its turn.
    #[default]
    RoundRobin,
    /// The address that the request comes from; IPv6 by its /64.
    Address,
    /// The subject of the token; where there is none, the address.
    Subject,
    /// A cookie that the first answer sets.
    Cookie,
}

/// When a server that fails requests is left out.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PassiveHealthTable {
    /// Failures in a row: no connection, no answer, or one of 5xx.
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) failures: u32,
    /// Seconds that it gets no requests then.
    #[schemars(range(min = 1, max = 3600))]
    pub(crate) pause_s: u64,
}

impl Default for PassiveHealthTable {
    fn default() -> Self {
        Self {
            failures: defaults::PASSIVE_FAILURES,
            pause_s: defaults::PASSIVE_PAUSE_S,
        }
    }
}

/// An active health check.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct HealthCheckTable {
    /// Path that a well server answers with 200; left out: a connection is enough.
    #[schemars(length(min = 1))]
    pub(crate) path: Option<String>,
    /// Seconds between two checks.
    #[schemars(range(min = 1, max = 3600))]
    pub(crate) interval_s: u64,
    /// Good checks in a row until a server gets requests again.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) healthy_after: usize,
    /// Bad checks in a row until a server gets no more requests.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) unhealthy_after: usize,
}

impl Default for HealthCheckTable {
    fn default() -> Self {
        Self {
            path: None,
            interval_s: defaults::HEALTH_INTERVAL_S,
            healthy_after: defaults::HEALTHY_AFTER,
            unhealthy_after: defaults::UNHEALTHY_AFTER,
        }
    }
}
