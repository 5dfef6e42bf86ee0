//! Names: their characters, and that each is used once.

use std::collections::HashMap;

use super::Checker;
use crate::config::key_path::KeyPath;

/// What has been called by which name so far.
#[derive(Default)]
pub(super) struct Names(HashMap<String, KeyPath>);

impl Names {
    /// Takes `name`, written at `at`; refuses one that is taken.
    pub(super) fn take(&mut self, checker: &mut Checker, name: &str, at: &KeyPath) {
        if let Some(first) = self.0.get(name) {
            let line = checker.problems.line(first);
            let reason = format!("is the same as {first} in line {line}");
            checker.refuse(at, reason, "Choose another, or remove one of the two.");
            return;
        }
        self.0.insert(name.to_owned(), at.clone());
    }

    /// Takes a name that stands in logs, metrics and other keys.
    pub(super) fn take_label(&mut self, checker: &mut Checker, name: &str, at: &KeyPath) {
        if !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        {
            checker.refuse(
                at,
                "has other characters than letters, digits, `-`, `_` and `.`",
                "It stands in logs and metrics: write, for example, `api-read`.",
            );
        }
        self.take(checker, name, at);
    }

    /// All names taken.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
