//! Conditions on a claim: which values it must have, and which it must not.
//!
//! Values are compared with their types and character by character: `"true"` is not `true`, and
//! a text is one value, never a list with something between.

use std::fmt;

use serde_json::{Map, Value};

/// What a route asks of one claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimCondition {
    /// Which claim.
    pub claim: ClaimPath,
    /// At least one of these, unless empty.
    pub any: Vec<ClaimValue>,
    /// Every one of these.
    pub all: Vec<ClaimValue>,
    /// Not one of these.
    pub none: Vec<ClaimValue>,
}

impl ClaimCondition {
    /// Whether `claims` are as asked.
    ///
    /// A list has the values that are its elements, anything else is one value. An absent claim
    /// has none, so it meets `none` alone. A claim with something in it that cannot be compared
    /// (null, an object, a list inside the list, a fraction) meets nothing: what it means to its
    /// issuer is unknown, and `none` must not be passed by being odd.
    pub(super) fn is_met_by(&self, claims: &Map<String, Value>) -> bool {
        let Some(claim) = self.claim.find(claims) else {
            return self.any.is_empty() && self.all.is_empty();
        };
        let values = match claim {
            Value::Array(values) => values.as_slice(),
            single => std::slice::from_ref(single),
        };
        let has = |wanted: &ClaimValue| values.iter().any(|value| wanted.is(value));
        values.iter().all(is_comparable)
            && (self.any.is_empty() || self.any.iter().any(has))
            && self.all.iter().all(has)
            && !self.none.iter().any(has)
    }
}

impl fmt::Display for ClaimCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "claim {}", self.claim)?;
        let parts = [
            ("one of", &self.any),
            ("all of", &self.all),
            ("none of", &self.none),
        ];
        let written = parts.iter().filter(|(_, values)| !values.is_empty());
        for (n, (word, values)) in written.enumerate() {
            let values: Vec<String> = values.iter().map(ToString::to_string).collect();
            let between = if n == 0 { ":" } else { ";" };
            write!(f, "{between} {word} {}", values.join(", "))?;
        }
        Ok(())
    }
}

/// A value that a claim can be compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimValue {
    /// A text.
    Text(String),
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Number(i64),
}

impl ClaimValue {
    fn is(&self, value: &Value) -> bool {
        match self {
            Self::Text(text) => value.as_str() == Some(text),
            Self::Flag(flag) => value.as_bool() == Some(*flag),
            Self::Number(number) => value.as_i64() == Some(*number),
        }
    }
}

impl fmt::Display for ClaimValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Flag(flag) => flag.fmt(f),
            Self::Number(number) => number.fmt(f),
        }
    }
}

fn is_comparable(value: &Value) -> bool {
    match value {
        Value::String(_) | Value::Bool(_) => true,
        Value::Number(number) => number.is_i64() || number.is_u64(),
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

/// Where a claim is: a name, or the way to it through objects.
///
/// A way begins with `/` and is a JSON Pointer (RFC 6901); everything else is one literal name, so
/// a claim called `a.b` cannot be taken for a `b` inside of an `a`. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath(Vec<String>);

/// Why a text names no claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimPathError {
    /// Nothing, or nothing between two slashes.
    #[error("has an empty name in it")]
    Empty,
    /// `~` before something else than `0` and `1` (RFC 6901 §3).
    #[error("has a `~` that is neither `~0` (for `~`) nor `~1` (for `/`)")]
    Escape,
}

impl ClaimPath {
    /// Reads `groups` or `/realm_access/roles`.
    ///
    /// # Errors
    ///
    /// [`ClaimPathError`] when it leads to no claim.
    pub fn parse(text: &str) -> Result<Self, ClaimPathError> {
        let names = match text.strip_prefix('/') {
            None => vec![text.to_owned()],
            Some(rest) => rest.split('/').map(unescape).collect::<Result<_, _>>()?,
        };
        if names.iter().any(String::is_empty) {
            return Err(ClaimPathError::Empty);
        }
        Ok(Self(names))
    }

    /// The claim, if it is there.
    pub(in crate::gateway) fn find<'a>(&self, claims: &'a Map<String, Value>) -> Option<&'a Value> {
        let (first, rest) = self.0.split_first()?;
        rest.iter().try_fold(claims.get(first)?, |value, name| {
            value.as_object()?.get(name)
        })
    }
}

impl fmt::Display for ClaimPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [name] => f.write_str(name),
            names => names.iter().try_for_each(|name| write!(f, "/{name}")),
        }
    }
}

