//! Invariants over the source: who may name what. Each is a sentence of `ARCHITECTURE.md`.

use std::fs;
use std::path::{Path, PathBuf};

/// Every `.rs` file of the product under `src/`, as (path relative to `src/`, text without
/// comments). Unit tests in files of their own are not the product.
fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("src is readable") {
            let path = entry.expect("src is readable").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    paths
        .into_iter()
        .filter(|path| !path.components().any(|part| part.as_os_str() == "tests"))
        .map(|path| {
            let text = fs::read_to_string(&path).expect("source is UTF-8");
            let code = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n");
            let name = path
                .strip_prefix(&root)
                .expect("under src")
                .to_string_lossy()
                .into_owned();
            (name, code)
        })
        .collect()
}

/// Asserts that only files whose path begins with one of `allowed` contain one of `words`.
#[track_caller]
fn only(allowed: &[&str], words: &[&str]) {
    let offenders: Vec<String> = sources()
        .into_iter()
        .filter(|(path, _)| !allowed.iter().any(|prefix| path.starts_with(prefix)))
        .flat_map(|(path, code)| {
            words
                .iter()
                .filter(|word| code.contains(**word))
                .map(|word| format!("{path} names `{word}`"))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(offenders.is_empty(), "{}", offenders.join("\n"));
}

#[test]
fn only_gateway_and_server_name_pingora() {
    only(&["gateway/", "server/"], &["pingora::", "use pingora"]);
}

#[test]
fn only_the_tls_file_names_rustls() {
    only(&["server/tls"], &["rustls::"]);
}

#[test]
fn only_the_driver_names_the_database() {
    only(&["store/sqlite/"], &["rusqlite"]);
    only(
        &["store/postgres/"],
        &["tokio_postgres::", "deadpool", "use tokio_postgres;"],
    );
}

#[test]
fn only_jose_names_the_jwt_crate() {
    only(&["jose/"], &["jsonwebtoken"]);
}

#[test]
fn only_the_conditions_of_routes_name_the_expression_language() {
    only(&["gateway/policy/expression/"], &["cel::", "use cel;"]);
}

#[test]
fn only_the_clock_reads_the_time() {
    only(&["clock.rs"], &["SystemTime::now"]);
}

#[test]
fn only_entropy_reads_the_random_source() {
    // aws-lc's `sign` takes a random source and ignores it; the key file names one for that.
    only(
        &["entropy.rs", "jose/key_pair.rs"],
        &["aws_lc_rs::rand", "rand::fill", "SystemRandom::new"],
    );
}

#[test]
fn the_model_does_no_io_and_knows_no_http() {
    let offenders: Vec<String> = sources()
        .into_iter()
        .filter(|(path, code)| {
            path.starts_with("model/")
                && [
                    "std::fs",
                    "std::net::Tcp",
                    "tokio::",
                    "http::",
                    "serde",
                    "crate::store",
                    "crate::gateway",
                ]
                .iter()
                .any(|word| code.contains(word))
        })
        .map(|(path, _)| path)
        .collect();
    assert!(offenders.is_empty(), "{offenders:?}");
}

#[test]
fn uses_go_one_way() {
    for (below, above) in [
        (
            "model/",
            [
                "jose", "store", "users", "provider", "gateway", "server", "config",
            ]
            .as_slice(),
        ),
        (
            "jose/",
            ["store", "users", "provider", "gateway", "server", "config"].as_slice(),
        ),
        (
            "store/",
            ["users", "provider", "gateway", "server", "config"].as_slice(),
        ),
        (
            "users/",
            ["provider", "gateway", "server", "config"].as_slice(),
        ),
        (
            "issuers/",
            ["store", "users", "provider", "gateway", "server", "config"].as_slice(),
        ),
        (
            "outbound/",
            ["jose", "issuers", "provider", "gateway", "server", "config"].as_slice(),
        ),
        (
            "provider/",
            ["issuers", "gateway", "server", "config"].as_slice(),
        ),
        ("gateway/", ["server", "config"].as_slice()),
    ] {
        let offenders: Vec<String> = sources()
            .into_iter()
            .filter(|(path, _)| path.starts_with(below))
            .flat_map(|(path, code)| {
                above
                    .iter()
                    .filter(|module| code.contains(&format!("crate::{module}")))
                    .map(|module| format!("{path} uses `crate::{module}`"))
                    .collect::<Vec<_>>()
            })
            .collect();
        assert!(offenders.is_empty(), "{}", offenders.join("\n"));
    }
}
