//! `cellgate copy-state`.

use std::io::Write;
use std::path::Path;

use super::error::CliError;
use super::output::block_on;
use super::report::load;
use crate::store::{self, Copied};

/// Rows of a table after which it is said how far it is.
const TOLD_EACH: u64 = 50_000;

/// Copies the state of the configuration at `from` to the database of the one at `to`; how far it is
/// goes to `progress`.
pub(super) fn copy_state(
    from: &Path,
    to: &Path,
    out: &mut impl Write,
    progress: &mut (impl Write + Send),
) -> Result<(), CliError> {
    let source = load(from)?.store.ok_or(CliError::NoProvider)?;
    let target = load(to)?.store.ok_or(CliError::NoProvider)?;
    let (mut n_tables, mut n_rows) = (0_u64, 0_u64);
    let mut tell = |copied: Copied| {
        if copied.is_whole {
            n_tables = n_tables.saturating_add(1);
            n_rows = n_rows.saturating_add(copied.n_rows);
        }
        if copied.is_whole || copied.n_rows.is_multiple_of(TOLD_EACH) {
            // Whoever does not read it gets the copy all the same.
            let _unread = writeln!(progress, "{}: {} rows", copied.table, copied.n_rows);
        }
    };
    block_on(store::copy_state(&source, &target, &mut tell))??;
    writeln!(
        out,
        "copied: {n_rows} rows of {n_tables} tables, counted at both ends\n\
         Start with {} from now on, and not with {} again: what is used up at one place would still \
         be good at the other.",
        to.display(),
        from.display()
    )?;
    Ok(())
}
