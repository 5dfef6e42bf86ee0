//! What a client registers for the end of a session, and for the beginning of one.

use super::Checker;
use crate::config::file::ClientTable;
use crate::config::key_path::KeyPath;
use crate::model::{ClientEndpoint, ClientLogout, Reach, RedirectUri};

/// Checks the addresses that are called when a user signs out.
pub(super) fn logout(
    checker: &mut Checker,
    table: &ClientTable,
    redirect_uris: &[RedirectUri],
    at: &KeyPath,
) -> ClientLogout {
    let back_channel = endpoint(
        checker,
        table.backchannel_logout_uri.as_deref(),
        &at.key("backchannel_logout_uri"),
    );
    let at_front = at.key("frontchannel_logout_uri");
    let front_channel = endpoint(checker, table.frontchannel_logout_uri.as_deref(), &at_front);
    if let Some(uri) = &front_channel
        && !uri.is_on_origin_of(redirect_uris)
    {
        checker.refuse(
            &at_front,
            "has not the scheme, host and port of one of `redirect_uris`",
            "Write an address of the same site (OpenID Connect Front-Channel Logout §2).",
        );
    }
    for (required, uri, key, needed) in [
        (
            table.backchannel_logout_session_required,
            &table.backchannel_logout_uri,
            "backchannel_logout_session_required",
            "backchannel_logout_uri",
        ),
        (
            table.frontchannel_logout_session_required,
            &table.frontchannel_logout_uri,
            "frontchannel_logout_session_required",
            "frontchannel_logout_uri",
        ),
    ] {
        if required && uri.is_none() {
            checker.refuse(
                &at.key(key),
                format!("is true, but there is no `{needed}`"),
                format!("Add `{needed}`, or remove this key."),
            );
        }
    }
    ClientLogout {
        back_channel,
        back_channel_session_required: table.backchannel_logout_session_required,
        front_channel,
        front_channel_session_required: table.frontchannel_logout_session_required,
        reach: Reach::Anywhere,
    }
}

/// Checks where a sign-in to the client is begun (OpenID Connect Core §4).
pub(super) fn initiate_login_uri(
    checker: &mut Checker,
    table: &ClientTable,
    at: &KeyPath,
) -> Option<ClientEndpoint> {
    let at = at.key("initiate_login_uri");
    let uri = endpoint(checker, table.initiate_login_uri.as_deref(), &at)?;
    if !uri.is_https() {
        checker.refuse(
            &at,
            "must begin with https://",
            "Write an address that browsers reach over TLS (OpenID Connect Core §4).",
        );
    }
    Some(uri)
}

fn endpoint(checker: &mut Checker, text: Option<&str>, at: &KeyPath) -> Option<ClientEndpoint> {
    ClientEndpoint::register(text?)
        .map_err(|error| {
            checker.refuse(
                at,
                error.to_string(),
                "Copy the address from the application's documentation.",
            );
        })
        .ok()
}
