//! The audit lines of the provider: one for each decision of consequence.
//!
//! Who, to whom, from where, and what came of it; never a secret, a code, a token, or what
//! somebody typed as a user name, since people type passwords there.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use crate::jose::RingKey;
use crate::model::{
    ClientId, Consent, Grant, GrantId, IdentityClaim, Login, Scope, Session, SessionId, Subject,
};
use crate::provider::claims;
use crate::store::LogoutNotice;
use crate::users::{BackendError, attempts_key};

/// Somebody signed in, to answer a client or to see the account page.
pub(crate) fn signed_in(session: &Session, client: Option<&ClientId>, peer: IpAddr) {
    tracing::info!(
        target: "audit",
        event = "sign_in",
        outcome = "success",
        user.subject = %session.user.subject,
        session.id = session.id.as_str(),
        client.id = client.map(ClientId::as_str),
        peer.address = %peer,
        "a user signed in"
    );
}

/// Somebody tried to sign in. `login` is named by the beginning of the digest that its attempts
/// are counted under, so that tries can be told to be the same one's.
pub(crate) fn sign_in_refused(
    reason: &'static str,
    login: Option<&Login>,
    client: Option<&ClientId>,
    peer: IpAddr,
) {
    let digest = login.map(|login| format!("{:?}", attempts_key(login)));
    tracing::info!(
        target: "audit",
        event = "sign_in",
        outcome = "refused",
        reason,
        login.digest = digest,
        client.id = client.map(ClientId::as_str),
        peer.address = %peer,
        "a sign-in was refused"
    );
}

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
pub(crate) fn client_token_issued(client: Option<&ClientId>, scope: &Scope, peer: IpAddr) {
    tracing::info!(
        target: "audit",
        event = "token",
        outcome = "success",
        grant_type = "client_credentials",
        token.scope = %scope,
        client.id = client.map(ClientId::as_str),
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

/// The users' backend said at a refresh that the user may not go on.
pub(crate) fn user_ended(grant: &Grant, reason: &'static str, peer: IpAddr) {
    tracing::warn!(
        target: "audit",
        event = "user_ended",
        outcome = "revoked",
        reason,
        grant.id = %grant.id,
        user.subject = %grant.user.subject,
        session.id = grant.session_id.as_str(),
        client.id = %grant.client_id,
        peer.address = %peer,
        "the user may not go on; the session and what was granted in it are ended"
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

/// A signing key has a successor, which is published and will sign.
pub(crate) fn key_replaced(new: &RingKey, old: &str) {
    tracing::info!(
        target: "audit",
        event = "key_rotation",
        outcome = "success",
        key.algorithm = new.key.algorithm().as_str(),
        key.id = new.key.id(),
        key.active_from = new.active_from.as_secs(),
        key.predecessor = old,
        "a signing key will be replaced"
    );
}

/// A signing key ends that nothing needs.
pub(crate) fn key_retired(old: &RingKey) {
    tracing::info!(
        target: "audit",
        event = "key_rotation",
        outcome = "retired",
        key.algorithm = old.key.algorithm().as_str(),
        key.id = old.key.id(),
        "a signing key is used no more"
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

/// A session was ended.
pub(crate) fn signed_out(session: &SessionId, subject: &Subject, peer: IpAddr) {
    tracing::info!(
        target: "audit",
        event = "sign_out",
        outcome = "success",
        user.subject = %subject,
        session.id = session.as_str(),
        peer.address = %peer,
        "a user signed out"
    );
}

/// A client confirmed that it knows of the end of a session.
pub(crate) fn client_told(notice: &LogoutNotice) {
    tracing::info!(
        target: "audit",
        event = "back_channel_logout",
        outcome = "success",
        user.subject = %notice.subject,
        session.id = notice.session_id.as_str(),
        client.id = %notice.client_id,
        attempts = notice.attempts,
        "a client was told that a session ended"
    );
}

/// A client will not learn of the end of a session.
pub(crate) fn client_not_told(notice: &LogoutNotice, reason: &impl std::fmt::Display) {
    tracing::warn!(
        target: "audit",
        event = "back_channel_logout",
        outcome = "failed",
        %reason,
        user.subject = %notice.subject,
        session.id = notice.session_id.as_str(),
        client.id = %notice.client_id,
        attempts = notice.attempts,
        "a client could not be told that a session ended, and is given up"
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
