//! `cellgate sessions list`.

use std::io::Write;

use super::view::{SessionView, names};
use super::{Open, ago, is_called, is_called_elsewhere, name_elsewhere};
use crate::cli::error::CliError;
use crate::cli::output::write_json;
use crate::model::{Session, Timestamp};
use crate::store::{IssuerSession, OpenSession};

/// Shows each session in a line.
pub(super) fn list(
    mut open: Open,
    user: Option<&str>,
    json: bool,
    out: &mut impl Write,
    now: Timestamp,
) -> Result<(), CliError> {
    if let Some(user) = user {
        open.own.retain(|session| is_called(&session.user, user));
        open.elsewhere
            .retain(|session| is_called_elsewhere(session, user));
    }
    if json {
        let own = open.own.iter().map(SessionView::of);
        let elsewhere = open.elsewhere.iter().map(SessionView::of_elsewhere);
        let views: Vec<_> = own.chain(elsewhere).collect();
        return write_json(out, &views);
    }
    if open.own.is_empty() && open.elsewhere.is_empty() {
        match user {
            Some(user) => writeln!(out, "Nobody is signed in as {user:?}.")?,
            None => writeln!(out, "Nobody is signed in.")?,
        }
        return Ok(());
    }
    if !open.own.is_empty() {
        own(&open.own, out, now)?;
    }
    if !open.elsewhere.is_empty() {
        if !open.own.is_empty() {
            writeln!(out)?;
        }
        elsewhere(&open.elsewhere, out, now)?;
    }
    Ok(())
}

fn own(open: &[OpenSession], out: &mut impl Write, now: Timestamp) -> Result<(), CliError> {
    let width = width("USER", open.iter().map(|session| &*session.user.login));
    writeln!(
        out,
        "{:<24} {:<width$} {:<10} {:<10} {:<16} CLIENTS",
        "SESSION", "USER", "SIGNED IN", "LAST SEEN", "ADDRESS"
    )?;
    for session in open {
        let browser = session.browser.as_ref();
        let since = |moment: fn(&Session) -> Timestamp| {
            browser.map_or_else(|| "-".to_owned(), |it| ago(moment(it), now))
        };
        let address = browser.and_then(|it| it.device.address);
        writeln!(
            out,
            "{:<24} {:<width$} {:<10} {:<10} {:<16} {}",
            session.id.as_str(),
            session.user.login,
            since(|it| it.authenticated_at),
            since(|it| it.last_seen_at),
            address.map_or_else(|| "-".to_owned(), |address| address.to_string()),
            names(&session.clients).join(" "),
        )?;
    }
    Ok(())
}

/// Those of users of other issuers, each at one application.
fn elsewhere(open: &[IssuerSession], out: &mut impl Write, now: Timestamp) -> Result<(), CliError> {
    let users = width("USER", open.iter().map(name_elsewhere));
    let hosts = width("APPLICATION", open.iter().map(|session| &*session.host));
    writeln!(
        out,
        "{:<24} {:<users$} {:<10} {:<10} {:<hosts$} ISSUER",
        "SESSION", "USER", "SIGNED IN", "LAST SEEN", "APPLICATION"
    )?;
    for session in open {
        writeln!(
            out,
            "{:<24} {:<users$} {:<10} {:<10} {:<hosts$} {}",
            session.id,
            name_elsewhere(session),
            ago(session.begun_at, now),
            ago(session.last_seen_at, now),
            session.host,
            session.issuer,
        )?;
    }
    Ok(())
}

fn width<'a>(title: &str, texts: impl Iterator<Item = &'a str>) -> usize {
    let widest = texts.map(|text| text.chars().count()).max();
    widest.unwrap_or_default().max(title.len())
}
