//! What a start says of the files that a configuration names: all of it, each with its line.

use std::fs;
use std::path::Path;
use std::process::Command;

use rcgen::{CertificateParams, KeyPair};

use crate::support::Edge;

const DEMO: &str = include_str!("../../config/demo.yaml");

/// The demo behind TLS with these certificates, whose files are called `NAME.cert.pem` and
/// `NAME.key.pem`.
fn behind_tls(names: &[&str]) -> String {
    let mut listener = String::from("address: 127.0.0.1:9480\n    tls:\n      certificates:");
    for name in names {
        listener.push_str(&format!(
            "\n        - certificate_file: {name}.cert.pem\n          private_key_file: {name}.key.pem"
        ));
    }
    DEMO.replacen("address: 127.0.0.1:9480", &listener, 1)
        .replace("http://127.0.0.1:9480", "https://127.0.0.1:9480")
}

/// A certificate for `host` that is good until the first day of `last_year`.
fn write_pair(folder: &Path, name: &str, host: &str, last_year: i32) {
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2019, 1, 1);
    params.not_after = rcgen::date_time_ymd(last_year, 1, 1);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    fs::write(folder.join(format!("{name}.cert.pem")), certificate).unwrap();
    fs::write(folder.join(format!("{name}.key.pem")), key.serialize_pem()).unwrap();
}

/// What `cellgate` says to `arguments` and the configuration `yaml`, and its exit code.
fn said(folder: &Path, arguments: &[&str], yaml: &str) -> (String, Option<i32>) {
    let file = folder.join("cellgate.yaml");
    fs::write(&file, yaml).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_cellgate"))
        .args(arguments)
        .arg(&file)
        .current_dir(folder)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (String::from_utf8(said).unwrap(), output.status.code())
}

/// Where `text` stands in `yaml`, as the report writes it.
fn place(yaml: &str, text: &str) -> String {
    let before = yaml.split_once(text).unwrap().0;
    let line = before.lines().count();
    format!("cellgate.yaml:{line}:")
}

/// A text without spaces and ends of lines, behind which a bar leads the lines that go on.
fn unspaced(text: &str) -> String {
    let lines = text.lines().map(str::trim_start);
    let lines = lines.map(|line| line.strip_prefix("| ").unwrap_or(line));
    lines.flat_map(str::split_whitespace).collect()
}

#[test]
fn everything_that_keeps_it_from_starting_is_said_at_once_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    write_pair(path, "mixed", "127.0.0.1", 4000);
    write_pair(path, "expired", "127.0.0.1", 2020);
    write_pair(path, "other", "127.0.0.1", 4000);
    fs::copy(path.join("other.key.pem"), path.join("mixed.key.pem")).unwrap();
    fs::create_dir(path.join("pages")).unwrap();
    fs::write(path.join("pages/sign_in.html"), "{{ broken").unwrap();
    fs::write(path.join("foreign.json"), r#"{"keys": [{"kty": "oct"}]}"#).unwrap();
    let yaml = behind_tls(&["mixed", "expired"]).replacen(
        "\nprovider:\n",
        "\ntrusted_issuers:\n  - issuer: https://foreign.example/\n    jwks_file: foreign.json\n    algorithms: [RS256]\nprovider:\n  templates_dir: pages\n",
        1,
    );

    for arguments in [["check"].as_slice(), ["run", "--config"].as_slice()] {
        let (said, code) = said(path, arguments, &yaml);

        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("4 problems; nothing was started"), "{said}");
        for (headline, written) in [
            (
                "listeners[0].tls.certificates[0].private_key_file: names a key that is not the key",
                "mixed.key.pem",
            ),
            (
                "listeners[0].tls.certificates[1].certificate_file: names a certificate that expired \
                 on 2020-01-01",
                "expired.cert.pem",
            ),
            (
                "trusted_issuers[0].jwks_file: names a key set that cannot be used",
                "foreign.json",
            ),
            (
                "provider.templates_dir: has a template that cannot be used: sign_in.html",
                "pages",
            ),
        ] {
            // Lines end anywhere, at the hyphens of a date as well.
            assert!(
                unspaced(&said).contains(&unspaced(headline)),
                "{headline}\n{said}"
            );
            assert!(said.contains(&place(&yaml, written)), "{written}\n{said}");
        }
    }
}

#[test]
fn a_host_without_a_certificate_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    write_pair(folder.path(), "edge", "files.example", 4000);
    let yaml = behind_tls(&["edge"]);

    let (said, code) = said(folder.path(), &["check"], &yaml);

    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("provider.issuer: is at 127.0.0.1, and no certificate is for that"),
        "{said}"
    );
    assert!(said.contains("there are some for files.example"), "{said}");
}

/// A reload may be the one that locks somebody out: the certificate in force ended anyway.
#[tokio::test]
async fn an_expired_certificate_stops_a_start_but_no_reload() {
    let folder = tempfile::tempdir().unwrap();
    write_pair(folder.path(), "edge", "127.0.0.1", 4000);
    let edge = Edge::start_in(folder, &behind_tls(&["edge"]), "info");

    write_pair(edge.folder.path(), "edge", "127.0.0.1", 2020);
    edge.signal("HUP");

    let warning = edge.wait_for("expired on 2020-01-01");
    assert!(
        warning.contains("certificates[0].certificate_file"),
        "{warning}"
    );
    edge.wait_for("configuration loaded");
}
