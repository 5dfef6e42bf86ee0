//! The bearer token of a request (RFC 6750 §2.1): nothing else is taken for one.

use http::header::{AUTHORIZATION, HeaderMap};

use crate::gateway::rejection::Rejection;

/// The token of `Authorization: Bearer <token>`; `None` when there is no such field.
///
/// The scheme in any case (RFC 9110 §11.1), exactly one space, then `b64token` to the end.
///
/// # Errors
///
/// [`Rejection`]: two credentials, another scheme, or no well-formed token.
pub(super) fn token(headers: &HeaderMap) -> Result<Option<&str>, Rejection> {
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
    let token = rest
        .strip_prefix(b" ")
        .ok_or(Rejection::MalformedCredential)?;
    if !is_b64token(token) {
        let is_visible = token.iter().all(u8::is_ascii_graphic);
        return Err(if is_visible {
            Rejection::EmptyCredential
        } else {
            Rejection::MalformedCredential
        });
    }
    str::from_utf8(token)
        .map(Some)
        .map_err(|_| Rejection::MalformedCredential)
}

/// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="` (RFC 6750 §2.1).
fn is_b64token(text: &[u8]) -> bool {
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let body = text.split_at_checked(text.len().saturating_sub(padding));
    let allowed = |byte: &u8| B64TOKEN.get(usize::from(*byte)).copied() == Some(true);
    body.is_some_and(|(body, _)| !body.is_empty() && body.iter().all(allowed))
}

/// Which bytes may stand in a token; looked up for every byte of every request's token.
#[expect(
    clippy::indexing_slicing,
    reason = "evaluated when compiling, where a panic is an error"
)]
const B64TOKEN: [bool; 256] = {
    let mut allowed = [false; 256];
    let mut byte = 0_u8;
    while byte < 0x80 {
        allowed[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/');
        byte += 1;
    }
    allowed
};

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
        token(&headers)
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
        assert!(token(&headers).is_err(), "D07 beyond ASCII");
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
