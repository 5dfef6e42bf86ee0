//! Calls of the backend's own interface to the endpoint where it signs its users in.
//!
//! Passwords come there as well, so they are read, tried under the same counts as everywhere, and what
//! goes on is written anew from what was read: the backend cannot find another login in it than the one
//! that was counted.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, Response};
use serde::{Deserialize, Serialize};

use super::SignInError;
use crate::model::Login;
use crate::secret::Secret;

/// A call, as Cells has it (`POST /a/frontend/session`).
#[derive(Debug)]
pub struct SessionCall {
    request: SessionRequest,
    headers: HeaderMap,
}

/// What came of a call.
#[derive(Debug)]
pub struct Relayed {
    /// What the backend says of the password, if there was one.
    pub verdict: Result<(), SignInError>,
    /// Its answer, if there is one.
    pub response: Option<Response<Bytes>>,
}

/// A password in a call, and whose it is said to be.
#[derive(Debug)]
pub enum CalledWith {
    /// None: the call goes on as it is.
    NoPassword,
    /// These.
    Password(Login, Secret),
    /// A password of nobody: there is no such login anywhere.
    Nobody,
}

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallPurpose<'c> {
    /// To sign in with a code.
    Code(&'c str),
    /// To get another token.
    Renewal,
    /// To sign out.
    SignOut,
    /// Anything else, a password among it.
    Other,
}

/// Why a text is not such a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is not a call to the session endpoint")]
pub struct NoSessionCall;

/// Members with other spellings, which some readers take for these, are refused; so are members that
/// are not known, since nobody could say what is in them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SessionRequest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_time: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auth_info: Option<BTreeMap<String, Option<String>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    logout: Option<bool>,
}

impl SessionCall {
    /// Reads a call with these fields.
    ///
    /// # Errors
    ///
    /// [`NoSessionCall`] when it is none.
    pub fn parse(headers: HeaderMap, body: &[u8]) -> Result<Self, NoSessionCall> {
        // Members by their place would be another reading.
        if body.trim_ascii_start().first() != Some(&b'{') {
            return Err(NoSessionCall);
        }
        let mut request: SessionRequest =
            serde_json::from_slice(body).map_err(|_| NoSessionCall)?;
        if let Some(info) = &mut request.auth_info {
            info.retain(|_, value| value.is_some());
            // What was judged is what goes on.
            if let Some(Some(login)) = info.get_mut("login") {
                *login = login.trim().to_owned();
            }
        }
        Ok(Self { request, headers })
    }

    /// Whose password it has, if it has any.
    pub fn called_with(&self) -> CalledWith {
        let has_password =
            self.member("type") == Some("credentials") || self.member("password").is_some();
        if !has_password {
            return CalledWith::NoPassword;
        }
        let password = self.member("password").unwrap_or_default();
        match Login::parse(self.member("login").unwrap_or_default()) {
            Ok(login) => CalledWith::Password(login, Secret::new(password)),
            Err(_) => CalledWith::Nobody,
        }
    }

    /// What it is for.
    pub fn purpose(&self) -> CallPurpose<'_> {
        if !matches!(self.called_with(), CalledWith::NoPassword) {
            return CallPurpose::Other;
        }
        match (self.member("type"), self.request.logout) {
            (Some("authorization_code"), _) => {
                CallPurpose::Code(self.member("code").unwrap_or_default())
            }
            (Some("refresh"), _) => CallPurpose::Renewal,
            // Before Cells 2 it had a member of its own.
            (Some("logout"), _) | (None, Some(true)) => CallPurpose::SignOut,
            _ => CallPurpose::Other,
        }
    }

    /// Its fields and body, as they go on.
    pub(super) fn into_parts(self) -> (HeaderMap, Vec<u8>) {
        let body = serde_json::to_vec(&self.request).unwrap_or_default();
        (self.headers, body)
    }

    fn member(&self, name: &str) -> Option<&str> {
        let info = self.request.auth_info.as_ref()?;
        info.get(name)?.as_deref()
    }
}

