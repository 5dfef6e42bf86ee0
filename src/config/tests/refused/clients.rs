//! Clients, and the secrets they share with us.

use std::path::Path;

use super::{Row, assert_refused_at, folder, whole};
use crate::config::Config;
use crate::model::ClientAuthentication;
use crate::secret::Secret;

/// A file with a good provider in lines 2 to 5, whose clients follow from line 6 on.
pub(super) fn with_clients(clients: &str) -> String {
    whole(&format!(
        "state: {{}}
users: {{cells: {{url: 'https://cells.internal/'}}}}
provider:
  issuer: https://files.example/oidc/
  clients:
{clients}"
    ))
}

#[track_caller]
pub(super) fn assert_clients_refused(rows: &[Row]) {
    for (sentence, clients, expected) in rows {
        assert_refused_at(sentence, &with_clients(clients), Path::new(""), expected);
    }
}

#[test]
fn clients_that_contradict_themselves_are_refused() {
    assert_clients_refused(CLIENTS);
}

const CLIENTS: &[Row] = &[
    (
        "an origin with a path",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/'], allowed_origins: ['https://a/', 'https://b', 'https://b']}",
        &[
            (
                "provider.clients[0].allowed_origins[0]",
                7,
                "is not an origin",
            ),
            (
                "provider.clients[0].allowed_origins[2]",
                7,
                "is the same as",
            ),
        ],
    ),
    (
        "introspection by a client that cannot prove who it is",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/'], introspection: {any: true, audiences: [x]}}",
        &[
            (
                "provider.clients[0].introspection",
                7,
                "is of no use with `authentication: none`",
            ),
            (
                "provider.clients[0].introspection.audiences",
                7,
                "is of no use beside `any: true`",
            ),
        ],
    ),
    (
        "two of one id",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/']}\n    - {id: a, authentication: none, redirect_uris: ['https://a/']}",
        &[(
            "provider.clients[1].id",
            8,
            "is the same as provider.clients[0].id in line 7",
        )],
    ),
    (
        "a public client with a secret",
        "    - {id: a, authentication: none, secret_env: X, redirect_uris: ['https://a/']}",
        &[(
            "provider.clients[0].secret_env",
            7,
            "a public client (`authentication: none`) has no secret",
        )],
    ),
    (
        "a confidential client without a secret",
        "    - {id: a, redirect_uris: ['https://a/']}",
        &[(
            "provider.clients[0]",
            7,
            "`cellgate hash-secret --generate` makes one",
        )],
    ),
    (
        "a client that signs, without keys",
        "    - {id: a, authentication: private_key_jwt, redirect_uris: ['https://a/']}",
        &[(
            "provider.clients[0]",
            7,
            "has no keys, but authenticates by `private_key_jwt`",
        )],
    ),
    (
        "a client that signs, with two sets of keys",
        "    - {id: a, authentication: private_key_jwt, jwks_file: a.json, jwks_uri: 'https://a/jwks', redirect_uris: ['https://a/']}",
        &[("provider.clients[0].jwks_uri", 7, "is a second set of keys")],
    ),
    (
        "a client that signs, with a secret",
        "    - {id: a, authentication: private_key_jwt, secret_env: X, jwks_uri: 'https://a/jwks', redirect_uris: ['https://a/']}",
        &[(
            "provider.clients[0].secret_env",
            7,
            "with `authentication: private_key_jwt`, it has no secret",
        )],
    ),
    (
        "keys at an address that cannot be called safely",
        "    - {id: a, authentication: private_key_jwt, jwks_uri: 'http://a.example/jwks', redirect_uris: ['https://a/']}",
        &[(
            "provider.clients[0].jwks_uri",
            7,
            "must begin with https://",
        )],
    ),
    (
        "keys of a client that does not sign",
        "    - {id: a, authentication: none, jwks_uri: 'https://a/jwks', token_endpoint_auth_signing_alg: ES256, redirect_uris: ['https://a/']}",
        &[
            (
                "provider.clients[0].jwks_uri",
                7,
                "is of no use without `authentication: private_key_jwt`",
            ),
            (
                "provider.clients[0].token_endpoint_auth_signing_alg",
                7,
                "is of no use without `authentication: private_key_jwt`",
            ),
        ],
    ),
    (
        "two secrets",
        "    - {id: a, secret_env: X, secret_file: y, redirect_uris: ['https://a/']}",
        &[("provider.clients[0].secret_env", 7, "is a second secret")],
    ),
    (
        "a secret in the clear where its hash belongs",
        "    - {id: a, secret_hash: open-sesame, redirect_uris: ['https://a/']}",
        &[(
            "provider.clients[0].secret_hash",
            7,
            "is neither `sha256:…` nor `$argon2id$…`",
        )],
    ),
    (
        "a secret under a key of its own",
        "    - {id: a, secret: open-sesame, redirect_uris: ['https://a/']}",
        &[
            ("provider.clients[0]", 7, "has no secret"),
            ("provider.clients[0].secret", 7, "Possible here: "),
        ],
    ),
    (
        "an empty environment variable",
        "    - {id: a, secret_env: CELLGATE_NO_SUCH_VARIABLE, redirect_uris: ['https://a/']}",
        &[(
            "provider.clients[0].secret_env",
            7,
            "the environment has no variable CELLGATE_NO_SUCH_VARIABLE",
        )],
    ),
    (
        "redirect URIs that would send codes astray",
        "    - {id: a, authentication: none, redirect_uris: ['http://a.example/', 'https://a/#x', 'https://*.a/'], post_logout_redirect_uris: ['/']}",
        &[
            (
                "provider.clients[0].redirect_uris[0]",
                7,
                "must begin with https://",
            ),
            (
                "provider.clients[0].redirect_uris[1]",
                7,
                "must not have a fragment",
            ),
            (
                "provider.clients[0].redirect_uris[2]",
                7,
                "must not have a wildcard",
            ),
            (
                "provider.clients[0].post_logout_redirect_uris[0]",
                7,
                "is not an absolute URI",
            ),
        ],
    ),
    (
        "addresses that nobody can be told at",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/'], backchannel_logout_uri: 'http://a/', frontchannel_logout_uri: 'https://b/', initiate_login_uri: 'http://localhost/'}\n    - {id: b, authentication: none, redirect_uris: ['https://a/'], backchannel_logout_session_required: true, frontchannel_logout_session_required: true}",
        &[
            (
                "provider.clients[0].backchannel_logout_uri",
                7,
                "must begin with https://",
            ),
            (
                "provider.clients[0].frontchannel_logout_uri",
                7,
                "has not the scheme, host and port",
            ),
            (
                "provider.clients[0].initiate_login_uri",
                7,
                "must begin with https://",
            ),
            (
                "provider.clients[1].backchannel_logout_session_required",
                8,
                "there is no `backchannel_logout_uri`",
            ),
            (
                "provider.clients[1].frontchannel_logout_session_required",
                8,
                "there is no `frontchannel_logout_uri`",
            ),
        ],
    ),
    (
        "no redirect URI for codes",
        "    - {id: a, authentication: none}",
        &[(
            "provider.clients[0].redirect_uris",
            7,
            "is missing: with `authorization_code`",
        )],
    ),
    (
        "a grant type that cannot begin",
        "    - {id: a, authentication: none, grant_types: [refresh_token]}",
        &[(
            "provider.clients[0].grant_types",
            7,
            "is without `authorization_code`",
        )],
    ),
    (
        "a client that cannot ask for itself",
        "    - {id: a, authentication: none, grant_types: [client_credentials]}",
        &[(
            "provider.clients[0].grant_types",
            7,
            "has no secret to prove who it is",
        )],
    ),
    (
        "a resource that is none",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/'], resources: ['https://b/#c', 'https://b/', 'https://b/']}",
        &[
            ("provider.clients[0].resources[0]", 7, "without a fragment"),
            ("provider.clients[0].resources[2]", 7, ""),
        ],
    ),
    (
        "a scope that cannot be used",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/'], scope: 'a  b'}\n    - {id: b, authentication: none, redirect_uris: ['https://a/'], scope: openid offline_access, grant_types: [authorization_code]}",
        &[
            ("provider.clients[0].scope", 7, "one space apart"),
            ("provider.clients[1].scope", 8, "has `offline_access`"),
        ],
    ),
    (
        "ids and lists of nothing",
        "    - {id: 'é', authentication: none, redirect_uris: []}\n    - {id: '', authentication: none, redirect_uris: ['']}",
        &[
            ("provider.clients[0].id", 7, "printable ASCII"),
            ("provider.clients[0].redirect_uris", 7, "is an empty list"),
            ("provider.clients[1].id", 8, "is an empty text"),
            (
                "provider.clients[1].redirect_uris[0]",
                8,
                "is an empty text",
            ),
        ],
    ),
];

