//! The examples in README.md can be used as they stand there.

use std::path::Path;

use serde_yaml::{Mapping, Value};
use tempfile::TempDir;

use crate::config::{Config, read_text};

/// The blocks of YAML, each without its indentation.
fn examples() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = read_text(&root.join("README.md")).unwrap();
    let mut examples = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(indent) = line.strip_suffix("```yaml") {
            let block = lines.by_ref().take_while(|line| line.trim() != "```");
            let block = block.map(|line| line.strip_prefix(indent).unwrap_or(line));
            examples.push(block.collect::<Vec<_>>().join("\n"));
        }
    }
    examples
}

fn mapping(text: &str) -> Mapping {
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

/// Puts the sections of an example into a file: keys of `provider` one by one, others whole.
fn put(file: &mut Mapping, example: Mapping) {
    // A login means one user, so another backend stands in the place of Cells, and of routes to it.
    let other_backend =
        |users: &Value| users.get("http").is_some() || users.get("static").is_some();
    if example.get("users").is_some_and(other_backend) {
        file.remove("users");
        file.remove("cells");
    }
    for (section, value) in example {
        match (file.get_mut(&section), value) {
            (Some(Value::Mapping(there)), Value::Mapping(new)) => there.extend(new),
            // A later example goes on with what an earlier one set up.
            (Some(Value::Sequence(there)), Value::Sequence(new)) if section == "upstreams" => {
                there.extend(new);
            }
            (_, value) => drop(file.insert(section, value)),
        }
    }
}

/// The files that examples name, with what such files begin with.
fn named_files() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, label) in [
        ("edge.cert.pem", "CERTIFICATE"),
        ("edge.key.pem", "PRIVATE KEY"),
        ("clients-ca.pem", "CERTIFICATE"),
    ] {
        let pem = format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        std::fs::write(folder.path().join(name), pem).unwrap();
    }
    std::fs::write(
        folder.path().join("sign-in.secret"),
        "a secret of this test",
    )
    .unwrap();
    folder
}

#[test]
fn every_example_is_good_beside_the_minimal_file() {
    let folder = named_files();
    let minimal = mapping(include_str!("../../../config/minimal.yaml"));
    let mut upstreams = minimal.get("upstreams").cloned();
    let examples = examples();

    assert!(examples.len() >= 6, "{}", examples.len());
    for example in examples {
        let mut file = minimal.clone();
        if let Some(upstreams) = &upstreams {
            file.insert("upstreams".into(), upstreams.clone());
        }
        put(&mut file, mapping(&example));
        upstreams = file.get("upstreams").cloned();

        let text = serde_yaml::to_string(&file).unwrap();
        let checked = Config::parse(&text, folder.path());

        let checked = checked.unwrap_or_else(|error| panic!("{example}\n{error}\n{text}"));
        assert!(
            checked.dangers.is_empty(),
            "{example}\n{:?}",
            checked.dangers
        );
    }
}
