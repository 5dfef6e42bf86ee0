//! `cellgate migrate`.

use std::io::Write;
use std::path::Path;

use super::error::CliError;
use super::output::block_on;
use super::report::load;
use crate::store::Store;

/// Migrates the state of the configuration at `path`, and says from where to where.
pub(super) fn migrate(path: &Path, out: &mut impl Write) -> Result<(), CliError> {
    let settings = load(path)?.store.ok_or(CliError::NoProvider)?;
    let (found, now) = block_on(Store::migrate(&settings))??;
    if found == now {
        writeln!(out, "the tables are at version {now} already")?;
    } else {
        writeln!(
            out,
            "the tables were at version {found} and are at {now} now"
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::desk::Desk;

    #[test]
    fn a_database_is_migrated_once() {
        let desk = Desk::without_state("");
        let mut out = Vec::new();
        migrate(&desk.config, &mut out).unwrap();
        migrate(&desk.config, &mut out).unwrap();

        let said = String::from_utf8(out).unwrap();
        let mut lines = said.lines();
        assert!(
            lines
                .next()
                .unwrap()
                .starts_with("the tables were at version 0"),
            "{said}"
        );
        assert!(lines.next().unwrap().ends_with("already"), "{said}");
    }
}
