//! Clients: who they are, and how they come and go.

use std::net::IpAddr;

use crate::model::ClientId;

/// A client did not prove who it is. It is named only if it is registered: people paste secrets
/// into the wrong field. `labels` are the reason and, of an assertion, the rule it broke.
pub(crate) fn client_refused(
    labels: (&'static str, Option<&'static str>),
    explanation: &impl std::fmt::Display,
    client: Option<&ClientId>,
    peer: IpAddr,
) {
    let (reason, rule) = labels;
    tracing::info!(
        target: "audit",
        event = "client_authentication",
        outcome = "refused",
        reason,
        rule,
        %explanation,
        client.id = client.map(ClientId::as_str),
        peer.address = %peer,
        "a client did not prove who it is"
    );
}

/// A client registered itself, by an initial access token of the store if it is named.
pub(crate) fn registered(client: &ClientId, initial_token: Option<&str>, peer: IpAddr) {
    tracing::info!(
        target: "audit",
        event = "registration",
        outcome = "success",
        client.id = %client,
        initial_token.id = initial_token,
        peer.address = %peer,
        "a client registered itself"
    );
}

/// A client replaced or removed what it had registered.
pub(crate) fn registration_changed(what: &'static str, client: &ClientId, peer: IpAddr) {
    tracing::info!(
        target: "audit",
        event = "registration",
        outcome = what,
        client.id = %client,
        peer.address = %peer,
        "a client changed its registration"
    );
}

/// A client could not register itself, or not change what it had registered.
pub(crate) fn registration_refused(
    code: &'static str,
    reason: &impl std::fmt::Display,
    peer: IpAddr,
) {
    tracing::info!(
        target: "audit",
        event = "registration",
        outcome = "refused",
        error.code = code,
        %reason,
        peer.address = %peer,
        "a registration was refused"
    );
}

/// A client is not in the configuration any more.
pub(crate) fn client_ended(client: &ClientId) {
    tracing::info!(
        target: "audit",
        event = "client_removed",
        outcome = "revoked",
        client.id = %client,
        "a client is not in the configuration any more; its tokens and grants are revoked"
    );
}
