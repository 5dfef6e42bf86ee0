//! Where a route takes its token from: one place, whichever of those it allows.

use std::borrow::Cow;

use http::header::{COOKIE, HeaderMap};

use super::bearer;
use crate::gateway::canonical::CanonicalRequest;
use crate::gateway::rejection::Rejection;
use crate::gateway::settings::TokenPlaces;

/// A credential, and whether browsers send it by themselves.
pub(super) struct Credential<'r> {
    /// What stands for a token.
    pub(super) token: Cow<'r, [u8]>,
    /// Whether it came in a cookie, so that another site could have made the browser send it.
    pub(super) is_ambient: bool,
}

/// The parameter of RFC 6750 §2.3.
pub(in crate::gateway) const ACCESS_TOKEN: &str = "access_token";

/// The credential of a request, if there is one.
///
/// # Errors
///
/// [`Rejection`]: two credentials, in one place or in two (RFC 6750 §2), or one that is not of the
/// form of its place. A token in the query of a route that takes none there is refused as well:
/// URLs end up in logs.
pub(super) fn credential<'r>(
    places: &TokenPlaces,
    headers: &'r HeaderMap,
    canonical: &'r CanonicalRequest,
) -> Result<Option<Credential<'r>>, Rejection> {
    let query = canonical.query.as_deref();
    let is_taken_from_query = places.query.as_deref() == Some(ACCESS_TOKEN);
    if !is_taken_from_query && query.is_some_and(bearer::has_query_token) {
        return Err(Rejection::TokenInQuery);
    }
    let mut found = Found(None);
    if places.authorization
        && let Some(token) = bearer::presented(headers)?
    {
        found.add(Cow::Borrowed(token), false)?;
    }
    if let Some(name) = &places.header {
        for value in headers.get_all(name) {
            found.add(Cow::Borrowed(value.as_bytes()), false)?;
        }
    }
    if let Some(name) = &places.cookie {
        for value in cookies(headers, name) {
            found.add(Cow::Borrowed(value), true)?;
        }
    }
    if let (Some(name), Some(query)) = (&places.query, query) {
        for (_, value) in form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name) {
            found.add(Cow::Owned(value.into_owned().into_bytes()), false)?;
        }
    }
    Ok(found.0)
}

/// At most one credential.
struct Found<'r>(Option<Credential<'r>>);

impl<'r> Found<'r> {
    fn add(&mut self, token: Cow<'r, [u8]>, is_ambient: bool) -> Result<(), Rejection> {
        if token.is_empty() {
            return Err(Rejection::EmptyCredential);
        }
        let credential = Credential { token, is_ambient };
        match self.0.replace(credential) {
            None => Ok(()),
            Some(_) => Err(Rejection::MalformedCredential),
        }
    }
}

/// The values of every cookie called `name`; the name is case-sensitive (RFC 6265 §5.4).
pub(in crate::gateway) fn cookies<'r>(
    headers: &'r HeaderMap,
    name: &str,
) -> impl Iterator<Item = &'r [u8]> {
    headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|field| field.as_bytes().split(|byte| *byte == b';'))
        .filter_map(move |cookie| cookie_value(cookie, name))
}

/// The value of `cookie`, `name=value`, if it has this name.
fn cookie_value<'r>(cookie: &'r [u8], name: &str) -> Option<&'r [u8]> {
    let cookie = cookie.trim_ascii();
    let value = cookie.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
    Some(value.trim_ascii())
}

/// Whether `cookie`, `name=value`, is the one called `name`.
pub(in crate::gateway) fn is_cookie(cookie: &[u8], name: &str) -> bool {
    cookie_value(cookie, name).is_some()
}

