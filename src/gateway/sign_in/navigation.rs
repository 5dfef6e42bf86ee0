//! Whether a request is a browser that goes to a page, and so can be sent elsewhere.
//!
//! Everything else is left where it is: a script would take the sign-in page for its answer, and a
//! form would lose what was typed into it.

use http::header::{self, HeaderMap, HeaderName};
use http::{HeaderValue, Method};

use crate::gateway::rejection::prefers_html;

const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const X_REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");

/// Whether it is one. What a browser says of itself (Fetch Metadata, which no page can write) counts
/// for more than what is accepted. A page in a frame is not sent away: the sign-in page would not be
/// shown there.
pub(in crate::gateway) fn is_navigation(method: &Method, headers: &HeaderMap) -> bool {
    if *method != Method::GET && *method != Method::HEAD {
        return false;
    }
    let is = |name: &HeaderName, expected: &str| {
        headers
            .get(name)
            .is_none_or(|value| value.as_bytes() == expected.as_bytes())
    };
    let is_script = headers.contains_key(X_REQUESTED_WITH);
    let accept: Option<&HeaderValue> = headers.get(header::ACCEPT);
    !is_script
        && is(&SEC_FETCH_MODE, "navigate")
        && is(&SEC_FETCH_DEST, "document")
        && prefers_html(accept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l21_only_a_browser_on_its_way_to_a_page_is_sent_elsewhere() {
        let html = (
            "accept",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        );
        let navigates = ("sec-fetch-mode", "navigate");
        for (row, method, fields, expected) in [
            ("an old browser", Method::GET, &[html][..], true),
            (
                "a browser",
                Method::GET,
                &[html, navigates, ("sec-fetch-dest", "document")],
                true,
            ),
            ("a look at the head", Method::HEAD, &[html], true),
            ("a form", Method::POST, &[html, navigates], false),
            ("a program", Method::GET, &[("accept", "*/*")], false),
            ("nothing said", Method::GET, &[], false),
            (
                "a call for JSON",
                Method::GET,
                &[("accept", "application/json, text/html")],
                false,
            ),
            (
                "a script",
                Method::GET,
                &[html, ("sec-fetch-mode", "cors")],
                false,
            ),
            (
                "a frame",
                Method::GET,
                &[html, navigates, ("sec-fetch-dest", "iframe")],
                false,
            ),
            (
                "an old library",
                Method::GET,
                &[html, ("x-requested-with", "XMLHttpRequest")],
                false,
            ),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.insert(*name, value.parse().unwrap());
            }
            assert_eq!(is_navigation(&method, &headers), expected, "{row}");
        }
    }
}
