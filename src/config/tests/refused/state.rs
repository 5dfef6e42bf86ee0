//! Where state is.

use super::{Row, assert_refused_at, whole};
use crate::config::Config;
use crate::store::Database;

fn file(state: &str) -> String {
    whole(&format!(
        "provider: {{issuer: 'https://f.example/'}}\nusers: {{cells: {{url: 'https://c/'}}}}\nstate:\n{state}"
    ))
}

const ROWS: &[Row] = &[
    (
        "no server",
        "  postgres: {database: d}",
        &[("state.postgres.servers", 5, "is missing")],
    ),
    (
        "no server that can be asked",
        "  postgres: {ca_file: ca.pem, servers: ['db.example', 'postgres://db.example/']}",
        &[("state.postgres.servers[1]", 5, "is neither `host:port` nor")],
    ),
    (
        "another machine in the clear",
        "  postgres: {servers: ['db.example']}",
        &[(
            "state.postgres.ca_file",
            5,
            "is missing: the database is on another machine",
        )],
    ),
    (
        "TLS over a socket",
        "  postgres: {servers: ['/run/postgresql'], ca_file: ca.pem}",
        &[("state.postgres.ca_file", 5, "not spoken over a Unix socket")],
    ),
    (
        "an authority that is a key",
        "  postgres: {servers: ['db.example'], ca_file: key.pem}",
        &[("state.postgres.ca_file", 5, "without a certificate")],
    ),
    (
        "an authority that is nothing",
        "  postgres: {servers: ['db.example'], ca_file: broken.pem}",
        &[("state.postgres.ca_file", 5, "is no authority")],
    ),
    (
        "two passwords",
        "  postgres: {servers: ['127.0.0.1'], password_file: password, password_env: X}",
        &[("state.postgres.password_env", 5, "is a second password")],
    ),
    (
        "a password that is not there",
        "  postgres: {servers: ['127.0.0.1'], password_file: none}",
        &[("state.postgres.password_file", 5, "cannot be read")],
    ),
    (
        "keys of the other database",
        "  path: c.db\n  synchronous: normal\n  postgres: {servers: ['127.0.0.1']}",
        &[
            ("state.path", 5, "is about a SQLite file"),
            ("state.synchronous", 6, "is about a SQLite file"),
        ],
    ),
    (
        "a key in two places",
        "  key_file: c.key\n  key_env: PATH",
        &[("state.key_env", 6, "is a second key")],
    ),
    (
        "a variable with something else than a key",
        "  key_env: PATH",
        &[("state.key_env", 5, "does not hold 32 bytes in base64")],
    ),
    (
        "a variable that is not set",
        "  key_env: CELLGATE_TEST_NO_SUCH_VARIABLE",
        &[("state.key_env", 5, "")],
    ),
    (
        "too few connections",
        "  postgres: {servers: ['127.0.0.1'], connections: 1}",
        &[("state.postgres.connections", 5, "")],
    ),
];

#[test]
fn a_database_that_cannot_be_asked_or_not_in_private_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["db.example".to_owned()]).unwrap();
    for (name, text) in [
        ("ca.pem", made.cert.pem()),
        ("key.pem", made.signing_key.serialize_pem()),
        ("password", "a password".to_owned()),
        (
            "broken.pem",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned(),
        ),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    for (sentence, state, expected) in ROWS {
        assert_refused_at(sentence, &file(state), folder.path(), expected);
    }
}

#[test]
fn a_database_in_the_clear_is_a_danger_and_one_on_this_machine_is_none() {
    for (state, n_dangers) in [
        (
            "  postgres: {servers: ['db.example'], danger_unencrypted: true}",
            1,
        ),
        (
            "  postgres: {servers: ['127.0.0.1', 'localhost', '[::1]', '/run/postgresql']}",
            0,
        ),
        ("  path: c.db", 0),
    ] {
        let config = Config::parse(&file(state), std::path::Path::new("")).unwrap();
        assert_eq!(
            config.dangers.len(),
            n_dangers,
            "{state}: {:?}",
            config.dangers
        );
        let store = config.store.unwrap();
        let is_file = matches!(store.database, Database::Sqlite { .. });
        assert_eq!(is_file, state.contains("path"), "{state}");
    }
}
