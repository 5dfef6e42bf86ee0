//! `cellgate backup`.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::error::CliError;
use super::report::load;
use crate::store::{self, Progress};

/// Told after each tenth of the pages.
const TENTHS: u64 = 10;

/// Copies the state of the configuration at `config` to `destination` while it is used; how far it
/// is goes to `progress`.
pub(super) fn backup(
    config: &Path,
    destination: &Path,
    out: &mut impl Write,
    progress: &mut impl Write,
) -> Result<(), CliError> {
    let settings = load(config)?.store.ok_or(CliError::NoProvider)?;
    let mut told = 0;
    let mut tell = |Progress { n_pages, n_copied }: Progress| {
        let tenth = n_copied.saturating_mul(TENTHS) / n_pages.max(1);
        if tenth > told {
            told = tenth;
            // Whoever does not read it gets the backup all the same.
            let _unread = writeln!(progress, "copied {n_copied} of {n_pages} pages");
        }
    };
    store::backup(&settings, destination, &mut tell)?;
    let n_bytes = fs::metadata(destination)?.len();
    writeln!(
        out,
        "backed up: {}, {} KiB",
        destination.display(),
        n_bytes.div_ceil(1024)
    )?;
    let key = match settings.key_file() {
        Some(file) => format!("the key file {}", file.display()),
        None => "the key of the environment".to_owned(),
    };
    writeln!(
        out,
        "Keep {key} as well, in another place: without it the backup is of no use, and who has both \
         can be anybody."
    )?;
    Ok(())
}
