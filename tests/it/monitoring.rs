//! `examples/monitoring`: what is drawn and alerted on is what a running Cellgate tells.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::component;

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples/monitoring")
        .join(name)
}

/// Every expression of the dashboard, in which Grafana's variables have values.
fn expressions() -> Vec<String> {
    let text = fs::read_to_string(example("grafana.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    panels
        .iter()
        .filter_map(|panel| panel["targets"].as_array())
        .flatten()
        .map(|target| target["expr"].as_str().unwrap())
        .map(|text| {
            text.replace("$__rate_interval", "1m")
                .replace("$instance", ".*")
        })
        .collect()
}

/// The families in a text, without what histograms append to their name.
fn families(text: &str) -> BTreeSet<String> {
    let is_of_name = |character: char| character.is_ascii_lowercase() || character == '_';
    text.split("cellgate_")
        .skip(1)
        .map(|rest| {
            let name = rest.split(|character| !is_of_name(character)).next();
            let name = name.unwrap_or_default();
            name.strip_suffix("_bucket").unwrap_or(name).to_owned()
        })
        .collect()
}

/// The families that the program makes, each with its labels.
fn made() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/telemetry/metrics");
    let mut made = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let source = fs::read_to_string(entry.unwrap().path()).unwrap();
        let source = source.split("#[cfg(test)]").next().unwrap().to_owned();
        for kind in [".counters(", ".gauge(", ".gauges(", ".histograms("] {
            for call in source.split(kind).skip(1) {
                let mut quoted = call.split('"');
                let name = quoted.nth(1).unwrap();
                let labels = call.split_once("&[").map_or("", |(_, rest)| rest);
                let labels = if kind == ".gauge(" { "" } else { labels };
                let labels = labels.split(']').next().unwrap();
                made.push((name.to_owned(), labels.to_owned()));
            }
        }
    }
    assert!(made.len() > 25, "{made:?}");
    made
}

#[test]
fn every_family_is_drawn_and_nothing_else() {
    let drawn = families(&expressions().join("\n"));
    let made: BTreeSet<String> = made().into_iter().map(|(name, _)| name).collect();
    // For whoever looks into one of these: too fine for a page that everybody reads.
    let left_out = [
        "build_info",
        "client_key_fetches_total",
        "duty_held",
        "issuer_introspection_duration_seconds",
        "issuer_keys_failing",
        "log_lines_dropped_total",
        "maintenance_failures_total",
        "reloads_total",
        "trace_spans_total",
    ];
    let left_out = left_out.map(str::to_owned).into();
    let expected: BTreeSet<String> = made.difference(&left_out).cloned().collect();
    assert_eq!(drawn, expected);

    let rules = fs::read_to_string(example("alerts.yml")).unwrap();
    for name in families(&rules) {
        assert!(made.contains(&name), "{name} is alerted on and not made");
    }
}

/// What is grouped by, and what a legend shows, has to be there.
#[test]
fn series_are_grouped_by_labels_that_they_have() {
    let made = made();
    for expression in expressions() {
        for name in families(&expression) {
            let (_, labels) = made.iter().find(|(known, _)| *known == name).unwrap();
            let groups = expression.split("by (").skip(1);
            let groups = groups.map(|rest| rest.split(')').next().unwrap());
            for label in groups.flat_map(|labels| labels.split(", ")) {
                let is_everywhere = label == "instance" || label == "le";
                let quoted = format!("\"{label}\"");
                assert!(is_everywhere || labels.contains(&quoted), "{expression}");
            }
        }
    }
}

/// Prometheus itself reads all of it.
#[test]
fn prometheus_understands_rules_and_expressions() {
    let Some(promtool) = component("promtool") else {
        return;
    };
    let rules: Vec<Value> = expressions()
        .into_iter()
        .enumerate()
        .map(|(n, expression)| json!({"record": format!("panel:{n}"), "expr": expression}))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let drawn = folder.path().join("drawn.yml");
    let groups = json!({"groups": [{"name": "drawn", "rules": rules}]});
    fs::write(&drawn, groups.to_string()).unwrap();

    let mut command = Command::new(promtool);
    command.args(["check", "rules"]).arg(example("alerts.yml"));
    let output = command.arg(drawn).output().unwrap();

    let told = String::from_utf8_lossy(&output.stdout);
    let refused = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}{refused}");
}
