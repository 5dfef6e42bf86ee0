//! JSON that means the same to every reader.
//!
//! `serde_json` keeps the last of two members with one name, others keep the first; a token
//! signed by one and judged by another could so say two things (RFC 8725 §2.4). Here a repeated
//! name is an error at every level, also when one of the twins is written with escapes, and depth
//! and size are bounded before anything is built.

use std::cell::Cell;
use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How much one document may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Objects and arrays inside each other, the outermost included.
    pub(crate) depth: usize,
    /// Values altogether, the containers included.
    pub(crate) values: usize,
}

/// Why a text is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonError {
    /// Not JSON, not an object, or followed by something else.
    Malformed,
    /// A member name is repeated.
    DuplicateMember,
    /// Beyond the limits.
    TooComplex,
}

/// Reads one JSON object, and nothing after it.
pub(crate) fn parse_object(bytes: &[u8], limits: Limits) -> Result<Map<String, Value>, JsonError> {
    let budget = Budget {
        values: Cell::new(limits.values),
        fault: Cell::new(JsonError::Malformed),
    };
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict {
        depth: limits.depth,
        budget: &budget,
    }
    .deserialize(&mut deserializer)
    .map_err(|_| budget.fault.get())?;
    deserializer.end().map_err(|_| JsonError::Malformed)?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(JsonError::Malformed),
    }
}

/// Passes on an object that [`parse_object`] would read back from its text.
pub(super) fn within(
    object: Map<String, Value>,
    limits: Limits,
) -> Result<Map<String, Value>, JsonError> {
    let mut values_left = limits.values.saturating_sub(1);
    let depth = limits.depth.saturating_sub(1);
    let fit = object
        .values()
        .all(|value| fits(value, depth, &mut values_left));
    fit.then_some(object).ok_or(JsonError::TooComplex)
}

/// Whether `value` opens at most `depth` levels and takes no more than the values left.
fn fits(value: &Value, depth: usize, values_left: &mut usize) -> bool {
    let Some(left) = values_left.checked_sub(1) else {
        return false;
    };
    *values_left = left;
    let inner: Vec<_> = match value {
        Value::Array(values) => values.iter().collect(),
        Value::Object(members) => members.values().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return true,
    };
    depth.checked_sub(1).is_some_and(|depth| {
        inner
            .into_iter()
            .all(|value| fits(value, depth, values_left))
    })
}

/// What is left of the limits, and the reason to give if reading stops.
struct Budget {
    values: Cell<usize>,
    fault: Cell<JsonError>,
}

impl Budget {
    fn refuse<E: de::Error>(&self, fault: JsonError) -> E {
        self.fault.set(fault);
        E::custom("refused")
    }

    fn take_value<E: de::Error>(&self) -> Result<(), E> {
        let left = self.values.get().checked_sub(1);
        self.values
            .set(left.ok_or_else(|| self.refuse(JsonError::TooComplex))?);
        Ok(())
    }
}

/// Reads one value with `depth` levels left to open.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    budget: &'a Budget,
}

impl Strict<'_> {
    fn inner<E: de::Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1);
        let depth = depth.ok_or_else(|| self.budget.refuse(JsonError::TooComplex))?;
        Ok(Self { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.budget.take_value()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value);
        number
            .map(Value::Number)
            .ok_or_else(|| self.budget.refuse(JsonError::Malformed))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(inner)?;
            if members.insert(name, value).is_some() {
                return Err(self.budget.refuse(JsonError::DuplicateMember));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        depth: 4,
        values: 12,
    };

    fn parse(text: &str) -> Result<Value, JsonError> {
        parse_object(text.as_bytes(), LIMITS).map(Value::Object)
    }

    #[test]
    fn an_object_reads_as_serde_json_reads_it() {
        let text = r#"{"a":[1,-2,3.5,null,true,"\u00e9"],"b":{"c":{}}}"#;

        assert_eq!(parse(text), Ok(serde_json::from_str(text).unwrap()));
    }

    #[test]
    fn a_repeated_member_is_refused_at_every_level_and_in_every_spelling() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"alg":1,"\u0061lg":2}"#,
            r#"{"x":{"a":1,"b":2,"a":3}}"#,
            r#"{"x":[{"":1,"":2}]}"#,
        ] {
            assert_eq!(parse(text), Err(JsonError::DuplicateMember), "{text}");
        }
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let nested =
            |levels: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));

        assert!(parse(&nested(3)).is_ok());
        assert_eq!(parse(&nested(4)), Err(JsonError::TooComplex));
        assert_eq!(parse(&nested(100_000)), Err(JsonError::TooComplex));
        assert!(parse(r#"{"a":[1,2,3,4,5,6,7,8,9,0]}"#).is_ok());
        assert_eq!(
            parse(r#"{"a":[1,2,3,4,5,6,7,8,9,0,1]}"#),
            Err(JsonError::TooComplex)
        );
    }

    #[test]
    fn what_is_written_is_held_to_the_limits_of_what_is_read() {
        for text in [
            "{}",
            r#"{"a":[[[]]]}"#,
            r#"{"a":[[[[]]]]}"#,
            r#"{"a":{"b":{"c":{"d":{}}}}}"#,
            r#"{"a":[1,2,3,4,5,6,7,8,9,0]}"#,
            r#"{"a":[1,2,3,4,5,6,7,8,9,0,1]}"#,
        ] {
            let Value::Object(object) = serde_json::from_str(text).unwrap() else {
                panic!("{text}");
            };
            assert_eq!(
                within(object, LIMITS).map(Value::Object),
                parse(text),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_exactly_one_object_is_refused() {
        for text in [
            "",
            "null",
            "[]",
            "\"a\"",
            "{",
            "{}x",
            "{} {}",
            "\u{feff}{}",
            "{\"a\":NaN}",
            "{\"a\":1e999}",
            "{\"a\":01}",
            "{/**/}",
            "{\"a\":1,}",
            "{'a':1}",
            r#"{"a":"\ud800"}"#,
            r#"{"\udc00":1}"#,
        ] {
            assert_eq!(parse(text), Err(JsonError::Malformed), "{text}");
        }
        assert_eq!(
            parse_object(b"{\"a\":\"\xff\"}", LIMITS),
            Err(JsonError::Malformed)
        );
    }
}
