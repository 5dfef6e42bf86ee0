//! Sessions: how they begin and end, and who is told.

use std::net::IpAddr;

use crate::model::{ClientId, Grant, Login, Session, SessionId, Subject};
use crate::store::LogoutNotice;
use crate::users::attempts_key;

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
