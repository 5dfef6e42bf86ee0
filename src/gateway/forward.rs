//! What goes upstream, and what comes back.

use std::iter;
use std::net::IpAddr;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::uri::Uri;
use http::{request, response};

use super::authentication::{Principal, has_query_token, is_cookie, is_parameter};
use super::canonical::CanonicalRequest;
use super::client_certificate::ClientCertificate;
use super::context::Admission;
use super::headers::{NameSet, X_REQUEST_ID};
use super::rejection::Rejection;
use super::settings::{Authentication, IdentityHeaders, Route, TokenPlaces, TokenUse};
use super::swap::{self, Placed, PlacedInQuery};
use crate::users::UpstreamToken;

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

/// Fields by which an upstream speaks to shared caches past `Cache-Control` (RFC 9213).
const SHARED_CACHE: [&str; 2] = ["cdn-cache-control", "surrogate-control"];

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// How many fields every request gets.
const FIELDS_WRITTEN: usize = 6;

/// What an admitted request is forwarded with.
pub(super) struct Forwarding<'a> {
    pub(super) canonical: &'a CanonicalRequest,
    pub(super) route: &'a Route,
    pub(super) principal: Option<&'a Principal>,
    /// What takes the place of a token that is swapped.
    pub(super) upstream_token: Option<&'a UpstreamToken>,
    /// What downstream showed in its handshake.
    pub(super) certificate: Option<&'a ClientCertificate>,
    /// What takes the place of a password that was tried here.
    pub(super) authorization: Option<&'a HeaderValue>,
    /// What is said of whoever asks under our signature, and where.
    pub(super) assertion: Option<(&'a HeaderName, HeaderValue)>,
    pub(super) peer: IpAddr,
    pub(super) request_id: &'a str,
}

