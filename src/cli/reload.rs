//! `cellgate reload`.

use std::io::Write;
use std::path::PathBuf;

use super::arguments::ReloadTarget;
use super::error::CliError;
use super::output::block_on;
use super::report::load;
use crate::server::{Reloaded, request_reload};

/// Has the running process load its configuration, and says what came of it.
pub(super) fn reload(target: &ReloadTarget, out: &mut impl Write) -> Result<(), CliError> {
    let socket = socket(target)?;
    let asked = block_on(request_reload(&socket))?;
    match asked.map_err(|source| CliError::NoControl { socket, source })? {
        Reloaded::Refused { config, error } => Err(CliError::NotReloaded { config, error }),
        Reloaded::Loaded {
            config,
            needs_restart,
            warnings,
        } => {
            for warning in warnings {
                writeln!(out, "warning: {warning}")?;
            }
            for key in needs_restart {
                writeln!(out, "not yet in force: {key} (changed; restart cellgate)")?;
            }
            writeln!(out, "in force: {}", config.display())?;
            Ok(())
        }
    }
}

pub(super) fn socket(target: &ReloadTarget) -> Result<PathBuf, CliError> {
    match (&target.socket, &target.config) {
        (Some(socket), _) => Ok(socket.clone()),
        // A file that would be refused is refused here, with its lines, and nobody is asked.
        (None, Some(config)) => load(config)?.control_socket.ok_or(CliError::NoSocket),
        (None, None) => Err(CliError::NoSocket),
    }
}
