//! The listener that sends browsers from plain HTTP to where TLS is spoken.
//!
//! Only what a browser asks for without having been told a secret is sent on: GET and HEAD, without
//! `Authorization` and without a body. Anything else is refused: what it carried could be read on
//! the way, and a redirect would hide that from whoever has the wrong URL.

use std::sync::Arc;

use async_trait::async_trait;
use http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HOST, LOCATION, TRANSFER_ENCODING,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use pingora::apps::http_app::ServeHttp;
use pingora::http::RequestHeader;
use pingora::protocols::http::ServerSession;

use crate::config::HTTPS_PORT;
use crate::gateway::{AcmeChallenges, CanonicalRequest, Claimed, Scheme, challenge_response};

/// The longest target that is sent on, in bytes.
const TARGET_BYTES: usize = 8192;

/// Answers with the same URL under `https`, and where names are proven.
#[derive(Debug)]
pub(super) struct RedirectToHttps {
    port: u16,
    challenges: Arc<AcmeChallenges>,
}

impl RedirectToHttps {
    /// Sends to `port`, as browsers reach it.
    pub(super) const fn new(port: u16, challenges: Arc<AcmeChallenges>) -> Self {
        Self { port, challenges }
    }

    /// The answer to who validates a name, or pretends to.
    fn challenge(&self, request: &RequestHeader) -> Option<Response<Vec<u8>>> {
        let canonical = canonical(request).ok()?;
        if !self.challenges.is_asked(&canonical) {
            return None;
        }
        Some(match self.challenges.find(&canonical) {
            Some(authorization) => challenge_response(authorization),
            None => text(StatusCode::NOT_FOUND, "not found\n"),
        })
    }

    /// Where to go instead.
    fn redirect(&self, request: &RequestHeader) -> Response<Vec<u8>> {
        match self.location(request) {
            Ok(location) => {
                let mut response = text(StatusCode::PERMANENT_REDIRECT, "use https\n");
                response.headers_mut().insert(LOCATION, location);
                response
            }
            Err(refusal) => {
                let (status, what) = refusal.wire();
                text(status, what)
            }
        }
    }

    /// Where a request goes; the status and what to say when it goes nowhere.
    fn location(&self, request: &RequestHeader) -> Result<HeaderValue, Refusal> {
        if !matches!(request.method, Method::GET | Method::HEAD)
            || request.headers.contains_key(AUTHORIZATION)
            || has_body(&request.headers)
        {
            return Err(Refusal::NeedsTls);
        }
        let canonical = canonical(request)?;
        let host = canonical.authority.host();
        let target = canonical.target();
        let location = match self.port {
            HTTPS_PORT => format!("https://{host}{target}"),
            port => format!("https://{host}:{port}{target}"),
        };
        HeaderValue::try_from(location).map_err(|_| Refusal::Malformed)
    }
}

fn canonical(request: &RequestHeader) -> Result<CanonicalRequest, Refusal> {
    let mut hosts = request.headers.get_all(HOST).iter();
    let authority = hosts.next().filter(|_| hosts.next().is_none());
    let claimed = Claimed {
        method: &request.method,
        target: request.raw_path(),
        authority: authority.map(HeaderValue::as_bytes),
        scheme: Scheme::Http,
    };
    CanonicalRequest::parse(claimed, TARGET_BYTES).map_err(|_| Refusal::Malformed)
}

/// Whether the fields announce a body (RFC 9112 §6), which one of no bytes is not.
fn has_body(headers: &HeaderMap) -> bool {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    headers.contains_key(TRANSFER_ENCODING) || lengths.any(|length| length != "0")
}

/// Why a request is not sent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// It has no single meaning.
    Malformed,
    /// It should not have come without TLS (RFC 9110 §15.5.20).
    NeedsTls,
}

impl Refusal {
    const fn wire(self) -> (StatusCode, &'static str) {
        match self {
            Self::Malformed => (StatusCode::BAD_REQUEST, "malformed request\n"),
            Self::NeedsTls => (
                StatusCode::MISDIRECTED_REQUEST,
                "use https: what was sent here could be read on the way\n",
            ),
        }
    }
}

#[async_trait]
impl ServeHttp for RedirectToHttps {
    async fn response(&self, session: &mut ServerSession) -> Response<Vec<u8>> {
        // The next request goes elsewhere.
        session.set_keepalive(None);
        let request = session.req_header();
        let mut response = match self.challenge(request) {
            Some(response) => response,
            None => self.redirect(request),
        };
        let length = HeaderValue::from(response.body().len());
        response.headers_mut().insert(CONTENT_LENGTH, length);
        if request.method == Method::HEAD {
            response.body_mut().clear();
        }
        response
    }
}

