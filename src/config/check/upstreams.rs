//! `upstreams`.

use std::time::Duration;

use url::Host;

use super::name::Names;
use super::server_address::ServerAddress;
use super::{Checker, host, pem, route_path};
use crate::config::file::{BalanceName, HealthCheckTable, UpstreamTable};
use crate::config::key_path::KeyPath;
use crate::gateway::{Balance, ClientKey, HealthCheck, PassiveHealth, Upstream, UpstreamTls};

/// The upstreams, and the names of all of them, usable or not.
pub(super) struct Checked {
    pub(super) settings: Vec<Upstream>,
    pub(super) names: Names,
    /// Whether an upstream has no readable name, so that a route may well mean it.
    pub(super) some_unnamed: bool,
}

/// Checks the upstreams.
pub(super) fn upstreams(checker: &mut Checker, tables: &[UpstreamTable]) -> Checked {
    let at = KeyPath::root().key("upstreams");
    let mut names = Names::default();
    let mut some_unnamed = checker.problems.is_broken(&at);
    let mut settings = Vec::new();
    for (n, table) in tables.iter().enumerate() {
        let at = at.item(n);
        let name = checker.required(table.name.as_deref(), &at.key("name"), "name: app");
        some_unnamed |= name.is_none();
        if let Some(name) = name {
            names.take_label(checker, name, &at.key("name"));
        }
        settings.extend(upstream(checker, table, &at));
    }
    Checked {
        settings,
        names,
        some_unnamed,
    }
}

fn upstream(checker: &mut Checker, table: &UpstreamTable, at: &KeyPath) -> Option<Upstream> {
    let servers = servers(checker, table.servers.as_deref(), at)?;
    let tls = tls(checker, table, &servers, at);
    if let Some(Err(error)) = table.host.as_deref().map(host::check_authority) {
        checker.refuse(&at.key("host"), error.to_string(), "");
    }
    let health_check = table
        .health_check
        .as_ref()
        .map(|table| health_check(checker, table, &at.key("health_check")));
    Some(Upstream {
        name: table.name.clone()?,
        servers: servers.iter().map(ServerAddress::authority).collect(),
        tls,
        http2: table.http2,
        host: table.host.clone(),
        health_check,
        connect_timeout: Duration::from_millis(table.connect_timeout_ms),
        read_timeout: Duration::from_secs(table.read_timeout_s),
        write_timeout: Duration::from_secs(table.write_timeout_s),
        idle_timeout: Duration::from_secs(table.idle_timeout_s),
        retries: table.retries,
        balance: match table.balance {
            BalanceName::RoundRobin => Balance::RoundRobin,
            BalanceName::Address => Balance::Address,
            BalanceName::Subject => Balance::Subject,
            BalanceName::Cookie => Balance::Cookie,
        },
        passive_health: table.passive_health.as_ref().map(|table| PassiveHealth {
            failures: table.failures,
            pause: Duration::from_secs(table.pause_s),
        }),
        max_in_flight: table.max_in_flight,
    })
}

fn servers(
    checker: &mut Checker,
    texts: Option<&[String]>,
    at: &KeyPath,
) -> Option<Vec<ServerAddress>> {
    let at = at.key("servers");
    let texts = checker.required(texts, &at, "servers: [http://127.0.0.1:8080]")?;
    let mut seen = Names::default();
    let mut servers: Vec<ServerAddress> = Vec::new();
    for (n, text) in texts.iter().enumerate() {
        let at = at.item(n);
        match ServerAddress::parse(text) {
            Ok(server) => {
                seen.take(checker, &server.authority(), &at);
                if servers
                    .first()
                    .is_some_and(|first| first.is_https != server.is_https)
                {
                    checker.refuse(
                        &at,
                        "has another scheme than the first server",
                        "Give all servers `https`, or make two upstreams.",
                    );
                }
                servers.push(server);
            }
            Err(error) => checker.refuse(
                &at,
                error.to_string(),
                "Write, for example, `https://app.internal:8443`.",
            ),
        }
    }
    (servers.len() == texts.len()).then_some(servers)
}

/// TLS towards the servers: there must be one name to verify their certificates against.
fn tls(
    checker: &mut Checker,
    table: &UpstreamTable,
    servers: &[ServerAddress],
    at: &KeyPath,
) -> Option<UpstreamTls> {
    let at_name = at.key("server_name");
    if !servers.iter().any(|server| server.is_https) {
        for (key, is_there) in [
            ("server_name", table.server_name.is_some()),
            ("ca_file", table.ca_file.is_some()),
            (
                "client_certificate_file",
                table.client_certificate_file.is_some(),
            ),
            (
                "client_private_key_file",
                table.client_private_key_file.is_some(),
            ),
        ] {
            if is_there {
                let advice = "Write the servers with `https://`, or remove it.";
                checker.refuse(&at.key(key), "is for `https` servers only", advice);
            }
        }
        return None;
    }
    let server_name = match &table.server_name {
        Some(name) if host::is_domain(name) => Some(name.clone()),
        Some(_) => {
            let advice = "Write a name in the certificate, such as `app.internal`.";
            checker.refuse(&at_name, "is not a lower-case host name", advice);
            None
        }
        None => shared_name(servers).or_else(|| {
            checker.refuse(
                &at_name,
                "is missing: the servers have no host name in common that their certificates \
                 could be verified against",
                "Write a name in the certificate: `server_name: app.internal`.",
            );
            None
        }),
    };
    let at_ca = at.key("ca_file");
    let ca_pem = table
        .ca_file
        .as_deref()
        .and_then(|file| pem::certificates(checker, file, &at_ca));
    Some(UpstreamTls {
        server_name: server_name?,
        ca_pem,
        client_certificate: client_key(checker, table, at),
    })
}

/// What is shown to servers that ask for a certificate: both files, or none.
fn client_key(checker: &mut Checker, table: &UpstreamTable, at: &KeyPath) -> Option<ClientKey> {
    let (chain, key) = (
        &table.client_certificate_file,
        &table.client_private_key_file,
    );
    if chain.is_none() && key.is_none() {
        return None;
    }
    let at_chain = at.key("client_certificate_file");
    let example = "client_certificate_file: cellgate.cert.pem";
    let chain = checker.required(chain.as_deref(), &at_chain, example);
    let chain = chain.and_then(|file| pem::certificates(checker, file, &at_chain));
    let at_key = at.key("client_private_key_file");
    let example = "client_private_key_file: cellgate.key.pem";
    let key = checker.required(key.as_deref(), &at_key, example);
    let key = key.and_then(|file| pem::private_key(checker, file, &at_key));
    Some(ClientKey {
        chain: chain?,
        key: key?,
    })
}

/// The host name of all servers, if it is one.
fn shared_name(servers: &[ServerAddress]) -> Option<String> {
    let (first, rest) = servers.split_first()?;
    match &first.host {
        Host::Domain(name) if rest.iter().all(|server| server.host == first.host) => {
            Some(name.clone())
        }
        Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

fn health_check(checker: &mut Checker, table: &HealthCheckTable, at: &KeyPath) -> HealthCheck {
    // A query is allowed here: this is a request of ours, not a pattern.
    let path = table
        .path
        .as_deref()
        .map(|path| path.split('?').next().unwrap_or(path));
    if let Some(Err(error)) = path.map(route_path::check) {
        checker.refuse(
            &at.key("path"),
            error.to_string(),
            "Write, for example, `/healthz`.",
        );
    }
    HealthCheck {
        path: table.path.clone(),
        interval: Duration::from_secs(table.interval_s),
        healthy_after: table.healthy_after,
        unhealthy_after: table.unhealthy_after,
    }
}