impl Forwarding<'_> {
    /// Makes of the cleaned `request` the one that goes upstream: canonical target and host, our
    /// word about where it came from, and who asks.
    pub(super) fn write(
        &self,
        request: &mut request::Parts,
        identity: &IdentityHeaders,
    ) -> Result<(), Rejection> {
        let placed = self.write_target(request)?;
        let headers = &mut request.headers;
        // At most once, however many follow.
        headers.reserve(FIELDS_WRITTEN + identity.mapping.len() + identity.certificates.len());
        let authority = value(self.canonical.authority.to_string())?;
        headers.insert(header::HOST, authority.clone());
        headers.insert(X_FORWARDED_HOST, authority);
        headers.insert(X_FORWARDED_FOR, value(address(self.peer))?);
        let scheme = HeaderValue::from_static(self.canonical.scheme.as_str());
        headers.insert(X_FORWARDED_PROTO, scheme);
        if let Some(prefix) = self.stripped() {
            headers.insert(X_FORWARDED_PREFIX, value(prefix.to_owned())?);
        }
        headers.insert(X_REQUEST_ID, value(self.request_id.to_owned())?);
        self.strip_token(headers);
        let places = &self.route.token_places;
        let passes = self.route.token_use == TokenUse::Pass;
        hide_cookies(headers, places.cookie.as_deref().filter(|_| !passes))?;
        if let Some((name, value)) = placed.field {
            headers.insert(name, value);
        }
        if let Some(authorization) = self.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        if let Some(principal) = self.principal {
            for (name, value) in identity.of(principal.verified()) {
                headers.insert(name, value);
            }
        }
        if let Some((name, value)) = &self.assertion {
            headers.insert(*name, value.clone());
        }
        if let Some(certificate) = self.certificate
            && self.route.client_certificate.is_of_interest()
        {
            for (name, value) in identity.of_certificate(certificate) {
                headers.insert(name, value);
            }
        }
        Ok(())
    }

    /// Takes the token out of the fields, unless it goes on. What a backend would take for a token
    /// but the route does not is none that was judged.
    fn strip_token(&self, headers: &mut HeaderMap) {
        let places = &self.route.token_places;
        let is_password = self.principal.is_some_and(Principal::is_of_password);
        let goes_on = match self.route.token_use {
            TokenUse::Strip => false,
            TokenUse::Pass if is_password => false,
            TokenUse::Pass => true,
            TokenUse::Swap(_) => self.principal.is_none(),
        };
        if !goes_on {
            headers.remove(header::AUTHORIZATION);
            if let Some(name) = &places.header {
                headers.remove(name);
            }
        }
        if let TokenUse::Swap(_) = self.route.token_use {
            if !swap::takes_field(places) {
                headers.remove(swap::FIELD);
            }
            if !places.authorization {
                headers.remove(header::AUTHORIZATION);
            }
        }
    }

    fn stripped(&self) -> Option<&str> {
        self.route.path_change.as_ref()?.stripped()
    }

    /// The canonical target, in origin-form, at the path that the route has for its upstream. A token
    /// in the query of an anonymous route is not ours to judge, but it does not go on either unless
    /// tokens do; one that the route takes from there never does.
    ///
    /// Says where a token of the backend is to stand besides.
    fn write_target(&self, request: &mut request::Parts) -> Result<Placed, Rejection> {
        let change = self.route.path_change.as_ref();
        let changed = change.map(|change| change.apply(&self.canonical.path));
        let changed = changed.transpose()?;
        let path = changed.as_ref().unwrap_or(&self.canonical.path).as_str();
        let (places, headers) = (&self.route.token_places, &request.headers);
        let seen = (self.canonical, path);
        let placed = self.upstream_token.map_or_else(
            || Ok(Placed::default()),
            |token| Placed::of(token, places, headers, seen),
        )?;
        let mut target = self.canonical.target_at(path);
        if let Some(query) = &self.canonical.query {
            if let TokenUse::Swap(_) = self.route.token_use {
                target = self.swapped_target(path, query, &placed.query);
            } else if let Some(name) = &self.route.token_places.query {
                target = without(path, query, |parameter| is_parameter(parameter, name));
            } else if self.route.policy.authentication == Authentication::Anonymous
                && self.route.token_use != TokenUse::Pass
                && has_query_token(query)
            {
                target = without(path, query, has_query_token);
            }
        }
        let uri = &mut request.uri;
        let is_it_already = uri.scheme().is_none()
            && uri.authority().is_none()
            && uri.path_and_query().is_some_and(|it| *it == *target);
        if !is_it_already {
            *uri = Uri::try_from(target).map_err(|_| Rejection::Fault("a target is no URI"))?;
        }
        Ok(placed)
    }
}

impl Forwarding<'_> {
    /// The target on a route that swaps tokens: without what stands for one, except for what is to be
    /// judged by the backend, and with that of the backend if it stands here.
    fn swapped_target(&self, path: &str, query: &str, placed: &PlacedInQuery) -> String {
        let places = &self.route.token_places;
        let is_judged_there = self.principal.is_none() && swap::takes_parameter(places);
        let own = places.query.as_deref();
        let is_token = |parameter: &str| {
            let is_theirs = is_parameter(parameter, swap::PARAMETER);
            if is_theirs {
                return !is_judged_there;
            }
            own.is_some_and(|name| is_parameter(parameter, name))
        };
        let target = without(path, query, is_token);
        match (placed, self.upstream_token) {
            (PlacedInQuery::Parameter, Some(token)) => swap::with_parameter(&target, token),
            (PlacedInQuery::Signed(query), Some(_)) => [path, "?", query].concat(),
            _ => target,
        }
    }
}

/// An address as a text. Formatting takes longer than all else that is written of a request.
fn address(peer: IpAddr) -> String {
    let IpAddr::V4(peer) = peer else {
        return peer.to_string();
    };
    let mut text = String::with_capacity(15);
    for (n, octet) in peer.octets().into_iter().enumerate() {
        if n > 0 {
            text.push('.');
        }
        for unit in [100, 10, 1] {
            if octet >= unit || unit == 1 {
                text.push(char::from(b'0' + octet / unit % 10));
            }
        }
    }
    text
}

