//! PEM files: whether they hold what they are named for.
//!
//! Only the labels are looked at (RFC 7468 §2). Decoding, and whether a key belongs to its
//! certificate, is the business of the part that uses them.

use super::Checker;
use crate::config::files::FileError;
use crate::config::key_path::KeyPath;
use crate::secret::Secret;

/// The text of a file with at least one certificate.
pub(super) fn certificates(checker: &mut Checker, file: &str, at: &KeyPath) -> Option<Vec<u8>> {
    let text = readable(checker, checker.files.read_text(file), at)?;
    if labels(&text).any(|label| label == "CERTIFICATE") {
        return Some(text.into_bytes());
    }
    let advice = if labels(&text).any(is_private_key) {
        "It holds a private key: were two files mistaken for each other?"
    } else {
        "Name a PEM file, with lines `-----BEGIN CERTIFICATE-----`."
    };
    checker.refuse(at, "names a file without a certificate", advice);
    None
}

/// The text of a file with a private key.
pub(super) fn private_key(checker: &mut Checker, file: &str, at: &KeyPath) -> Option<Secret> {
    let read = checker.files.read_secret(file);
    let secret = readable(checker, read, at)?;
    warn_if_open(checker, file, at);
    if labels(secret.expose()).any(|label| label == "ENCRYPTED PRIVATE KEY") {
        checker.refuse(
            at,
            "names a private key that is encrypted under a passphrase",
            "Decrypt it with `openssl pkey -in KEY -out KEY.plain` and protect the file instead.",
        );
        return None;
    }
    if !labels(secret.expose()).any(is_private_key) {
        checker.refuse(
            at,
            "names a file without a private key",
            "Name a PEM file with a line `-----BEGIN PRIVATE KEY-----`.",
        );
        return None;
    }
    Some(secret)
}

/// The content of a file, or a problem.
pub(super) fn readable<T>(
    checker: &mut Checker,
    read: Result<T, FileError>,
    at: &KeyPath,
) -> Option<T> {
    read.map_err(|error| {
        checker.refuse(
            at,
            error.to_string(),
            "A relative path starts at the folder of the configuration file.",
        );
    })
    .ok()
}

/// Warns of a secret that every user of the machine may read.
pub(super) fn warn_if_open(checker: &mut Checker, file: &str, at: &KeyPath) {
    if checker.files.is_open_to_all(file) {
        checker.warn(
            at,
            "every user of this machine may read the file; `chmod o-r` takes that away",
        );
    }
}

fn labels(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        line.trim_end()
            .strip_prefix("-----BEGIN ")?
            .strip_suffix("-----")
    })
}

fn is_private_key(label: &str) -> bool {
    label.ends_with("PRIVATE KEY")
}
