//! The bearer token of a request (RFC 6750 §2.1): nothing else is taken for one.

use http::header::{AUTHORIZATION, HeaderMap};

use crate::gateway::rejection::Rejection;

/// What stands for a token in `Authorization: Bearer <token>`; `None` when there is no such field.
///
/// The scheme in any case (RFC 9110 §11.1), exactly one space, then everything to the end.
///
/// # Errors
///
/// [`Rejection`]: two credentials, another scheme, or nothing behind it.
pub(super) fn presented(headers: &HeaderMap) -> Result<Option<&[u8]>, Rejection> {
    let mut fields = headers.get_all(AUTHORIZATION).iter();
    let Some(field) = fields.next() else {
        return Ok(None);
    };
    if fields.next().is_some() {
        return Err(Rejection::MalformedCredential);
    }
    let text = field.as_bytes();
    let end = text.iter().position(|byte| matches!(byte, b' ' | b'\t'));
    let (scheme, rest) = match end.and_then(|end| text.split_at_checked(end)) {
        Some(parts) => parts,
        None => (text, &b""[..]),
    };
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Err(Rejection::OtherScheme);
    }
    if rest.is_empty() {
        return Err(Rejection::EmptyCredential);
    }
    rest.strip_prefix(b" ")
        .map(Some)
        .ok_or(Rejection::MalformedCredential)
}

/// What was presented, as a token: `b64token` (RFC 6750 §2.1).
///
/// # Errors
///
/// [`Rejection`] when it is none.
pub(super) fn token(presented: &[u8]) -> Result<&str, Rejection> {
    if !presented.iter().all(u8::is_ascii_graphic) {
        return Err(Rejection::MalformedCredential);
    }
    str::from_utf8(presented)
        .ok()
        .filter(|text| is_b64token(text))
        .ok_or(Rejection::EmptyCredential)
}

/// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="` (RFC 6750 §2.1).
fn is_b64token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let allowed = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
    };
    !body.is_empty() && body.bytes().all(allowed)
}

/// Whether a query has the parameter of RFC 6750 §2.3, however it is spelled.
pub(in crate::gateway) fn has_query_token(query: &str) -> bool {
    // Most queries have neither the word nor an escape that could hide it.
    (query.contains("access_token") || query.contains('%'))
        && form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extract(values: &[&str]) -> Result<Option<String>, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        presented(&headers)
            .and_then(|presented| presented.map(token).transpose())
            .map(|token| token.map(str::to_owned))
            .map_err(|rejection| rejection.reason().to_owned())
    }

    #[test]
    fn a_well_formed_token_is_taken_whatever_the_case_of_the_scheme() {
        for value in [
            "Bearer a.b-c_~+/==",
            "bearer a.b-c_~+/==",
            "BEARER a.b-c_~+/==",
        ] {
            assert_eq!(
                extract(&[value]),
                Ok(Some("a.b-c_~+/==".to_owned())),
                "D04 {value}"
            );
        }
        assert_eq!(extract(&[]), Ok(None));
    }

    #[test]
    fn everything_else_is_refused() {
        for (row, values, reason) in [
            (
                "D01 two fields",
                &["Bearer a", "Bearer b"][..],
                "malformed_credential",
            ),
            (
                "D02 two tokens",
                &["Bearer a, Bearer b"],
                "malformed_credential",
            ),
            ("D04 two spaces", &["Bearer  a"], "malformed_credential"),
            ("D04 tab", &["Bearer\ta"], "malformed_credential"),
            ("D04 trailing space", &["Bearer a "], "malformed_credential"),
            ("D05 no token", &["Bearer"], "empty_credential"),
            ("D05 comma", &["Bearer ,"], "empty_credential"),
            ("D05 one space", &["Bearer "], "empty_credential"),
            ("D05 padding only", &["Bearer =="], "empty_credential"),
            ("D05 padding inside", &["Bearer a=b"], "empty_credential"),
            ("D05 no scheme", &["a.b.c"], "other_scheme"),
            ("D05 empty", &[""], "other_scheme"),
            ("D06 Basic", &["Basic YTpi"], "other_scheme"),
            ("D08 Negotiate", &["Negotiate YII"], "other_scheme"),
            (
                "scheme glued to the token",
                &["Bearera.b.c"],
                "other_scheme",
            ),
        ] {
            assert_eq!(extract(values), Err(reason.to_owned()), "{row}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, "Bearer \u{e9}".try_into().unwrap());
        let beyond_ascii = presented(&headers).unwrap().unwrap();
        assert!(token(beyond_ascii).is_err(), "D07 beyond ASCII");
    }

    #[test]
    fn a_token_in_the_query_is_seen_under_every_spelling() {
        for query in [
            "access_token=x",
            "a=1&access_token=x",
            "%61ccess%5ftoken=x",
            "access_token",
        ] {
            assert!(has_query_token(query), "D09 {query}");
        }
        for query in ["", "token=x", "x=access_token", "access_tokens=1", "a=%zz"] {
            assert!(!has_query_token(query), "{query}");
        }
    }
}
