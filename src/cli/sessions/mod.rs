//! `cellgate sessions`: who is signed in, and an end to it.
//!
//! Users of our own sign in at the provider; those of another issuer have a session at each
//! application alone. Both are listed, and ended, here. Every command works while a server runs on the
//! same state, and the server follows within seconds.

mod arguments;

mod end;
mod list;
mod show;
mod view;

pub(super) use arguments::SessionsCommand;

use std::io::Write;

use super::error::CliError;
use super::output::block_on;
use super::state;
use crate::clock::{Clock as _, SystemClock};
use crate::model::{Login, Timestamp, UserProfile};
use crate::store::{IssuerSession, OpenSession, Store};

/// Why a command for sessions did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionsError {
    /// No such user, or one who is not signed in.
    #[error("nobody is signed in as {0:?}; `cellgate sessions list` shows who is")]
    NobodyCalled(String),
    /// No such session, or one that has ended.
    #[error("no session {0:?} goes on; `cellgate sessions list` shows those that do")]
    Unknown(String),
}

/// Everything that goes on.
struct Open {
    /// Of users of our own.
    own: Vec<OpenSession>,
    /// Of users of other issuers.
    elsewhere: Vec<IssuerSession>,
}

/// Does something with the sessions.
pub(super) fn sessions(command: &SessionsCommand, out: &mut impl Write) -> Result<(), CliError> {
    block_on(execute(command, out))?
}

async fn execute(command: &SessionsCommand, out: &mut impl Write) -> Result<(), CliError> {
    let now = SystemClock.now();
    let (SessionsCommand::List { config, .. }
    | SessionsCommand::Show { config, .. }
    | SessionsCommand::End { config, .. }) = command;
    let (settings, provider) = state::stored(config)?;
    let store = Store::open(&settings).await?;
    // Without a provider nobody has a session there, and there are no tokens of ours.
    let lifetime = provider.map(|provider| provider.access_token_lifetime);
    let open = Open {
        own: store
            .open_sessions(lifetime.unwrap_or_default(), now)
            .await?,
        elsewhere: store.open_issuer_sessions(now).await?,
    };
    match command {
        SessionsCommand::List { user, json, .. } => {
            list::list(open, user.as_deref(), *json, out, now)
        }
        SessionsCommand::Show { session, json, .. } => show::show(&open, session, *json, out, now),
        SessionsCommand::End { target, .. } => end::end(&store, &open, target, out, now).await,
    }
}

/// Whether an operator who writes `name` means `user`: by subject, or by login as it is typed.
fn is_called(user: &UserProfile, name: &str) -> bool {
    user.subject.as_str() == name || is_login(&user.login, name)
}

/// The same of a user of another issuer, whose name is the one that is listed.
fn is_called_elsewhere(session: &IssuerSession, name: &str) -> bool {
    session.subject == name || is_login(name_elsewhere(session), name)
}

fn is_login(login: &str, name: &str) -> bool {
    let key = |text: &str| Login::parse(text).map(|login| login.counting_key()).ok();
    key(name).is_some_and(|name| key(login) == Some(name))
}

/// What operators know a user of another issuer by: as far as the issuer said.
fn name_elsewhere(session: &IssuerSession) -> &str {
    let said = |claim| session.tokens.claims.get(claim)?.as_str();
    let name = said("preferred_username").or_else(|| said("email"));
    // It goes to a terminal.
    name.filter(|name| !name.is_empty() && !name.chars().any(char::is_control))
        .unwrap_or(&session.subject)
}

/// How long ago it was, roughly.
fn ago(moment: Timestamp, now: Timestamp) -> String {
    super::output::length(now.since(moment))
}

#[cfg(test)]
mod tests;
