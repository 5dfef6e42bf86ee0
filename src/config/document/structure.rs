//! The tree of values against the schema: unknown keys, wrong types, values out of bounds.
//!
//! What does not fit is reported and taken out, or replaced where a list would shift, so that the
//! rest can be deserialized and checked as well.

use serde_json::Value as Schema;
use serde_yaml::{Mapping, Value};

use super::kind::{Kind, choices, described, expected, kind, placeholder, quoted, type_advice};
use super::nearest;
use crate::config::key_path::KeyPath;
use crate::config::problem::Problems;

/// Checks `tree` against `schema`; afterwards it fits.
pub(super) fn check(tree: &mut Value, schema: &Schema, problems: &mut Problems) {
    if tree.is_null() {
        problems.add(
            &KeyPath::root(),
            "the file is empty",
            "Begin with a copy of config/minimal.yaml.",
        );
        *tree = Value::Mapping(Mapping::new());
        return;
    }
    mend(tree, schema, &KeyPath::root(), problems);
}

/// Checks one value; replaces what cannot be used by something that deserializes.
fn mend(value: &mut Value, schema: &Schema, at: &KeyPath, problems: &mut Problems) {
    let fits = match (kind(schema), &mut *value) {
        (Kind::Mapping, Value::Mapping(mapping)) => {
            mend_mapping(mapping, schema, at, problems);
            true
        }
        (Kind::List, Value::Sequence(list)) => mend_list(list, schema, at, problems),
        (Kind::Choice, Value::String(text)) => check_choice(text, schema, at, problems),
        (Kind::Text | Kind::Scalar, Value::String(text)) => check_text(text, schema, at, problems),
        (Kind::Integer, Value::Number(number)) => check_integer(number, schema, at, problems),
        (Kind::Boolean | Kind::Scalar, Value::Bool(_)) => true,
        (Kind::Scalar, Value::Number(number)) if number.is_i64() => true,
        (_, found) => {
            let reason = format!("is {}, not {}", described(found), expected(schema));
            problems.add_broken(at, reason, type_advice(found, schema));
            false
        }
    };
    if !fits {
        *value = placeholder(schema);
    }
}

fn mend_mapping(mapping: &mut Mapping, schema: &Schema, at: &KeyPath, problems: &mut Problems) {
    let properties = schema.get("properties").and_then(Schema::as_object);
    let free = schema
        .get("additionalProperties")
        .filter(|free| free.is_object());
    let entries = std::mem::take(mapping);
    let written: Vec<String> = entries
        .keys()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    for (key, mut value) in entries {
        let Value::String(name) = key else {
            let reason = format!("has a key that is {}", described(&key));
            problems.add(at, reason, "Write the key as a plain word or in quotes.");
            continue;
        };
        let path = at.key(&name);
        let Some(schema) = properties.and_then(|known| known.get(&name)).or(free) else {
            let meant = report_unknown(&name, &path, properties, &written, problems);
            // What was surely meant is checked under its right name, so that its absence is not
            // reported as well.
            if let Some((meant, schema)) = meant {
                problems.read_as(&path, &at.key(meant));
                mend(&mut value, schema, &at.key(meant), problems);
                mapping.insert(Value::from(meant), value);
            }
            continue;
        };
        if value.is_null() {
            problems.add_broken(
                &path,
                "has no value",
                format!(
                    "Write {}, or remove the key; what belongs to it must be indented below it.",
                    expected(schema)
                ),
            );
            continue;
        }
        mend(&mut value, schema, &path, problems);
        if !problems.is_broken(&path) {
            mapping.insert(Value::String(name), value);
        }
    }
}

/// Reports a key that does not exist here; the one that was meant, and its schema.
fn report_unknown<'a>(
    name: &str,
    path: &KeyPath,
    properties: Option<&'a serde_json::Map<String, Schema>>,
    written: &[String],
    problems: &mut Problems,
) -> Option<(&'a str, &'a Schema)> {
    let is_word = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte))
    };
    if !is_word(name) {
        // A text with a comma falls apart between braces; its parts may be of a hash or a secret.
        problems.add_stray(
            path,
            "has something here that is no key",
            "Write each key on a line of its own, or put a text with a comma in quotes.",
        );
        return None;
    }
    let properties = properties?;
    let known = properties.keys().map(String::as_str);
    let absent = known
        .clone()
        .filter(|known| !written.iter().any(|name| name == known));
    let meant = nearest(name, absent);
    problems.add_key(
        path,
        "is not a key that exists here",
        key_advice(meant, known),
    );
    properties
        .get_key_value(meant?)
        .map(|(meant, schema)| (meant.as_str(), schema))
}

fn mend_list(list: &mut [Value], schema: &Schema, at: &KeyPath, problems: &mut Problems) -> bool {
    if list.is_empty() && schema.get("minItems").is_some() {
        problems.add_broken(
            at,
            "is an empty list",
            "Write at least one item, or remove the key.",
        );
        return false;
    }
    let Some(items) = schema.get("items") else {
        return true;
    };
    for (n, item) in list.iter_mut().enumerate() {
        mend(item, items, &at.item(n), problems);
    }
    true
}

fn check_choice(text: &str, schema: &Schema, at: &KeyPath, problems: &mut Problems) -> bool {
    let choices = choices(schema);
    if choices.contains(&text) {
        return true;
    }
    let advice = match nearest(text, choices.iter().copied()) {
        Some(meant) => format!("Did you mean `{meant}`?"),
        None => format!("Write {}.", expected(schema)),
    };
    problems.add_broken(at, format!("is not {}", expected(schema)), advice);
    false
}

fn check_text(text: &str, schema: &Schema, at: &KeyPath, problems: &mut Problems) -> bool {
    let n_characters = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    let bound = |name: &str| schema.get(name).and_then(Schema::as_u64);
    if bound("minLength").is_some_and(|least| n_characters < least) {
        problems.add_broken(at, "is an empty text", "Write a value, or remove it.");
        return false;
    }
    if let Some(most) = bound("maxLength").filter(|most| n_characters > *most) {
        problems.add_broken(
            at,
            format!("has more than {most} characters"),
            "Shorten it.",
        );
        return false;
    }
    true
}

fn check_integer(
    number: &serde_yaml::Number,
    schema: &Schema,
    at: &KeyPath,
    problems: &mut Problems,
) -> bool {
    let bound = |name: &str| schema.get(name).and_then(Schema::as_u64);
    let least = bound("minimum").unwrap_or(0);
    let most = bound("maximum").unwrap_or(u64::MAX);
    if number
        .as_u64()
        .is_some_and(|number| (least..=most).contains(&number))
    {
        return true;
    }
    problems.add_broken(at, format!("is not {}", expected(schema)), "");
    false
}

fn key_advice<'a>(meant: Option<&str>, known: impl Iterator<Item = &'a str>) -> String {
    match meant {
        Some(meant) => format!("Did you mean `{meant}`?"),
        None => format!("Possible here: {}.", quoted(known)),
    }
}
