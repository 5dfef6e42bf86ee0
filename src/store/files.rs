//! Files that only the user of the process may read, whatever its umask, and that appear and change
//! their names whole.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The folder that `path` is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Creates the folder that `path` is in, with mode 0700, unless it is there.
pub(super) fn create_folder_of(path: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder_of(path))
}

/// Creates a file of mode 0600. Fails if it is there.
pub(super) fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// The file whose name is that of `path` with `suffix` behind it.
pub(super) fn beside(path: &Path, suffix: impl AsRef<OsStr>) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Gives the file `draft` the name `path`, for good. Fails if something has that name.
pub(super) fn publish(draft: &Path, path: &Path) -> io::Result<()> {
    // Unlike a rename, a link never replaces a file that is there already.
    let linked = fs::hard_link(draft, path);
    fs::remove_file(draft)?;
    linked?;
    sync_folder_of(path)
}

/// Waits until the names in the folder that `path` is in are on the disk.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

/// Held by everybody who works on a database file, so that it is never replaced under somebody.
///
/// SQLite's own locks are of no use for that: they belong to the file, and a file that is replaced
/// or damaged has lost them.
#[derive(Debug)]
pub(super) struct Hold(
    #[expect(dead_code, reason = "the lock is held as long as the file is open")] File,
);

impl Hold {
    /// Together with others; `WouldBlock` while somebody has the database at `path` alone.
    pub(super) fn shared(path: &Path) -> io::Result<Self> {
        Self::take(path, File::try_lock_shared)
    }

    /// Alone; `WouldBlock` while anybody else works on the database at `path`.
    pub(super) fn alone(path: &Path) -> io::Result<Self> {
        Self::take(path, File::try_lock)
    }

    fn take(path: &Path, lock: fn(&File) -> Result<(), TryLockError>) -> io::Result<Self> {
        let path = beside(path, "-lock");
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => match create_new(&path) {
                // Somebody else was faster.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => File::open(&path),
                created => created,
            },
            opened => opened,
        }?;
        lock(&file)?;
        Ok(Self(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_hold_a_file_together_or_one_holds_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cellgate.db");
        let is_taken =
            |hold: io::Result<Hold>| hold.unwrap_err().kind() == io::ErrorKind::WouldBlock;

        let many = [Hold::shared(&path).unwrap(), Hold::shared(&path).unwrap()];
        assert!(is_taken(Hold::alone(&path)));
        drop(many);
        let alone = Hold::alone(&path).unwrap();
        assert!(is_taken(Hold::shared(&path)));
        assert!(is_taken(Hold::alone(&path)));
        drop(alone);
        Hold::shared(&path).unwrap();
    }

    #[test]
    fn what_has_the_name_already_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (draft, path) = (folder.path().join("draft"), folder.path().join("name"));
        fs::write(&draft, "new").unwrap();
        fs::write(&path, "old").unwrap();

        let refused = publish(&draft, &path).unwrap_err();

        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert!(!draft.exists());
    }
}
