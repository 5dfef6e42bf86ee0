//! The audit lines of the gateway: exchanges that were ended, and good or once good tokens that were
//! not enough. What a stranger can cause as often as there are requests has its access line and no
//! other.

use std::net::IpAddr;

use crate::model::ApplicationSession;
use crate::store::IssuerSession;

use super::authentication::Principal;
use super::context::Context;
use super::lifetime::Ending;
use super::rejection::Rejection;
use super::tunnel::Opener;

/// A request was refused: tells it when that was about somebody who is known.
pub(super) fn refused(rejection: &Rejection, ctx: &Context) {
    let verified = ctx.findings.principal.as_ref().map(Principal::verified);
    let is_about_somebody = verified.is_some() && rejection.is_of_policy();
    if !is_about_somebody && !matches!(rejection, Rejection::Revoked) {
        return;
    }
    let client_id = verified.and_then(|verified| verified.client_id.as_ref());
    tracing::info!(
        target: "audit",
        event = "access",
        outcome = "refused",
        reason = rejection.reason(),
        request.id = ctx.request_id,
        route.name = ctx.findings.route.as_ref().map(|route| route.name.as_str()),
        user.subject = verified.map(|verified| verified.subject.as_str()),
        client.id = client_id.map(|id| id.as_str()),
        peer.address = %ctx.peer,
        "a token was not enough"
    );
}

/// An exchange was ended because what it was admitted for ended.
pub(super) fn exchange_ended(ctx: &Context, ending: Ending) {
    let admission = ctx.admission.as_ref();
    let verified = admission
        .and_then(|admission| admission.principal.as_ref())
        .map(|principal| principal.verified());
    tracing::info!(
        target: "audit",
        event = "exchange_ended",
        outcome = "closed",
        reason = ending.as_str(),
        request.id = ctx.request_id,
        route.name = admission.map(|admission| admission.route.name.as_str()),
        user.subject = verified.map(|verified| verified.subject.as_str()),
        client.id = verified.and_then(|v| v.client_id.as_ref()).map(|id| id.as_str()),
        peer.address = %ctx.peer,
        "an exchange was ended"
    );
}

/// A client said in a WebSocket who it is, by a token of ours.
pub(super) fn subscribed(principal: &Principal, opener: &Opener<'_>) {
    let verified = principal.verified();
    tracing::info!(
        target: "audit",
        event = "subscription",
        outcome = "success",
        request.id = opener.request_id,
        route.name = opener.route.name,
        user.subject = verified.subject.as_str(),
        client.id = verified.client_id.as_ref().map(|id| id.as_str()),
        peer.address = %opener.peer,
        "a client subscribed in a WebSocket"
    );
}

/// A client said in a WebSocket what was not good enough, by a token that once was.
pub(super) fn subscription_refused(rejection: &Rejection, opener: &Opener<'_>) {
    if !rejection.is_of_policy() && !matches!(rejection, Rejection::Revoked) {
        return;
    }
    tracing::info!(
        target: "audit",
        event = "subscription",
        outcome = "refused",
        reason = rejection.reason(),
        request.id = opener.request_id,
        route.name = opener.route.name,
        peer.address = %opener.peer,
        "a token in a WebSocket was not enough"
    );
}

/// A browser signed in to an application. `from`: where it is, and the id of its request.
pub(super) fn application_signed_in(session: &ApplicationSession, from: (IpAddr, &str)) {
    let (peer, request_id) = from;
    let grant = &session.grant;
    tracing::info!(
        target: "audit",
        event = "application_sign_in",
        outcome = "success",
        request.id = request_id,
        application.host = session.host,
        user.subject = %grant.user.subject,
        session.id = grant.session_id.as_str(),
        grant.id = %grant.id,
        peer.address = %peer,
        "a browser signed in to an application"
    );
}

/// A sign-in that was begun in this browser came back and was refused.
pub(super) fn application_sign_in_refused(reason: &'static str, host: &str, from: (IpAddr, &str)) {
    let (peer, request_id) = from;
    tracing::info!(
        target: "audit",
        event = "application_sign_in",
        outcome = "refused",
        reason,
        request.id = request_id,
        application.host = host,
        peer.address = %peer,
        "a sign-in to an application was refused"
    );
}

/// A user signed out at an application, and so everywhere.
pub(super) fn application_signed_out(session: &ApplicationSession, from: (IpAddr, &str)) {
    let (peer, request_id) = from;
    let grant = &session.grant;
    tracing::info!(
        target: "audit",
        event = "application_sign_out",
        outcome = "success",
        request.id = request_id,
        application.host = session.host,
        user.subject = %grant.user.subject,
        session.id = grant.session_id.as_str(),
        peer.address = %peer,
        "a user signed out at an application"
    );
}

/// A browser signed in to an application at another issuer.
pub(super) fn signed_in_elsewhere(session: &IssuerSession, from: (IpAddr, &str)) {
    let (peer, request_id) = from;
    tracing::info!(
        target: "audit",
        event = "application_sign_in",
        outcome = "success",
        request.id = request_id,
        application.host = session.host,
        user.issuer = session.issuer,
        user.subject = session.subject,
        session.id,
        peer.address = %peer,
        "a browser signed in to an application at another issuer"
    );
}

/// A user signed out at an application of another issuer's.
pub(super) fn signed_out_elsewhere(session: &IssuerSession, from: (IpAddr, &str)) {
    let (peer, request_id) = from;
    tracing::info!(
        target: "audit",
        event = "application_sign_out",
        outcome = "success",
        request.id = request_id,
        application.host = session.host,
        user.issuer = session.issuer,
        user.subject = session.subject,
        session.id,
        peer.address = %peer,
        "a user signed out at an application"
    );
}

/// A session ended because its issuer does not let it go on.
pub(super) fn session_elsewhere_ended(session: &IssuerSession, reason: &'static str) {
    tracing::info!(
        target: "audit",
        event = "application_session_ended",
        outcome = "success",
        reason,
        application.host = session.host,
        user.issuer = session.issuer,
        user.subject = session.subject,
        session.id,
        "a session was not refreshed by its issuer"
    );
}

/// An issuer told that a session there ended.
pub(super) fn ended_by_issuer(issuer: &str, sessions: usize, from: (IpAddr, &str)) {
    let (peer, request_id) = from;
    tracing::info!(
        target: "audit",
        event = "application_session_ended",
        outcome = "success",
        reason = "back_channel_logout",
        request.id = request_id,
        user.issuer = issuer,
        sessions,
        peer.address = %peer,
        "an issuer ended sessions"
    );
}

/// Somebody brought a logout token that is none.
pub(super) fn logout_token_refused(reason: &'static str, host: &str, from: (IpAddr, &str)) {
    let (peer, request_id) = from;
    tracing::info!(
        target: "audit",
        event = "application_session_ended",
        outcome = "refused",
        reason,
        request.id = request_id,
        application.host = host,
        peer.address = %peer,
        "a logout token was refused"
    );
}
