//! `cellgate users`.

use std::io::Write;
use std::path::Path;

use super::arguments::UsersCommand;
use super::error::CliError;
use super::output::block_on;
use super::state::State;
use crate::model::Login;
use crate::store::Store;
use crate::users::attempts_key;

/// Does for a user what only an administrator may do.
pub(super) fn users(command: &UsersCommand, out: &mut impl Write) -> Result<(), CliError> {
    let UsersCommand::Unlock { login, config } = command;
    let login = Login::parse(login)?;
    block_on(unlock(&login, config))??;
    writeln!(out, "{} may sign in again", login.as_str())?;
    Ok(())
}

async fn unlock(login: &Login, config: &Path) -> Result<(), CliError> {
    Ok(Store::open(&State::of(config)?.store)
        .await?
        .clear_attempts(&attempts_key(login))
        .await?)
}
