//! Cross-origin requests (Fetch standard, §3.2): which pages from elsewhere may read what a route
//! answers.
//!
//! A browser that has to ask first (a preflight) is answered here, before anybody is authenticated:
//! it sends no credentials with the question. What a route answers, ours or the upstream's, has the
//! fields of this file and no others, refusals among them, so that a page can read its challenge.
//!
//! Deliberately absent: patterns of origins, and any origin that is repeated because it asked.

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Response, StatusCode};

use super::canonical::CanonicalRequest;
use super::decision::Findings;
use super::rejection::Rejection;
use super::route::Match;
use super::snapshot::Snapshot;
use crate::model::WebOrigin;

/// What pages may read of every answer, besides what the route names: how to go on after a refusal,
/// and which request it was.
const ALWAYS_EXPOSED: &str = "www-authenticate, retry-after, x-request-id";

/// Which pages from elsewhere may read what a route answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    /// Whose pages.
    pub origins: CorsOrigins,
    /// With which methods; empty: with all that the route takes.
    pub methods: Vec<Method>,
    /// Which request fields they may set, besides those that every page may.
    pub headers: Vec<HeaderName>,
    /// Which fields of answers they may read, besides those that every page may.
    pub exposed_headers: Vec<HeaderName>,
    /// Whether browsers may send cookies along.
    pub credentials: bool,
    /// Seconds that a browser may remember the answer to a preflight.
    pub max_age_s: u32,
}

/// Whose pages may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorsOrigins {
    /// Everybody's; never with credentials.
    Any,
    /// Those of these origins, compared character by character.
    These(Vec<WebOrigin>),
}

impl Default for CorsOrigins {
    fn default() -> Self {
        Self::These(Vec::new())
    }
}

/// Why a preflight was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PreflightError {
    /// The page is from elsewhere than the route allows.
    #[error("pages of this origin may not read what the route answers")]
    Origin,
    /// With a method that the route does not allow.
    #[error("pages from elsewhere may not use this method")]
    Method,
    /// With a field that the route does not allow.
    #[error("pages from elsewhere may not set one of these fields")]
    Header,
}

impl PreflightError {
    /// The reason as one word, for logs and metrics.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Origin => "cors_origin",
            Self::Method => "cors_method",
            Self::Header => "cors_header",
        }
    }
}

/// The answer to a preflight for a route that has an answer to it; `None` when it is something else,
/// to be routed as any request.
///
/// It is asked of the route that the announced request would take, which may be another one than
/// that of `OPTIONS`.
///
/// # Errors
///
/// [`PreflightError`] when the announced request may not be sent.
pub(super) fn preflight(
    snapshot: &Snapshot,
    (request, headers): (&CanonicalRequest, &HeaderMap),
    findings: &mut Findings,
) -> Result<Option<Response<Bytes>>, Rejection> {
    if request.method != Method::OPTIONS {
        return Ok(None);
    }
    let asked = headers.get(header::ACCESS_CONTROL_REQUEST_METHOD);
    let (Some(origin), Some(asked)) = (headers.get(header::ORIGIN), asked) else {
        return Ok(None);
    };
    let Ok(method) = Method::from_bytes(asked.as_bytes()) else {
        return Ok(None);
    };
    let announced = CanonicalRequest {
        method: method.clone(),
        ..request.clone()
    };
    let Match::Found(route) = snapshot.routes.find(&announced) else {
        return Ok(None);
    };
    let Some(cors) = &route.cors else {
        return Ok(None);
    };
    let answered = cors.answer(origin, &method, headers);
    findings.route = Some(route);
    Ok(Some(answered?))
}

