//! `provider.registration`.

use super::Checker;
use super::secret::{self, Place};
use crate::config::file::{RegistrationMode, RegistrationTable};
use crate::config::key_path::KeyPath;
use crate::model::{Scope, SecretHash};
use crate::provider::{Registration, RegistrationAccess};
use crate::secret::Digest;

/// Checks who may register clients; `audience` is what all of them get.
pub(super) fn registration(
    checker: &mut Checker,
    table: &RegistrationTable,
    audience: &[String],
    provider: &KeyPath,
) -> Option<Registration> {
    let at = provider.key("registration");
    let token = token(checker, table, &at);
    if table.mode == RegistrationMode::Open {
        checker.warn(
            &at.key("mode"),
            "anybody who reaches the issuer can register an application",
        );
    }
    let scope = Scope::parse(&table.scope).map_err(|error| {
        checker.refuse(
            &at.key("scope"),
            format!("cannot be read: {error}"),
            "Write, for example, `scope: openid profile email`.",
        );
    });
    Some(Registration {
        access: match table.mode {
            RegistrationMode::Off => RegistrationAccess::Off,
            RegistrationMode::InitialAccessToken => RegistrationAccess::InitialAccessToken(token),
            RegistrationMode::Open => RegistrationAccess::Open,
        },
        max_clients: table.max_clients,
        per_hour: table.per_hour,
        audience: audience.to_vec(),
        scope: scope.ok()?,
    })
}

/// The digest of the token of the configuration, if it has one.
fn token(checker: &mut Checker, table: &RegistrationTable, at: &KeyPath) -> Option<Digest> {
    let written = [
        (
            "initial_access_token_hash",
            &table.initial_access_token_hash,
        ),
        (
            "initial_access_token_file",
            &table.initial_access_token_file,
        ),
        ("initial_access_token_env", &table.initial_access_token_env),
    ];
    let mut written = written
        .into_iter()
        .filter_map(|(key, value)| Some((key, value.as_deref()?)));
    let (key, value) = written.next()?;
    if let Some((second, _)) = written.next() {
        checker.refuse(&at.key(second), "is a second token", "Keep one of them.");
        return None;
    }
    let at = at.key(key);
    if table.mode != RegistrationMode::InitialAccessToken {
        checker.refuse(
            &at,
            "is of no use without `mode: initial_access_token`",
            "Remove it, or change the mode.",
        );
        return None;
    }
    let place = match key {
        "initial_access_token_hash" => return hash(checker, value, &at),
        "initial_access_token_file" => Place::File(value),
        _ => Place::Variable(value),
    };
    let token = secret::read(checker, place, &at)?;
    if secret::can_be_guessed(&token) {
        checker.refuse(
            &at,
            "holds a token that is short enough to be guessed",
            "`cellgate hash-secret --generate` makes one.",
        );
        return None;
    }
    Some(token.digest())
}

/// The digest of a token; only what was generated may be hashed so fast.
fn hash(checker: &mut Checker, text: &str, at: &KeyPath) -> Option<Digest> {
    if let Ok(SecretHash::Sha256(digest)) = SecretHash::parse(text) {
        return Some(digest);
    }
    checker.refuse(
        at,
        "is not `sha256:…`",
        "`cellgate hash-secret --generate` makes a token and prints this hash of it.",
    );
    None
}
