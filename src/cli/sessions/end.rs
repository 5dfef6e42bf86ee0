//! `cellgate sessions end`.

use std::collections::BTreeSet;
use std::io::Write;

use super::arguments::EndTarget;
use super::{Open, SessionsError, is_called, is_called_elsewhere, name_elsewhere};
use crate::cli::error::CliError;
use crate::model::Timestamp;
use crate::store::{IssuerSession, Store};

/// What an operator has to know of issuers.
const NOT_TOLD: &str =
    "Their issuer is not told: whoever is still signed in there comes back without a password.";

/// Ends what the operator names, and says what that was.
pub(super) async fn end(
    store: &Store,
    open: &Open,
    target: &EndTarget,
    out: &mut impl Write,
    now: Timestamp,
) -> Result<(), CliError> {
    // The arguments are one or the other.
    let (user, session) = (target.user.as_deref(), target.session.as_deref());
    match (user, session) {
        (Some(user), _) => end_user(store, open, user, out, now).await,
        (None, session) => end_one(store, open, session.unwrap_or_default(), out, now).await,
    }
}

/// A login may have belonged to two users, one after the other, and to users of several issuers: all
/// are meant.
async fn end_user(
    store: &Store,
    open: &Open,
    name: &str,
    out: &mut impl Write,
    now: Timestamp,
) -> Result<(), CliError> {
    let users = open.own.iter().map(|session| &session.user);
    let meant = users.filter(|user| is_called(user, name));
    let subjects: BTreeSet<_> = meant.map(|user| &user.subject).collect();
    let elsewhere = open.elsewhere.iter();
    let elsewhere: BTreeSet<_> = elsewhere
        .filter(|session| is_called_elsewhere(session, name))
        .map(|session| {
            let issuer = (session.issuer.as_str(), session.client_id.as_str());
            (issuer, session.subject.as_str())
        })
        .collect();
    if subjects.is_empty() && elsewhere.is_empty() {
        return Err(SessionsError::NobodyCalled(name.to_owned()).into());
    }
    let mut n_ended = 0;
    for subject in subjects {
        n_ended += store.end_sessions_of(subject, &open.own, now).await?;
    }
    for (issuer, subject) in &elsewhere {
        let ended = store.end_sessions_by_issuer(*issuer, (Some(subject), None), now);
        n_ended += ended.await?;
    }
    let plural = if n_ended == 1 { "session" } else { "sessions" };
    writeln!(
        out,
        "{n_ended} {plural} of {name} ended; a running Cellgate follows within seconds."
    )?;
    if !elsewhere.is_empty() {
        writeln!(out, "{NOT_TOLD}")?;
    }
    Ok(())
}

async fn end_one(
    store: &Store,
    open: &Open,
    id: &str,
    out: &mut impl Write,
    now: Timestamp,
) -> Result<(), CliError> {
    if let Some(session) = open.elsewhere.iter().find(|session| session.id == id) {
        return end_elsewhere(store, session, out, now).await;
    }
    let session = open.own.iter().find(|session| session.id.as_str() == id);
    let session = session.ok_or_else(|| SessionsError::Unknown(id.to_owned()))?;
    store.end_session(&session.id, now).await?;
    writeln!(
        out,
        "The session of {} ended; a running Cellgate follows within seconds.",
        session.user.login
    )?;
    Ok(())
}

async fn end_elsewhere(
    store: &Store,
    session: &IssuerSession,
    out: &mut impl Write,
    now: Timestamp,
) -> Result<(), CliError> {
    let n_others = store
        .end_issuer_session(session, now)
        .await?
        .saturating_sub(1);
    let others = match n_others {
        0 => String::new(),
        n => format!(", and {n} more of the same session at {}", session.issuer),
    };
    writeln!(
        out,
        "The session of {} at {} ended{others}; a running Cellgate follows within seconds.",
        name_elsewhere(session),
        session.host,
    )?;
    writeln!(out, "{NOT_TOLD}")?;
    Ok(())
}
