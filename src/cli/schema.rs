//! `cellgate schema`.

use std::io::Write;

use super::error::CliError;

/// Prints the JSON Schema of the configuration.
pub(super) fn schema(out: &mut impl Write) -> Result<(), CliError> {
    writeln!(out, "{:#}", crate::config::schema())?;
    Ok(())
}