fn unescape(name: &str) -> Result<String, ClaimPathError> {
    let is_escape = |rest: &str| rest.starts_with('0') || rest.starts_with('1');
    if !name.split('~').skip(1).all(is_escape) {
        return Err(ClaimPathError::Escape);
    }
    Ok(name.replace("~1", "/").replace("~0", "~"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(values: &[&str]) -> Vec<ClaimValue> {
        let text = |text: &&str| ClaimValue::Text((*text).to_owned());
        values.iter().map(text).collect()
    }

    fn condition(any: &[&str], all: &[&str], none: &[&str]) -> ClaimCondition {
        ClaimCondition {
            claim: ClaimPath::parse("groups").unwrap(),
            any: texts(any),
            all: texts(all),
            none: texts(none),
        }
    }

    fn is_met(condition: &ClaimCondition, claims: &Value) -> bool {
        condition.is_met_by(claims.as_object().unwrap())
    }

    #[test]
    fn any_all_and_none_mean_what_they_say() {
        let rule = condition(&["admins", "editors"], &["staff"], &["suspended"]);
        for (row, groups, passes) in [
            ("as asked", json!(["staff", "editors"]), true),
            ("none of any", json!(["staff", "guests"]), false),
            ("not all", json!(["editors"]), false),
            (
                "one of none",
                json!(["staff", "admins", "suspended"]),
                false,
            ),
            ("empty", json!([]), false),
        ] {
            assert_eq!(is_met(&rule, &json!({"groups": groups})), passes, "{row}");
        }
    }

    /// H31: never a part of a text, never a text for a list of texts.
    #[test]
    fn values_are_compared_whole_and_with_their_types() {
        let rule = condition(&["admins"], &[], &[]);
        for (row, claim, passes) in [
            ("a list", json!(["x", "admins"]), true),
            ("a text is one value", json!("admins"), true),
            ("a text with several words", json!("admins staff"), false),
            ("a text with commas", json!("staff,admins"), false),
            ("a longer text", json!(["adminsx"]), false),
            ("another case", json!(["Admins"]), false),
            ("a list inside the list", json!([["admins"]]), false),
            ("a name for it", json!({"admins": true}), false),
            ("null", json!(null), false),
            ("null beside it", json!(["admins", null]), false),
        ] {
            assert_eq!(is_met(&rule, &json!({"groups": claim})), passes, "{row}");
        }
        let typed = ClaimCondition {
            any: vec![ClaimValue::Flag(true), ClaimValue::Number(3)],
            ..condition(&[], &[], &[])
        };
        for (claim, passes) in [
            (json!(true), true),
            (json!("true"), false),
            (json!(1), false),
            (json!(3), true),
            (json!("3"), false),
            (json!(3.0), false),
        ] {
            assert_eq!(is_met(&typed, &json!({"groups": claim})), passes, "{claim}");
        }
    }

    /// `none` is passed by those who lack the claim, not by those whose claim is odd.
    #[test]
    fn what_cannot_be_compared_meets_nothing() {
        let rule = condition(&[], &[], &["suspended"]);
        for (row, claims, passes) in [
            ("absent", json!({}), true),
            ("empty", json!({"groups": []}), true),
            ("other", json!({"groups": ["staff"]}), true),
            ("the one", json!({"groups": ["suspended"]}), false),
            ("the one as a text", json!({"groups": "suspended"}), false),
            (
                "hidden in a list",
                json!({"groups": [["suspended"]]}),
                false,
            ),
            (
                "hidden in an object",
                json!({"groups": {"a": "suspended"}}),
                false,
            ),
            ("null", json!({"groups": null}), false),
            ("a fraction", json!({"groups": [1.5]}), false),
        ] {
            assert_eq!(is_met(&rule, &claims), passes, "{row}");
        }
    }

    /// H30.
    #[test]
    fn a_literal_name_and_a_way_cannot_be_confused() {
        let claims = json!({
            "a.b": "literal",
            "a": {"b": "inner", "c/d": {"~": "deep"}},
            "/a/b": "slashes",
        });
        let claims = claims.as_object().unwrap();
        for (path, found) in [
            ("a.b", Some("literal")),
            ("/a/b", Some("inner")),
            ("/a/c~1d/~0", Some("deep")),
            ("/~1a~1b", Some("slashes")),
            ("a/b", None),
            ("/a/b/c", None),
            ("/a.b/c", None),
        ] {
            let path = ClaimPath::parse(path).unwrap();
            assert_eq!(path.find(claims).and_then(Value::as_str), found, "{path}");
        }
        for (text, error) in [
            ("", ClaimPathError::Empty),
            ("/", ClaimPathError::Empty),
            ("/a//b", ClaimPathError::Empty),
            ("/a/~2", ClaimPathError::Escape),
            ("/a~", ClaimPathError::Escape),
        ] {
            assert_eq!(ClaimPath::parse(text), Err(error), "{text:?}");
        }
    }
}
