//! Files that a configuration names: certificates, keys, secrets, key sets.

use std::path::Path;

use tempfile::TempDir;

use super::refused::{assert_refused_at, whole};
use crate::config::Config;
use crate::issuers::{self, KeyLocation};
use crate::jose::ClaimPath;
use crate::model::{ClientAuthentication, KeySource};
use crate::secret::Secret;

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
const LOCKED_KEY: &str =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";

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

fn listener(certificate: &str, key: &str) -> String {
    whole(&format!(
        "listeners:
  - name: edge
    address: 127.0.0.1:0
    tls:
      certificates:
        - certificate_file: {certificate}
          private_key_file: {key}"
    ))
}

#[test]
fn a_listener_gets_its_certificate_and_key() {
    let folder = folder(&[("c.pem", CERTIFICATE), ("k.pem", KEY)]);

    let config = Config::parse(&listener("c.pem", "k.pem"), folder.path()).unwrap();

    let tls = config.listeners[0].tls.as_ref().unwrap();
    assert_eq!(tls.certificates[0].chain, CERTIFICATE.as_bytes());
    assert_eq!(tls.certificates[0].key.expose(), KEY.trim_end());
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}

#[test]
fn certificates_and_keys_that_are_none_are_refused() {
    let folder = folder(&[
        ("c.pem", CERTIFICATE),
        ("k.pem", KEY),
        ("locked.pem", LOCKED_KEY),
    ]);
    let at_certificate = "listeners[0].tls.certificates[0].certificate_file";
    let at_key = "listeners[0].tls.certificates[0].private_key_file";
    for (certificate, key, expected) in [
        (
            "none.pem",
            "k.pem",
            &[(at_certificate, 6, "none.pem cannot be read")][..],
        ),
        (
            "k.pem",
            "c.pem",
            &[
                (at_certificate, 6, "were two files mistaken for each other?"),
                (at_key, 7, "names a file without a private key"),
            ],
        ),
        (
            "c.pem",
            "locked.pem",
            &[(at_key, 7, "is encrypted under a passphrase")],
        ),
        (".", "k.pem", &[(at_certificate, 6, "cannot be read")]),
    ] {
        assert_refused_at(
            certificate,
            &listener(certificate, key),
            folder.path(),
            expected,
        );
    }
}

#[test]
fn a_key_that_everybody_may_read_is_warned_of() {
    let folder = folder(&[("c.pem", CERTIFICATE), ("k.pem", KEY)]);
    set_mode(&folder.path().join("k.pem"), 0o644);

    let config = Config::parse(&listener("c.pem", "k.pem"), folder.path()).unwrap();

    assert_eq!(config.warnings.len(), 1);
    assert!(config.warnings[0].contains("every user of this machine may read the file"));
}

fn client(secret: &str) -> String {
    whole(&format!(
        "state: {{}}
users: {{cells: {{url: 'https://cells.internal/'}}}}
provider:
  issuer: https://files.example/oidc/
  clients:
    - {{id: a, redirect_uris: ['https://a/'], {secret}}}"
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

fn trusted(rest: &str) -> String {
    whole(&format!(
        "trusted_issuers:
  - issuer: https://login.example/
    {rest}
routes: [{{name: r, path: /, whoami: true, audience: [api]}}]"
    ))
}

const JWKS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"1","alg":"EdDSA"}]}"#;

#[test]
fn a_trusted_issuer_comes_with_its_keys() {
    let folder = folder(&[("jwks.json", JWKS)]);
    let text =
        trusted("jwks_file: jwks.json\n    algorithms: [EdDSA, RS256]\n    types: [at+jwt, '']");

    let config = Config::parse(&text, folder.path()).unwrap();

    let issuer = &config.trusted_issuers[0];
    assert_eq!(issuer.keys, issuers::KeySource::Fixed(JWKS.to_owned()));
    assert_eq!(issuer.terms.types, ["at+jwt", ""]);
    assert_eq!(issuer.algorithms.len(), 2);
    let policy = &config.gateway.routes[0].policy;
    assert_eq!(&*policy.issuers[0], "https://login.example/");
    assert_eq!(policy.audience, ["api"]);
}