/// Whether a parameter, as it stands between two `&`, is called `name`, however it is spelled.
pub(in crate::gateway) fn is_parameter(parameter: &str, name: &str) -> bool {
    form_urlencoded::parse(parameter.as_bytes()).any(|(key, _)| key == name)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, Method};

    use super::*;
    use crate::gateway::canonical::{Claimed, Scheme};

    fn everywhere() -> TokenPlaces {
        TokenPlaces {
            authorization: true,
            cookie: Some("app_token".to_owned()),
            header: Some(HeaderName::from_static("x-api-token")),
            query: Some("token".to_owned()),
        }
    }

    fn found(
        places: &TokenPlaces,
        fields: &[(&'static str, &str)],
        target: &str,
    ) -> Result<Option<String>, &'static str> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        let claimed = Claimed {
            method: &Method::GET,
            target: target.as_bytes(),
            authority: Some(b"a.test"),
            scheme: Scheme::Https,
        };
        let canonical = CanonicalRequest::parse(claimed, 1000).unwrap();
        match credential(places, &headers, &canonical) {
            Ok(found) => Ok(found.map(|found| {
                let token = String::from_utf8(found.token.into_owned()).unwrap();
                format!(
                    "{token}{}",
                    if found.is_ambient { " (ambient)" } else { "" }
                )
            })),
            Err(rejection) => Err(rejection.reason()),
        }
    }

    #[test]
    fn a_token_is_taken_from_the_places_of_the_route() {
        let bearer = ("authorization", "Bearer t");
        for (row, field, target, expected) in [
            ("Authorization", Some(bearer), "/", "t"),
            ("header", Some(("x-api-token", "t")), "/", "t"),
            (
                "cookie",
                Some(("cookie", "a=1; app_token=t; b=2")),
                "/",
                "t (ambient)",
            ),
            ("query", None, "/?a=1&token=t", "t"),
            ("query, escaped", None, "/?%74oken=%74", "t"),
        ] {
            let fields: Vec<_> = field.into_iter().collect();
            let taken = found(&everywhere(), &fields, target);
            assert_eq!(taken, Ok(Some(expected.to_owned())), "{row}");
            let nowhere = TokenPlaces {
                authorization: false,
                ..TokenPlaces::default()
            };
            assert_eq!(found(&nowhere, &fields, target), Ok(None), "{row}");
        }
    }

    #[test]
    fn d03_two_credentials_are_one_too_many_wherever_they_are() {
        let bearer = ("authorization", "Bearer t");
        let header = ("x-api-token", "t");
        for (row, fields, target) in [
            ("two places", &[bearer, header][..], "/"),
            ("field and query", &[bearer], "/?token=t"),
            (
                "D11 two cookies",
                &[("cookie", "app_token=t; app_token=t")],
                "/",
            ),
            (
                "D11 two cookies in two fields",
                &[("cookie", "app_token=t"), ("cookie", "app_token=t")],
                "/",
            ),
            ("two headers", &[header, header], "/"),
            ("two parameters", &[], "/?token=t&token=t"),
        ] {
            let refused = found(&everywhere(), fields, target);
            assert_eq!(refused, Err("malformed_credential"), "{row}");
        }
    }

    #[test]
    fn a_place_that_is_empty_or_not_the_routes_holds_no_token() {
        for (row, fields, target, expected) in [
            (
                "empty header",
                &[("x-api-token", "")][..],
                "/",
                Err("empty_credential"),
            ),
            (
                "empty cookie",
                &[("cookie", "app_token=")],
                "/",
                Err("empty_credential"),
            ),
            ("empty parameter", &[], "/?token=", Err("empty_credential")),
            (
                "cookie without a value",
                &[("cookie", "app_token")],
                "/",
                Ok(None),
            ),
            ("another case", &[("cookie", "App_token=t")], "/", Ok(None)),
            (
                "a longer name",
                &[("cookie", "app_token2=t")],
                "/",
                Ok(None),
            ),
            (
                "D09 the parameter of the RFC",
                &[],
                "/?access_token=t",
                Err("token_in_query"),
            ),
        ] {
            assert_eq!(found(&everywhere(), fields, target), expected, "{row}");
        }
        let by_rfc = TokenPlaces {
            query: Some(ACCESS_TOKEN.to_owned()),
            ..TokenPlaces::default()
        };
        let taken = found(&by_rfc, &[], "/?access_token=t");
        assert_eq!(taken, Ok(Some("t".to_owned())), "where the route wants it");
    }
}
