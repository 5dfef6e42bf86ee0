//! `trusted_issuers`.

use std::time::Duration;

use serde_json::Value;

use super::name::Names;
use super::{Checker, pem, provider};
use crate::config::file::{AlgorithmName, TrustedIssuerTable};
use crate::config::key_path::KeyPath;
use crate::jose::{TrustedIssuer, VerificationAlgorithm};

/// A trusted issuer; its name is known even where the rest cannot be used.
pub(super) struct Checked {
    pub(super) issuer: Option<String>,
    pub(super) settings: Option<TrustedIssuer>,
}

/// Checks the trusted issuers, each and against our own.
pub(super) fn trusted_issuers(
    checker: &mut Checker,
    tables: Vec<TrustedIssuerTable>,
    own: Option<&provider::Checked>,
) -> Vec<Checked> {
    let at = KeyPath::root().key("trusted_issuers");
    let mut names = Names::default();
    if let Some(own) = own {
        let at = KeyPath::root().key("provider").key("issuer");
        names.take(checker, own.settings.issuer.as_str(), &at);
    }
    tables
        .into_iter()
        .enumerate()
        .map(|(n, table)| trusted_issuer(checker, &table, &mut names, &at.item(n)))
        .collect()
}

fn trusted_issuer(
    checker: &mut Checker,
    table: &TrustedIssuerTable,
    names: &mut Names,
    at: &KeyPath,
) -> Checked {
    let at_issuer = at.key("issuer");
    let example = "issuer: https://issuer.example/";
    let issuer = checker.required(table.issuer.clone(), &at_issuer, example);
    if let Some(issuer) = &issuer {
        names.take(checker, issuer, &at_issuer);
        if !issuer.bytes().all(|byte| byte.is_ascii_graphic()) {
            checker.refuse(
                &at_issuer,
                "has spaces or other than ASCII characters",
                "Copy `iss` from one of its tokens, or `issuer` from its discovery document.",
            );
        }
    }
    let jwks = jwks(checker, table.jwks_file.as_deref(), &at.key("jwks_file"));
    let at_algorithms = at.key("algorithms");
    let algorithms = checker
        .required(
            table.algorithms.as_deref(),
            &at_algorithms,
            "algorithms: [RS256]",
        )
        .map(|names| algorithms(checker, names, &at_algorithms));
    let mut types = Names::default();
    for (n, name) in table.types.iter().enumerate() {
        types.take(checker, name, &at.key("types").item(n));
    }
    let settings = issuer.clone().zip(jwks).zip(algorithms);
    Checked {
        issuer,
        settings: settings.map(|((issuer, jwks), algorithms)| TrustedIssuer {
            issuer,
            jwks,
            algorithms,
            types: table.types.clone(),
            leeway: Duration::from_secs(table.leeway_s),
        }),
    }
}

fn algorithms(
    checker: &mut Checker,
    names: &[AlgorithmName],
    at: &KeyPath,
) -> Vec<VerificationAlgorithm> {
    let mut seen = Names::default();
    let algorithms = names.iter().enumerate().map(|(n, name)| {
        let algorithm = name.meant();
        seen.take(checker, algorithm.as_str(), &at.item(n));
        algorithm
    });
    algorithms.collect()
}

/// The text of a JSON Web Key Set that has public keys and nothing secret.
fn jwks(checker: &mut Checker, file: Option<&str>, at: &KeyPath) -> Option<String> {
    let file = checker.required(file, at, "jwks_file: issuer.jwks.json")?;
    let text = pem::readable(checker, checker.files.read_text(file), at)?;
    let document: Value = serde_json::from_str(&text).unwrap_or_default();
    let keys = document.get("keys").and_then(Value::as_array);
    let has_secret = |key: &Value| ["d", "k"].into_iter().any(|name| key.get(name).is_some());
    let problem = match keys.map(Vec::as_slice) {
        None => Some((
            "names a file that is no JSON Web Key Set",
            "Save what the issuer's `jwks_uri` shows: `{\"keys\": […]}`.",
        )),
        Some([]) => Some((
            "names a key set without a key",
            "Save what the issuer's `jwks_uri` shows.",
        )),
        Some(keys) if keys.iter().any(has_secret) => Some((
            "names a key set with a private or shared key, which does not belong here",
            "Keep the public members only, and replace the key: it may have been seen.",
        )),
        Some(_) => None,
    };
    if let Some((reason, advice)) = problem {
        checker.refuse(at, reason, advice);
        return None;
    }
    Some(text)
}
