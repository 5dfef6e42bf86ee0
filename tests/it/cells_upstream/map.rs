//! Holds the map (`README.md`) to the tests: every row once, in order, and every test there.

use std::fs;

use crate::support::{quoted, root, tests};

/// The parts of the map and their numbers of rows.
const PARTS: [(&str, usize); 2] = [("D", 8), ("R", 27)];

/// What a row without a test has to say.
const REASON: &str = "does not apply";

fn is_of(part: &str, id: &str) -> bool {
    let number = id.strip_prefix(part);
    number.is_some_and(|number| number.parse::<u8>().is_ok())
}

/// Identifier, what is said, and the tests of each row.
fn rows() -> Vec<(String, String, Vec<String>)> {
    let map = fs::read_to_string(root().join("tests/it/cells_upstream/README.md"));
    map.expect("the map is there")
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|line| line.split(" | ").collect::<Vec<_>>())
        .filter(|cells| PARTS.iter().any(|(part, _)| is_of(part, cells[0])))
        .map(|cells| {
            assert_eq!(cells.len(), 4, "{cells:?}");
            (cells[0].to_owned(), cells[2].to_owned(), quoted(cells[3]))
        })
        .collect()
}

#[test]
fn every_row_is_in_the_map_once() {
    let expected: Vec<String> = PARTS
        .iter()
        .flat_map(|(part, n)| (1..=*n).map(move |row| format!("{part}{row:02}")))
        .collect();

    let found: Vec<String> = rows().into_iter().map(|(id, ..)| id).collect();

    assert_eq!(found, expected);
}

#[test]
fn every_test_of_the_map_exists_and_a_row_without_one_says_why() {
    let tests = tests();
    let mut wrong = Vec::new();
    for (id, answer, named) in rows() {
        if named.is_empty() && !answer.contains(REASON) {
            wrong.push(format!("{id}: neither a test nor a reason"));
        }
        let missing = named.iter().filter(|test| !tests.contains(*test));
        wrong.extend(missing.map(|test| format!("{id}: there is no test {test}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
