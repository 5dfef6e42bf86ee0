//! Keys of clients that sign, and secrets that make MACs.

use super::clients::client;
use super::{assert_refused_at, folder};
use crate::config::Config;
use crate::model::{ClientAuthentication, KeySource};

/// A P-256 key.
const PUBLIC: &str = r#"{"kty": "EC", "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;

#[test]
fn the_keys_of_a_client_come_from_a_file() {
    let set = format!("{{\"keys\": [{PUBLIC}]}}");
    let folder = folder(&[("a.json", &set)]);

    let config = Config::parse(&signing_client("a.json"), folder.path()).unwrap();

    let ClientAuthentication::PrivateKeyJwt(keys) =
        &config.provider.unwrap().clients[0].authentication
    else {
        panic!("private_key_jwt")
    };
    assert_eq!(keys.source, KeySource::Inline(set));
}

#[test]
fn keys_that_prove_nothing_are_refused() {
    let private = PUBLIC.replace('}', r#", "d": "AA"}"#);
    let folder = folder(&[
        ("private.json", &format!("{{\"keys\": [{private}]}}")),
        ("key.json", PUBLIC),
        ("none.json", "{\"keys\": []}"),
        ("text.json", "-----BEGIN PUBLIC KEY-----"),
    ]);
    for (file, fragment) in [
        ("private.json", "only public keys belong there"),
        ("key.json", "must be a JSON object with an array of keys"),
        ("none.json", "no key of the JWK Set can be used"),
        ("text.json", "must be a JSON object with an array of keys"),
        ("missing.json", "cannot be read"),
    ] {
        assert_refused_at(
            file,
            &signing_client(file),
            folder.path(),
            &[("provider.clients[0].jwks_file", 7, fragment)],
        );
    }
}

fn signing_client(file: &str) -> String {
    client(&format!(
        "authentication: private_key_jwt, jwks_file: {file}"
    ))
}

fn sharing_client(secret: &str) -> String {
    client(&format!("authentication: client_secret_jwt, {secret}")).replace(
        "provider:",
        "provider:\n  client_authentication: {client_secret_jwt: true}",
    )
}

#[test]
fn a_secret_that_makes_macs_is_read_and_not_hashed() {
    let folder = folder(&[("secret", "0123456789abcdef0123456789abcdef")]);

    let text = sharing_client("secret_file: secret");
    let config = Config::parse(&text, folder.path()).unwrap();

    let ClientAuthentication::SecretJwt(secret) =
        &config.provider.unwrap().clients[0].authentication
    else {
        panic!("client_secret_jwt")
    };
    assert_eq!(secret.expose(), "0123456789abcdef0123456789abcdef");
}

#[test]
fn secrets_that_cannot_make_macs_are_refused() {
    let folder = folder(&[("short", "0123456789abcdef0123456789abcde")]);
    let hash = "sha256:tioYRfQSJO40dpenvPOziZ4xvYXd0uTJtkoRsYDLSL0";
    for (secret, key, fragment) in [
        (
            "secret_file: short",
            "provider.clients[0].secret_file",
            "is shorter than 32 bytes",
        ),
        (
            &format!("secret_hash: '{hash}'"),
            "provider.clients[0].secret_hash",
            "the secret itself must be known here",
        ),
        (
            "scope: openid",
            "provider.clients[0]",
            "write it to a file, and `secret_file`",
        ),
    ] {
        let expected = [(key, 8, fragment)];
        assert_refused_at(secret, &sharing_client(secret), folder.path(), &expected);
    }
}

#[test]
fn a_secret_that_makes_macs_is_refused_where_that_is_turned_off() {
    let folder = folder(&[("secret", "0123456789abcdef0123456789abcdef")]);
    let text = client("authentication: client_secret_jwt, secret_file: secret");

    assert_refused_at(
        "turned off",
        &text,
        folder.path(),
        &[(
            "provider.clients[0].authentication",
            7,
            "is `client_secret_jwt`, which is turned off",
        )],
    );
}
