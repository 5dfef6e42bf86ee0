//! Application passwords: made and ended. Never the password, nor what its user calls it.

use std::net::IpAddr;

use crate::model::{ApplicationPassword, GrantId, Subject};

/// A user had one made.
pub(crate) fn application_password_made(password: &ApplicationPassword, peer: IpAddr) {
    tracing::info!(
        target: "audit",
        event = "application_password",
        outcome = "made",
        password.id = %password.id,
        password.routes = password.routes.join(" "),
        password.scope = %password.scope,
        user.subject = %password.user.subject,
        peer.address = %peer,
        "an application password was made"
    );
}

/// A user revoked one.
pub(crate) fn application_password_ended(id: &GrantId, subject: &Subject, peer: IpAddr) {
    tracing::info!(
        target: "audit",
        event = "application_password",
        outcome = "revoked",
        password.id = %id,
        user.subject = %subject,
        peer.address = %peer,
        "an application password was revoked"
    );
}

/// The users' backend said that the user may not go on.
pub(crate) fn application_passwords_ended(subject: &Subject, reason: &'static str, peer: IpAddr) {
    tracing::warn!(
        target: "audit",
        event = "user_ended",
        outcome = "revoked",
        reason,
        user.subject = %subject,
        peer.address = %peer,
        "the user may not go on; all application passwords are revoked"
    );
}
