//! The commands over a state on disk, as an operator types them.

mod import;
mod initial_token;

use std::path::{Path, PathBuf};

use clap::Parser;
use serde_json::Value;
use tempfile::TempDir;

use super::{ClientsCommand, ClientsError, clients};
use crate::cli::error::CliError;
use crate::model::{ClientId, SecretHash};
use crate::secret::Secret;
use crate::store::{self, ClientRecord, Store, Synchronous};

#[derive(Debug, Parser)]
struct Line {
    #[command(subcommand)]
    command: ClientsCommand,
}

/// A configuration with the client `app`, and its state.
pub(in crate::cli) struct Desk {
    folder: TempDir,
    pub(in crate::cli) config: PathBuf,
}

impl Desk {
    pub(in crate::cli) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("cellgate.yaml");
        let state = folder.path().display();
        let text = format!(
            "listeners: [{{name: edge, address: '127.0.0.1:0'}}]
state: {{path: '{state}/c.db', key_file: '{state}/c.key'}}
users: {{cells: {{url: 'https://cells.internal/'}}}}
provider:
  issuer: https://files.example/oidc/
  clients: [{{id: app, authentication: none, redirect_uris: [https://app.example/cb]}}]
routes: [{{name: r, path: /, whoami: true}}]"
        );
        std::fs::write(&config, text).unwrap();
        let desk = Self { folder, config };
        desk.with_store(async |_| ());
        desk
    }

    /// Works on the state itself.
    pub(in crate::cli) fn with_store<T>(&self, work: impl AsyncFnOnce(Store) -> T) -> T {
        let settings = store::Settings {
            path: Some(self.folder.path().join("c.db")),
            key_file: Some(self.folder.path().join("c.key")),
            synchronous: Synchronous::Normal,
        };
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(async { work(Store::open(&settings).await.unwrap()).await })
    }

    /// Types `cellgate clients LINE --config …`.
    pub(super) fn type_in(&self, line: &[&str]) -> Result<String, CliError> {
        let config = ["--config", self.config.to_str().unwrap()];
        let words = ["clients"].iter().chain(line).chain(&config);
        let line = Line::try_parse_from(words).unwrap();
        let mut out = Vec::new();
        clients(&line.command, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    pub(super) fn json(&self, line: &[&str]) -> Value {
        serde_json::from_str(&self.type_in(line).unwrap()).unwrap()
    }

    pub(super) fn record(&self, id: &str) -> Option<ClientRecord> {
        let id = ClientId::parse(id).unwrap();
        self.with_store(async |store| store.find_client(&id).await.unwrap())
    }
}

/// What was printed after `name:`.
fn value(printed: &str, name: &str) -> String {
    let line = printed.lines().find(|line| line.starts_with(name)).unwrap();
    line.rsplit(' ').next().unwrap().to_owned()
}

const ADD: [&str; 5] = [
    "add",
    "--id",
    "grafana",
    "--redirect-uri",
    "https://grafana.example/login/generic_oauth",
];

#[test]
fn a_secret_is_printed_once_and_kept_as_a_hash() {
    let desk = Desk::new();

    let printed = desk.type_in(&ADD).unwrap();

    let secret = Secret::new(value(&printed, "client_secret:"));
    let hash = desk.record("grafana").unwrap().secret_hash.unwrap();
    assert!(matches!(hash, SecretHash::Sha256(_)));
    assert!(hash.matches(&secret));
    for later in [desk.type_in(&["list"]), desk.type_in(&["show", "grafana"])] {
        assert!(!later.unwrap().contains(secret.expose()));
    }
}

#[test]
fn a_native_application_has_no_secret() {
    let desk = Desk::new();

    let printed = desk
        .type_in(&[
            "add",
            "--native",
            "--redirect-uri",
            "http://127.0.0.1/callback",
            "--redirect-uri",
            "cellsauth://callback",
        ])
        .unwrap();

    assert!(!printed.contains("client_secret"), "{printed}");
    let shown = desk.json(&["show", &value(&printed, "client_id:"), "--json"]);
    assert_eq!(shown["token_endpoint_auth_method"], "none");
    assert_eq!(shown["redirect_uris"][1], "cellsauth://callback");
    assert_eq!(shown["audience"][0], "https://files.example/oidc/");
}

#[test]
fn the_list_has_clients_of_both_places() {
    let desk = Desk::new();
    desk.type_in(&ADD).unwrap();

    let list = desk.json(&["list", "--json"]);

    assert_eq!(list[0]["client_id"], "app");
    assert_eq!(list[0]["registered"], "configuration");
    assert_eq!(list[1]["client_id"], "grafana");
    assert_eq!(list[1]["registered"], "cli");
    let table = desk.type_in(&["list"]).unwrap();
    assert!(
        table.contains("grafana") && table.contains("app"),
        "{table}"
    );
}

#[test]
fn another_secret_replaces_the_first() {
    let desk = Desk::new();
    let first = value(&desk.type_in(&ADD).unwrap(), "client_secret:");

    let printed = desk.type_in(&["rotate-secret", "grafana"]).unwrap();

    let hash = desk.record("grafana").unwrap().secret_hash.unwrap();
    assert!(hash.matches(&Secret::new(value(&printed, "client_secret:"))));
    assert!(!hash.matches(&Secret::new(first)));
}

#[test]
fn a_client_that_is_removed_is_gone_and_its_id_is_free() {
    let desk = Desk::new();
    desk.type_in(&ADD).unwrap();

    desk.type_in(&["remove", "grafana"]).unwrap();

    assert!(desk.record("grafana").is_none());
    assert!(matches!(
        desk.type_in(&["remove", "grafana"]),
        Err(CliError::Clients(ClientsError::Unknown(_)))
    ));
    desk.type_in(&ADD).unwrap();
    assert!(desk.record("grafana").is_some());
}

/// Random ids are base64url, whose alphabet has a hyphen.
#[test]
fn an_id_may_begin_with_a_hyphen() {
    let desk = Desk::new();
    let uri = ["--redirect-uri", "https://a.example/"];
    let add: Vec<_> = ["add", "--id", "-B"].into_iter().chain(uri).collect();
    desk.type_in(&add).unwrap();

    assert_eq!(desk.json(&["show", "-B", "--json"])["client_id"], "-B");
    desk.type_in(&["rotate-secret", "-B"]).unwrap();
    desk.type_in(&["remove", "-B"]).unwrap();

    assert!(desk.record("-B").is_none());
}

#[test]
fn what_cannot_be_registered_is_refused_with_its_reason() {
    let desk = Desk::new();
    desk.type_in(&ADD).unwrap();
    for (sentence, line, reason) in [
        (
            "an id that is taken",
            &["--id", "grafana", "--redirect-uri", "https://a.example/"][..],
            "is registered already",
        ),
        (
            "an id of the configuration",
            &["--id", "app", "--redirect-uri", "https://a.example/"],
            "is in the configuration",
        ),
        (
            "a wildcard",
            &["--redirect-uri", "https://*.example/"],
            "wildcard",
        ),
        (
            "a script",
            &["--redirect-uri", "javascript:alert(1)"],
            "must begin with https",
        ),
        ("nowhere to go", &[], "redirect_uris is missing"),
        (
            "a grant type nobody speaks",
            &["--grant-type", "password"],
            "\"password\" is not supported",
        ),
        (
            "client credentials without a secret",
            &[
                "--authentication",
                "none",
                "--grant-type",
                "client_credentials",
            ],
            "a public client may not use",
        ),
        (
            "a policy nobody knows",
            &["--redirect-uri", "https://a.example/", "--consent", "never"],
            "consent can only be",
        ),
    ] {
        let line: Vec<&str> = ["add"].iter().chain(line).copied().collect();
        let error = desk.type_in(&line).unwrap_err().to_string();
        assert!(error.contains(reason), "{sentence}: {error}");
    }
    assert_eq!(
        desk.with_store(async |store| store.list_clients().await.unwrap().len()),
        1
    );
}

#[test]
fn a_client_of_the_configuration_is_changed_there() {
    let desk = Desk::new();

    for command in ["rotate-secret", "remove"] {
        assert!(matches!(
            desk.type_in(&[command, "app"]),
            Err(CliError::Clients(ClientsError::Configured(_)))
        ));
    }
    assert_eq!(desk.json(&["show", "app", "--json"])["client_id"], "app");
}

const PUBLIC_KEY: &str = r#"{"kty": "EC", "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;

const ADD_SIGNER: [&str; 7] = [
    "add",
    "--id",
    "reports",
    "--grant-type",
    "client_credentials",
    "--authentication",
    "private-key-jwt",
];

impl Desk {
    /// Writes a file; its path.
    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn add_signer(&self, more: &[&str]) -> Result<String, CliError> {
        self.type_in(&[&ADD_SIGNER, more].concat())
    }
}

#[test]
fn a_client_that_signs_is_registered_with_its_keys_and_no_secret() {
    let desk = Desk::new();
    let file = desk.file("jwks.json", &format!("{{\"keys\": [{PUBLIC_KEY}]}}"));

    let printed = desk
        .add_signer(&["--jwks", &file, "--authentication-alg", "ES256"])
        .unwrap();

    assert!(!printed.contains("client_secret"), "{printed}");
    let record = desk.record("reports").unwrap();
    assert!(record.secret_hash.is_none());
    assert!(
        record
            .metadata
            .contains("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU")
    );
    let shown = desk.json(&["show", "reports", "--json"]);
    assert_eq!(shown["token_endpoint_auth_method"], "private_key_jwt");
    assert_eq!(shown["token_endpoint_auth_signing_alg"], "ES256");
    assert!(matches!(
        desk.type_in(&["rotate-secret", "reports"]),
        Err(CliError::Clients(ClientsError::NoSecret(_)))
    ));
}

#[test]
fn keys_may_be_where_the_client_publishes_them() {
    let desk = Desk::new();
    let uri = "https://reports.example/jwks.json";

    desk.add_signer(&["--jwks-uri", uri]).unwrap();

    assert_eq!(desk.json(&["show", "reports", "--json"])["jwks_uri"], uri);
    let shown = desk.type_in(&["show", "reports"]).unwrap();
    assert!(shown.contains(uri), "{shown}");
}

#[test]
fn what_is_signed_for_a_client_may_be_said() {
    let desk = Desk::new();

    let algorithms = ["--id-token-alg", "ES256", "--userinfo-alg", "EdDSA"];
    desk.type_in(&[&ADD[..], &algorithms].concat()).unwrap();

    let shown = desk.json(&["show", "grafana", "--json"]);
    assert_eq!(shown["id_token_signed_response_alg"], "ES256");
    assert_eq!(shown["userinfo_signed_response_alg"], "EdDSA");
}

#[test]
fn keys_that_cannot_be_used_are_refused_with_their_reason() {
    let desk = Desk::new();
    let private = PUBLIC_KEY.replace('}', r#", "d": "AA"}"#);
    let private = desk.file("private.json", &format!("{{\"keys\": [{private}]}}"));
    let good = desk.file("good.json", &format!("{{\"keys\": [{PUBLIC_KEY}]}}"));
    let pem = desk.file("key.pem", "-----BEGIN PUBLIC KEY-----");
    for (sentence, line, reason) in [
        ("no keys", &[][..], "private_key_jwt needs jwks or jwks_uri"),
        ("a private key", &["--jwks", &private], "only public keys"),
        ("no key set", &["--jwks", &pem], "is no JSON"),
        ("no file", &["--jwks", "/nonexistent"], "cannot be read"),
        (
            "an address that anybody could answer for",
            &["--jwks-uri", "http://reports.example/"],
            "jwks_uri must begin with https",
        ),
        (
            "another algorithm than the key's",
            &["--jwks", &good, "--authentication-alg", "RS256"],
            "no key of the JWK Set can be used",
        ),
        (
            "an algorithm nobody checks",
            &["--jwks", &good, "--authentication-alg", "HS256"],
            "token_endpoint_auth_signing_alg cannot be",
        ),
    ] {
        let error = desk.add_signer(line).unwrap_err().to_string();
        assert!(error.contains(reason), "{sentence}: {error}");
    }
    let line = [&ADD[..], &["--jwks", &good]].concat();
    let error = desk.type_in(&line).unwrap_err().to_string();
    assert!(error.contains("of no use without"), "{error}");
}

/// A MAC can only be checked by who knows the secret: kept encrypted, and only where allowed.
#[test]
fn a_client_with_a_shared_secret_is_registered_where_that_is_turned_on() {
    let desk = Desk::new();
    let add = [
        "add",
        "--id",
        "mac",
        "--authentication",
        "client-secret-jwt",
    ];
    let add = [&add[..], &["--redirect-uri", "https://mac.example/"]].concat();
    let error = desk.type_in(&add).unwrap_err().to_string();
    assert!(error.contains("turned off here"), "{error}");
    let text = std::fs::read_to_string(&desk.config).unwrap();
    let on = "provider:\n  client_authentication: {client_secret_jwt: true}";
    std::fs::write(&desk.config, text.replace("provider:", on)).unwrap();

    let printed = desk.type_in(&add).unwrap();

    let kept = |desk: &Desk| desk.record("mac").unwrap();
    let secret = value(&printed, "client_secret:");
    assert_eq!(kept(&desk).shared_secret.unwrap().expose(), secret);
    assert!(kept(&desk).secret_hash.is_none());
    let printed = desk.type_in(&["rotate-secret", "mac"]).unwrap();
    let second = value(&printed, "client_secret:");
    assert_ne!(second, secret);
    assert_eq!(kept(&desk).shared_secret.unwrap().expose(), second);
    assert!(kept(&desk).secret_hash.is_none());
}

/// Looking must not make what only a start should make.
#[test]
fn state_that_does_not_exist_is_not_created() {
    let desk = Desk::new();
    let elsewhere = desk.folder.path().join("elsewhere.yaml");
    let text = std::fs::read_to_string(&desk.config).unwrap();
    std::fs::write(&elsewhere, text.replace("/c.db", "/d.db")).unwrap();
    let listed = ClientsCommand::List {
        config: elsewhere,
        json: false,
    };

    let refused = clients(&listed, &mut Vec::new());

    assert!(matches!(refused, Err(CliError::NoState(_))));
    assert!(!Path::new(&desk.folder.path().join("d.db")).exists());
}

/// Ids are random, and one of 64 begins with a hyphen.
#[test]
fn an_id_that_looks_like_an_option_can_be_named() {
    let desk = Desk::new();
    let mut add = ADD;
    add[2] = "-3";

    desk.type_in(&add).unwrap();
    let shown = desk.json(&["show", "-3", "--json"]);
    desk.type_in(&["remove", "-3"]).unwrap();

    assert_eq!(shown["client_id"], "-3");
    assert!(desk.record("-3").is_none());
}
