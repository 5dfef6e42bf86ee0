//! `trusted_issuers`.

use std::time::Duration;

use super::name::Names;
use super::{Checker, introspection, issuer_keys, pem, provider, sign_in_clients};
use crate::config::file::{AlgorithmName, TrustedIssuerTable};
use crate::config::key_path::KeyPath;
use crate::issuers::{KeySource, Transport, TrustedIssuer};
use crate::jose::{ClaimPath, Terms, VerificationAlgorithm};

/// A trusted issuer; what routes need of it is known even where the rest cannot be used.
pub(super) struct Checked {
    pub(super) issuer: Option<String>,
    /// What it is trusted for on every route.
    pub(super) audience: Vec<String>,
    /// Whether it says what opaque tokens are.
    pub(super) introspects: bool,
    /// What we are there: the names for routes, and what the issuer calls us.
    pub(super) clients: Vec<(String, String)>,
    pub(super) settings: Option<TrustedIssuer>,
}

/// Claims that say what was verified, and so are where they always are (RFC 7519 §4.1, RFC 7800).
const FIXED_CLAIMS: [&str; 8] = ["iss", "aud", "exp", "nbf", "iat", "jti", "cnf", "grant_id"];

/// What they run on; `None` when one of them cannot be used.
pub(super) fn settings(checked: Vec<Checked>) -> Option<Vec<TrustedIssuer>> {
    let settings = checked.into_iter().map(|checked| checked.settings);
    settings.collect()
}

/// Checks the trusted issuers, each and against our own.
pub(super) fn trusted_issuers(
    checker: &mut Checker,
    tables: Vec<TrustedIssuerTable>,
    own: Option<&provider::Checked>,
) -> Vec<Checked> {
    let at = KeyPath::root().key("trusted_issuers");
    let mut names = Names::default();
    let mut clients = Names::default();
    if let Some(own) = own {
        let at = KeyPath::root().key("provider").key("issuer");
        names.take(checker, own.settings.issuer.as_str(), &at);
    }
    tables
        .into_iter()
        .enumerate()
        .map(|(n, table)| trusted_issuer(checker, &table, (&mut names, &mut clients), &at.item(n)))
        .collect()
}

fn trusted_issuer(
    checker: &mut Checker,
    table: &TrustedIssuerTable,
    (names, client_names): (&mut Names, &mut Names),
    at: &KeyPath,
) -> Checked {
    let issuer = issuer(checker, table, names, at);
    let keys = issuer_keys::source(checker, table, at);
    let has_keys = keys.as_ref().is_none_or(|keys| *keys != KeySource::Absent);
    let algorithms = algorithms(checker, table, has_keys, &at.key("algorithms"));
    let terms = terms(checker, table, at);
    let introspection = table
        .introspection
        .as_ref()
        .map(|table| introspection::endpoint(checker, table, &at.key("introspection")));
    let clients = sign_in_clients::clients(checker, table, client_names, at);
    let transport = transport(checker, table, at);
    let known = clients.iter().flatten();
    let known = known.map(|client| (client.name.clone(), client.client_id.clone()));
    let known = known.collect();
    let settings = issuer.clone().zip(keys).zip(algorithms);
    let settings = settings
        .zip(super::settled(introspection))
        .zip(transport)
        .zip(clients)
        .map(
            |(((((issuer, keys), algorithms), introspection), transport), clients)| TrustedIssuer {
                issuer,
                algorithms,
                terms,
                keys,
                introspection,
                sign_in_clients: clients,
                transport,
            },
        );
    Checked {
        issuer,
        audience: table.audience.clone().unwrap_or_default(),
        introspects: table.introspection.is_some(),
        clients: known,
        settings,
    }
}

fn issuer(
    checker: &mut Checker,
    table: &TrustedIssuerTable,
    names: &mut Names,
    at: &KeyPath,
) -> Option<String> {
    let at = at.key("issuer");
    let example = "issuer: https://issuer.example/";
    let issuer = checker.required(table.issuer.clone(), &at, example)?;
    names.take(checker, &issuer, &at);
    if !issuer.bytes().all(|byte| byte.is_ascii_graphic()) {
        checker.refuse(
            &at,
            "has spaces or other than ASCII characters",
            "Copy `iss` from one of its tokens, or `issuer` from its discovery document.",
        );
    }
    Some(issuer)
}

fn algorithms(
    checker: &mut Checker,
    table: &TrustedIssuerTable,
    has_keys: bool,
    at: &KeyPath,
) -> Option<Vec<VerificationAlgorithm>> {
    let written = table.algorithms.as_deref();
    let names: &[AlgorithmName] = if has_keys {
        checker.required(written, at, "algorithms: [RS256]")?
    } else {
        written.unwrap_or_default()
    };
    let mut seen = Names::default();
    let algorithms = names.iter().enumerate().map(|(n, name)| {
        let algorithm = name.meant();
        seen.take(checker, algorithm.as_str(), &at.item(n));
        algorithm
    });
    Some(algorithms.collect())
}

fn terms(checker: &mut Checker, table: &TrustedIssuerTable, at: &KeyPath) -> Terms {
    let mut types = Names::default();
    for (n, name) in table.types.iter().enumerate() {
        types.take(checker, name, &at.key("types").item(n));
    }
    let claims = table.claims.iter().map(|(name, path)| {
        let at = at.key("claims").key(name);
        if FIXED_CLAIMS.contains(&name.as_str()) {
            checker.refuse(
                &at,
                "is a claim that says what was verified, which no other can stand for",
                "Remove it: `sub`, `client_id`, `scope` and claims for headers can be mapped.",
            );
        }
        if path.iter().any(String::is_empty) {
            checker.refuse(
                &at,
                "has an empty name",
                "Write, for example, `[realm_access, roles]`.",
            );
        }
        (name.clone(), ClaimPath(path.clone()))
    });
    Terms {
        claims: claims.collect(),
        types: table.types.clone(),
        leeway: Duration::from_secs(table.leeway_s),
        audience: table.audience.clone().unwrap_or_default(),
    }
}

fn transport(checker: &mut Checker, table: &TrustedIssuerTable, at: &KeyPath) -> Option<Transport> {
    let at = at.key("ca_file");
    let ca_pem = table
        .ca_file
        .as_deref()
        .map(|file| pem::certificates(checker, file, &at));
    Some(Transport {
        timeout: Duration::from_secs(table.timeout_s),
        ca_pem: super::settled(ca_pem)?,
    })
}