/// A file with a good provider and one client.
pub(super) fn client(secret: &str) -> String {
    with_clients(&format!(
        "    - {{id: a, redirect_uris: ['https://a/'], {secret}}}"
    ))
}

#[test]
fn a_secret_comes_from_a_file_or_the_environment() {
    let folder = folder(&[("secret", "0123456789abcdef0123456789abcdef\n")]);
    for (reference, secret) in [
        ("secret_file: secret", "0123456789abcdef0123456789abcdef"),
        // Cargo sets this one for every test.
        ("secret_env: CARGO_MANIFEST_DIR", env!("CARGO_MANIFEST_DIR")),
    ] {
        let config = Config::parse(&client(reference), folder.path()).unwrap();

        let ClientAuthentication::SecretBasic(hash) =
            &config.provider.unwrap().clients[0].authentication
        else {
            panic!("client_secret_basic")
        };
        assert!(hash.matches(&Secret::new(secret)), "{reference}");
    }
}

#[test]
fn secrets_that_are_missing_or_empty_are_refused() {
    let folder = folder(&[("empty", "\n")]);
    for (reference, key, fragment) in [
        (
            "secret_file: empty",
            "provider.clients[0].secret_file",
            "empty is empty",
        ),
        (
            "secret_file: none",
            "provider.clients[0].secret_file",
            "cannot be read",
        ),
        (
            "secret_env: CELLGATE_NONE",
            "provider.clients[0].secret_env",
            "no variable CELLGATE_NONE",
        ),
    ] {
        assert_refused_at(
            reference,
            &client(reference),
            folder.path(),
            &[(key, 7, fragment)],
        );
    }
}

#[test]
fn a_short_secret_is_warned_of_and_never_repeated() {
    let folder = folder(&[("secret", "hunter2")]);

    let config = Config::parse(&client("secret_file: secret"), folder.path()).unwrap();

    assert!(
        config.warnings[0].contains("short enough to be guessed"),
        "{:?}",
        config.warnings
    );
    assert!(!format!("{config:?}").contains("hunter2"));
}
