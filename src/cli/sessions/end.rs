//! `cellgate sessions end`.

use std::collections::BTreeSet;
use std::io::Write;

use super::arguments::EndTarget;
use super::{SessionsError, is_called};
use crate::cli::error::CliError;
use crate::model::Timestamp;
use crate::store::{OpenSession, Store};

/// Ends what the operator names, and says what that was.
pub(super) async fn end(
    store: &Store,
    open: &[OpenSession],
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

/// A login may have belonged to two users, one after the other: both are meant.
async fn end_user(
    store: &Store,
    open: &[OpenSession],
    name: &str,
    out: &mut impl Write,
    now: Timestamp,
) -> Result<(), CliError> {
    let users = open.iter().map(|session| &session.user);
    let meant = users.filter(|user| is_called(user, name));
    let subjects: BTreeSet<_> = meant.map(|user| &user.subject).collect();
    if subjects.is_empty() {
        return Err(SessionsError::NobodyCalled(name.to_owned()).into());
    }
    let mut n_ended = 0;
    for subject in subjects {
        n_ended += store.end_sessions_of(subject, open, now).await?;
    }
    let plural = if n_ended == 1 { "session" } else { "sessions" };
    writeln!(
        out,
        "{n_ended} {plural} of {name} ended; a running Cellgate follows within seconds."
    )?;
    Ok(())
}

async fn end_one(
    store: &Store,
    open: &[OpenSession],
    id: &str,
    out: &mut impl Write,
    now: Timestamp,
) -> Result<(), CliError> {
    let session = open.iter().find(|session| session.id.as_str() == id);
    let session = session.ok_or_else(|| SessionsError::Unknown(id.to_owned()))?;
    store.end_session(&session.id, now).await?;
    writeln!(
        out,
        "The session of {} ended; a running Cellgate follows within seconds.",
        session.user.login
    )?;
    Ok(())
}
