//! On what terms the tokens of a trusted issuer are accepted.

use std::time::Duration;

use serde_json::{Map, Value};

use super::error::JwtError;
use super::header::{Header, without_prefix};

/// What a token of a trusted issuer must be like, besides rightly signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Accepted `typ` values, in any letter case and with or without `application/`; empty text
    /// stands for a missing `typ`.
    pub types: Vec<String>,
    /// Leeway for `exp`, `nbf` and `iat`, seconds.
    pub leeway: Duration,
    /// At least one must be in `aud`; empty: whatever the route asks for.
    pub audience: Vec<String>,
    /// Claims under the names that we know, and where the issuer has them.
    pub claims: Vec<(String, ClaimPath)>,
}

/// Where an issuer keeps a claim: names from the outside in, each of them literal, so that a name
/// with a dot in it cannot be mistaken for two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath(pub Vec<String>);

/// The type of access tokens that say what they are (RFC 9068 §2.1).
const ACCESS_TOKEN: &str = "at+jwt";

/// Claims that only an ID token (OpenID Connect Core §2, §3.3.2.11) or a security event, such as
/// a logout token, has. Some issuers give their access tokens the type that those have.
const OTHER_PURPOSES: [&str; 4] = ["nonce", "at_hash", "c_hash", "events"];

impl Terms {
    /// Keeps tokens for other purposes apart from access tokens (RFC 8725 §3.11).
    pub(super) fn check_purpose(
        &self,
        header: &Header,
        claims: &Map<String, Value>,
    ) -> Result<(), JwtError> {
        let found = header.token_type.as_deref().map(without_prefix);
        let is_accepted = self.types.iter().any(|accepted| match found {
            Some(found) => {
                !accepted.is_empty() && without_prefix(accepted).eq_ignore_ascii_case(found)
            }
            None => accepted.is_empty(),
        });
        if !is_accepted {
            return Err(JwtError::Type);
        }
        let says_so = found.is_some_and(|found| found.eq_ignore_ascii_case(ACCESS_TOKEN));
        if !says_so && OTHER_PURPOSES.iter().any(|name| claims.contains_key(*name)) {
            return Err(JwtError::OtherPurpose);
        }
        Ok(())
    }

    /// Keeps tokens apart that the issuer made for others.
    pub(super) fn check_audience(&self, audience: &[String]) -> Result<(), JwtError> {
        let is_meant = |ours: &String| audience.contains(ours);
        if self.audience.is_empty() || self.audience.iter().any(is_meant) {
            Ok(())
        } else {
            Err(JwtError::OtherAudience)
        }
    }

    /// Puts each mapped claim where we look for it. What the token itself has under that name is
    /// gone, also where the issuer's place is empty: nobody is to choose between the two.
    pub(crate) fn map(&self, claims: &mut Map<String, Value>) {
        let found: Vec<_> = self
            .claims
            .iter()
            .map(|(name, path)| (name, path.find(claims).cloned()))
            .collect();
        for (name, value) in found {
            match value {
                Some(value) if name == "scope" => claims.insert(name.clone(), joined(value)),
                Some(value) => claims.insert(name.clone(), value),
                None => claims.remove(name),
            };
        }
    }
}

impl ClaimPath {
    fn find<'a>(&self, claims: &'a Map<String, Value>) -> Option<&'a Value> {
        let (first, inner) = self.0.split_first()?;
        inner
            .iter()
            .try_fold(claims.get(first)?, |value, name| value.get(name.as_str()))
    }
}

/// A list of scope values, as some issuers have it, in the form of RFC 9068 §2.2.3. Anything else
/// is left to be refused.
fn joined(value: Value) -> Value {
    let Value::Array(values) = &value else {
        return value;
    };
    let is_one = |text: &&str| !text.is_empty() && !text.contains(' ');
    let texts: Option<Vec<&str>> = values
        .iter()
        .map(|value| value.as_str().filter(is_one))
        .collect();
    match texts {
        Some(texts) => Value::String(texts.join(" ")),
        None => value,
    }
}

impl Default for Terms {
    /// The strict ones: RFC 9068, one clock.
    fn default() -> Self {
        Self {
            types: vec![ACCESS_TOKEN.to_owned()],
            leeway: Duration::ZERO,
            audience: Vec::new(),
            claims: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mapped(name: &str, path: &[&str], claims: &Value) -> Value {
        let path = path.iter().map(ToString::to_string).collect();
        let terms = Terms {
            claims: vec![(name.to_owned(), ClaimPath(path))],
            ..Terms::default()
        };
        let mut claims = claims.as_object().unwrap().clone();
        terms.map(&mut claims);
        claims.remove(name).unwrap_or_default()
    }

    #[test]
    fn a_mapped_claim_is_what_the_issuer_has_in_its_place() {
        for (row, name, path, claims, expected) in [
            (
                "another name",
                "client_id",
                &["azp"][..],
                json!({"azp": "app"}),
                json!("app"),
            ),
            (
                "inside of another",
                "groups",
                &["realm_access", "roles"],
                json!({"realm_access": {"roles": ["staff"]}}),
                json!(["staff"]),
            ),
            (
                "H30 a name with a dot is one name",
                "groups",
                &["a.b"],
                json!({"a.b": ["literal"], "a": {"b": ["path"]}}),
                json!(["literal"]),
            ),
            (
                "H30 a path is not a name with a dot",
                "groups",
                &["a", "b"],
                json!({"a.b": ["literal"], "a": {"b": ["path"]}}),
                json!(["path"]),
            ),
            (
                "the token's own claim of the name does not count",
                "groups",
                &["roles"],
                json!({"groups": ["admins"], "roles": ["staff"]}),
                json!(["staff"]),
            ),
            (
                "nor where the issuer's place is empty",
                "groups",
                &["roles"],
                json!({"groups": ["admins"]}),
                json!(null),
            ),
            (
                "H22 a list of scope values",
                "scope",
                &["scp"],
                json!({"scp": ["read", "write"]}),
                json!("read write"),
            ),
            (
                "H22 a list with two values in one is no such list",
                "scope",
                &["scp"],
                json!({"scp": ["read admin"]}),
                json!(["read admin"]),
            ),
        ] {
            assert_eq!(mapped(name, path, &claims), expected, "{row}");
        }
    }
}