/// A field's value; what is written here is printable ASCII.
pub(super) fn value(text: String) -> Result<HeaderValue, Rejection> {
    HeaderValue::try_from(text).map_err(|_| Rejection::Fault("a field cannot be written"))
}

/// The target without the parameters that are tokens.
fn without(path: &str, query: &str, is_token: impl Fn(&str) -> bool) -> String {
    let rest: Vec<&str> = query
        .split('&')
        .filter(|parameter| !is_token(parameter))
        .collect();
    match rest.as_slice() {
        [] => path.to_owned(),
        rest => [path, "?", &rest.join("&")].concat(),
    }
}

/// The fields of an answer that are not the upstream's to set.
pub(super) fn not_an_upstreams(identity: &IdentityHeaders) -> NameSet {
    let ours = identity.names().cloned();
    ours.chain(ACCEL.map(HeaderName::from_static)).collect()
}

/// Makes of an upstream's answer the one that goes downstream.
pub(super) fn clean_response(
    response: &mut response::Parts,
    admission: &Admission,
    not_an_upstreams: &NameSet,
) -> Result<(), Rejection> {
    let headers = &mut response.headers;
    let unwanted: Vec<HeaderName> = headers
        .keys()
        .filter(|name| not_an_upstreams.contains(name))
        .cloned()
        .collect();
    for name in &unwanted {
        headers.remove(name);
    }
    // Under our names they would sign somebody else in.
    remove_cookies(headers, is_ours);
    if response.status.is_informational() {
        return Ok(());
    }
    let principal = admission.principal.as_ref();
    if principal.is_some_and(Principal::is_of_session) {
        return keep_private(headers);
    }
    keep_from_shared_caches(headers, admission)
}

/// Answers to one caller must not reach another from a shared cache. RFC 9111 §3.5 exempts them only
/// while `Authorization` is there to be seen: the upstream may not have got it, and where tokens are
/// in other places no cache sees one. What an upstream calls public it may have shared in any case.
fn keep_from_shared_caches(
    headers: &mut HeaderMap,
    admission: &Admission,
) -> Result<(), Rejection> {
    let route = &admission.route;
    if route.policy.authentication == Authentication::Anonymous {
        return Ok(());
    }
    let places = &route.token_places;
    let is_seen = *places == TokenPlaces::default();
    let is_silent = !headers.contains_key(header::CACHE_CONTROL);
    if is_seen && !is_silent {
        return Ok(());
    }
    if is_silent || (admission.principal.is_some() && !is_decided(headers)) {
        let private = HeaderValue::from_static("private");
        headers.append(header::CACHE_CONTROL, private);
    }
    if is_seen {
        headers.append(header::VARY, HeaderValue::from_static("Authorization"));
        return Ok(());
    }
    let names = [
        places.authorization.then_some("Authorization"),
        places.cookie.is_some().then_some("Cookie"),
        places.header.as_ref().map(HeaderName::as_str),
    ];
    // The query is part of what a cache knows an answer by (RFC 9111 §2).
    let names: Vec<&str> = names.into_iter().flatten().collect();
    if !names.is_empty() {
        headers.append(header::VARY, value(names.join(", "))?);
    }
    Ok(())
}

/// Whether an upstream says who may store its answer, in the words that count beside a credential
/// that caches see (RFC 9111 §3.5).
fn is_decided(headers: &HeaderMap) -> bool {
    let fields = headers.get_all(header::CACHE_CONTROL).iter();
    fields
        .flat_map(|field| field.as_bytes().split(|byte| *byte == b','))
        .filter_map(|directive| directive.split(|byte| *byte == b'=').next())
        .any(|name| {
            let words = ["private", "no-store", "public", "s-maxage"];
            let name = name.trim_ascii();
            words
                .iter()
                .any(|word| name.eq_ignore_ascii_case(word.as_bytes()))
        })
}

