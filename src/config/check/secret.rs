//! Secrets, which stand in files and variables and never in the configuration.

use super::{Checker, pem};
use crate::config::files::Files;
use crate::config::key_path::KeyPath;
use crate::secret::Secret;

/// Characters below which a secret was chosen by a person: 128 bits take 22 of base64url.
const MIN_GENERATED_CHARACTERS: usize = 22;

/// Where a secret is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a> {
    /// In this file.
    File(&'a str),
    /// In the variable of this name.
    Variable(&'a str),
}

/// The secret that is in `place`, which the key at `at` names.
pub(super) fn read(checker: &mut Checker, place: Place<'_>, at: &KeyPath) -> Option<Secret> {
    let read = match place {
        Place::File(file) => {
            let read = checker.files.read_secret(file);
            pem::warn_if_open(checker, file, at);
            read
        }
        Place::Variable(name) => Files::secret_of_variable(name),
    };
    pem::readable(checker, read, at)
}

/// Our secret as a client of somebody else, below `at`: in one of (file, variable). `missing` says what
/// is wrong without.
pub(super) fn of_client(
    checker: &mut Checker,
    places: (&Option<String>, &Option<String>),
    at: &KeyPath,
    missing: &str,
) -> Option<Secret> {
    let at_env = at.key("client_secret_env");
    match places {
        (None, None) => {
            let advice = "Write `client_secret_file: …` or `client_secret_env: …`.";
            checker.refuse(at, missing, advice);
            None
        }
        (Some(_), Some(_)) => {
            checker.refuse(&at_env, "is a second secret", "Keep one of them.");
            None
        }
        (Some(file), None) => read(checker, Place::File(file), &at.key("client_secret_file")),
        (None, Some(name)) => read(checker, Place::Variable(name), &at_env),
    }
}

/// Whether it is short enough to be guessed.
pub(super) fn can_be_guessed(secret: &Secret) -> bool {
    secret.expose().chars().count() < MIN_GENERATED_CHARACTERS
}
