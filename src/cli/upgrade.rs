//! `cellgate upgrade`.

use std::io::Write;

use super::arguments::ReloadTarget;
use super::error::CliError;
use super::output::block_on;
use super::reload::socket;
use crate::server::request_upgrade;

/// Has the running process start a successor, and says when that one serves.
pub(super) fn upgrade(target: &ReloadTarget, out: &mut impl Write) -> Result<(), CliError> {
    let socket = socket(target)?;
    let served = block_on(request_upgrade(&socket))?;
    let pid = served.map_err(|source| CliError::NoControl { socket, source })?;
    writeln!(out, "serving: process {pid}")?;
    Ok(())
}
