//! `cellgate restore`.

use std::io::Write;

use super::arguments::RestoreArguments;
use super::error::CliError;
use super::output::block_on;
use super::report::load;
use crate::clock::{Clock as _, SystemClock};
use crate::store::{self, Issued, Restored};

/// Puts a backup in the place of the state, and says what that means.
pub(super) fn restore(arguments: &RestoreArguments, out: &mut impl Write) -> Result<(), CliError> {
    let settings = load(&arguments.config)?.store.ok_or(CliError::NoProvider)?;
    let issued = if arguments.end_sessions {
        Issued::Ended
    } else {
        Issued::Kept
    };
    let now = SystemClock.now();
    let restored = store::restore(&settings, &arguments.backup, issued, now);
    let Restored { set_aside, schema } = block_on(restored)??;
    writeln!(out, "restored: {}", arguments.backup.display())?;
    let (found, known) = schema;
    if found != known {
        writeln!(
            out,
            "its tables were at version {found} and are at {known} now"
        )?;
    }
    if let Some(set_aside) = set_aside {
        writeln!(
            out,
            "the database before is kept as {}",
            set_aside.display()
        )?;
    }
    match issued {
        Issued::Kept => writeln!(
            out,
            "What happened after the backup is undone: sign-outs, revocations, removed clients, \
             withdrawn consents and keys. `--end-sessions` would have ended every session and token."
        )?,
        Issued::Ended => writeln!(
            out,
            "Every session, token, application password and signing key has ended; everybody signs in \
             again. Undone is: \
             clients that were added or removed, consents, and wrong passwords, after the backup."
        )?,
    }
    Ok(())
}
