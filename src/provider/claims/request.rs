//! The `claims` parameter (OpenID Connect Core §5.5): claims that a client asks for one by one.
//!
//! A client may be told what it is registered for: a claim that one of its scope values grants,
//! whether or not this request asks for that value, and what its own claim rules make. So it can
//! ask for less than a scope value brings, or for something in the ID token. What it may not be
//! told, and what nobody knows, is left out without an error, however essential (§5.5.1), and a
//! `value` that is only hoped for changes nothing about what is told.
//!
//! Two claims are conditions instead: `sub` with a value names the one user whom the client wants
//! to hear of, and an essential `acr` with values says how that user must have signed in
//! (§5.5.1.1).

use serde_json::{Map, Value};

use super::may_be_told;
use crate::jose::json::{self, Limits};
use crate::model::{AuthenticationContext, ClaimName, Client, RequestedClaims};

/// The longest value of the parameter. It travels in pages, as the whole request does.
const MAX_BYTES: usize = 4096;

/// `{"userinfo": {"name": {"values": ["a"]}}}` is as deep as the specification goes, except for a
/// value that is an object.
const LIMITS: Limits = Limits {
    depth: 6,
    values: 512,
};

/// What the parameter asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClaimsRequest {
    /// What is to be told, as far as the client may be told it.
    pub(crate) told: RequestedClaims,
    /// Each a list of what the user may be called; the one who answers must be in all of them.
    pub(crate) subjects: Vec<Vec<String>>,
    /// The authentication contexts of which one is essential; `None`: any will do.
    contexts: Option<Vec<String>>,
}

/// Why a text is not a `claims` parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ClaimsRequestError {
    /// More than any client needs.
    #[error("the parameter claims has more than 4096 bytes")]
    TooLong,
    /// Not one JSON object whose members each stand there once, or too complex a one.
    #[error("the parameter claims is not a JSON object of this kind")]
    Malformed,
    /// A member of the standard that has another type.
    #[error("a member of the parameter claims is of the wrong type")]
    WrongType,
}

impl ClaimsRequest {
    /// Reads the parameter of a request of `client`.
    pub(crate) fn parse(text: &str, client: &Client) -> Result<Self, ClaimsRequestError> {
        if text.len() > MAX_BYTES {
            return Err(ClaimsRequestError::TooLong);
        }
        let members = json::parse_object(text.as_bytes(), LIMITS);
        let members = members.map_err(|_| ClaimsRequestError::Malformed)?;
        let mut request = Self::default();
        let userinfo = wishes(&members, "userinfo")?;
        let id_token = wishes(&members, "id_token")?;
        for (name, wish) in userinfo.iter().chain(&id_token) {
            if *name == "sub"
                && let Some(names) = wish.texts()?
            {
                request.subjects.push(names);
            }
        }
        if let Some((_, wish)) = id_token.iter().find(|(name, _)| *name == "acr") {
            let contexts = wish.texts()?;
            request.contexts = contexts.filter(|_| wish.is_essential);
        }
        let told = |wishes: Vec<(&str, Wish<'_>)>| {
            let names = wishes.into_iter().filter_map(|(name, _)| {
                let name = ClaimName::parse(name).ok()?;
                may_be_told(&name, client).then_some(name)
            });
            names.collect()
        };
        request.told = RequestedClaims {
            userinfo: told(userinfo),
            id_token: told(id_token),
        };
        Ok(request)
    }

    /// Whether a user who signs in as `context` says can satisfy the client.
    pub(crate) fn accepts(&self, context: AuthenticationContext) -> bool {
        let contexts = self.contexts.as_ref();
        contexts.is_none_or(|contexts| contexts.iter().any(|name| name == context.as_str()))
    }
}

/// How one claim is asked for (§5.5.1).
#[derive(Default)]
struct Wish<'a> {
    is_essential: bool,
    /// `value`, or `values`; `None`: whatever it is.
    values: Option<Vec<&'a Value>>,
}

