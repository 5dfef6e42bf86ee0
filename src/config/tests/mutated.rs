//! Files that were damaged at random: whatever happens, it is an answer.

use std::path::Path;

use crate::config::Config;

const REFERENCE: &str = include_str!("../../../config/reference.yaml");

/// A small generator with a fixed seed (Knuth's MMIX constants): failures can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// Does one small harm to a line.
fn damage(line: &str, dice: &mut Dice) -> String {
    const JUNK: [&str; 12] = [
        "'", "[", "}", ": ", "- ", "&a", "*a", "!x", "é", "\t", "0", "|",
    ];
    let chars: Vec<char> = line.chars().collect();
    let at = dice.roll(chars.len() + 1);
    let (before, after) = chars.split_at(at);
    let (before, after): (String, String) = (before.iter().collect(), after.iter().collect());
    match dice.roll(4) {
        0 => format!("{before}{}{after}", JUNK[dice.roll(JUNK.len())]),
        1 => before,
        2 => format!("{line}\n{line}"),
        _ => format!("{before}{}", after.chars().skip(1).collect::<String>()),
    }
}

#[test]
fn a_damaged_file_is_loaded_or_refused_with_reasons() {
    let lines: Vec<&str> = REFERENCE
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect();
    let mut dice = Dice(1);
    let mut n_refused = 0;
    for _ in 0..300 {
        let mut damaged: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        for _ in 0..=dice.roll(4) {
            let at = dice.roll(damaged.len());
            damaged[at] = damage(&damaged[at], &mut dice);
        }
        let text = damaged.join("\n");
        if let Err(error) = Config::parse(&text, Path::new("")) {
            n_refused += 1;
            assert!(!error.problems.is_empty(), "{text}");
            for problem in &error.problems {
                // The library does not say where a second document begins.
                let has_place =
                    problem.place.is_some() || problem.reason.contains("more than one document");
                assert!(!problem.reason.is_empty() && has_place, "{problem}\n{text}");
                // The words of serde: a value passed the schema that no struct takes.
                let is_ours = problem.reason.starts_with("is not YAML")
                    || !problem.reason.contains("expected ");
                assert!(is_ours, "{problem}\n{text}");
            }
        }
    }
    assert!(n_refused > 100, "{n_refused}");
}
