//! `cellgate keys rekey`.

use std::io::Write;
use std::path::Path;

use crate::cli::error::CliError;
use crate::cli::output::block_on;
use crate::cli::report::load;
use crate::store::{self, KeySource, Rekeyed};

/// Encrypts the state of the configuration at `config` under the key in `new_key_file`.
pub(super) fn rekey(
    config: &Path,
    new_key_file: &Path,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let settings = load(config)?.store.ok_or(CliError::NoProvider)?;
    let new = KeySource::File(new_key_file.to_owned());
    let key = new_key_file.display();
    match block_on(store::rekey(&settings, &new))?? {
        Rekeyed::Now { n_values } => {
            writeln!(out, "{n_values} values are encrypted under {key} now")?;
        }
        Rekeyed::Before => writeln!(out, "everything is encrypted under {key} already")?,
    }
    writeln!(
        out,
        "Write `state: {{key_file: {key}}}` into the configuration, of every node, before the next \
         start.\nBackups made before can only be opened with the key before: keep it with them."
    )?;
    Ok(())
}
