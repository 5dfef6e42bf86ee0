//! What users allow clients, and what ends it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::model::{ClientId, Consent, Grant, IdentityClaim, Subject};
use crate::provider::claims;

/// Somebody allowed a client what it asked for.
pub(crate) fn consented(consent: &Consent, peer: IpAddr) {
    tracing::info!(
        target: "audit",
        event = "consent",
        outcome = "success",
        consent.scope = %consent.allowed.scope,
        consent.claims = names(&consent.allowed.claims),
        user.subject = %consent.subject,
        client.id = %consent.client_id,
        peer.address = %peer,
        "a user consented"
    );
}

/// A code was issued.
pub(crate) fn granted(grant: &Grant, peer: IpAddr) {
    tracing::info!(
        target: "audit",
        event = "grant",
        outcome = "success",
        grant.id = %grant.id,
        grant.scope = %grant.scope,
        grant.claims = names(&claims::beside_scope(&grant.claims, &grant.scope)),
        user.subject = %grant.user.subject,
        session.id = grant.session_id.as_str(),
        client.id = %grant.client_id,
        peer.address = %peer,
        "a user granted access"
    );
}

/// A known client's authorization request was refused.
pub(crate) fn grant_refused(
    code: &'static str,
    reason: &impl std::fmt::Display,
    client: &ClientId,
    peer: IpAddr,
) {
    tracing::info!(
        target: "audit",
        event = "grant",
        outcome = "refused",
        error.code = code,
        %reason,
        client.id = %client,
        peer.address = %peer,
        "an authorization request was refused"
    );
}

/// The access rules of a client do not admit its user any more.
pub(crate) fn user_not_admitted(grant: &Grant, peer: IpAddr) {
    tracing::warn!(
        target: "audit",
        event = "user_not_admitted",
        outcome = "revoked",
        grant.id = %grant.id,
        user.subject = %grant.user.subject,
        client.id = %grant.client_id,
        peer.address = %peer,
        "the client is not for this user any more; what was granted to it is ended"
    );
}

/// A user took an application's access away.
pub(crate) fn access_withdrawn(subject: &Subject, client: &ClientId, peer: IpAddr) {
    tracing::info!(
        target: "audit",
        event = "consent",
        outcome = "withdrawn",
        user.subject = %subject,
        client.id = %client,
        peer.address = %peer,
        "a user withdrew an application's access"
    );
}

/// Claims asked for one by one; the field is left out where there are none, as nearly always.
fn names(claims: &BTreeSet<IdentityClaim>) -> Option<String> {
    let names: Vec<&str> = claims.iter().map(|claim| claim.as_str()).collect();
    Some(names.join(" ")).filter(|names| !names.is_empty())
}
