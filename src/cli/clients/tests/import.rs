//! `cellgate clients import`.

use super::{ADD, Desk};
use crate::cli::clients::ClientsError;
use crate::cli::error::CliError;
use crate::secret::Secret;

const CELLS: &str = r##"[
  {"client_id": "cells-mobile", "redirect_uris": ["cellsauth://callback"],
   "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code", "token"],
   "scope": "openid email profile pydio offline"},
  {"client_id": "wiki", "client_secret": "s3cret", "redirect_uris": ["#default_bind#/wiki"]},
  {"client_id": "lost", "redirect_uris": ["https://*.example/"]},
  {"client_id": "app", "redirect_uris": ["https://app.example/"]}
]"##;

#[test]
fn the_clients_of_cells_are_taken_over_and_the_report_says_how() {
    let desk = Desk::new();
    let file = desk.file("pydio.json", CELLS);

    let report = desk.type_in(&["import", &file]).unwrap();

    let mobile = desk.json(&["show", "cells-mobile", "--json"]);
    assert_eq!(mobile["registered"], "import");
    assert_eq!(mobile["token_endpoint_auth_method"], "none");
    assert_eq!(mobile["scope"], "email offline openid profile pydio");
    assert_eq!(mobile["consent"], "implicit");
    let wiki = desk.json(&["show", "wiki", "--json"]);
    assert_eq!(wiki["redirect_uris"][0], "https://files.example/wiki");
    let hash = desk.record("wiki").unwrap().secret_hash.unwrap();
    assert!(hash.is_slow() && hash.matches(&Secret::new("s3cret")));
    for line in [
        "added      cells-mobile",
        "           left out the response type token",
        "skipped    lost: redirect_uris is missing",
        "           left out the redirect URI https://*.example/",
        "skipped    app: it is in the configuration",
    ] {
        assert!(report.contains(line), "{line}: {report}");
    }
    assert!(!report.contains("s3cret"), "{report}");
    assert!(desk.record("lost").is_none());
}

#[test]
fn what_was_taken_over_follows_cells_and_nothing_else_does() {
    let desk = Desk::new();
    desk.type_in(&ADD).unwrap();
    let file = desk.file("pydio.json", CELLS);
    desk.type_in(&["import", &file]).unwrap();

    let again = desk.type_in(&["import", &file]).unwrap();
    assert!(again.contains("unchanged  wiki"), "{again}");

    let changed = CELLS
        .replace("s3cret", "another")
        .replace("\"lost\"", "\"grafana\"")
        .replace("https://*.example/", "https://evil.example/");
    let file = desk.file("pydio.json", &changed);
    let moved = ["import", &file, "--site", "https://new.example"];
    let report = desk.type_in(&moved).unwrap();

    assert!(report.contains("updated    wiki"), "{report}");
    assert!(
        report.contains("skipped    grafana: it is registered already"),
        "{report}"
    );
    let wiki = desk.json(&["show", "wiki", "--json"]);
    assert_eq!(wiki["redirect_uris"][0], "https://new.example/wiki");
    let hash = desk.record("wiki").unwrap().secret_hash.unwrap();
    assert!(hash.matches(&Secret::new("another")) && !hash.matches(&Secret::new("s3cret")));
    let grafana = desk.json(&["show", "grafana", "--json"]);
    assert_eq!(grafana["redirect_uris"][0], ADD[4]);
}

#[test]
fn a_dry_run_says_the_same_and_writes_nothing() {
    let desk = Desk::new();
    let file = desk.file("pydio.json", CELLS);

    let told = desk.type_in(&["import", &file, "--dry-run"]).unwrap();

    assert!(told.contains("added      wiki"), "{told}");
    assert!(desk.record("wiki").is_none());
    let nothing = desk.file("pydio.json", "{}");
    let refused = desk.type_in(&["import", &nothing]).unwrap_err();
    assert!(refused.to_string().contains("staticClients"), "{refused}");
    assert!(matches!(
        desk.type_in(&["import", "no-such-file.json"]),
        Err(CliError::Clients(ClientsError::File(..)))
    ));
}
