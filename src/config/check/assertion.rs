//! `routes[].assertion`: what an upstream is told under our signature.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

use super::name::Names;
use super::routes::Around;
use super::{Checker, identity};
use crate::config::file::{AssertionTable, AuthenticationMode, RouteTable};
use crate::config::key_path::KeyPath;
use crate::gateway::{Assertion, ClaimSource, IdentityHeaders};

/// The headers that assertions stand in on any route, which no request may bring to any: upstreams
/// believe them wherever they see them.
pub(super) fn headers(routes: &[RouteTable]) -> Vec<(KeyPath, HeaderName)> {
    let mut headers: Vec<(KeyPath, HeaderName)> = Vec::new();
    for (n, table) in routes.iter().enumerate() {
        let written = table.assertion.as_ref();
        let name = written.and_then(|it| HeaderName::from_bytes(it.header.as_bytes()).ok());
        let is_new = |name: &HeaderName| headers.iter().all(|(_, known)| known != name);
        if let Some(name) = name.filter(is_new) {
            let at = KeyPath::root().key("routes").item(n);
            headers.push((at.key("assertion").key("header"), name));
        }
    }
    headers
}

/// Checks the assertion of a route.
pub(super) fn of_route(
    checker: &mut Checker,
    table: &RouteTable,
    around: &Around<'_>,
    at: &KeyPath,
) -> Option<Arc<Assertion>> {
    let at = at.key("assertion");
    let written = table.assertion.as_ref()?;
    if !around.accepted.has_provider {
        checker.refuse(
            &at,
            "needs a provider, whose keys sign it and whose key set tells upstreams about them",
            "Add `provider:`, or remove it.",
        );
    }
    if table.authentication == AuthenticationMode::Anonymous || table.refuse {
        checker.refuse(
            &at,
            "has nobody to tell of: on this route nobody is asked who they are",
            "Write `authentication: required`, or remove it.",
        );
    }
    let header = identity::header_name(checker, &written.header, &at.key("header"));
    let audience = written.audience.clone().or_else(|| table.upstream.clone());
    if audience.is_none() && !table.refuse {
        checker.refuse(
            &at.key("audience"),
            "is missing: without `upstream` nothing says whom the assertion is for",
            "Write a name or URL that the application checks, such as `https://wiki.internal/`.",
        );
    }
    Some(Arc::new(Assertion {
        claims: claims(checker, written, around.identity, &at),
        header: header?,
        audience: audience?,
        lifetime: Duration::from_secs(written.lifetime_s),
    }))
}

/// The claims that are repeated, besides those that an assertion has in any case.
fn claims(
    checker: &mut Checker,
    table: &AssertionTable,
    identity: &IdentityHeaders,
    at: &KeyPath,
) -> Vec<String> {
    let is_own = |claim: &str| Assertion::OWN_CLAIMS.contains(&claim);
    let Some(written) = &table.claims else {
        let mapped = identity
            .mapping
            .iter()
            .filter_map(|(_, source)| match source {
                ClaimSource::Claim(claim) if !is_own(claim) => Some(claim.clone()),
                _ => None,
            });
        let mut claims: Vec<String> = mapped.collect();
        claims.sort();
        claims.dedup();
        return claims;
    };
    let mut names = Names::default();
    for (n, claim) in written.iter().enumerate() {
        let at = at.key("claims").item(n);
        names.take(checker, claim, &at);
        if is_own(claim) {
            checker.refuse(
                &at,
                "is one that an assertion has of its own, or must not take over",
                "Remove it.",
            );
        }
    }
    written.clone()
}
