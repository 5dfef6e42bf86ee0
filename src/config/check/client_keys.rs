//! The public keys of a client that authenticates by `private_key_jwt`.

use super::provider::algorithm;
use super::{Checker, pem};
use crate::config::file::{AuthenticationName, ClientTable};
use crate::config::key_path::KeyPath;
use crate::model::{ClientEndpoint, ClientKeys, KeySource, Reach};
use crate::provider::clients::check_inline;

/// Refuses keys where no assertion is expected.
pub(super) fn check_belonging(checker: &mut Checker, table: &ClientTable, at: &KeyPath) {
    if table.authentication == AuthenticationName::PrivateKeyJwt {
        return;
    }
    for (key, is_written) in [
        ("jwks_file", table.jwks_file.is_some()),
        ("jwks_uri", table.jwks_uri.is_some()),
        (
            "token_endpoint_auth_signing_alg",
            table.token_endpoint_auth_signing_alg.is_some(),
        ),
    ] {
        if is_written {
            checker.refuse(
                &at.key(key),
                "is of no use without `authentication: private_key_jwt`",
                "Write that, or remove the key.",
            );
        }
    }
}

/// The keys of a client that has some.
pub(super) fn keys(checker: &mut Checker, table: &ClientTable, at: &KeyPath) -> Option<ClientKeys> {
    let algorithm = table.token_endpoint_auth_signing_alg.map(algorithm);
    let (source, at) = match (&table.jwks_file, &table.jwks_uri) {
        (Some(file), None) => {
            let at = at.key("jwks_file");
            let text = pem::readable(checker, checker.files.read_text(file), &at)?;
            (KeySource::Inline(text), at)
        }
        (None, Some(uri)) => {
            let at = at.key("jwks_uri");
            let uri = ClientEndpoint::register(uri).map_err(|error| {
                checker.refuse(
                    &at,
                    error.to_string(),
                    "Copy the address from the application's documentation.",
                );
            });
            (KeySource::Uri(uri.ok()?, Reach::Anywhere), at)
        }
        (None, None) => {
            checker.refuse(
                at,
                "has no keys, but authenticates by `private_key_jwt`",
                "Write `jwks_uri` with the address where the application publishes its public \
                 keys, or `jwks_file` with a file that has them.",
            );
            return None;
        }
        (Some(_), Some(_)) => {
            checker.refuse(
                &at.key("jwks_uri"),
                "is a second set of keys, beside `jwks_file`",
                "Keep one of the two.",
            );
            return None;
        }
    };
    let keys = ClientKeys { source, algorithm };
    check_inline(&keys)
        .map_err(|error| {
            checker.refuse(
                &at,
                error.to_string(),
                "It looks like `{\"keys\": [{\"kty\": \"EC\", …}]}`, with RSA keys of 2048 bits \
                 or more, P-256 or Ed25519 keys.",
            );
        })
        .ok()?;
    Some(keys)
}
