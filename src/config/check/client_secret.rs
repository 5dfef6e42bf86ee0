//! How a client authenticates, and where its secret is.

use super::secret::{self, Place};
use super::{Checker, client_keys};
use crate::config::file::{AuthenticationName, ClientTable};
use crate::config::key_path::KeyPath;
use crate::model::{ClientAuthentication, SecretHash};
use crate::secret::Secret;

/// Bytes of a secret that a MAC with SHA-256 is made with (RFC 7518 §3.2).
const MIN_SHARED_BYTES: usize = 32;

/// The way a client authenticates; a secret belongs to a confidential client and to no other.
pub(super) fn authentication(
    checker: &mut Checker,
    table: &ClientTable,
    at: &KeyPath,
) -> Option<ClientAuthentication> {
    let written: Vec<&str> = [
        ("secret_hash", &table.secret_hash),
        ("secret_file", &table.secret_file),
        ("secret_env", &table.secret_env),
    ]
    .into_iter()
    .filter(|(_, value)| value.is_some())
    .map(|(key, _)| key)
    .collect();
    client_keys::check_belonging(checker, table, at);
    let wrap = match table.authentication {
        AuthenticationName::None => {
            refuse_secrets(
                checker,
                &written,
                "a public client (`authentication: none`)",
                at,
            );
            return Some(ClientAuthentication::None);
        }
        AuthenticationName::PrivateKeyJwt => {
            refuse_secrets(
                checker,
                &written,
                "with `authentication: private_key_jwt`, it",
                at,
            );
            let keys = client_keys::keys(checker, table, at);
            return keys.map(ClientAuthentication::PrivateKeyJwt);
        }
        AuthenticationName::ClientSecretJwt => {
            let secret = shared_secret(checker, table, &written, at);
            return secret.map(ClientAuthentication::SecretJwt);
        }
        AuthenticationName::ClientSecretBasic => ClientAuthentication::SecretBasic,
        AuthenticationName::ClientSecretPost => ClientAuthentication::SecretPost,
    };
    check_only(
        checker,
        &written,
        "`cellgate hash-secret --generate` makes one: write `secret_hash: sha256:…`. \
         For an application that cannot keep a secret, write `authentication: none`.",
        at,
    )?;
    secret_hash(checker, table, at).map(wrap)
}

/// Checks that one secret is written; `advice` is for where none is.
fn check_only(checker: &mut Checker, written: &[&str], advice: &str, at: &KeyPath) -> Option<()> {
    match written {
        [_] => return Some(()),
        [] => checker.refuse(at, "has no secret, but is a confidential client", advice),
        [_, second, ..] => {
            checker.refuse(&at.key(second), "is a second secret", "Keep one of them.");
        }
    }
    None
}

/// The secret of a client that proves by a MAC that it knows it (RFC 7518 §3.2: as long as the
/// hash at least).
fn shared_secret(
    checker: &mut Checker,
    table: &ClientTable,
    written: &[&str],
    at: &KeyPath,
) -> Option<Secret> {
    check_only(
        checker,
        written,
        "`cellgate hash-secret --generate` makes one: write it to a file, and `secret_file` with \
         its name.",
        at,
    )?;
    if table.secret_hash.is_some() {
        checker.refuse(
            &at.key("secret_hash"),
            "is of no use: with `client_secret_jwt` the secret itself must be known here",
            "Write `secret_file` or `secret_env`.",
        );
        return None;
    }
    let (secret, at) = read_secret(checker, table, at)?;
    if secret.expose().len() < MIN_SHARED_BYTES {
        checker.refuse(
            &at,
            "is shorter than 32 bytes, so that whoever sees an assertion could guess it",
            "`cellgate hash-secret --generate` makes one of 43.",
        );
        return None;
    }
    Some(secret)
}

fn refuse_secrets(checker: &mut Checker, written: &[&str], who: &str, at: &KeyPath) {
    for key in written {
        checker.refuse(
            &at.key(key),
            format!("is of no use: {who} has no secret"),
            "Remove it, or write `authentication: client_secret_basic`.",
        );
    }
}

fn secret_hash(checker: &mut Checker, table: &ClientTable, at: &KeyPath) -> Option<SecretHash> {
    if let Some(text) = &table.secret_hash {
        let at = at.key("secret_hash");
        return SecretHash::parse(text)
            .map_err(|error| {
                checker.refuse(
                    &at,
                    error.to_string(),
                    "The secret itself never stands in this file.",
                );
            })
            .ok();
    }
    let (secret, at) = read_secret(checker, table, at)?;
    Some(digest(checker, &secret, &at))
}

/// The secret in the file or the variable, and the key that names it.
fn read_secret(
    checker: &mut Checker,
    table: &ClientTable,
    at: &KeyPath,
) -> Option<(Secret, KeyPath)> {
    let (place, key) = match (&table.secret_file, &table.secret_env) {
        (Some(file), _) => (Place::File(file), "secret_file"),
        (None, name) => (Place::Variable(name.as_deref()?), "secret_env"),
    };
    let at = at.key(key);
    Some((secret::read(checker, place, &at)?, at))
}

/// The digest of a secret that was given in full.
///
/// A slow hash guards a *stored* hash against guessing. This one is made at start and never leaves
/// the process, so it would guard nothing and cost time at each token request.
fn digest(checker: &mut Checker, secret: &Secret, at: &KeyPath) -> SecretHash {
    if secret::can_be_guessed(secret) {
        checker.warn(
            at,
            "the secret is short enough to be guessed; `cellgate hash-secret --generate` makes one",
        );
    }
    SecretHash::Sha256(secret.digest())
}
