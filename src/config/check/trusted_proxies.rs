//! `trusted_proxies`.

use ipnet::IpNet;

use super::Checker;
use super::network::network;
use crate::config::file::{ToldByName, TrustedProxyTable};
use crate::config::key_path::KeyPath;
use crate::gateway::{ToldBy, TrustedProxies, TrustedProxy};

/// Checks the proxies, each and against each other.
pub(super) fn trusted_proxies(
    checker: &mut Checker,
    tables: Vec<TrustedProxyTable>,
) -> TrustedProxies {
    let at = KeyPath::root().key("trusted_proxies");
    let mut taken = Vec::new();
    let proxies = tables
        .into_iter()
        .enumerate()
        .filter_map(|(n, table)| {
            let at = at.item(n);
            let networks = networks(checker, table.networks, &at.key("networks"), &mut taken);
            let at_told_by = at.key("told_by");
            let told_by = checker.required(table.told_by, &at_told_by, "told_by: x_forwarded")?;
            Some(TrustedProxy {
                networks,
                told_by: match told_by {
                    ToldByName::XForwarded => ToldBy::ForwardedFields,
                    ToldByName::ProxyProtocol => ToldBy::ProxyProtocol,
                },
            })
        })
        .collect();
    TrustedProxies::new(proxies)
}

/// Addresses and networks that a proxy may have, none of which is in `taken`, where they are noted.
pub(super) fn networks(
    checker: &mut Checker,
    texts: Option<Vec<String>>,
    at: &KeyPath,
    taken: &mut Vec<(KeyPath, IpNet)>,
) -> Vec<IpNet> {
    checker
        .required(texts, at, "networks: [10.0.0.7]")
        .into_iter()
        .flatten()
        .enumerate()
        .filter_map(|(n, text)| {
            let at = at.item(n);
            let network = network_of_proxies(checker, &text, &at)?;
            let other = taken
                .iter()
                .find(|(_, other)| other.contains(&network) || network.contains(other));
            if let Some((other, _)) = other {
                let line = checker.problems.line(other);
                let reason = format!("overlaps {other} in line {line}");
                checker.refuse(&at, reason, "Name each address once.");
                return None;
            }
            taken.push((at, network));
            Some(network)
        })
        .collect()
}

/// A network of proxies, which is not everybody.
fn network_of_proxies(checker: &mut Checker, text: &str, at: &KeyPath) -> Option<IpNet> {
    let network = network(checker, text, at)?;
    if network.prefix_len() == 0 {
        checker.refuse(
            at,
            "is everybody: whoever connects could write any address",
            "List the addresses of your proxies.",
        );
        return None;
    }
    Some(network)
}
