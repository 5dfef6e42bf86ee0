//! The operator's file. CONTRACT STUB.

use std::net::SocketAddr;
use std::time::Duration;

use crate::{gateway, jose, provider, server, store, users};

/// A whole, checked configuration: what each part runs on.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where we listen.
    pub listeners: Vec<server::Listener>,
    /// Metrics and health; `None`: off.
    pub admin: Option<SocketAddr>,
    /// Worker threads; `None`: one per core.
    pub threads: Option<usize>,
    /// On SIGTERM: how long requests in flight may take (default 30 s).
    pub drain_timeout: Duration,
    /// `tracing` filter (default `info`).
    pub log_filter: String,
    /// Where state lives; needed by the provider.
    pub store: Option<store::Settings>,
    /// The OpenID Provider; `None`: gateway only.
    pub provider: Option<provider::Settings>,
    /// The users' backend; present exactly when `provider` is.
    pub users: Option<users::Settings>,
    /// Limits of password attempts.
    pub attempts: store::AttemptLimits,
    /// Issuers accepted besides our own.
    pub trusted_issuers: Vec<jose::TrustedIssuer>,
    /// The gateway.
    pub gateway: gateway::Settings,
    /// Unsafe choices (`danger_…` keys) in force, to be logged at each start.
    pub dangers: Vec<String>,
}
