//! `strict_transport_security`.

use super::Checker;
use crate::config::defaults;
use crate::config::file::TransportSecurityTable;
use crate::config::key_path::KeyPath;
use crate::gateway::{TransportSecurity, TrustedProxies};

/// Checks what browsers are told of TLS, which ends here, or at a proxy that says so.
pub(super) fn check(
    checker: &mut Checker,
    table: Option<&TransportSecurityTable>,
    has_tls: bool,
    proxies: &TrustedProxies,
) -> Option<TransportSecurity> {
    let table = table?;
    let is_there_tls = has_tls || proxies.tell_by_fields();
    let at = KeyPath::root().key("strict_transport_security");
    if !is_there_tls {
        checker.refuse(
            &at,
            "would never be sent: no listener has `tls`, and no proxy in `trusted_proxies` that \
             tells by `x_forwarded` could say that it has",
            "Give a listener `tls`, list the proxy where TLS ends, or remove it.",
        );
    }
    // What hstspreload.org asks for, so that nobody believes to be on the list who is not.
    let year = defaults::TRANSPORT_SECURITY_MAX_AGE_S;
    if table.preload && !(table.include_subdomains && table.max_age_s >= year) {
        checker.refuse(
            &at.key("preload"),
            format!("needs `include_subdomains: true` and a `max_age_s` of {year} at least"),
            "Write them, or remove it: a host is hard to get off the list.",
        );
    }
    Some(TransportSecurity {
        max_age_s: table.max_age_s,
        include_subdomains: table.include_subdomains,
        preload: table.preload,
    })
}
