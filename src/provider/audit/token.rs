//! Tokens: issued, used, asked about and given back.

use std::net::IpAddr;
use std::time::Duration;

use crate::model::{ClientId, Grant, GrantId, Scope};
use crate::users::BackendError;

/// Tokens were issued.
pub(crate) fn tokens_issued(grant: &Grant, grant_type: &'static str, peer: IpAddr) {
    tracing::info!(
        target: "audit",
        event = "token",
        outcome = "success",
        grant_type,
        grant.id = %grant.id,
        user.subject = %grant.user.subject,
        client.id = %grant.client_id,
        peer.address = %peer,
        "tokens were issued"
    );
}

/// A client got a token for itself.
pub(crate) fn client_token_issued(client: &ClientId, scope: &Scope, peer: IpAddr) {
    tracing::info!(
        target: "audit",
        event = "token",
        outcome = "success",
        grant_type = "client_credentials",
        token.scope = %scope,
        client.id = %client,
        peer.address = %peer,
        "a client got a token for itself"
    );
}

/// A token request was refused.
pub(crate) fn tokens_refused(
    code: &'static str,
    reason: &impl std::fmt::Display,
    client: Option<&ClientId>,
    peer: IpAddr,
) {
    tracing::info!(
        target: "audit",
        event = "token",
        outcome = "refused",
        error.code = code,
        %reason,
        client.id = client.map(ClientId::as_str),
        peer.address = %peer,
        "a token request was refused"
    );
}

/// A used code or refresh token came again: somebody may have stolen it.
pub(crate) fn replayed(what: &'static str, grant: &GrantId, client: &ClientId, peer: IpAddr) {
    tracing::warn!(
        target: "audit",
        event = "replay",
        outcome = "revoked",
        artefact = what,
        grant.id = %grant,
        client.id = %client,
        peer.address = %peer,
        "something that works once was used again; its grant is revoked"
    );
}

/// A token that was spent a moment ago came again and brought the same successor.
pub(crate) fn refresh_repeated(client: &ClientId, peer: IpAddr) {
    tracing::info!(
        target: "audit",
        event = "refresh",
        outcome = "repeated",
        client.id = %client,
        peer.address = %peer,
        "a refresh was answered again with the same refresh token"
    );
}

/// The users' backend could not be asked at a refresh, which went on all the same.
pub(crate) fn user_unconfirmed(
    grant: &Grant,
    error: &BackendError,
    unconfirmed_for: Duration,
    peer: IpAddr,
) {
    tracing::warn!(
        target: "audit",
        event = "refresh",
        outcome = "unconfirmed",
        %error,
        unconfirmed_for_s = unconfirmed_for.as_secs(),
        grant.id = %grant.id,
        user.subject = %grant.user.subject,
        client.id = %grant.client_id,
        peer.address = %peer,
        "a refresh went on although the user could not be confirmed"
    );
}

/// A client gave a token back.
pub(crate) fn revoked(
    what: &'static str,
    grant: Option<&GrantId>,
    client: &ClientId,
    peer: IpAddr,
) {
    tracing::info!(
        target: "audit",
        event = "revocation",
        outcome = "success",
        artefact = what,
        grant.id = grant.map(GrantId::as_str),
        client.id = %client,
        peer.address = %peer,
        "a client revoked a token"
    );
}

/// A client asked about a token.
pub(crate) fn introspected(outcome: &'static str, client: &ClientId, peer: IpAddr) {
    tracing::info!(
        target: "audit",
        event = "introspection",
        outcome,
        client.id = %client,
        peer.address = %peer,
        "a client asked about a token"
    );
}
