//! Explanations of requests to the demo, and of its routes.

use std::fs;
use std::path::Path;

use clap::Parser as _;
use serde_json::Value;

use super::super::arguments::{Arguments, Command};
use super::*;

fn run(arguments: &[&str]) -> (Result<(), CliError>, String) {
    server::install_crypto_provider();
    let folder = tempfile::tempdir().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/demo.yaml");
    let yaml = fs::read_to_string(shipped).unwrap();
    let state = folder.path().join("data").to_str().unwrap().to_owned();
    let file = folder.path().join("cellgate.yaml");
    fs::write(&file, yaml.replace("./data/demo", &state)).unwrap();
    let line = ["cellgate", "explain", "--config", file.to_str().unwrap()];
    let parsed = Arguments::try_parse_from(line.iter().chain(arguments)).unwrap();
    let Command::Explain(explain_arguments) = parsed.command else {
        panic!("another command");
    };
    let mut out = Vec::new();
    let done = explain(&explain_arguments, &mut out);
    (done, String::from_utf8(out).unwrap())
}

#[test]
fn a_request_that_passes_is_shown_as_the_upstream_gets_it() {
    let (done, text) = run(&[
        "--url",
        "http://127.0.0.1:9480/public/%78?y=1",
        "--header",
        "X-Forwarded-For: 10.0.0.1",
        "--source",
        "192.0.2.7",
    ]);

    assert!(done.is_ok());
    for part in [
        "GET http://127.0.0.1:9480/public/x?y=1",
        "route        ok  public",
        "GET /public/x?y=1",
        "    x-forwarded-for: 192.0.2.7",
        "\nallowed\n",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn a_refusal_is_shown_with_its_step_and_ends_with_code_3() {
    for (url, step, reason) in [
        (
            "http://127.0.0.1:9480/api/x",
            "credential",
            "401, no_credential",
        ),
        ("http://127.0.0.1:9480/nowhere", "route", "404, no_route"),
        (
            "http://127.0.0.1:9480/public/../x",
            "request",
            "400, path_dot_segment",
        ),
    ] {
        let (done, text) = run(&["--url", url]);

        assert_eq!(done.unwrap_err().code(), 3, "{url}");
        let refused = text.lines().find(|line| line.contains(" NO  ")).unwrap();
        assert!(refused.starts_with(step), "{url}: {text}");
        assert!(
            text.ends_with(&format!("refused: {reason}\n")),
            "{url}: {text}"
        );
    }
}

/// What could not be looked at is not passed over in silence.
#[test]
fn a_token_of_ours_cannot_be_judged_without_the_state() {
    let (_, text) = run(&["--url", "http://127.0.0.1:9480/api/x", "--token", "a.b.c"]);

    assert!(text.contains("??"), "{text}");
    assert!(!text.contains("a.b.c"), "{text}");
}

#[test]
fn programs_read_the_same_as_json() {
    let (_, text) = run(&["--url", "http://127.0.0.1:9480/api/x", "--json"]);
    let document: Value = serde_json::from_str(&text).unwrap();

    assert_eq!(document["allowed"], false);
    assert_eq!(document["status"], 401);
    assert_eq!(document["reason"], "no_credential");
    let steps = document["steps"].as_array().unwrap();
    assert_eq!(steps.last().unwrap()["passed"], false);
}

#[test]
fn routes_are_shown_in_the_order_they_decide() {
    let (done, text) = run(&["--routes"]);
    assert!(done.is_ok());
    assert!(
        text.contains("issuer: http://127.0.0.1:9480/oidc/"),
        "{text}"
    );

    let (_, text) = run(&["--routes", "--json"]);
    let documents: Vec<Value> = serde_json::from_str(&text).unwrap();
    let longest_first = documents.windows(2).all(|pair| {
        pair[0]["path"].as_str().unwrap().len() >= pair[1]["path"].as_str().unwrap().len()
    });
    assert!(longest_first, "{text}");
}

#[test]
fn arguments_that_are_no_request_end_with_code_2() {
    for arguments in [
        &["--url", "/api/x"][..],
        &["--url", "http://a.test/", "--method", "G T"],
        &["--url", "http://a.test/", "--header", "X"],
    ] {
        assert_eq!(run(arguments).0.unwrap_err().code(), 2, "{arguments:?}");
    }
}
