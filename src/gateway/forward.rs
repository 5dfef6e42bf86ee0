//! What goes upstream, and what comes back.

use std::net::IpAddr;

use http::header::{self, HeaderName, HeaderValue};
use http::uri::Uri;
use pingora::http::{RequestHeader, ResponseHeader};

use super::authentication::{Principal, has_query_token};
use super::canonical::CanonicalRequest;
use super::rejection::Rejection;
use super::settings::{Authentication, IdentityHeaders, Route};

/// Cookies that only we may set, in the browsers of our users.
const OUR_COOKIES: [&[u8]; 3] = [b"__Host-cellgate-", b"__Secure-cellgate-", b"cellgate-"];

/// Fields by which an upstream steers another reverse proxy than us.
const ACCEL: [&str; 5] = [
    "x-accel-redirect",
    "x-accel-expires",
    "x-accel-buffering",
    "x-accel-charset",
    "x-accel-limit-rate",
];

/// What an admitted request is forwarded with.
pub(super) struct Forwarding<'a> {
    pub(super) canonical: &'a CanonicalRequest,
    pub(super) route: &'a Route,
    pub(super) principal: Option<&'a Principal>,
    pub(super) peer: IpAddr,
    pub(super) request_id: &'a str,
}

impl Forwarding<'_> {
    /// Makes of the cleaned `request` the one that goes upstream: canonical target and host, our
    /// word about where it came from, and who asks.
    pub(super) fn write(
        &self,
        request: &mut RequestHeader,
        identity: &IdentityHeaders,
    ) -> Result<(), Rejection> {
        let fault = |_| Rejection::Fault("a field cannot be written");
        self.write_target(request)?;
        // Names as texts: Pingora keeps the spelling and makes a name of it without another copy.
        let authority = self.canonical.authority.to_string();
        request
            .insert_header(header::HOST, &authority)
            .map_err(fault)?;
        request
            .insert_header("X-Forwarded-Host", &authority)
            .map_err(fault)?;
        request
            .insert_header("X-Forwarded-For", self.peer.to_string())
            .map_err(fault)?;
        request
            .insert_header("X-Forwarded-Proto", self.canonical.scheme.as_str())
            .map_err(fault)?;
        request
            .insert_header("X-Request-Id", self.request_id)
            .map_err(fault)?;
        if !self.route.pass_token {
            request.remove_header(&header::AUTHORIZATION);
        }
        hide_our_cookies(request).map_err(fault)?;
        if let Some(principal) = self.principal {
            for (name, value) in identity.of(principal.verified()) {
                request.insert_header(name, value).map_err(fault)?;
            }
        }
        Ok(())
    }

    /// The canonical target, in origin-form. A token in the query of an anonymous route is not
    /// ours to judge, but it does not go on either unless tokens do.
    fn write_target(&self, request: &mut RequestHeader) -> Result<(), Rejection> {
        let mut target = self.canonical.target();
        if let Some(query) = &self.canonical.query
            && self.route.policy.authentication == Authentication::Anonymous
            && !self.route.pass_token
            && has_query_token(query)
        {
            target = without_token(self.canonical.path.as_str(), query);
        }
        if request.raw_path() == target.as_bytes() && request.uri.authority().is_none() {
            return Ok(());
        }
        let uri = Uri::try_from(target).map_err(|_| Rejection::Fault("a target is no URI"))?;
        request.set_uri(uri);
        Ok(())
    }
}

/// The target without the parameters that are tokens.
fn without_token(path: &str, query: &str) -> String {
    let rest: Vec<&str> = query
        .split('&')
        .filter(|parameter| !has_query_token(parameter))
        .collect();
    match rest.as_slice() {
        [] => path.to_owned(),
        rest => [path, "?", &rest.join("&")].concat(),
    }
}

/// Makes of an upstream's answer the one that goes downstream.
pub(super) fn clean_response(
    response: &mut ResponseHeader,
    route: &Route,
    identity: &IdentityHeaders,
) -> pingora::Result<()> {
    for (name, _) in &identity.mapping {
        response.remove_header(name);
    }
    for name in &identity.also_strip {
        response.remove_header(name);
    }
    for name in ACCEL {
        response.remove_header(name);
    }
    remove_our_cookies(response)?;
    // Answers to one caller must not reach another from a shared cache (RFC 9111 §3.5 exempts
    // them only while `Authorization` is there to be seen, and the upstream may not have got it).
    if route.policy.authentication != Authentication::Anonymous
        && !response.status.is_informational()
        && !response.headers.contains_key(header::CACHE_CONTROL)
    {
        response.insert_header(header::CACHE_CONTROL, "private")?;
        response.append_header(header::VARY, "Authorization")?;
    }
    Ok(())
}

/// Drops our cookies from a request: the session of the provider is not the upstream's business.
fn hide_our_cookies(request: &mut RequestHeader) -> pingora::Result<()> {
    let Some(cookie) = request.headers.get(header::COOKIE) else {
        return Ok(());
    };
    let crumbs = cookie.as_bytes().split(|byte| *byte == b';');
    if !crumbs.clone().any(is_ours) {
        return Ok(());
    }
    let kept: Vec<&[u8]> = crumbs.filter(|crumb| !is_ours(crumb)).collect();
    let kept = kept.join(&b';').trim_ascii().to_vec();
    if kept.is_empty() {
        request.remove_header(&header::COOKIE);
        return Ok(());
    }
    request.insert_header(header::COOKIE, kept)
}

/// Whether a cookie, `name=value` with or without attributes, has one of our names.
fn is_ours(cookie: &[u8]) -> bool {
    let name = cookie.trim_ascii_start();
    OUR_COOKIES.iter().any(|ours| {
        name.get(..ours.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(ours))
    })
}

/// Drops cookies that an upstream sets under our names, which would sign somebody else in.
fn remove_our_cookies(response: &mut ResponseHeader) -> pingora::Result<()> {
    let is_ours = |cookie: &HeaderValue| is_ours(cookie.as_bytes());
    let cookies = response.headers.get_all(header::SET_COOKIE);
    if !cookies.iter().any(is_ours) {
        return Ok(());
    }
    let kept: Vec<HeaderValue> = cookies
        .iter()
        .filter(|cookie| !is_ours(cookie))
        .cloned()
        .collect();
    response.remove_header(&header::SET_COOKIE);
    for cookie in kept {
        response.append_header(header::SET_COOKIE, cookie)?;
    }
    Ok(())
}

/// Whether a field of a request tells nothing an upstream would get, or is a credential; for
/// the built-in answer that shows what an upstream gets.
pub(super) fn is_hidden(name: &HeaderName) -> bool {
    *name == header::AUTHORIZATION
        || *name == header::COOKIE
        || *name == header::TRANSFER_ENCODING
        || *name == header::TE
}
