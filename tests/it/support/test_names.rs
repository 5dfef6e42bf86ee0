//! Tests by their names, for maps that say which test shows what.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the project is.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What stands between backticks.
pub(crate) fn quoted(cell: &str) -> Vec<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// The files of the source below `folder`.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the source is readable") {
        let path = entry.expect("the source is readable").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The module that `file` is, below `folder`.
fn module(file: &Path, folder: &Path) -> Vec<String> {
    let below = file.strip_prefix(folder).expect("below the folder");
    let mut parts: Vec<String> = below
        .with_extension("")
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    if parts
        .last()
        .is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str()))
    {
        parts.pop();
    }
    parts
}

/// The tests in `text`, the source of `module`; those of a module in the file are indented.
fn tests_in(text: &str, module: &[String]) -> Vec<String> {
    let mut is_test = false;
    let mut found = Vec::new();
    let mut inner = None;
    for line in text.lines() {
        let words = line.trim_start().trim_start_matches("async ");
        if line == "}" {
            inner = None;
        } else if let Some(rest) = line.split_once("mod ").filter(|_| line.ends_with('{')) {
            inner = rest.1.split(' ').next();
        }
        if words.starts_with("#[test]") || words.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some(rest) = words.strip_prefix("fn ").filter(|_| is_test) {
            let name = rest.split('(').next().expect("a name");
            let path = module.iter().map(String::as_str).chain(inner);
            let path: Vec<&str> = path.chain([name]).collect();
            found.push(path.join("::"));
            is_test = false;
        }
    }
    found
}

/// Every test there is, as the maps name it.
pub(crate) fn tests() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (folder, first) in [("src", None), ("tests/it", Some("it"))] {
        let folder = root().join(folder);
        let mut paths = Vec::new();
        files(&folder, &mut paths);
        for path in paths {
            let text = fs::read_to_string(&path).expect("source is UTF-8");
            let mut parts: Vec<String> = first.map(str::to_owned).into_iter().collect();
            parts.extend(module(&path, &folder));
            found.extend(tests_in(&text, &parts));
        }
    }
    found
}
