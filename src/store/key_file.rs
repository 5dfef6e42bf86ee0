//! The key file: 32 random bytes in base64 that everything sealed in the store depends on.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{StoreError, files};
use crate::entropy;

/// A key as the file holds it.
pub(crate) type KeyBytes = Zeroizing<[u8; 32]>;

/// Reads the key file. Blocks on the disk.
pub(crate) fn read(path: &Path) -> Result<KeyBytes, StoreError> {
    let unreadable = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => StoreError::KeyFileMissing {
            path: path.to_owned(),
        },
        _ => StoreError::KeyFileUnreadable {
            path: path.to_owned(),
            source,
        },
    };
    let text = Zeroizing::new(fs::read(path).map_err(unreadable)?);
    let mode = fs::metadata(path).map_err(unreadable)?.permissions().mode();
    if mode & 0o007 != 0 {
        tracing::warn!(key_file.path = %path.display(), "everybody on this machine may read the key file; chmod it to 600");
    }
    parse(&text).ok_or_else(|| StoreError::KeyFileMalformed {
        path: path.to_owned(),
    })
}

/// Reads a key: 32 bytes in base64.
pub(super) fn parse(text: &[u8]) -> Option<KeyBytes> {
    let bytes = STANDARD
        .decode(text.trim_ascii())
        .map(Zeroizing::new)
        .ok()?;
    let bytes = <[u8; 32]>::try_from(bytes.as_slice()).ok()?;
    Some(Zeroizing::new(bytes))
}

/// Reads the key file, or makes it with a new key. Blocks on the disk.
///
/// Of several processes that do this at once all get the same key: the file appears under its
/// name whole, and only if no other has that name yet.
pub(crate) fn read_or_create(path: &Path) -> Result<KeyBytes, StoreError> {
    if !path.exists() {
        let key = Zeroizing::new(entropy::random::<32>()?);
        let draft = draft_path(path)?;
        create(path, &draft, &key).map_err(|source| StoreError::KeyFileUnreadable {
            path: path.to_owned(),
            source,
        })?;
    }
    read(path)
}

fn draft_path(path: &Path) -> Result<PathBuf, StoreError> {
    Ok(files::beside(path, format!(".{}", entropy::identifier()?)))
}

fn create(path: &Path, draft: &Path, key: &KeyBytes) -> io::Result<()> {
    files::create_folder_of(path)?;
    let mut file = files::create_new(draft)?;
    let text = Zeroizing::new(STANDARD.encode(key.as_slice()));
    if let Err(error) = writeln!(file, "{}", *text).and_then(|()| file.sync_all()) {
        fs::remove_file(draft)?;
        return Err(error);
    }
    match files::publish(draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        published => published,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_is_for_its_owner_only_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/cellgate.key");

        let made = read_or_create(&path).unwrap();

        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read_or_create(&path).unwrap(), made);
        let names = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(names, 1, "the draft is gone");
    }

    #[test]
    fn processes_that_start_at_once_agree_on_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cellgate.key");

        let keys: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| read_or_create(&path).unwrap()))
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });

        assert!(keys.iter().all(|key| *key == keys[0]));
    }

    #[test]
    fn what_is_not_a_key_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cellgate.key");
        for text in ["", "c2hvcnQ=", "not base64 at all", &"A".repeat(200)] {
            fs::write(&path, text).unwrap();

            let refused = read_or_create(&path);

            assert!(
                matches!(refused, Err(StoreError::KeyFileMalformed { .. })),
                "{text}"
            );
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }
}