impl<'a> Wish<'a> {
    fn parse(value: &'a Value) -> Result<Self, ClaimsRequestError> {
        let members = match value {
            Value::Null => return Ok(Self::default()),
            Value::Object(members) => members,
            _ => return Err(ClaimsRequestError::WrongType),
        };
        let is_essential = match members.get("essential") {
            None => false,
            Some(flag) => flag.as_bool().ok_or(ClaimsRequestError::WrongType)?,
        };
        let values = match (members.get("value"), members.get("values")) {
            (None, None) => None,
            (Some(value), None) => Some(vec![value]),
            (None, Some(Value::Array(values))) => Some(values.iter().collect()),
            // One of the two would have to be forgotten.
            _ => return Err(ClaimsRequestError::WrongType),
        };
        Ok(Self {
            is_essential,
            values,
        })
    }

    /// The values of a claim that is a text.
    fn texts(&self) -> Result<Option<Vec<String>>, ClaimsRequestError> {
        let texts = self.values.as_ref().map(|values| {
            let texts = values.iter().map(|value| value.as_str().map(str::to_owned));
            texts.collect::<Option<Vec<_>>>()
        });
        match texts {
            Some(None) => Err(ClaimsRequestError::WrongType),
            Some(Some(texts)) => Ok(Some(texts)),
            None => Ok(None),
        }
    }
}

