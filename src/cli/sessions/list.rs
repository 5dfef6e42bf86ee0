//! `cellgate sessions list`.

use std::io::Write;

use serde::Serialize;

use super::is_called;
use crate::cli::error::CliError;
use crate::cli::output::{length, write_json};
use crate::model::{ClientId, Session, Timestamp};
use crate::store::OpenSession;

/// Shows each session in a line.
pub(super) fn list(
    mut open: Vec<OpenSession>,
    user: Option<&str>,
    json: bool,
    out: &mut impl Write,
    now: Timestamp,
) -> Result<(), CliError> {
    open.retain(|session| user.is_none_or(|user| is_called(&session.user, user)));
    if json {
        let views: Vec<_> = open.iter().map(SessionView::of).collect();
        return write_json(out, &views);
    }
    if open.is_empty() {
        match user {
            Some(user) => writeln!(out, "Nobody is signed in as {user:?}.")?,
            None => writeln!(out, "Nobody is signed in.")?,
        }
        return Ok(());
    }
    let widest = open
        .iter()
        .map(|session| session.user.login.chars().count());
    let width = widest.max().unwrap_or_default().max("USER".len());
    writeln!(
        out,
        "{:<24} {:<width$} {:<10} {:<10} {:<16} CLIENTS",
        "SESSION", "USER", "SIGNED IN", "LAST SEEN", "ADDRESS"
    )?;
    for session in &open {
        let browser = session.browser.as_ref();
        let ago = |moment: fn(&Session) -> Timestamp| {
            browser.map_or_else(|| "-".to_owned(), |it| length(now.since(moment(it))))
        };
        let address = browser.and_then(|it| it.device.address);
        writeln!(
            out,
            "{:<24} {:<width$} {:<10} {:<10} {:<16} {}",
            session.id.as_str(),
            session.user.login,
            ago(|it| it.authenticated_at),
            ago(|it| it.last_seen_at),
            address.map_or_else(|| "-".to_owned(), |address| address.to_string()),
            names(&session.clients).join(" "),
        )?;
    }
    Ok(())
}

/// A session as programs read it.
#[derive(Serialize)]
struct SessionView<'a> {
    session_id: &'a str,
    login: &'a str,
    subject: &'a str,
    /// `None`: only tokens of applications go on.
    browser: Option<BrowserView<'a>>,
    clients: Vec<&'a str>,
}

#[derive(Serialize)]
struct BrowserView<'a> {
    authenticated_at: u64,
    last_seen_at: u64,
    idle_until: u64,
    expires_at: u64,
    address: Option<String>,
    user_agent: Option<&'a str>,
}

impl<'a> SessionView<'a> {
    fn of(session: &'a OpenSession) -> Self {
        Self {
            session_id: session.id.as_str(),
            login: &session.user.login,
            subject: session.user.subject.as_str(),
            browser: session.browser.as_ref().map(BrowserView::of),
            clients: names(&session.clients),
        }
    }
}

impl<'a> BrowserView<'a> {
    fn of(session: &'a Session) -> Self {
        Self {
            authenticated_at: session.authenticated_at.as_secs(),
            last_seen_at: session.last_seen_at.as_secs(),
            idle_until: session.idle_until.as_secs(),
            expires_at: session.expires_at.as_secs(),
            address: session.device.address.map(|address| address.to_string()),
            user_agent: session.device.user_agent.as_deref(),
        }
    }
}

fn names(clients: &[ClientId]) -> Vec<&str> {
    clients.iter().map(ClientId::as_str).collect()
}
