//! A request to the provider: what the endpoints may look at.

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, header};

use super::params::{Params, ParamsError};
use crate::model::{Issuer, Timestamp};
use crate::secret::Secret;

/// A request, the moment it is answered at, and who sent it.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    query: String,
    body: Bytes,
    pub(crate) peer: IpAddr,
    pub(crate) now: Timestamp,
}

impl Request {
    /// Takes `request` apart.
    pub(crate) fn new(request: http::Request<Bytes>, peer: IpAddr, now: Timestamp) -> Self {
        let (parts, body) = request.into_parts();
        Self {
            query: parts.uri.query().unwrap_or_default().to_owned(),
            method: parts.method,
            headers: parts.headers,
            body,
            peer,
            now,
        }
    }

    /// The parameters of an endpoint that takes both GET and POST: of the form when there is
    /// one, else of the query. Never of both, so that no two places can disagree.
    pub(crate) fn params(&self) -> Result<Params, ParamsError> {
        if self.method == Method::POST {
            self.form()
        } else {
            self.query()
        }
    }

    /// The parameters of the query.
    pub(crate) fn query(&self) -> Result<Params, ParamsError> {
        Params::parse(self.query.as_bytes())
    }

    /// The body as it came.
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// The parameters of a form.
    pub(crate) fn form(&self) -> Result<Params, ParamsError> {
        if !self.has_form() {
            return Err(ParamsError::ContentType);
        }
        Params::parse(&self.body)
    }

    /// Whether the body is a form. A charset parameter is tolerated: it has no meaning for this
    /// media type, but some clients send it.
    pub(crate) fn has_form(&self) -> bool {
        self.header(&header::CONTENT_TYPE).is_some_and(|value| {
            let essence = value.split(';').next().unwrap_or_default().trim();
            essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
    }

    /// The value of a header that came exactly once and is printable.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    }

    /// The value of the cookie `name`, if there is exactly one.
    ///
    /// Two of one name mean that somebody else (another site under the same domain) planted one,
    /// and nothing says which: neither is taken.
    pub(crate) fn cookie(&self, name: &str) -> Option<Secret> {
        let mut found = self
            .headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(cookie::Cookie::split_parse)
            .filter_map(Result::ok)
            .filter(|cookie| cookie.name() == name);
        match (found.next(), found.next()) {
            (Some(cookie), None) => Some(Secret::new(cookie.value())),
            _ => None,
        }
    }

    /// Whether a page of ours, and not another site, made the browser send this form.
    ///
    /// `Sec-Fetch-Site` says so in every current browser. Without it `Origin` must be ours if it
    /// is there. A program that is no browser sends neither and has no user to be tricked.
    pub(crate) fn is_same_origin(&self, issuer: &Issuer) -> bool {
        let fetch_site = HeaderName::from_static("sec-fetch-site");
        if self.headers.contains_key(&fetch_site) {
            return matches!(self.header(&fetch_site), Some("same-origin" | "none"));
        }
        if self.headers.contains_key(header::ORIGIN) {
            return self.header(&header::ORIGIN) == Some(issuer.origin().as_str());
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)]) -> Request {
        let mut builder = http::Request::post("/oidc/sign-in");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let request = builder.body(Bytes::new()).unwrap();
        Request::new(request, [127, 0, 0, 1].into(), Timestamp::from_secs(0))
    }

    #[test]
    fn of_two_cookies_with_one_name_neither_is_taken() {
        let value = |headers: &[(&str, &str)]| {
            request(headers)
                .cookie("c")
                .map(|secret| secret.expose().to_owned())
        };

        assert_eq!(value(&[("cookie", "a=1; c=2; b=3")]), Some("2".to_owned()));
        assert_eq!(value(&[("cookie", "c=1; c=2")]), None);
        assert_eq!(value(&[("cookie", "c=1"), ("cookie", "c=1")]), None);
        assert_eq!(value(&[("cookie", "cc=1; C=2")]), None);
    }

    #[test]
    fn only_our_own_pages_may_send_forms() {
        let issuer = Issuer::parse("https://op.example/oidc/").unwrap();
        let own = [("origin", "https://op.example")];
        for (headers, allowed) in [
            (&own[..], true),
            (&[], true),
            (
                &[("sec-fetch-site", "same-origin"), ("origin", "null")],
                true,
            ),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site"), own[0]], false),
            (&[("sec-fetch-site", "cross-site"), own[0]], false),
            (
                &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "x")],
                false,
            ),
            (&[("origin", "null")], false),
            (&[("origin", "https://op.example.evil.example")], false),
            (&[("origin", "http://op.example")], false),
            (&[("origin", "https://op.example:8443")], false),
            (&[own[0], own[0]], false),
        ] {
            assert_eq!(
                request(headers).is_same_origin(&issuer),
                allowed,
                "{headers:?}"
            );
        }
    }

    #[test]
    fn a_form_is_told_by_its_media_type() {
        for (content_type, is_form) in [
            ("application/x-www-form-urlencoded", true),
            ("Application/X-WWW-Form-Urlencoded; charset=UTF-8", true),
            ("application/json", false),
            ("multipart/form-data; boundary=x", false),
            ("text/plain", false),
            ("application/x-www-form-urlencoded2", false),
        ] {
            assert_eq!(
                request(&[("content-type", content_type)]).has_form(),
                is_form,
                "{content_type}"
            );
        }
        assert!(!request(&[]).has_form());
    }
}
