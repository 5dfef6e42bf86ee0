//! The certificates of the listeners: each with its key, its time, and the names asked for.

use std::collections::{BTreeSet, HashSet};

use super::leaf::{Leaf, Life};
use super::{Finding, Severity};
use crate::config::{Config, KeyPath};
use crate::model::Timestamp;
use crate::server::tls::{self, TlsError};
use crate::server::{Acme, CertificatePem, ClientCertificates, acme};

/// Looks at every certificate of every listener.
pub(super) fn inspect(config: &Config, now: Timestamp) -> Vec<Finding> {
    let at = KeyPath::root().key("listeners");
    let mut found = Vec::new();
    let mut leaves = Vec::new();
    for (n, listener) in config.listeners.iter().enumerate() {
        let at_tls = at.item(n).key("tls");
        let at = at_tls.key("certificates");
        let certificates = listener.tls.iter().flat_map(|tls| &tls.certificates);
        for (m, pem) in certificates.enumerate() {
            let at = at.item(m);
            if let Err(error) = tls::check(pem) {
                found.push(unusable(&error, pem, &at));
            }
            if let Some(leaf) = Leaf::parse(&pem.chain) {
                found.extend(untimely(leaf.life(now), at.key("certificate_file")));
                leaves.push(leaf);
            }
        }
        let clients = listener
            .tls
            .iter()
            .filter_map(|tls| tls.client_certificates.as_ref());
        let at = at_tls.key("client_certificates").key("ca_file");
        found.extend(clients.filter_map(|settings| client_ca(settings, now, &at)));
    }
    if let Some(acme) = &config.acme {
        found.extend(ordered(config, acme));
    }
    if !leaves.is_empty() || config.acme.is_some() {
        found.extend(uncovered(config, &leaves));
    }
    found
}

/// What is kept of certificates that are ordered. One that ends is no finding: it is renewed.
fn ordered(config: &Config, acme: &Acme) -> Vec<Finding> {
    let at = KeyPath::root().key("acme").key("folder");
    let doubtful = |reason: String, advice: &str| {
        Finding::new(at.clone(), Severity::Doubtful, reason, advice.to_owned())
    };
    let open = acme::open_files(acme).into_iter().map(|path| {
        let reason = format!("has keys that others may read: {}", path.display());
        doubtful(reason, "Take that away with `chmod 600`.")
    });
    let mut found: Vec<Finding> = open.collect();
    if acme.folder.exists() && !acme.folder.is_dir() {
        found.push(Finding::unusable(
            at.clone(),
            "is not a folder",
            "Name a folder that this process may write to; it is created.",
        ));
    }
    let listeners = acme::with_ordered(&config.listeners, Some(acme));
    let missing = listeners.iter().filter_map(|it| it.tls.as_ref());
    let missing: BTreeSet<String> = missing.flat_map(acme::missing).collect();
    if !missing.is_empty() {
        let names: Vec<String> = missing.into_iter().collect();
        let reason = format!("has no certificate yet for {}", names.join(", "));
        found.push(doubtful(
            reason,
            "It is obtained once Cellgate runs; until then handshakes under that name fail.",
        ));
    }
    found
}

/// Whether a certificate for `host` is obtained by ACME.
fn is_ordered(config: &Config, host: &str) -> bool {
    let tls = config.listeners.iter().filter_map(|it| it.tls.as_ref());
    tls.flat_map(|tls| &tls.acme_names).any(|name| name == host)
}

/// Those who vouch for clients: whether one of them can, today.
fn client_ca(settings: &ClientCertificates, now: Timestamp, at: &KeyPath) -> Option<Finding> {
    if let Err(error) = tls::check_clients(settings) {
        let advice = "Write the certificates of the CA as PEM.";
        return Some(Finding::unusable(at.clone(), error.to_string(), advice));
    }
    let lives: Vec<Life> = Leaf::parse_all(&settings.ca_pem)
        .map(|authority| authority.life(now))
        .collect();
    // Of several, the old one may stay until the last certificate of it has been replaced.
    if lives.contains(&Life::Current) {
        return None;
    }
    lives
        .into_iter()
        .find_map(|life| untimely(life, at.clone()))
}

