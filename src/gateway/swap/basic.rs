//! A login and a password, or a token in its place, in `Authorization` (RFC 7617).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue};

use crate::gateway::rejection::Rejection;
use crate::secret::Secret;

/// What came.
#[derive(Debug)]
pub(in crate::gateway) struct Basic {
    pub(in crate::gateway) login: String,
    pub(in crate::gateway) password: Secret,
}

impl Basic {
    /// What is in `Authorization`; `None` when there is no such field or it is of another scheme.
    ///
    /// # Errors
    ///
    /// [`Rejection::MalformedCredential`] when it is not of the form of RFC 7617 §2.
    pub(in crate::gateway) fn find(headers: &HeaderMap) -> Result<Option<Self>, Rejection> {
        let mut fields = headers.get_all(AUTHORIZATION).iter();
        let Some(field) = fields.next() else {
            return Ok(None);
        };
        let is_one = fields.next().is_none();
        let bytes = field.as_bytes();
        let Some((scheme, rest)) = bytes.split_at_checked(6) else {
            return Ok(None);
        };
        if !scheme.eq_ignore_ascii_case(b"Basic ") {
            return Ok(None);
        }
        let decoded = STANDARD.decode(rest).ok().filter(|_| is_one);
        let text = decoded.and_then(|decoded| String::from_utf8(decoded).ok());
        let (login, password) = text
            .as_deref()
            .and_then(|text| text.split_once(':'))
            .ok_or(Rejection::MalformedCredential)?;
        Ok(Some(Self {
            login: login.to_owned(),
            password: Secret::new(password),
        }))
    }

    /// The field with `token` for the password.
    pub(in crate::gateway) fn with_token(&self, token: &str) -> Result<HeaderValue, Rejection> {
        let pair = [&self.login, ":", token].concat();
        let text = ["Basic ", &STANDARD.encode(pair)].concat();
        let mut value = HeaderValue::try_from(text)
            .map_err(|_| Rejection::Fault("a token of the backend cannot be written"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(fields: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(AUTHORIZATION, field.parse().unwrap());
        }
        match Basic::find(&headers) {
            Ok(Some(basic)) => format!("{} {}", basic.login, basic.password.expose()),
            Ok(None) => "none".to_owned(),
            Err(rejection) => rejection.reason().to_owned(),
        }
    }

    #[test]
    fn there_is_one_login_and_one_password() {
        for (fields, expected) in [
            (&["Basic YTpi"][..], "a b"),
            (&["bAsIc YTpiOmM="], "a b:c"),
            (&["Basic w6k6"], "\u{e9} "),
            (&["Bearer YTpi"], "none"),
            (&["Basic"], "none"),
            (&[], "none"),
            (&["Basic YWI="], "malformed_credential"),
            (&["Basic *"], "malformed_credential"),
            (&["Basic  YTpi"], "malformed_credential"),
            (&["Basic /zph"], "malformed_credential"),
            (&["Basic YTpi", "Basic YTpi"], "malformed_credential"),
        ] {
            assert_eq!(found(fields), expected, "{fields:?}");
        }
    }
}
