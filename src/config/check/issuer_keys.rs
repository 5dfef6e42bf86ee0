//! Where the keys of a trusted issuer come from: exactly one place.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::{Checker, pem};
use crate::config::file::{DiscoveryName, TrustedIssuerTable};
use crate::config::key_path::KeyPath;
use crate::issuers::{Convention, FetchedKeys, KeyLocation, KeySource, is_private};

/// Checks the one source of keys; none at all is enough where every token is introspected.
pub(super) fn source(
    checker: &mut Checker,
    table: &TrustedIssuerTable,
    at: &KeyPath,
) -> Option<KeySource> {
    let sources = [
        ("discovery", table.discovery.is_some()),
        ("jwks_url", table.jwks_url.is_some()),
        ("jwks_file", table.jwks_file.is_some()),
        ("jwks", table.jwks.is_some()),
    ];
    let is_broken = |(key, _): &(&str, bool)| checker.problems.is_broken(&at.key(key));
    if sources.iter().any(is_broken) {
        return None;
    }
    let written = sources.into_iter().filter(|(_, is_there)| *is_there);
    let written: Vec<&str> = written.map(|(key, _)| key).collect();
    match written.as_slice() {
        [] if table.introspection.is_some() => return Some(KeySource::Absent),
        [] => {
            checker.refuse(
                at,
                "has no keys: nothing says how its tokens are verified",
                "Write `discovery: openid`, or one of `jwks_url`, `jwks_file` and `jwks`, or an \
                 `introspection` endpoint for opaque tokens.",
            );
            return None;
        }
        [_] => {}
        [first, second, ..] => {
            checker.refuse(
                &at.key(second),
                format!("is a second source of keys, besides `{first}`"),
                "Keep one of them.",
            );
            return None;
        }
    }
    if let Some(file) = &table.jwks_file {
        let at = at.key("jwks_file");
        let text = pem::readable(checker, checker.files.read_text(file), &at)?;
        return key_set(checker, text, "names a file that", &at).map(KeySource::File);
    }
    if let Some(text) = &table.jwks {
        let at = at.key("jwks");
        return key_set(checker, text.clone(), "is a text that", &at).map(KeySource::Written);
    }
    let location = location(checker, table, at)?;
    Some(KeySource::Fetched(FetchedKeys {
        location,
        interval: Duration::from_secs(table.key_refresh.interval_s),
        min_interval: Duration::from_secs(table.key_refresh.min_interval_s),
        outage_grace: Duration::from_secs(table.key_refresh.outage_grace_s),
    }))
}

fn location(
    checker: &mut Checker,
    table: &TrustedIssuerTable,
    at: &KeyPath,
) -> Option<KeyLocation> {
    if let Some(text) = &table.jwks_url {
        return url(checker, text, &at.key("jwks_url")).map(KeyLocation::Jwks);
    }
    let convention = match table.discovery? {
        DiscoveryName::Openid => Convention::OpenId,
        DiscoveryName::Oauth => Convention::OAuth,
    };
    let place = convention.place(table.issuer.as_deref()?);
    if place.is_none() {
        checker.refuse(
            &at.key("discovery"),
            "needs an issuer that is an https address without query, fragment and user",
            "Name the keys instead: `jwks_url: https://…` or `jwks_file: …`.",
        );
    }
    place.map(KeyLocation::Metadata)
}

/// An address that only TLS, or this machine's own loopback, leads to.
pub(super) fn url(checker: &mut Checker, text: &str, at: &KeyPath) -> Option<Url> {
    let url = Url::parse(text).ok().filter(|url| {
        is_private(url)
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    });
    if url.is_none() {
        checker.refuse(
            at,
            "is not an https address (http is accepted for a loopback address only)",
            "Write, for example, `https://login.example/…`, without user and fragment.",
        );
    }
    url
}

/// The text of a JSON Web Key Set that has public keys and nothing secret.
fn key_set(checker: &mut Checker, text: String, found: &str, at: &KeyPath) -> Option<String> {
    let document: Value = serde_json::from_str(&text).unwrap_or_default();
    let keys = document.get("keys").and_then(Value::as_array);
    let has_secret = |key: &Value| ["d", "k"].into_iter().any(|name| key.get(name).is_some());
    let problem = match keys.map(Vec::as_slice) {
        None => Some((
            "is no JSON Web Key Set",
            "Write what the issuer's `jwks_uri` shows: `{\"keys\": […]}`.",
        )),
        Some([]) => Some((
            "is a key set without a key",
            "Write what the issuer's `jwks_uri` shows.",
        )),
        Some(keys) if keys.iter().any(has_secret) => Some((
            "is a key set with a private or shared key, which does not belong here",
            "Keep the public members only, and replace the key: it may have been seen.",
        )),
        Some(_) => None,
    };
    if let Some((reason, advice)) = problem {
        checker.refuse(at, format!("{found} {reason}"), advice);
        return None;
    }
    Some(text)
}