/// The claims that are asked for in one place. Members of other names mean nothing (§5.5).
fn wishes<'a>(
    members: &'a Map<String, Value>,
    place: &str,
) -> Result<Vec<(&'a str, Wish<'a>)>, ClaimsRequestError> {
    match members.get(place) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(claims)) => claims
            .iter()
            .map(|(name, value)| Ok((name.as_str(), Wish::parse(value)?)))
            .collect(),
        Some(_) => Err(ClaimsRequestError::WrongType),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::{
        ClaimRule, ClaimSource, ClientAuthentication, ClientId, ConstantClaim, Scope,
    };

    fn client() -> Client {
        let rule = ClaimRule {
            name: ClaimName::parse("tenant").unwrap(),
            source: ClaimSource::Constant(ConstantClaim::Number(7)),
            in_id_token: false,
        };
        Client {
            scope: Scope::parse("openid profile email").unwrap(),
            claims: vec![rule],
            ..Client::new(ClientId::parse("c").unwrap(), ClientAuthentication::None)
        }
    }

    fn parse(text: &str) -> Result<ClaimsRequest, ClaimsRequestError> {
        ClaimsRequest::parse(text, &client())
    }

    fn names(names: &[&str]) -> BTreeSet<ClaimName> {
        let names = names.iter().map(|name| ClaimName::parse(name).unwrap());
        names.collect()
    }

    /// The example of OpenID Connect Core §5.5.
    #[test]
    fn the_example_of_the_specification_is_read() {
        let request = parse(
            r#"{"userinfo": {
                 "given_name": {"essential": true},
                 "nickname": null,
                 "email": {"essential": true},
                 "email_verified": {"essential": true},
                 "picture": null,
                 "http://example.info/claims/groups": null
                },
                "id_token": {
                 "auth_time": {"essential": true},
                 "acr": {"values": ["urn:mace:incommon:iap:silver"]}
                }}"#,
        )
        .unwrap();

        let userinfo = names(&[
            "given_name",
            "nickname",
            "email",
            "email_verified",
            "picture",
        ]);
        assert_eq!(request.told.userinfo, userinfo);
        assert_eq!(request.told.id_token, names(&[]));
        assert!(request.accepts(AuthenticationContext::Password));
    }

    #[test]
    fn a_client_is_told_what_it_is_registered_for_and_nothing_else() {
        for (row, asked, told) in [
            ("granted by a scope value of the client", "name", true),
            ("made by a rule of the client", "tenant", true),
            ("granted by another scope value", "groups", false),
            ("known to nobody", "shoe_size", false),
            ("in another language", "name#fr", false),
            ("ours to give", "iss", false),
            ("no name at all", "", false),
        ] {
            let text = format!(r#"{{"id_token":{{"{asked}":{{"essential":true}}}}}}"#);
            let request = parse(&text).unwrap();
            assert_eq!(!request.told.id_token.is_empty(), told, "{row}");
            assert!(request.told.userinfo.is_empty(), "{row}");
        }
    }

    #[test]
    fn a_user_is_named_by_value_in_either_place() {
        for (text, subjects) in [
            (r#"{"id_token":{"sub":{"value":"a"}}}"#, vec![vec!["a"]]),
            (
                r#"{"id_token":{"sub":{"values":["a","b"]}}}"#,
                vec![vec!["a", "b"]],
            ),
            (
                r#"{"userinfo":{"sub":{"value":"a"}},"id_token":{"sub":{"value":"b"}}}"#,
                vec![vec!["a"], vec!["b"]],
            ),
            (r#"{"id_token":{"sub":{"essential":true}}}"#, vec![]),
            (r#"{"id_token":{"sub":null}}"#, vec![]),
        ] {
            assert_eq!(parse(text).unwrap().subjects, subjects, "{text}");
        }
    }

    #[test]
    fn a_context_is_a_condition_where_it_is_essential() {
        let ours = AuthenticationContext::Password.as_str();
        for (row, acr, accepted) in [
            ("hoped for", r#"{"value":"x"}"#, true),
            ("hoped for among others", r#"{"values":["x","y"]}"#, true),
            ("essential, whichever", r#"{"essential":true}"#, true),
            (
                "essential, another",
                r#"{"essential":true,"value":"x"}"#,
                false,
            ),
            (
                "essential, none",
                r#"{"essential":true,"values":[]}"#,
                false,
            ),
            (
                "essential, one of ours",
                r#"{"essential":true,"values":["x","OURS"]}"#,
                true,
            ),
        ] {
            let acr = acr.replace("OURS", ours);
            let request = parse(&format!(r#"{{"id_token":{{"acr":{acr}}}}}"#)).unwrap();
            let context = AuthenticationContext::Password;
            assert_eq!(request.accepts(context), accepted, "{row}");
        }
    }

    #[test]
    fn what_is_no_such_object_is_refused() {
        use ClaimsRequestError::{Malformed, TooLong, WrongType};
        let long = format!(r#"{{"userinfo":{{"{}":null}}}}"#, "a".repeat(MAX_BYTES));
        let deep = format!("{}{}", r#"{"x":"#.repeat(500), "}".repeat(500));
        let nested = format!(r#"{{"x":{}{}}}"#, "[".repeat(6), "]".repeat(6));
        for (row, text, error) in [
            ("nothing", "null", Malformed),
            ("a text", "\"userinfo\"", Malformed),
            ("a list", "[]", Malformed),
            ("cut off", r#"{"userinfo":"#, Malformed),
            ("more after it", "{} {}", Malformed),
            (
                "a member twice",
                r#"{"userinfo":null,"userinfo":{"email":null}}"#,
                Malformed,
            ),
            (
                "a claim twice",
                r#"{"userinfo":{"sub":null,"s\u0075b":null}}"#,
                Malformed,
            ),
            ("too deep", &nested, Malformed),
            ("far too deep", &deep, Malformed),
            ("too long", &long, TooLong),
            ("a list of claims", r#"{"userinfo":["name"]}"#, WrongType),
            (
                "a flag for a claim",
                r#"{"userinfo":{"name":true}}"#,
                WrongType,
            ),
            (
                "essential as text",
                r#"{"id_token":{"name":{"essential":"true"}}}"#,
                WrongType,
            ),
            (
                "values as text",
                r#"{"id_token":{"name":{"values":"a"}}}"#,
                WrongType,
            ),
            (
                "value and values",
                r#"{"id_token":{"acr":{"value":"a","values":["a"]}}}"#,
                WrongType,
            ),
            (
                "a user by number",
                r#"{"id_token":{"sub":{"value":7}}}"#,
                WrongType,
            ),
            (
                "a context by number",
                r#"{"id_token":{"acr":{"values":["a",1]}}}"#,
                WrongType,
            ),
        ] {
            assert_eq!(parse(text), Err(error), "{row}");
        }
    }

    /// §5.5: "Other members MAY be present. Any members used that are not understood MUST be
    /// ignored."
    #[test]
    fn members_that_mean_nothing_are_ignored() {
        for text in [
            "{}",
            r#"{"userinfo":null,"id_token":{}}"#,
            r#"{"verified_claims":["x"],"access_token":7}"#,
        ] {
            assert_eq!(parse(text), Ok(ClaimsRequest::default()), "{text}");
        }
        let purpose = r#"{"userinfo":{"name":{"purpose":"to greet you"}}}"#;
        assert_eq!(parse(purpose).unwrap().told.userinfo, names(&["name"]));
    }
}
