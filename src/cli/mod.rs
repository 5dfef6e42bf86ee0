//! The command line: one file for each command, and a folder for those with several.
//!
//! It parses arguments, calls the part that does the work, and says in the operator's words what
//! came of it. It decides nothing by itself; `check` runs what start-up runs.

mod arguments;
#[cfg(test)]
mod desk;
mod error;
mod output;
mod report;
mod state;

mod backup;
mod check;
mod clients;
mod copy_state;
mod explain;
mod hash_secret;
mod healthcheck;
mod import_cells;
mod keys;
mod migrate;
mod reload;
mod restore;
mod run;
mod schema;
mod sessions;
mod upgrade;
mod users;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Arguments, Command};
use error::CliError;

/// Runs the command that the arguments of this process name.
///
/// Exit codes: 0 done, 1 failed, 2 the configuration or the arguments are wrong, 3 (`explain`
/// alone) the request would be refused, or only the issuer of its token can say.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Not locked: while the server runs, its log goes to standard output.
    let mut out = io::stdout();
    match execute(&arguments.command, &mut out).and_then(|()| Ok(out.flush()?)) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads us has seen enough, as in `cellgate schema | head`.
        Err(CliError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            // There is nobody left to tell when this fails.
            let _ignored = error.show(&mut io::stderr().lock());
            error.exit_code()
        }
    }
}

fn execute(command: &Command, out: &mut impl Write) -> Result<(), CliError> {
    match command {
        Command::Run { config, upgrade } => run::run(config, *upgrade, &mut io::stderr()),
        Command::Check { config } => check::check(config, out),
        Command::Explain(request) => explain::explain(request, out),
        Command::Schema => schema::schema(out),
        Command::HashSecret {
            kind,
            generate: true,
        } => hash_secret::generate(out, *kind),
        Command::HashSecret {
            kind,
            generate: false,
        } => hash_secret::hash_line(&mut io::stdin().lock(), out, *kind),
        Command::Migrate { config } => migrate::migrate(config, out),
        Command::Backup {
            config,
            destination,
        } => backup::backup(config, destination, out, &mut io::stderr()),
        Command::Restore(arguments) => restore::restore(arguments, out),
        Command::CopyState { from, to } => copy_state::copy_state(from, to, out, &mut io::stderr()),
        Command::Keys { command } => keys::keys(command, out),
        Command::Clients { command } => clients::clients(command, out),
        Command::ImportCells(arguments) => {
            import_cells::import_cells(arguments, out, &mut io::stderr())
        }
        Command::Sessions { command } => sessions::sessions(command, out),
        Command::Users { command } => users::users(command, out),
        Command::Reload(target) => reload::reload(target, out),
        Command::Upgrade(target) => upgrade::upgrade(target, out),
        Command::Healthcheck(target) => healthcheck::healthcheck(target, out),
    }
}
