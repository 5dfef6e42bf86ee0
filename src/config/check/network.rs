//! Networks, as peers are compared with them.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Checker;
use crate::config::key_path::KeyPath;

/// A network, or an address as the smallest one; written in its one form, since a network that is
/// written otherwise was probably meant otherwise.
pub(super) fn network(checker: &mut Checker, text: &str, at: &KeyPath) -> Option<IpNet> {
    const EXAMPLE: &str = "Write, for example, `10.0.0.0/8`, `2001:db8::/32` or `192.0.2.7`.";
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address.to_canonical()),
        Err(_) => match text.parse::<IpNet>() {
            Ok(network) => network,
            Err(_) => {
                checker.refuse(at, "is neither an IP address nor a network", EXAMPLE);
                return None;
            }
        },
    };
    if let IpNet::V6(v6) = network
        && v6.addr().to_ipv4_mapped().is_some()
    {
        let reason = "would never match: such peers are known by their IPv4 address";
        checker.refuse(at, reason, EXAMPLE);
        return None;
    }
    if network != network.trunc() {
        let advice = format!("Write `{}`, or the address alone.", network.trunc());
        checker.refuse(
            at,
            "is an address inside of a network, not the network",
            advice,
        );
        return None;
    }
    Some(network)
}
