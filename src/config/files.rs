//! The only reader of files and environment for the configuration.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::secret::Secret;

/// Mebibytes that a file may have, be it the configuration or one that it names: ten thousand routes that
/// say all they can. A CA bundle has a quarter of one.
const MAX_MIB: u64 = 8;

/// The same in bytes.
pub(super) const MAX_BYTES: u64 = MAX_MIB * 1024 * 1024;

/// The files around a configuration, and the environment.
#[derive(Debug)]
pub(crate) struct Files {
    base: PathBuf,
}

/// Why a file or variable that the configuration names cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// Not there, not permitted, not a file.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// The whole path.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Larger than anything that belongs here.
    #[error("{0} is larger than {MAX_MIB} MiB")]
    TooLarge(PathBuf),
    /// Not a text.
    #[error("{0} is not UTF-8 text")]
    NotText(PathBuf),
    /// A secret of no characters.
    #[error("{0} is empty")]
    Empty(String),
    /// No such variable.
    #[error("the environment has no variable {0}, or it is not UTF-8 text")]
    NoVariable(String),
}

impl Files {
    /// Files named relative to the folder `base`.
    pub(crate) fn relative_to(base: &Path) -> Self {
        Self {
            base: base.to_owned(),
        }
    }

    /// The whole path of a file that the configuration names `path`.
    pub(crate) fn resolve(&self, path: &str) -> PathBuf {
        self.base.join(path)
    }

    /// The text of a file.
    pub(crate) fn read_text(&self, path: &str) -> Result<String, FileError> {
        read_text(&self.resolve(path))
    }

    /// The secret in a file, without the newline that editors leave at its end.
    pub(crate) fn read_secret(&self, path: &str) -> Result<Secret, FileError> {
        secret(self.read_text(path)?, path)
    }

    /// The secret in an environment variable.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one reader of the environment"
    )]
    pub(crate) fn secret_of_variable(name: &str) -> Result<Secret, FileError> {
        let text = std::env::var(name).map_err(|_| FileError::NoVariable(name.to_owned()))?;
        secret(text, name)
    }

    /// Whether every user of this machine may read the file.
    pub(crate) fn is_open_to_all(&self, path: &str) -> bool {
        is_open_to_all(&self.resolve(path))
    }

    /// Whether there is a folder called `path`.
    pub(crate) fn is_folder(&self, path: &str) -> bool {
        self.resolve(path).is_dir()
    }
}

/// Where the service manager wants to be told that we serve; `None` where there is none.
#[expect(
    clippy::disallowed_methods,
    reason = "the one reader of the environment"
)]
pub(crate) fn notify_socket() -> Option<String> {
    std::env::var("NOTIFY_SOCKET").ok()
}

/// The text of the file at `path`.
pub(crate) fn read_text(path: &Path) -> Result<String, FileError> {
    let unreadable = |source| FileError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    if u64::try_from(bytes.len()).is_ok_and(|n_bytes| n_bytes > MAX_BYTES) {
        return Err(FileError::TooLarge(path.to_owned()));
    }
    String::from_utf8(bytes).map_err(|_| FileError::NotText(path.to_owned()))
}

fn secret(text: String, name: &str) -> Result<Secret, FileError> {
    let whole = zeroize::Zeroizing::new(text);
    let text = whole.strip_suffix('\n').unwrap_or(&whole);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(FileError::Empty(name.to_owned()));
    }
    Ok(Secret::new(text))
}

#[cfg(unix)]
fn is_open_to_all(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn is_open_to_all(_path: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newline_at_the_end_of_a_secret_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::relative_to(folder.path());
        for (written, read) in [
            ("s3cret", "s3cret"),
            ("s3cret\n", "s3cret"),
            ("s3cret\r\n", "s3cret"),
            (" s3cret \n\n", " s3cret \n"),
        ] {
            fs::write(folder.path().join("secret"), written).unwrap();
            assert_eq!(files.read_secret("secret").unwrap().expose(), read);
        }
        fs::write(folder.path().join("secret"), "\n").unwrap();
        assert!(matches!(
            files.read_secret("secret"),
            Err(FileError::Empty(_))
        ));
    }

    #[test]
    fn what_is_not_a_text_of_reasonable_size_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::relative_to(folder.path());
        fs::write(folder.path().join("large"), vec![b'x'; 8 * 1024 * 1024 + 1]).unwrap();
        fs::write(folder.path().join("binary"), [0xff]).unwrap();

        assert!(matches!(
            files.read_text("large"),
            Err(FileError::TooLarge(_))
        ));
        assert!(matches!(
            files.read_text("binary"),
            Err(FileError::NotText(_))
        ));
        assert!(matches!(
            files.read_text("none"),
            Err(FileError::Unreadable { .. })
        ));
        assert!(matches!(
            files.read_text("."),
            Err(FileError::Unreadable { .. })
        ));
    }
}
