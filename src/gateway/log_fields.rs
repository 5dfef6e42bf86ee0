//! What a route adds to its lines in the access log: fields of requests and answers, and claims.
//!
//! The operator names them, and whoever reads the log sees them. So what holds credentials cannot be
//! named (`config` refuses it), and what is named is cut off and has no control characters: nobody
//! fills the log, or writes to the terminal of its reader, by what they send.
//!
//! They stand in one field of the line, `fields`, as the text of a JSON object: a line has the same
//! fields on all routes, and a name of the operator's choice cannot take the place of one of ours.

use std::fmt::Write as _;

use http::{HeaderMap, HeaderName};
use serde_json::{Map, Value};

use super::policy::ClaimPath;

/// The most of a value that is logged, in bytes.
const MAX_VALUE_BYTES: usize = 256;

/// What is logged besides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFields {
    /// Fields of the request, as it goes on: without what is removed, with the identity headers.
    pub request: Vec<HeaderName>,
    /// Fields of the answer.
    pub response: Vec<HeaderName>,
    /// Claims of the token.
    pub claims: Vec<ClaimPath>,
}

/// What was found of one request.
#[derive(Clone, Debug, Default)]
pub(super) struct Noted(Map<String, Value>);

impl LogFields {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.request.is_empty() && self.response.is_empty() && self.claims.is_empty()
    }
}

impl Noted {
    /// Adds what `wanted` names of the request.
    pub(super) fn request(&mut self, wanted: &LogFields, headers: &HeaderMap) {
        self.headers("request", &wanted.request, headers);
    }

    /// Adds what `wanted` names of the answer.
    pub(super) fn response(&mut self, wanted: &LogFields, headers: &HeaderMap) {
        self.headers("response", &wanted.response, headers);
    }

    /// Adds what `wanted` names of the claims.
    pub(super) fn claims(&mut self, wanted: &LogFields, claims: &Map<String, Value>) {
        for path in &wanted.claims {
            if let Some(value) = path.find(claims) {
                self.0.insert(format!("claim.{path}"), shown(value));
            }
        }
    }

    fn headers(&mut self, kind: &str, names: &[HeaderName], headers: &HeaderMap) {
        for name in names {
            let values = headers.get_all(name).iter();
            let values: Vec<_> = values
                .map(|value| String::from_utf8_lossy(value.as_bytes()))
                .collect();
            if !values.is_empty() {
                let value = Value::String(cut(&values.join(", ")));
                self.0.insert(format!("{kind}.{name}"), value);
            }
        }
    }

    /// The text of a JSON object.
    pub(super) fn into_text(self) -> String {
        Value::Object(self.0).to_string()
    }
}

/// Numbers and flags as they are, everything else as text.
fn shown(value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        Value::String(text) => Value::String(cut(text)),
        Value::Array(_) | Value::Object(_) => Value::String(cut(&value.to_string())),
    }
}

/// The beginning of `text`, with an escape in the place of what is not to be seen.
fn cut(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(MAX_VALUE_BYTES));
    for character in text.chars() {
        let length = shown.len();
        // Writing to a text does not fail.
        let _written = match character {
            character if is_hidden(character) => write!(shown, "{}", character.escape_unicode()),
            character => shown.write_char(character),
        };
        if shown.len() > MAX_VALUE_BYTES {
            shown.truncate(length);
            break;
        }
    }
    shown
}

/// Control characters, and those that turn the direction of a text or have no width: a reader would
/// see another text than the one that came.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;

    use super::*;

    fn claims(names: &[&str]) -> Vec<ClaimPath> {
        let parse = |name: &&str| ClaimPath::parse(name).unwrap();
        names.iter().map(parse).collect()
    }

    #[test]
    fn what_is_named_is_noted_and_nothing_else() {
        let mut request = HeaderMap::new();
        request.append("x-tenant", HeaderValue::from_static("one"));
        request.append("x-tenant", HeaderValue::from_static("two"));
        request.insert("x-other", HeaderValue::from_static("unseen"));
        let token = json!({
            "groups": ["a", "b"], "level": 3, "locked": false, "sub": "unseen",
            "realm": {"department": "sales", "other": "unseen"},
        });
        let wanted = LogFields {
            request: vec![HeaderName::from_static("x-tenant")],
            response: vec![HeaderName::from_static("x-cache")],
            claims: claims(&["groups", "level", "locked", "/realm/department", "none"]),
        };
        let mut noted = Noted::default();

        noted.request(&wanted, &request);
        noted.response(&wanted, &request);
        noted.claims(&wanted, token.as_object().unwrap());

        let expected = json!({
            "request.x-tenant": "one, two",
            "claim.groups": "[\"a\",\"b\"]",
            "claim.level": 3,
            "claim.locked": false,
            "claim./realm/department": "sales",
        });
        let read: Value = serde_json::from_str(&noted.into_text()).unwrap();
        assert_eq!(read, expected);
    }

    #[test]
    fn a_value_is_short_and_shows_what_is_in_it() {
        for (text, expected) in [
            ("plain \u{e9}", "plain \u{e9}".to_owned()),
            (
                "a\u{1b}[2Jb\r\nc\u{9b}d",
                "a\\u{1b}[2Jb\\u{d}\\u{a}c\\u{9b}d".to_owned(),
            ),
            ("\u{202e}gpj.exe", "\\u{202e}gpj.exe".to_owned()),
            (&"x".repeat(300), "x".repeat(256)),
            (&"\u{e9}".repeat(200), "\u{e9}".repeat(128)),
            (&format!("{}\u{e9}", "x".repeat(255)), "x".repeat(255)),
            (&format!("{}\u{1b}", "x".repeat(253)), "x".repeat(253)),
        ] {
            assert_eq!(cut(text), expected, "{text:?}");
        }
    }
}
