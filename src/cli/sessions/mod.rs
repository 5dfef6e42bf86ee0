//! `cellgate sessions`: who is signed in, and an end to it.
//!
//! Every command works while a server runs on the same state, and the server follows within
//! seconds.

mod arguments;

mod end;
mod list;

pub(super) use arguments::SessionsCommand;

use std::io::Write;

use super::error::CliError;
use super::output::block_on;
use super::state::State;
use crate::clock::{Clock as _, SystemClock};
use crate::model::{Login, UserProfile};
use crate::store::Store;

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

/// Does something with the sessions.
pub(super) fn sessions(command: &SessionsCommand, out: &mut impl Write) -> Result<(), CliError> {
    block_on(execute(command, out))?
}

async fn execute(command: &SessionsCommand, out: &mut impl Write) -> Result<(), CliError> {
    let now = SystemClock.now();
    let (SessionsCommand::List { config, .. } | SessionsCommand::End { config, .. }) = command;
    let state = State::of(config)?;
    let store = Store::open(&state.store).await?;
    let lifetime = state.provider.access_token_lifetime;
    let open = store.open_sessions(lifetime, now).await?;
    match command {
        SessionsCommand::List { user, json, .. } => {
            list::list(open, user.as_deref(), *json, out, now)
        }
        SessionsCommand::End { target, .. } => end::end(&store, &open, target, out, now).await,
    }
}

/// Whether an operator who writes `name` means `user`: by subject, or by login as it is typed.
fn is_called(user: &UserProfile, name: &str) -> bool {
    let key = |text: &str| Login::parse(text).map(|login| login.counting_key()).ok();
    user.subject.as_str() == name || key(name).is_some_and(|name| key(&user.login) == Some(name))
}

#[cfg(test)]
mod tests;
