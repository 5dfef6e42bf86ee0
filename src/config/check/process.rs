//! `admin`, `log` and `limits`, and which sections belong together.

use std::net::SocketAddr;
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use super::Checker;
use super::listeners::address;
use crate::config::file::{AdminTable, File, LimitsTable, LogTable, ServerTable};
use crate::config::key_path::KeyPath;
use crate::gateway;
use crate::server::Drain;

/// The admin address, with the place it is written at.
pub(super) fn admin(
    checker: &mut Checker,
    table: Option<AdminTable>,
    at: &KeyPath,
) -> Option<(KeyPath, SocketAddr)> {
    let at = at.key("address");
    let text = checker.required(table?.address, &at, "address: 127.0.0.1:9481")?;
    let address = address(checker, &text, &at)?;
    if address.ip().is_unspecified() {
        checker.warn(
            &at,
            "metrics and health are open on every interface; keep the public away from the port",
        );
    }
    Some((at, address))
}

/// What SIGTERM leads to.
pub(super) const fn drain(table: &ServerTable) -> Drain {
    Drain {
        delay: Duration::from_secs(table.drain_delay_s),
        timeout: Duration::from_secs(table.drain_timeout_s),
    }
}

/// The `tracing` filter.
pub(super) fn log_filter(checker: &mut Checker, table: &LogTable) -> String {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let at = KeyPath::root().key("log").key("filter");
    // A lone word that is no level would be taken for the name of a module, and log all of it.
    let is_level = |part: &str| LEVELS.contains(&part.trim().to_ascii_lowercase().as_str());
    let is_slip = |part: &str| !part.contains(['=', '[', ':']) && !is_level(part);
    if table.filter.split(',').any(is_slip) || EnvFilter::try_new(&table.filter).is_err() {
        checker.refuse(
            &at,
            "is not a log filter",
            "Write a level (`off`, `error`, `warn`, `info`, `debug`, `trace`), or levels by \
             module: `info,cellgate::gateway=debug`.",
        );
    }
    table.filter.clone()
}

/// Notes `state` and `users` without `provider`, and `provider` without one of them.
pub(super) fn check_belonging(checker: &mut Checker, file: &File) {
    let at = KeyPath::root();
    let has_provider = file.provider.is_some();
    let issuers = &file.trusted_issuers;
    let signs_in = issuers.iter().any(|it| !it.sign_in_clients.is_empty());
    match (has_provider, signs_in, file.state.is_some()) {
        (true, _, false) => checker.refuse(
            &at.key("state"),
            "is missing: with `provider`, codes, sessions and keys must be kept",
            "Add `state:` with `path: ./data/cellgate.db`.",
        ),
        (false, true, false) => checker.refuse(
            &at.key("state"),
            "is missing: with `sign_in_clients`, sessions must be kept",
            "Add `state:` with `path: ./data/cellgate.db`.",
        ),
        (false, false, true) => refuse_useless(checker, &at.key("state")),
        _ => {}
    }
    match (has_provider, file.users.is_some()) {
        (true, false) => checker.refuse(
            &at.key("users"),
            "is missing: with `provider`, somebody must check passwords",
            "Add `users:` with `cells:` or `static:`.",
        ),
        (false, true) => refuse_useless(checker, &at.key("users")),
        _ => {}
    }
}

fn refuse_useless(checker: &mut Checker, at: &KeyPath) {
    checker.refuse(
        at,
        "is of no use without `provider`",
        "Add `provider:`, or remove this section.",
    );
}

/// Sizes and times of the edge.
pub(super) fn limits(table: &LimitsTable) -> gateway::Limits {
    gateway::Limits {
        head_timeout: Duration::from_secs(table.head_timeout_s),
        head_bytes: table.head_bytes,
        head_fields: table.head_fields,
        target_bytes: table.target_bytes,
        keepalive: Duration::from_secs(table.keepalive_s),
        downstream_timeout: Duration::from_secs(table.downstream_timeout_s),
        connections: table.connections,
        connections_per_address: table.connections_per_address,
        token_failures_per_minute: table.token_failures_per_minute,
        remembered_tokens: table.remembered_tokens,
        tunnels: gateway::TunnelLimits {
            idle_timeout: Duration::from_secs(table.tunnels.idle_timeout_s),
            lifetime: table.tunnels.lifetime_s.map(Duration::from_secs),
            per_subject: table.tunnels.per_subject,
        },
    }
}
