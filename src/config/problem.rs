//! What is wrong with a file, and what to write instead.

use std::fmt;

use super::document::Positions;
use super::key_path::KeyPath;

/// Every problem of a configuration, in the order of its lines.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// Never empty.
    pub problems: Vec<Problem>,
}

/// One thing wrong with a configuration. Its texts name keys, never values that may be secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Key path, `routes[2].upstream`; empty for the file as a whole.
    pub key: String,
    /// Where it stands; `None` when the file could not be read.
    pub place: Option<Place>,
    /// What is wrong, a clause that follows the key path.
    pub reason: String,
    /// What to write instead, a sentence; may be empty when the reason says it all.
    pub advice: String,
}

/// A stretch of one line of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// In characters, at least 1.
    pub length: usize,
}

impl ConfigError {
    /// An error that concerns the file as a whole.
    pub(crate) fn whole(reason: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            problems: vec![Problem {
                key: String::new(),
                place: None,
                reason: reason.into(),
                advice: advice.into(),
            }],
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.problems.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = self.place {
            write!(f, "line {}, column {}: ", place.line, place.column)?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.reason)?;
        if !self.advice.is_empty() {
            write!(f, ". {}", self.advice)?;
        }
        Ok(())
    }
}

/// Collects problems while a file is being checked.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    positions: Positions,
    found: Vec<Problem>,
    broken: Vec<KeyPath>,
}

impl Problems {
    /// No problem yet, in a file whose keys stand at `positions`.
    pub(crate) const fn new(positions: Positions) -> Self {
        Self {
            positions,
            found: Vec::new(),
            broken: Vec::new(),
        }
    }

    /// Notes that the value at `at` is wrong.
    ///
    /// What is at or in a part that [`Self::add_broken`] took out is not reported: it would only
    /// be a consequence.
    pub(crate) fn add(
        &mut self,
        at: &KeyPath,
        reason: impl Into<String>,
        advice: impl Into<String>,
    ) {
        if self.is_broken(at) {
            return;
        }
        let place = self.positions.value(at);
        self.push(at, place, reason.into(), advice.into());
    }

    /// Notes that the key at `at` itself is wrong, whatever its value.
    pub(crate) fn add_key(
        &mut self,
        at: &KeyPath,
        reason: impl Into<String>,
        advice: impl Into<String>,
    ) {
        let place = self.positions.key(at);
        self.push(at, place, reason.into(), advice.into());
    }

    /// Notes that something that reads as the key at `at` is none, without repeating it.
    pub(crate) fn add_stray(
        &mut self,
        at: &KeyPath,
        reason: impl Into<String>,
        advice: impl Into<String>,
    ) {
        let place = self.positions.key(at);
        let around = at.parent().unwrap_or_default();
        self.push(&around, place, reason.into(), advice.into());
    }

    /// Notes that the value at `at` cannot be used at all and was taken out.
    pub(crate) fn add_broken(
        &mut self,
        at: &KeyPath,
        reason: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.add(at, reason, advice);
        self.broken.push(at.clone());
    }

    /// Notes a problem at a known place.
    pub(crate) fn add_at(&mut self, at: &KeyPath, place: Place, reason: String, advice: String) {
        self.push(at, Some(place), reason, advice);
    }

    /// Notes that what is written at `written` is read as `meant`, so that it is pointed to.
    pub(crate) fn read_as(&mut self, written: &KeyPath, meant: &KeyPath) {
        self.positions.copy(written, meant);
    }

    /// Whether the value at `at`, or one around it, was taken out.
    pub(crate) fn is_broken(&self, at: &KeyPath) -> bool {
        self.broken.iter().any(|broken| at.is_within(broken))
    }

    /// The line of the value at `at`, for texts that point to a second place.
    pub(crate) fn line(&self, at: &KeyPath) -> usize {
        self.positions.value(at).map_or(1, |place| place.line)
    }

    /// Whether there is none.
    pub(crate) const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All problems, in the order of their lines.
    pub(crate) fn into_error(mut self) -> ConfigError {
        self.found.sort_by_key(|problem| problem.place);
        ConfigError {
            problems: self.found,
        }
    }

    fn push(&mut self, at: &KeyPath, place: Option<Place>, reason: String, advice: String) {
        self.found.push(Problem {
            key: at.to_string(),
            place,
            reason,
            advice,
        });
    }
}