fn unusable(error: &TlsError, pem: &CertificatePem, at: &KeyPath) -> Finding {
    let at_key = at.key("private_key_file");
    match error {
        TlsError::Chain { reason, .. } => Finding::unusable(
            at.key("certificate_file"),
            format!("names a file whose certificates cannot be read: {reason}"),
            "Write the chain as PEM, the listener's certificate first.",
        ),
        TlsError::Key { .. } => Finding::unusable(
            at_key,
            "names a file whose private key cannot be read",
            "Write the key as PEM (PKCS #8, PKCS #1 or SEC 1), without a passphrase.",
        ),
        // The library says the same of a certificate it cannot parse.
        TlsError::Mismatch { reason, .. } if Leaf::parse(&pem.chain).is_none() => {
            Finding::unusable(
                at.key("certificate_file"),
                format!("names a file whose first certificate cannot be read: {reason}"),
                "Write the chain as PEM, the listener's certificate first.",
            )
        }
        TlsError::Mismatch { reason, .. } => Finding::unusable(
            at_key,
            format!("names a key that is not the key of `certificate_file`: {reason}"),
            "Compare what `openssl x509 -in CERTIFICATE -noout -pubkey` and \
             `openssl pkey -in KEY -pubout` print: it must be the same.",
        ),
        TlsError::NoCertificate | TlsError::ClientCa { .. } | TlsError::Setup(_) => {
            Finding::unusable(at.clone(), error.to_string(), "")
        }
    }
}

/// A certificate that is shown too early, too late, or not for long any more.
fn untimely(life: Life, at: KeyPath) -> Option<Finding> {
    let renew = "Renew it; SIGHUP then puts the new one in force without a restart.";
    let (severity, reason, advice) = match life {
        Life::Current => return None,
        Life::Ahead(day) => (
            Severity::Untimely,
            format!("names a certificate that is not valid before {day}"),
            "Compare the clock of this machine, or use the certificate before this one.",
        ),
        Life::Ending(day) => (
            Severity::Doubtful,
            format!("names a certificate that expires on {day}"),
            renew,
        ),
        Life::Over(day) => (
            Severity::Untimely,
            format!("names a certificate that expired on {day}"),
            renew,
        ),
    };
    Some(Finding::new(at, severity, reason, advice.to_owned()))
}

/// Hosts that are served under no certificate with their name: the issuer's and the routes'.
///
/// A warning only: another name may be what is asked for in front of us.
fn uncovered(config: &Config, leaves: &[Leaf]) -> Vec<Finding> {
    let issuer = config.provider.iter().map(|provider| &provider.issuer);
    let issuer = issuer
        .filter(|issuer| issuer.is_https())
        .map(|issuer| (KeyPath::root().key("provider").key("issuer"), issuer.host()));
    let at = KeyPath::root().key("routes");
    let routes = config.gateway.routes.iter().enumerate();
    let routes =
        routes.filter_map(|(n, route)| Some((at.item(n).key("host"), route.host.as_deref()?)));
    let names: Vec<&str> = leaves
        .iter()
        .flat_map(Leaf::names)
        .map(String::as_str)
        .collect();
    let names = if names.is_empty() {
        "no name".to_owned()
    } else {
        names.join(", ")
    };
    let mut seen = HashSet::new();
    issuer
        .chain(routes)
        .filter(|(_, host)| seen.insert(*host) && !is_ordered(config, host))
        .filter(|(_, host)| !leaves.iter().any(|leaf| leaf.covers(host)))
        .map(|(at, host)| {
            Finding::new(
                at,
                Severity::Doubtful,
                format!("is at {host}, and no certificate is for that: browsers will refuse it"),
                format!("Add a certificate for {host}; there are some for {names}."),
            )
        })
        .collect()
}
