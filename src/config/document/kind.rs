//! The sorts of values a schema describes, and the words for them.

use serde_json::Value as Schema;
use serde_yaml::{Mapping, Value};

/// What sort of value a schema describes.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Mapping,
    List,
    Choice,
    Text,
    Integer,
    Boolean,
    /// A text, a whole number or a truth value.
    Scalar,
}

/// What sort of value `schema` describes.
pub(super) fn kind(schema: &Schema) -> Kind {
    if schema.get("oneOf").is_some() || schema.get("enum").is_some() {
        return Kind::Choice;
    }
    if schema.get("type").is_some_and(Schema::is_array) {
        return Kind::Scalar;
    }
    match schema.get("type").and_then(Schema::as_str) {
        Some("array") => Kind::List,
        Some("string") => Kind::Text,
        Some("integer") => Kind::Integer,
        Some("boolean") => Kind::Boolean,
        _ => Kind::Mapping,
    }
}

/// The values a choice has.
pub(super) fn choices(schema: &Schema) -> Vec<&str> {
    let listed = |key: &str| {
        schema
            .get(key)
            .and_then(Schema::as_array)
            .into_iter()
            .flatten()
    };
    listed("oneOf")
        .filter_map(|choice| choice.get("const"))
        .chain(listed("enum"))
        .filter_map(Schema::as_str)
        .collect()
}

/// What a schema wants, to follow "not" or "write".
pub(super) fn expected(schema: &Schema) -> String {
    match kind(schema) {
        Kind::Mapping => "a mapping (`key: value` lines)".to_owned(),
        Kind::List => "a list (`- item` lines)".to_owned(),
        Kind::Choice => format!("one of {}", quoted(choices(schema))),
        Kind::Text => "a text".to_owned(),
        Kind::Scalar => "a text, a whole number, `true` or `false`".to_owned(),
        Kind::Boolean => "`true` or `false`".to_owned(),
        Kind::Integer => {
            let bound = |name: &str| schema.get(name).and_then(Schema::as_u64);
            let least = bound("minimum").unwrap_or(0);
            match bound("maximum") {
                Some(most) => format!("a whole number from {least} to {most}"),
                None => format!("a whole number from {least} on"),
            }
        }
    }
}

/// What was found. Never the value itself: it may be a secret in the wrong place.
pub(super) const fn described(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "`true` or `false`",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Sequence(_) => "a list",
        Value::Mapping(_) => "a mapping",
        Value::Tagged(_) => "a tagged value",
    }
}

/// What to write instead of a value of another sort.
pub(super) fn type_advice(found: &Value, schema: &Schema) -> String {
    match (kind(schema), found) {
        (Kind::Text | Kind::Choice, Value::Number(_) | Value::Bool(_)) => {
            "Write it in quotes.".to_owned()
        }
        (Kind::Integer | Kind::Boolean, Value::String(_)) => {
            "Write it without quotes and without a unit.".to_owned()
        }
        (Kind::List, _) => "Write each item on a line of its own, after `- `.".to_owned(),
        _ => format!("Write {}.", expected(schema)),
    }
}

/// The words in backticks, with commas.
pub(super) fn quoted<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

/// A value that deserializes, in the place of one that does not.
pub(super) fn placeholder(schema: &Schema) -> Value {
    match kind(schema) {
        Kind::Mapping => Value::Mapping(Mapping::new()),
        Kind::List => Value::Sequence(Vec::new()),
        Kind::Choice => choices(schema).first().copied().unwrap_or_default().into(),
        Kind::Text | Kind::Scalar => Value::from(""),
        Kind::Integer => schema
            .get("minimum")
            .and_then(Schema::as_u64)
            .unwrap_or(0)
            .into(),
        Kind::Boolean => Value::Bool(false),
    }
}
