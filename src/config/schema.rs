//! The JSON Schema of the file, made from the file structs.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde_json::Value;

use super::file::File;

/// The JSON Schema (draft 2020-12) that editors complete and check a configuration with.
///
/// It says what [`Config::parse`](super::Config::parse) enforces of a single value: keys, types,
/// bounds and defaults. What concerns several values at once only `cellgate check` knows.
pub fn schema() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    // No mapping occurs twice, and without references one walk down both trees is enough.
    settings.inline_subschemas = true;
    settings
        .with_transform(RecursiveTransform(|schema: &mut Schema| {
            without_null(schema);
            with_required_keys(schema);
            without_noise(schema);
        }))
        .into_generator()
        .into_root_schema_for::<File>()
        .to_value()
}

/// Takes `null` out: a key without a value is refused, because it is more often a slip (`tls:`
/// with its lines indented wrongly) than a wish for the default.
fn without_null(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    let Some(Value::Array(choices)) = schema.remove("anyOf") else {
        return;
    };
    let described = schema.remove("description");
    for choice in choices {
        if let Value::Object(choice) = choice
            && choice.get("type").is_none_or(|name| name != "null")
        {
            for (key, value) in choice {
                schema.insert(key, value);
            }
        }
    }
    if let Some(described) = described {
        schema.insert("description".to_owned(), described);
    }
}

/// Lists the keys that must be there.
///
/// The structs give every key a default, so that one missing key hides no other problem; those
/// that must be written are marked `x-required`.
fn with_required_keys(schema: &mut Schema) {
    let Some(Value::Object(properties)) = schema.get_mut("properties") else {
        return;
    };
    let required: Vec<Value> = properties
        .iter_mut()
        .filter_map(|(key, property)| {
            let mark = property.as_object_mut()?.remove("x-required");
            mark.map(|_| Value::from(key.as_str()))
        })
        .collect();
    if !required.is_empty() {
        schema.insert("required".to_owned(), Value::Array(required));
    }
}

/// Takes out what repeats the properties, and widths of Rust's integers.
fn without_noise(schema: &mut Schema) {
    if schema.get("properties").is_some() {
        schema.remove("default");
    }
    schema.remove("format");
}
