//! What an expression sees of a request and its token.

use std::collections::HashMap;

use cel::Value;
use serde_json::{Map, Value as Json};

use super::super::Asked;
use crate::jose::Verified;
use crate::model::Timestamp;

/// The members of `request`.
pub(super) const OF_REQUEST: [&str; 5] = ["method", "scheme", "host", "path", "source"];

/// The members of `token`.
pub(super) const OF_TOKEN: [&str; 7] = [
    "issuer",
    "subject",
    "client_id",
    "scope",
    "audience",
    "issued_at",
    "expires_at",
];

/// The request in its canonical form. Neither fields nor query: an upstream may read those
/// otherwise than we do.
pub(super) fn request(asked: &Asked<'_>) -> Value {
    let canonical = asked.request;
    let values: [Value; OF_REQUEST.len()] = [
        canonical.method.as_str().into(),
        canonical.scheme.as_str().into(),
        canonical.authority.host().into(),
        canonical.path.as_str().into(),
        asked.source.to_string().into(),
    ];
    mapping(OF_REQUEST, values)
}

/// What verification established; null where there is no token.
pub(super) fn token(verified: Option<&Verified>) -> Value {
    let Some(verified) = verified else {
        return Value::Null;
    };
    let list = |texts: Vec<&str>| Value::from(texts);
    let client_id = verified.client_id.as_ref();
    let values: [Value; OF_TOKEN.len()] = [
        verified.issuer.as_ref().into(),
        verified.subject.as_str().into(),
        client_id.map_or(Value::Null, |id| id.as_str().into()),
        list(verified.scope.iter().collect()),
        list(verified.audience.iter().map(String::as_str).collect()),
        moment(verified.issued_at),
        moment(verified.expires_at),
    ];
    mapping(OF_TOKEN, values)
}

/// Every claim of the token by its name; none where there is no token.
pub(super) fn claims(verified: Option<&Verified>) -> Value {
    verified.map_or_else(
        || Value::from(HashMap::<String, Value>::new()),
        |verified| object(&verified.claims),
    )
}

/// Seconds since the epoch, as claims have them.
pub(super) fn moment(moment: Timestamp) -> Value {
    Value::Int(i64::try_from(moment.as_secs()).unwrap_or(i64::MAX))
}

fn mapping<const N: usize>(names: [&str; N], values: [Value; N]) -> Value {
    let members: HashMap<&str, Value> = names.into_iter().zip(values).collect();
    Value::from(members)
}

fn object(members: &Map<String, Json>) -> Value {
    let members: HashMap<&str, Value> = members
        .iter()
        .map(|(name, value)| (name.as_str(), of_json(value)))
        .collect();
    Value::from(members)
}

fn of_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::String(text) => text.as_str().into(),
        Json::Array(elements) => Value::from(elements.iter().map(of_json).collect::<Vec<_>>()),
        Json::Object(members) => object(members),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => Value::Int(whole),
            (None, Some(large)) => Value::UInt(large),
            (None, None) => number.as_f64().map_or(Value::Null, Value::Float),
        },
    }
}