fn text(status: StatusCode, text: &'static str) -> Response<Vec<u8>> {
    let mut response = Response::new(text.as_bytes().to_vec());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    // A browser that learned it once would go on for ever, also after the port has changed.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirect_to(port: u16) -> RedirectToHttps {
        RedirectToHttps::new(port, Arc::default())
    }

    fn request(
        method: &str,
        target: &str,
        fields: &[(&'static str, &'static str)],
    ) -> RequestHeader {
        let mut request = RequestHeader::build(method, target.as_bytes(), None).unwrap();
        for (name, value) in fields {
            request.append_header(*name, *value).unwrap();
        }
        request
    }

    #[test]
    fn a_page_is_the_same_page_over_tls() {
        for (row, port, host, target, location) in [
            (
                "the usual port",
                443,
                "a.test",
                "/x?q=1",
                "https://a.test/x?q=1",
            ),
            ("a port of ours", 80, "a.test:80", "/", "https://a.test:80/"),
            (
                "another port",
                8443,
                "A.test:8080",
                "/x",
                "https://a.test:8443/x",
            ),
            ("IPv6", 443, "[::1]:80", "/", "https://[::1]/"),
            (
                "an escape",
                443,
                "a.test",
                "/%61?b=%61",
                "https://a.test/a?b=%61",
            ),
        ] {
            let found = redirect_to(port).location(&request("GET", target, &[("host", host)]));
            assert_eq!(found.unwrap(), location, "{row}");
        }
    }

    /// RFC 8555 §8.3, and M07: what is under the path is a challenge that waits, or nothing.
    #[test]
    fn m07_where_names_are_proven_nobody_is_sent_on() {
        let challenges = Arc::<AcmeChallenges>::default();
        let listener = RedirectToHttps::new(443, Arc::clone(&challenges));
        let path = "/.well-known/acme-challenge/";
        let answer = |rest: &str| {
            let target = format!("{path}{rest}");
            listener.challenge(&request("GET", &target, &[("host", "a.test")]))
        };
        assert!(answer("abc").is_none(), "nobody proves anything here");

        challenges.switch(true);
        let _placed = challenges.place("abc", "abc.thumbprint");

        let found = answer("abc").unwrap();
        assert_eq!(
            (found.status(), found.body().as_slice()),
            (StatusCode::OK, &b"abc.thumbprint"[..])
        );
        for other in ["", "ab", "abc/", "abc/x", "%61bd"] {
            let found = answer(other).unwrap();
            assert_eq!(found.status(), StatusCode::NOT_FOUND, "{other}");
        }
    }

    #[test]
    fn a_body_of_no_bytes_is_none() {
        let fields = [("host", "a.test"), ("content-length", "0")];

        let found = redirect_to(443).location(&request("GET", "/x", &fields));

        assert_eq!(found.unwrap(), "https://a.test/x");
    }

    #[test]
    fn what_should_not_have_come_without_tls_is_not_sent_on() {
        let host = ("host", "a.test");
        for (row, method, fields, refusal) in [
            ("a form", "POST", &[host][..], Refusal::NeedsTls),
            (
                "a token",
                "GET",
                &[host, ("authorization", "Bearer x")],
                Refusal::NeedsTls,
            ),
            (
                "a page that is asked for with a form",
                "GET",
                &[host, ("content-length", "12")],
                Refusal::NeedsTls,
            ),
            (
                "an empty form and another",
                "HEAD",
                &[host, ("content-length", "0"), ("content-length", "12")],
                Refusal::NeedsTls,
            ),
            (
                "a stream",
                "GET",
                &[host, ("transfer-encoding", "chunked")],
                Refusal::NeedsTls,
            ),
            ("no host", "GET", &[], Refusal::Malformed),
            ("two hosts", "GET", &[host, host], Refusal::Malformed),
            (
                "B05 user information",
                "GET",
                &[("host", "a.test@evil.test")],
                Refusal::Malformed,
            ),
        ] {
            let found = redirect_to(443).location(&request(method, "/x", fields));
            assert_eq!(found, Err(refusal), "{row}");
        }
        for target in [
            "/a/../b",
            "//evil.test/",
            "/\\evil.test",
            "/%0d%0aSet-Cookie:x=1",
        ] {
            let found = redirect_to(443).location(&request("GET", target, &[host]));
            assert!(
                found == Err(Refusal::Malformed)
                    || found
                        .as_ref()
                        .is_ok_and(|it| it.as_bytes().starts_with(b"https://a.test/")),
                "{target}: {found:?}"
            );
        }
    }
}