impl Cors {
    /// The fields of every answer, for the page that `origin` names.
    pub(super) fn fields(
        &self,
        origin: Option<&HeaderValue>,
    ) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let allowed = origin.and_then(|origin| self.allowed(origin));
        let credentials = self.credentials.then(|| HeaderValue::from_static("true"));
        let is_allowed = allowed.is_some();
        let fields = [
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed),
            (header::ACCESS_CONTROL_ALLOW_CREDENTIALS, credentials),
            (header::ACCESS_CONTROL_EXPOSE_HEADERS, self.exposed()),
        ];
        fields
            .into_iter()
            .filter(move |_| is_allowed)
            .filter_map(|(name, value)| Some((name, value?)))
    }

    /// What a cache must tell answers apart by, whether or not this request had it: an answer without
    /// the fields must not reach a page that may read it, nor the other way round.
    pub(super) fn vary(&self) -> Option<HeaderValue> {
        let is_the_same_for_all = self.origins == CorsOrigins::Any;
        (!is_the_same_for_all).then(|| HeaderValue::from_static("Origin"))
    }

    /// The value that lets pages of `origin` read; it is written by us, not repeated.
    fn allowed(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        match &self.origins {
            CorsOrigins::Any => Some(HeaderValue::from_static("*")),
            CorsOrigins::These(origins) => {
                let is_it = |known: &&WebOrigin| known.as_str().as_bytes() == origin.as_bytes();
                let known = origins.iter().find(is_it)?;
                HeaderValue::from_str(known.as_str()).ok()
            }
        }
    }

    fn exposed(&self) -> Option<HeaderValue> {
        let named = self.exposed_headers.iter().map(HeaderName::as_str);
        let all: Vec<&str> = [ALWAYS_EXPOSED].into_iter().chain(named).collect();
        HeaderValue::try_from(all.join(", ")).ok()
    }

    /// The answer to a preflight, without the fields of every answer.
    fn answer(
        &self,
        origin: &HeaderValue,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Response<Bytes>, PreflightError> {
        self.allowed(origin).ok_or(PreflightError::Origin)?;
        let allowed = self.allowed_methods(method).ok_or(PreflightError::Method)?;
        if !self.allows_fields(headers) {
            return Err(PreflightError::Header);
        }
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let fields = response.headers_mut();
        fields.insert(header::ACCESS_CONTROL_ALLOW_METHODS, allowed);
        let names: Vec<&str> = self.headers.iter().map(HeaderName::as_str).collect();
        if let Ok(names) = HeaderValue::try_from(names.join(", "))
            && !names.is_empty()
        {
            fields.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
        }
        let max_age = HeaderValue::from(self.max_age_s);
        fields.insert(header::ACCESS_CONTROL_MAX_AGE, max_age);
        let asked = "Access-Control-Request-Method, Access-Control-Request-Headers";
        fields.insert(header::VARY, HeaderValue::from_static(asked));
        Ok(response)
    }

    /// The methods that may be used, if `method` is one of them. The route takes it, or it would not
    /// have been found; what no route takes is not written in capitals.
    fn allowed_methods(&self, method: &Method) -> Option<HeaderValue> {
        let is_named = self.methods.contains(method);
        if self.methods.is_empty() {
            let is_servable = method
                .as_str()
                .bytes()
                .all(|byte| byte.is_ascii_uppercase());
            return is_servable
                .then(|| HeaderValue::from_str(method.as_str()).ok())
                .flatten();
        }
        let names: Vec<&str> = self.methods.iter().map(Method::as_str).collect();
        let names = names.join(", ");
        is_named
            .then(|| HeaderValue::try_from(names).ok())
            .flatten()
    }

    /// Whether every field that is announced may be set.
    fn allows_fields(&self, headers: &HeaderMap) -> bool {
        let announced = headers.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS);
        let mut names = announced
            .iter()
            .flat_map(|list| list.as_bytes().split(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|name| !name.is_empty());
        names.all(|name| {
            let known =
                |allowed: &HeaderName| allowed.as_str().as_bytes().eq_ignore_ascii_case(name);
            self.headers.iter().any(known)
        })
    }
}

/// Whether a field is one by which a server says who may read; an upstream's give way to ours.
pub(super) fn is_about_reading(name: &HeaderName) -> bool {
    name.as_str().starts_with("access-control-")
}
