//! `forward_auth`, and the routes that need it.

use super::trusted_proxies::networks;
use super::{Checker, route_path};
use crate::config::file::{AskingProxyTable, ForwardAuthTable, ProxyKindName, RouteTable};
use crate::config::key_path::KeyPath;
use crate::gateway::{AskingProxy, ForwardAuth, ProxyKind};
use crate::model::Issuer;

/// Checks path and proxies, and the routes against them. `issuer` is our own, if there is one.
pub(super) fn forward_auth(
    checker: &mut Checker,
    table: Option<ForwardAuthTable>,
    issuer: Option<&Issuer>,
    routes: &[RouteTable],
) -> Option<ForwardAuth> {
    let settings = table.map(|table| settings(checker, table, issuer));
    let path = settings.as_ref().map(|settings| settings.path.as_str());
    check_routes(checker, routes, path);
    settings
}

fn settings(
    checker: &mut Checker,
    table: ForwardAuthTable,
    issuer: Option<&Issuer>,
) -> ForwardAuth {
    let at = KeyPath::root().key("forward_auth");
    let at_path = at.key("path");
    if let Err(error) = route_path::check(&table.path) {
        checker.refuse(&at_path, error.to_string(), "");
    } else if table.path.ends_with('/') {
        let advice = format!("Write `{}`.", table.path.trim_end_matches('/'));
        checker.refuse(&at_path, "ends in a slash", advice);
    }
    let is_above = |below: &str| is_at_or_below(below, &table.path);
    if issuer.is_some_and(|issuer| is_above(issuer.path())) {
        checker.refuse(
            &at_path,
            "is at or above the path of the issuer, whose endpoints nobody would reach",
            "Leave it out, or write a path of its own.",
        );
    }
    let at_proxies = at.key("proxies");
    let mut taken = Vec::new();
    let proxies = checker
        .required(
            table.proxies,
            &at_proxies,
            "proxies: [{networks: [127.0.0.1], kind: nginx}]",
        )
        .into_iter()
        .flatten()
        .enumerate()
        .filter_map(|(n, table)| proxy(checker, table, &at_proxies.item(n), &mut taken))
        .collect();
    ForwardAuth {
        path: table.path,
        proxies,
    }
}

fn proxy(
    checker: &mut Checker,
    table: AskingProxyTable,
    at: &KeyPath,
    taken: &mut Vec<(KeyPath, ipnet::IpNet)>,
) -> Option<AskingProxy> {
    let networks = networks(checker, table.networks, &at.key("networks"), taken);
    let kind = checker.required(table.kind, &at.key("kind"), "kind: nginx")?;
    Some(AskingProxy {
        networks,
        kind: match kind {
            ProxyKindName::Nginx => ProxyKind::Nginx,
            ProxyKindName::Traefik => ProxyKind::Traefik,
            ProxyKindName::Caddy => ProxyKind::Caddy,
            ProxyKindName::Haproxy => ProxyKind::Haproxy,
            ProxyKindName::Envoy => ProxyKind::Envoy,
        },
    })
}

/// Refuses routes that `forward_auth` keeps anybody from, and those that need one where there is
/// none; `path` is where proxies ask, if they do.
fn check_routes(checker: &mut Checker, routes: &[RouteTable], path: Option<&str>) {
    for (n, route) in routes.iter().enumerate() {
        let at = KeyPath::root().key("routes").item(n);
        match path {
            None if route.forward_auth => checker.refuse(
                &at.key("forward_auth"),
                "is of no use without `forward_auth` at the top, which says what proxies may ask",
                "Write, for example, `forward_auth: {proxies: [{networks: [127.0.0.1], kind: nginx}]}`.",
            ),
            Some(path) if route.path.as_deref().is_some_and(|it| is_at_or_below(it, path)) => {
                checker.refuse(
                    &at.key("path"),
                    format!("would never match: proxies ask at and below `{path}` (`forward_auth`)"),
                    "Choose another path for one of them.",
                );
            }
            _ => {}
        }
    }
}

fn is_at_or_below(path: &str, above: &str) -> bool {
    let above = above.trim_end_matches('/');
    path.strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
