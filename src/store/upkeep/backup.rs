//! A copy of the database file, made while a process works on it.

use std::fs::File;
use std::path::Path;

use super::{UpkeepError, file_of};
use crate::entropy;
use crate::store::files::{self, Hold};
use crate::store::sqlite::{self, Progress};
use crate::store::{Settings, StoreError};

/// Copies the database of `settings` to the new file `destination`, readable for its owner alone.
/// Blocks on the disk.
///
/// The file appears whole or not at all, is one moment of the database, and replaces nothing.
///
/// # Errors
///
/// [`UpkeepError`]; there is no file then.
pub fn backup(
    settings: &Settings,
    destination: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), UpkeepError> {
    let path = file_of(settings)?;
    if !path.exists() {
        return Err(UpkeepError::Missing(path.to_owned()));
    }
    if destination.exists() {
        return Err(UpkeepError::Exists(destination.to_owned()));
    }
    let hold = Hold::shared(path);
    let _hold = hold.map_err(UpkeepError::hold(path))?;
    let name = entropy::identifier().map_err(StoreError::from)?;
    let draft = files::beside(destination, format!(".{name}"));
    let drawn = draw(path, &draft, progress);
    if let Err(error) = drawn {
        files::remove(&draft).map_err(UpkeepError::file(&draft))?;
        return Err(error);
    }
    files::publish(&draft, destination).map_err(UpkeepError::file(destination))
}

fn draw(path: &Path, draft: &Path, progress: &mut dyn FnMut(Progress)) -> Result<(), UpkeepError> {
    files::create_new(draft).map_err(UpkeepError::file(draft))?;
    sqlite::copy(path, draft, progress)?;
    // A backup that is found to be damaged when it is needed is none.
    if let Some(reason) = sqlite::problems(draft)? {
        return Err(UpkeepError::Damaged {
            path: path.to_owned(),
            reason,
        });
    }
    File::open(draft)
        .and_then(|file| file.sync_all())
        .map_err(UpkeepError::file(draft))
}
