//! The claims a client asked for as they lie in the database: JSON, because nobody searches in it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::model::{ClaimName, RequestedClaims};

/// The JSON object. Members that came later must have a default.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct RequestRecord {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    userinfo: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    id_token: Vec<String>,
}

/// Writes what was asked for; nothing where nothing was, as nearly always.
pub(super) fn to_json(claims: &RequestedClaims) -> Result<Option<String>, StoreError> {
    if claims.is_empty() {
        return Ok(None);
    }
    let texts = |names: &BTreeSet<ClaimName>| {
        let names = names.iter();
        names.map(|name| name.as_str().to_owned()).collect()
    };
    let record = RequestRecord {
        userinfo: texts(&claims.userinfo),
        id_token: texts(&claims.id_token),
    };
    serde_json::to_string(&record)
        .map(Some)
        .map_err(|_| StoreError::Corrupt("requested claims"))
}

/// Reads what [`to_json`] wrote.
pub(super) fn from_json(text: Option<&str>) -> Result<RequestedClaims, StoreError> {
    let Some(text) = text else {
        return Ok(RequestedClaims::default());
    };
    let corrupt = StoreError::Corrupt("requested claims");
    let record: RequestRecord = serde_json::from_str(text).map_err(|_| corrupt)?;
    let names = |texts: Vec<String>| {
        let names = texts.iter().map(|text| ClaimName::parse(text));
        let names: Result<_, _> = names.collect();
        names.map_err(|_| StoreError::Corrupt("the name of a claim"))
    };
    Ok(RequestedClaims {
        userinfo: names(record.userinfo)?,
        id_token: names(record.id_token)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_is_read_as_it_was_written() {
        let names = |texts: &[&str]| {
            let names = texts.iter().map(|text| ClaimName::parse(text).unwrap());
            names.collect::<BTreeSet<_>>()
        };
        for (userinfo, id_token) in [
            (["name", "email"].as_slice(), ["groups"].as_slice()),
            (&[], &["https://example.test/claim"]),
            (&["x"], &[]),
            (&[], &[]),
        ] {
            let claims = RequestedClaims {
                userinfo: names(userinfo),
                id_token: names(id_token),
            };

            let text = to_json(&claims).unwrap();

            assert_eq!(text.is_none(), claims.is_empty());
            assert_eq!(from_json(text.as_deref()).unwrap(), claims);
        }
    }
}
