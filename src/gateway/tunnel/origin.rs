//! Whose pages may open a WebSocket.
//!
//! A browser opens a WebSocket to anywhere for any page, with the cookies of wherever it goes, and
//! lets the page read what comes: what stops a foreign page from speaking in its visitor's name is
//! that somebody looks at `Origin` (RFC 6455 §10.2). The gateway does, on every route: an upstream
//! may have cookies of its own even where we ask for none.

use http::HeaderValue;

use crate::gateway::canonical::Authority;
use crate::model::WebOrigin;

/// Whether a page of `origin` may open a WebSocket at `host`: one from there, or from one of
/// `allowed`. Who sends no `Origin` is no page.
pub(super) fn may_open(
    origin: Option<&HeaderValue>,
    host: &Authority,
    allowed: &[WebOrigin],
) -> bool {
    let Some(origin) = origin else {
        return true;
    };
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    allowed.iter().any(|it| it.as_str() == origin) || host.is_of_origin(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_from_here_and_listed_ones_may_open_a_websocket() {
        let allowed = [WebOrigin::parse("https://app.test").unwrap()];
        for (origin, host, may) in [
            (None, "a.test", true),
            (Some("https://a.test"), "a.test", true),
            (Some("http://a.test"), "a.test", true),
            (Some("https://a.test"), "a.test:443", true),
            (Some("https://a.test:8443"), "a.test:8443", true),
            (Some("https://app.test"), "a.test", true),
            (Some("https://evil.test"), "a.test", false),
            (Some("http://app.test"), "a.test", false),
            (Some("https://a.test.evil.test"), "a.test", false),
            (Some("https://sub.a.test"), "a.test", false),
            (Some("https://a.test:8443"), "a.test", false),
            (Some("http://a.test:443"), "a.test:80", false),
            (Some("https://a.test/"), "a.test", false),
            (Some("null"), "a.test", false),
            (Some(""), "a.test", false),
            (Some("a.test"), "a.test", false),
            (Some("file://a.test"), "a.test", false),
        ] {
            let value = origin.map(|origin| HeaderValue::from_str(origin).unwrap());
            let host = Authority::parse(host.as_bytes()).unwrap();
            assert_eq!(
                may_open(value.as_ref(), &host, &allowed),
                may,
                "F02 {origin:?} at {host}"
            );
        }
    }
}
