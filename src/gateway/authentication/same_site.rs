//! Whether a browser sent its cookies because our site wanted it to.
//!
//! A token in a cookie goes along with every request, those that another site makes a browser send
//! included. Such a request may be able to change something, so it needs a word of the browser that
//! it comes from where it goes to; what no browser sends has no such word and needs none.

use http::header::{HeaderMap, HeaderName, ORIGIN};

use crate::gateway::canonical::CanonicalRequest;
use crate::gateway::rejection::Rejection;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses a request that may change something and that another site made the browser send.
///
/// # Errors
///
/// [`Rejection::CrossSite`].
pub(in crate::gateway) fn check(
    headers: &HeaderMap,
    request: &CanonicalRequest,
) -> Result<(), Rejection> {
    if request.method.is_safe() || is_our_own(headers, request) {
        Ok(())
    } else {
        Err(Rejection::CrossSite)
    }
}

/// `Sec-Fetch-Site` is a browser's own word, which no page can write; `Origin` that of older ones.
fn is_our_own(headers: &HeaderMap, request: &CanonicalRequest) -> bool {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        return matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return true;
    };
    origin
        .to_str()
        .is_ok_and(|origin| request.authority.is_of_origin(origin))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::gateway::canonical::{Claimed, Scheme};

    fn passes(method: &Method, fields: &[(&'static str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        let claimed = Claimed {
            method,
            target: b"/x",
            authority: Some(b"a.test:8443"),
            scheme: Scheme::Https,
        };
        let request = CanonicalRequest::parse(claimed, 100).unwrap();
        check(&headers, &request).is_ok()
    }

    #[test]
    fn what_changes_something_comes_from_where_it_goes_to() {
        for (row, fields, expected) in [
            ("no browser", &[][..], true),
            ("our page", &[("sec-fetch-site", "same-origin")], true),
            ("the user", &[("sec-fetch-site", "none")], true),
            ("a neighbor", &[("sec-fetch-site", "same-site")], false),
            ("another site", &[("sec-fetch-site", "cross-site")], false),
            ("an odd word", &[("sec-fetch-site", "Same-Origin")], false),
            ("our origin", &[("origin", "https://a.test:8443")], true),
            (
                "TLS in front of us",
                &[("origin", "http://a.test:8443")],
                true,
            ),
            ("another port", &[("origin", "https://a.test")], false),
            ("another origin", &[("origin", "https://evil.test")], false),
            (
                "no origin of the web",
                &[("origin", "file://a.test:8443")],
                false,
            ),
            ("an opaque origin", &[("origin", "null")], false),
            (
                "the browser's word counts for more",
                &[
                    ("origin", "https://a.test:8443"),
                    ("sec-fetch-site", "cross-site"),
                ],
                false,
            ),
        ] {
            assert_eq!(passes(&Method::POST, fields), expected, "{row}");
            assert_eq!(passes(&Method::DELETE, fields), expected, "{row}");
            assert!(passes(&Method::GET, fields), "{row}: nothing is changed");
        }
    }
}
