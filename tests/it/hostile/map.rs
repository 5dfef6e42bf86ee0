//! Holds the map of the corpus (`README.md`) to the source: every row once, every test there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Sections of the corpus and their numbers of rows.
const SECTIONS: [(char, usize); 18] = [
    ('A', 30),
    ('B', 18),
    ('C', 23),
    ('D', 18),
    ('E', 24),
    ('F', 12),
    ('G', 18),
    ('H', 36),
    ('I', 17),
    ('J', 15),
    ('K', 14),
    ('L', 28),
    ('M', 9),
    ('N', 13),
    ('O', 9),
    ('P', 9),
    ('Q', 12),
    ('R', 10),
];

/// What a row without a test has to say.
const REASONS: [&str; 5] = [
    "does not apply",
    "not yet",
    "no test yet",
    "a benchmark",
    "checked by the compiler",
];

/// A row of the map.
struct Row {
    id: String,
    answer: String,
    tests: Vec<String>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What stands between backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

fn is_id(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|letter| letter.is_ascii_uppercase())
        && text.len() == 3
        && letters.all(|letter| letter.is_ascii_digit())
}

fn rows() -> Vec<Row> {
    let map = fs::read_to_string(root().join("tests/it/hostile/README.md"));
    map.expect("the map is there")
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|line| line.split(" | ").collect::<Vec<_>>())
        .filter(|cells| is_id(cells[0]))
        .map(|cells| {
            assert_eq!(cells.len(), 4, "{cells:?}");
            Row {
                id: cells[0].to_owned(),
                answer: cells[2].to_owned(),
                tests: quoted(cells[3]),
            }
        })
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

/// Every test there is, as the map names it.
fn tests() -> BTreeSet<String> {
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

/// The rows that the name of a test begins with: `i06_i07_a_key_…`.
fn rows_in_name(test: &str) -> Vec<String> {
    let name = test.rsplit("::").next().expect("a name");
    name.split('_')
        .map(str::to_ascii_uppercase)
        .take_while(|word| is_id(word))
        .collect()
}

#[test]
fn every_row_of_the_corpus_is_in_the_map_once() {
    let expected: Vec<String> = SECTIONS
        .iter()
        .flat_map(|(section, n)| (1..=*n).map(move |row| format!("{section}{row:02}")))
        .collect();

    let found: Vec<String> = rows().into_iter().map(|row| row.id).collect();

    assert_eq!(found, expected);
}

#[test]
fn every_test_of_the_map_exists_and_a_row_without_one_says_why() {
    let tests = tests();
    let mut wrong = Vec::new();
    for row in rows() {
        for test in &row.tests {
            if !tests.contains(test) {
                wrong.push(format!("{}: there is no test {test}", row.id));
            }
        }
        let says_why = REASONS.iter().any(|reason| row.answer.contains(reason));
        if row.tests.is_empty() && !says_why {
            wrong.push(format!("{}: neither a test nor a reason", row.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_test_that_bears_a_row_in_its_name_is_in_that_row() {
    let rows = rows();
    let mut wrong = Vec::new();
    for test in tests() {
        for id in rows_in_name(&test) {
            let row = rows.iter().find(|row| row.id == id);
            if !row.is_some_and(|row| row.tests.contains(&test)) {
                wrong.push(format!("{id} does not name {test}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
