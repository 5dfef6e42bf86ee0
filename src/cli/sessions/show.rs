//! `cellgate sessions show`.

use std::io::Write;

use super::view::{SessionView, names};
use super::{Open, SessionsError, ago, name_elsewhere};
use crate::cli::error::CliError;
use crate::cli::output::{length, write_json};
use crate::model::Timestamp;
use crate::store::{IssuerSession, OpenSession};

/// Shows all that is known of one session.
pub(super) fn show(
    open: &Open,
    id: &str,
    json: bool,
    out: &mut impl Write,
    now: Timestamp,
) -> Result<(), CliError> {
    let own = open.own.iter().find(|session| session.id.as_str() == id);
    let elsewhere = open.elsewhere.iter().find(|session| session.id == id);
    let (view, lines) = match (own, elsewhere) {
        (Some(session), _) => (SessionView::of(session), of_own(session, now)),
        (None, Some(session)) => (
            SessionView::of_elsewhere(session),
            of_elsewhere(session, now),
        ),
        (None, None) => return Err(SessionsError::Unknown(id.to_owned()).into()),
    };
    if json {
        return write_json(out, &view);
    }
    for (what, text) in lines {
        writeln!(out, "{what:<16} {text}")?;
    }
    Ok(())
}

type Lines = Vec<(&'static str, String)>;

fn of_own(session: &OpenSession, now: Timestamp) -> Lines {
    let mut lines = vec![
        ("session", session.id.as_str().to_owned()),
        ("user", session.user.login.clone()),
        ("subject", session.user.subject.as_str().to_owned()),
    ];
    match &session.browser {
        None => lines.push((
            "browser",
            "none any more; tokens or sessions of applications go on".to_owned(),
        )),
        Some(browser) => {
            let moments = [browser.authenticated_at, browser.last_seen_at];
            lines.extend(times(
                moments,
                [browser.idle_until, browser.expires_at],
                now,
            ));
            let device = &browser.device;
            let address = device.address.map(|address| address.to_string());
            lines.extend(address.map(|address| ("address", address)));
            lines.extend(device.user_agent.clone().map(|agent| ("browser", agent)));
        }
    }
    lines.push(("clients", names(&session.clients).join(" ")));
    lines
}

fn of_elsewhere(session: &IssuerSession, now: Timestamp) -> Lines {
    let mut lines = vec![
        ("session", session.id.clone()),
        ("user", name_elsewhere(session).to_owned()),
        ("subject", session.subject.clone()),
        ("issuer", session.issuer.clone()),
        ("there we are", session.client_id.clone()),
        ("application", session.host.clone()),
    ];
    // The issuer may have written anything, and it goes to a terminal.
    let sid = session.sid.as_ref();
    let sid = sid.map(|sid| sid.escape_debug().to_string());
    lines.extend(sid.map(|sid| ("session there", sid)));
    let moments = [session.begun_at, session.last_seen_at];
    let ends = [session.idle_until, session.expires_at];
    lines.extend(times(moments, ends, now));
    let asked = session.refresh_at.map_or_else(
        || "never: it gave no refresh token".to_owned(),
        |due| match due.since(now) {
            rest if rest.is_zero() => "when it is used next".to_owned(),
            rest => format!("in {}", length(rest)),
        },
    );
    lines.push(("issuer is asked", asked));
    lines.push(("scope", session.tokens.scope.clone()));
    lines
}

fn times(
    [signed_in, last_seen]: [Timestamp; 2],
    [idle_until, expires_at]: [Timestamp; 2],
    now: Timestamp,
) -> Lines {
    let left = |end: Timestamp| length(end.since(now));
    vec![
        ("signed in", format!("{} ago", ago(signed_in, now))),
        ("last seen", format!("{} ago", ago(last_seen, now))),
        (
            "ends",
            format!(
                "in {} unless used, in {} at the latest",
                left(idle_until),
                left(expires_at)
            ),
        ),
    ]
}
