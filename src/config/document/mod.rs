//! From text to file structs: syntax, positions, and the shape of every value.
//!
//! Two YAML parsers read the same text. `serde_yaml` makes the values; `saphyr-parser` tells where
//! each stands, and finds keys written twice. The values are then held against the JSON Schema of
//! the file structs, so that all wrong keys and types come to light in one pass and in our words,
//! and what is left of them deserializes.

mod positions;
mod tree;

mod kind;
mod nearest;
mod structure;

use super::file::File;
use super::files::MAX_BYTES;
use super::key_path::KeyPath;
use super::problem::{ConfigError, Place, Problem, Problems};
use super::schema::schema;

pub(crate) use nearest::nearest;
pub(crate) use positions::Positions;

/// Reads `text` as far as it can be read.
///
/// The problems found so far come with the file: the caller goes on to check what is there.
///
/// # Errors
///
/// [`ConfigError`] when the text is no YAML document, so that nothing in it can be checked.
pub(crate) fn read(text: &str) -> Result<(File, Problems), ConfigError> {
    if u64::try_from(text.len()).is_ok_and(|n_bytes| n_bytes > MAX_BYTES) {
        return Err(ConfigError::whole(
            format!("the file is larger than {MAX_BYTES} bytes"),
            "Check that it is the right file.",
        ));
    }
    let outline =
        positions::read(text).map_err(|error| syntax_error(&error.reason, Some(error.place)))?;
    let mut tree =
        tree::parse(text).map_err(|error| not_yaml(&error.to_string(), error.location()))?;
    let mut problems = Problems::new(outline.positions);
    for finding in outline.findings {
        problems.add_at(&finding.at, finding.place, finding.reason, finding.advice);
    }
    if let Err(error) = tree.apply_merge() {
        problems.add(
            &KeyPath::root(),
            error.to_string(),
            "`<<` takes an anchored mapping.",
        );
    }
    structure::check(&mut tree, &schema(), &mut problems);
    let file = deserialize(tree, &mut problems);
    Ok((file, problems))
}

/// The file structs of a tree that fits the schema.
fn deserialize(tree: serde_yaml::Value, problems: &mut Problems) -> File {
    serde_path_to_error::deserialize(tree).unwrap_or_else(|error| {
        // The schema is made from the same structs, so this is a disagreement of two libraries
        // about a value; it must refuse the file all the same.
        let at = KeyPath::root().key(&error.path().to_string());
        problems.add_broken(&at, error.inner().to_string(), "");
        File::default()
    })
}

fn not_yaml(message: &str, location: Option<serde_yaml::Location>) -> ConfigError {
    let place = location.map(|location| Place {
        line: location.line(),
        column: location.column(),
        length: 1,
    });
    // serde_yaml repeats the location at the end of its message.
    let reason = message.split(" at line ").next().unwrap_or(message);
    syntax_error(reason, place)
}

fn syntax_error(reason: &str, place: Option<Place>) -> ConfigError {
    ConfigError {
        problems: vec![Problem {
            key: String::new(),
            place,
            reason: format!("is not YAML: {reason}"),
            advice: "Check indentation (spaces, no tabs), colons and quotes here and just above."
                .to_owned(),
        }],
    }
}