impl Relayed {
    /// The backend has no such endpoint.
    pub(super) const fn nowhere() -> Self {
        Self {
            verdict: Err(SignInError::Unavailable("it has no interface of its own")),
            response: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<SessionCall, NoSessionCall> {
        SessionCall::parse(HeaderMap::new(), text.as_bytes())
    }

    fn said(text: &str) -> String {
        match read(text).map(|call| call.called_with()) {
            Ok(CalledWith::NoPassword) => "no password".to_owned(),
            Ok(CalledWith::Nobody) => "nobody".to_owned(),
            Ok(CalledWith::Password(login, password)) => {
                format!("{} {}", login.as_str(), password.expose())
            }
            Err(NoSessionCall) => "none".to_owned(),
        }
    }

    #[test]
    fn a_password_is_found_wherever_the_backend_would_find_one() {
        for (text, expected) in [
            (
                r#"{"AuthInfo":{"type":"credentials","login":"a","password":"p"}}"#,
                "a p",
            ),
            (
                r#"{"AuthInfo":{"type":"credentials","login":" a ","password":"p"}}"#,
                "a p",
            ),
            (r#"{"AuthInfo":{"login":"a","password":"p"}}"#, "a p"),
            (
                r#"{"AuthInfo":{"type":"other","login":"a","password":"p"}}"#,
                "a p",
            ),
            (r#"{"AuthInfo":{"type":"credentials","login":"a"}}"#, "a "),
            (
                r#"{"AuthInfo":{"type":"credentials","password":"p"}}"#,
                "nobody",
            ),
            (
                r#"{"AuthInfo":{"type":"credentials","login":"\u0007","password":"p"}}"#,
                "nobody",
            ),
            (
                r#"{"AuthInfo":{"type":"refresh","challenge":null}}"#,
                "no password",
            ),
            (
                r#"{"AuthInfo":{"type":"logout"},"ClientTime":1700000000}"#,
                "no password",
            ),
            (r#"{"Logout":true}"#, "no password"),
            ("{}", "no password"),
        ] {
            assert_eq!(said(text), expected, "{text}");
        }
    }

    #[test]
    fn what_a_call_is_for_is_read_as_cells_reads_it() {
        for (text, expected) in [
            (
                r#"{"AuthInfo":{"type":"authorization_code","code":"c"}}"#,
                CallPurpose::Code("c"),
            ),
            (
                r#"{"AuthInfo":{"type":"authorization_code"}}"#,
                CallPurpose::Code(""),
            ),
            (r#"{"AuthInfo":{"type":"refresh"}}"#, CallPurpose::Renewal),
            (r#"{"AuthInfo":{"type":"logout"}}"#, CallPurpose::SignOut),
            (r#"{"Logout":true}"#, CallPurpose::SignOut),
            (r#"{"Logout":false}"#, CallPurpose::Other),
            (
                r#"{"AuthInfo":{"type":"refresh","password":"p","login":"a"}}"#,
                CallPurpose::Other,
            ),
            (
                r#"{"AuthInfo":{"type":"external","challenge":"c"}}"#,
                CallPurpose::Other,
            ),
            ("{}", CallPurpose::Other),
        ] {
            assert_eq!(read(text).unwrap().purpose(), expected, "{text}");
        }
    }

    /// Readers that fold letter case, or take the last of two members, would find another login.
    #[test]
    fn what_has_two_readings_is_none() {
        for text in [
            r#"{"authInfo":{"type":"credentials","login":"a","password":"p"}}"#,
            r#"{"AuthInfo":{"type":"refresh"},"authinfo":{"type":"credentials"}}"#,
            r#"{"AuthInfo":{"type":"refresh"},"AuthInfo":{"type":"credentials"}}"#,
            r#"{"AuthInfo":{"type":"refresh"},"More":1}"#,
            r#"{"AuthInfo":{"login":["a"]}}"#,
            r#"[]"#,
            "",
            r#"{} {}"#,
        ] {
            assert_eq!(said(text), "none", "{text}");
        }
        // Of two members of one name the last is what was judged and what goes on.
        let twice = r#"{"AuthInfo":{"type":"credentials","login":"a","login":"b","password":"p"}}"#;
        assert_eq!(said(twice), "b p");
        let (_, body) = read(twice).unwrap().into_parts();
        let body = String::from_utf8(body).unwrap();
        assert_eq!(
            body,
            r#"{"AuthInfo":{"login":"b","password":"p","type":"credentials"}}"#
        );
    }
}