#[test]
fn key_sets_that_cannot_be_trusted_are_refused() {
    let folder = folder(&[
        ("text.json", "no JSON"),
        ("empty.json", r#"{"keys":[]}"#),
        ("private.json", r#"{"keys":[{"kty":"OKP","d":"x"}]}"#),
        ("shared.json", r#"{"keys":[{"kty":"oct","k":"x"}]}"#),
    ]);
    for (file, fragment) in [
        ("text.json", "is no JSON Web Key Set"),
        ("empty.json", "a key set without a key"),
        ("private.json", "a private or shared key"),
        ("shared.json", "a private or shared key"),
        ("none.json", "cannot be read"),
    ] {
        let text = trusted(&format!("jwks_file: {file}\n    algorithms: [RS256]"));
        let expected = [("trusted_issuers[0].jwks_file", 4, fragment)];
        assert_refused_at(file, &text, folder.path(), &expected);
    }
}

#[test]
fn a_trusted_issuer_is_trusted_on_the_terms_of_the_file() {
    let folder = folder(&[("secret", "s3cret\n")]);
    let text = trusted(
        "discovery: oauth
    algorithms: [RS256]
    audience: [api, files]
    claims: {groups: [realm_access, roles], client_id: [azp]}
    key_refresh: {interval_s: 60, min_interval_s: 5}
    timeout_s: 3
    introspection:
      url: https://login.example/introspect
      client_id: cellgate
      client_secret_file: secret
      authentication: client_secret_post
      assumed_audience: [api]",
    )
    .replace(", audience: [api]}]", "}]");

    let config = Config::parse(&text, folder.path()).unwrap();

    let issuer = &config.trusted_issuers[0];
    let metadata = "https://login.example/.well-known/oauth-authorization-server";
    let issuers::KeySource::Fetched(keys) = &issuer.keys else {
        panic!("{:?}", issuer.keys);
    };
    assert_eq!(
        keys.location,
        KeyLocation::Metadata(metadata.parse().unwrap())
    );
    assert_eq!(
        (keys.interval.as_secs(), keys.min_interval.as_secs()),
        (60, 5)
    );
    assert_eq!(keys.outage_grace.as_secs(), 86_400, "the default");
    let path = |names: &[&str]| ClaimPath(names.iter().map(ToString::to_string).collect());
    assert_eq!(
        issuer.terms.claims,
        [
            ("client_id".to_owned(), path(&["azp"])),
            ("groups".to_owned(), path(&["realm_access", "roles"])),
        ]
    );
    let endpoint = issuer.introspection.as_ref().unwrap();
    assert_eq!(endpoint.client_secret.expose(), "s3cret");
    assert_eq!(
        endpoint.authentication,
        issuers::ClientAuthentication::SecretPost
    );
    let policy = &config.gateway.routes[0].policy;
    assert_eq!(
        policy.audience,
        ["api", "files"],
        "what the issuer is trusted for"
    );
}

/// H33 cannot even be written: there is no shared secret to configure.
#[test]
fn sources_of_keys_that_nobody_could_trust_are_refused() {
    let folder = folder(&[("jwks.json", JWKS), ("secret", "s3cret")]);
    for (rest, key, fragment) in [
        ("algorithms: [RS256]", "", "has no keys"),
        (
            "discovery: openid, jwks_file: jwks.json, algorithms: [RS256]",
            ".jwks_file",
            "is a second source of keys, besides `discovery`",
        ),
        (
            "jwks_url: 'http://login.example/keys', algorithms: [RS256]",
            ".jwks_url",
            "is not an https address",
        ),
        (
            "jwks: no JSON, algorithms: [RS256]",
            ".jwks",
            "is a text that is no JSON Web Key Set",
        ),
        ("discovery: openid", ".algorithms", "is missing"),
        (
            "discovery: webfinger, algorithms: [RS256]",
            ".discovery",
            "`openid`",
        ),
        (
            "discovery: openid, algorithms: [RS256], claims: {aud: [azp]}",
            ".claims.aud",
            "which no other can stand for",
        ),
        (
            "introspection: {url: 'https://a.example/', client_id: c}",
            ".introspection",
            "has no secret",
        ),
        (
            "introspection: {url: 'http://a.example/', client_id: c, client_secret_file: secret}",
            ".introspection.url",
            "is not an https address",
        ),
        (
            "introspection: {url: 'https://a.example/', client_secret_file: secret}",
            ".introspection.client_id",
            "is missing",
        ),
        (
            "introspection: {url: 'https://a.example/', client_id: c, client_secret_file: secret, client_secret_env: X}",
            ".introspection.client_secret_env",
            "is a second secret",
        ),
    ] {
        let text = format!(
            "trusted_issuers: [{{issuer: 'https://login.example/', {rest}}}]
routes: [{{name: r, path: /, whoami: true, audience: [api]}}]"
        );
        let expected = [(&*format!("trusted_issuers[0]{key}"), 2, fragment)];
        assert_refused_at(rest, &whole(&text), folder.path(), &expected);
    }
}

#[test]
fn trusted_issuers_that_contradict_the_rest_are_refused() {
    let folder = folder(&[("jwks.json", JWKS)]);
    let text = "trusted_issuers:
  - {issuer: 'https://a.example/', jwks_file: jwks.json, algorithms: [RS256]}
  - {issuer: 'https://a.example/', jwks_file: jwks.json, algorithms: [HS256, RS256, RS256]}
  - {issuer: 'https://b example/', jwks_file: jwks.json}
routes:
  - {name: a, path: /a/, whoami: true}
  - {name: b, path: /b/, whoami: true, audience: [x], issuers: ['https://a.example']}";
    assert_refused_at(
        "issuers",
        &whole(text),
        folder.path(),
        &[
            (
                "trusted_issuers[1].issuer",
                4,
                "is the same as trusted_issuers[0].issuer in line 3",
            ),
            ("trusted_issuers[1].algorithms[0]", 4, "Did you mean"),
            ("trusted_issuers[1].algorithms[2]", 4, "is the same as"),
            ("trusted_issuers[2].algorithms", 5, "is missing"),
            ("trusted_issuers[2].issuer", 5, "has spaces"),
            ("routes[0].audience", 7, "is missing: without it"),
            (
                "routes[1].issuers[0]",
                8,
                "Did you mean `https://a.example/`? Every character counts.",
            ),
        ],
    );
}

/// A P-256 key, and the same with its private half.
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
