//! The commands over a state on disk, as an operator types them.

mod import;
mod initial_token;
mod signing;

use std::path::Path;

use clap::Parser;
use serde_json::Value;

use super::{ClientsCommand, ClientsError, clients};
use crate::cli::desk::Desk;
use crate::cli::error::CliError;
use crate::model::{ClientId, SecretHash};
use crate::secret::Secret;
use crate::store::ClientRecord;

#[derive(Debug, Parser)]
struct Line {
    #[command(subcommand)]
    command: ClientsCommand,
}

impl Desk {
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

/// It would be the subject of its tokens.
#[test]
fn an_id_that_cannot_be_a_subject_gets_no_tokens_of_its_own() {
    let desk = Desk::new();
    let with = |id, grant_type| {
        desk.type_in(&[
            "add",
            "--id",
            id,
            "--redirect-uri",
            "https://reports.example/cb",
            "--grant-type",
            "authorization_code",
            "--grant-type",
            grant_type,
        ])
    };

    let refused = with("reports ", "client_credentials").unwrap_err();

    assert!(refused.to_string().contains("spaces"), "{refused}");
    assert!(with("reports ", "refresh_token").is_ok());
    assert!(with("reports", "client_credentials").is_ok());
}