/// Keeps an answer to a signed-in browser out of shared caches, whatever its upstream says: it does
/// not know that a cookie of ours stood before it, and a cache does not either.
fn keep_private(headers: &mut HeaderMap) -> Result<(), Rejection> {
    let said: Vec<String> = headers
        .get_all(header::CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|directive| directive.trim().to_owned())
        .collect();
    let is = |directive: &str, name: &str| {
        let (said, _) = directive.split_once('=').unwrap_or((directive, ""));
        said.trim_end().eq_ignore_ascii_case(name)
    };
    // `private="field"` is about that field alone.
    let is_private = said
        .iter()
        .any(|it| it.eq_ignore_ascii_case("private") || is(it, "no-store"));
    if !is_private {
        let kept = said.iter().filter(|it| {
            let shared = ["public", "s-maxage", "proxy-revalidate", "private"];
            !it.is_empty() && !shared.iter().any(|name| is(it, name))
        });
        let directives: Vec<&str> = iter::once("private")
            .chain(kept.map(String::as_str))
            .collect();
        headers.insert(header::CACHE_CONTROL, value(directives.join(", "))?);
    }
    for name in SHARED_CACHE {
        headers.remove(name);
    }
    headers.append(header::VARY, HeaderValue::from_static("Cookie"));
    Ok(())
}

/// Drops our cookies from a request: the session of the provider is not the upstream's business.
/// So is the one called `token`, if there is such.
fn hide_cookies(headers: &mut HeaderMap, token: Option<&str>) -> Result<(), Rejection> {
    let is_hidden =
        |cookie: &[u8]| is_ours(cookie) || token.is_some_and(|name| is_cookie(cookie, name));
    let Some(cookie) = headers.get(header::COOKIE) else {
        return Ok(());
    };
    let crumbs = cookie.as_bytes().split(|byte| *byte == b';');
    if !crumbs.clone().any(is_hidden) {
        return Ok(());
    }
    let kept: Vec<&[u8]> = crumbs.filter(|crumb| !is_hidden(crumb)).collect();
    let kept = kept.join(&b';');
    match HeaderValue::from_bytes(kept.trim_ascii()) {
        Ok(kept) if !kept.is_empty() => headers.insert(header::COOKIE, kept),
        Ok(_) => headers.remove(header::COOKIE),
        Err(_) => return Err(Rejection::Fault("a field cannot be written")),
    };
    Ok(())
}

/// Whether a cookie, `name=value` with or without attributes, has one of our names.
fn is_ours(cookie: &[u8]) -> bool {
    let name = cookie.trim_ascii_start();
    OUR_COOKIES.iter().any(|ours| {
        name.get(..ours.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(ours))
    })
}

/// Drops cookies from an answer: those that it sets with `name=value` and attributes such as these.
pub(super) fn remove_cookies(headers: &mut HeaderMap, is_unwanted: impl Fn(&[u8]) -> bool) {
    let is_unwanted = |cookie: &HeaderValue| is_unwanted(cookie.as_bytes());
    let cookies = headers.get_all(header::SET_COOKIE);
    if !cookies.iter().any(is_unwanted) {
        return;
    }
    let kept: Vec<HeaderValue> = cookies
        .iter()
        .filter(|cookie| !is_unwanted(cookie))
        .cloned()
        .collect();
    headers.remove(header::SET_COOKIE);
    for cookie in kept {
        headers.append(header::SET_COOKIE, cookie);
    }
}

/// Whether a field of a request tells nothing an upstream would get, or is a credential on a route
/// with these places for one; for what shows what an upstream gets.
pub(super) fn is_hidden(name: &HeaderName, places: &TokenPlaces) -> bool {
    *name == header::AUTHORIZATION
        || places.header.as_ref() == Some(name)
        || *name == header::COOKIE
        || *name == header::TRANSFER_ENCODING
        || *name == header::TE
        || *name == swap::FIELD
}
