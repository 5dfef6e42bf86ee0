//! Files that are refused, and the small language they are written in: one module for each
//! section of the file.

mod acme;
mod application_passwords;
mod assertions;
mod cells;
mod client_keys;
mod client_users;
mod clients;
mod conditions;
mod forward_auth;
mod listeners;
mod provider;
mod route_log;
mod routes;
mod sign_in_clients;
mod state;
mod structure;
mod token_use;
mod traces;
mod traffic;
mod trusted_issuers;
mod upstreams;
mod users;

use std::path::Path;

use tempfile::TempDir;

use crate::config::{Config, ConfigError};

/// A file that is refused: a sentence, its text, and each problem as key, line and a fragment of
/// what the operator reads.
pub(super) type Row = (
    &'static str,
    &'static str,
    &'static [(&'static str, usize, &'static str)],
);

/// Line 1 of every file that has no listeners of its own, so that a row begins in line 2.
const LISTENERS: &str = "listeners: [{name: edge, address: '127.0.0.1:0'}]\n";

/// The last line of every file that has no routes of its own.
const ROUTES: &str = "\nroutes: [{name: r, path: /, whoami: true, authentication: anonymous}]\n";

/// The whole file of a row.
pub(super) fn whole(text: &str) -> String {
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    let listeners = if has("listeners:") { "" } else { LISTENERS };
    let routes = if has("routes:") { "" } else { ROUTES };
    format!("{listeners}{text}{routes}")
}

/// Checks that each file is refused for exactly the problems of its row.
#[track_caller]
pub(super) fn assert_refused(rows: &[Row]) {
    for (sentence, text, expected) in rows {
        assert_refused_at(sentence, &whole(text), Path::new(""), expected);
    }
}

/// Checks that one file, with its files in `base`, is refused for exactly these problems.
#[track_caller]
pub(super) fn assert_refused_at(
    sentence: &str,
    text: &str,
    base: &Path,
    expected: &[(&str, usize, &str)],
) {
    let error = refusal(sentence, text, base);
    let found = error.to_string();
    assert_eq!(error.problems.len(), expected.len(), "{sentence}:\n{found}");
    for (problem, (key, line, fragment)) in error.problems.iter().zip(expected) {
        let place = problem.place.map(|place| place.line);
        assert_eq!(
            (problem.key.as_str(), place),
            (*key, Some(*line)),
            "{sentence}:\n{found}"
        );
        assert!(
            problem.to_string().contains(fragment),
            "{sentence}: {fragment:?} is not in\n{found}"
        );
    }
}

#[track_caller]
fn refusal(sentence: &str, text: &str, base: &Path) -> ConfigError {
    match Config::parse(text, base) {
        Ok(_) => panic!("accepted: {sentence}"),
        Err(error) => error,
    }
}

/// A folder with files that only their owner can read.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        set_mode(&path, 0o600);
    }
    folder
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}
