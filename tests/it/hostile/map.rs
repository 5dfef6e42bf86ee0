//! Holds the map of the corpus (`README.md`) to the source: every row once, every test there.

use std::fs;

use crate::support::{quoted, root, tests};

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
