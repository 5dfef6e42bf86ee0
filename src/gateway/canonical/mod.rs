//! The one canonical request.
//!
//! Proxies are bypassed where two parsers disagree: the one that decides and the one that serves.
//! So a request is brought into one form here, or refused; routing and policy see nothing else,
//! and the upstream gets exactly this form. What is ambiguous is refused rather than repaired.
//!
//! Nothing in here knows of sockets or Pingora: bytes in, values or reasons out.

mod authority;
mod path;

use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

pub use authority::{Authority, AuthorityError};
pub use path::{CanonicalPath, PathError};

/// How the type of every body of gRPC begins.
const GRPC: &[u8] = b"application/grpc";

/// A request as its bytes claim it, before anything is believed.
#[derive(Clone, Copy, Debug)]
pub struct Claimed<'a> {
    /// The method token.
    pub method: &'a Method,
    /// The request target as it stood on the wire (HTTP/1), or `:path` (HTTP/2).
    pub target: &'a [u8],
    /// `:authority`, else the `Host` field.
    pub authority: Option<&'a [u8]>,
    /// Whether it came over TLS.
    pub scheme: Scheme,
}

/// How downstream reached us; never what a header says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Without TLS.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// The value for `X-Forwarded-Proto`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// A request in the one form that is routed, judged and forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanonicalRequest {
    /// Upper-case method; never `CONNECT` or `TRACE`.
    pub method: Method,
    /// How downstream reached us.
    pub scheme: Scheme,
    /// Where the request is addressed to.
    pub authority: Authority,
    /// The path.
    pub path: CanonicalPath,
    /// What stood behind the first `?`, byte for byte; no decision rests on it.
    pub query: Option<String>,
    /// Whether its body is said to be of gRPC, which some upstreams choose their service by.
    pub is_grpc: bool,
}

/// Why a request has no canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// Longer than [`Limits::target_bytes`](super::Limits::target_bytes).
    #[error("the request target is too long")]
    TargetTooLong,
    /// Neither `/…` nor `http://host/…` nor `OPTIONS *` (RFC 9112 §3.2).
    #[error("the request target has none of the forms of RFC 9112 §3.2")]
    TargetForm,
    /// A space, a control character, a byte beyond ASCII, `#` or another delimiter, as such.
    #[error("the request target has a byte that must be escaped")]
    RawByte,
    /// The path is ambiguous.
    #[error(transparent)]
    Path(#[from] PathError),
    /// No host, or not one.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// `CONNECT`, `TRACE`, or letters that are not upper case.
    #[error("the method is not served")]
    Method,
}

impl CanonicalRequest {
    /// Brings `claimed` into canonical form.
    ///
    /// # Errors
    ///
    /// [`CanonicalError`] says why it has none.
    pub fn parse(claimed: Claimed<'_>, max_target: usize) -> Result<Self, CanonicalError> {
        let method = check_method(claimed.method)?;
        if claimed.target.len() > max_target {
            return Err(CanonicalError::TargetTooLong);
        }
        let target = Target::split(claimed.target)?;
        let authority = match (target.authority, claimed.authority) {
            // RFC 9112 §3.2.2 lets the target win over `Host`; two that differ are a smuggling
            // attempt or a broken client, and neither needs to be served.
            (Some(target), Some(host)) if target != host => Err(AuthorityError::Conflicting)?,
            (Some(authority), _) | (None, Some(authority)) => Authority::parse(authority)?,
            (None, None) => Err(AuthorityError::Missing)?,
        };
        let path = match target.path {
            b"*" if method == Method::OPTIONS => CanonicalPath::asterisk(),
            b"*" => Err(CanonicalError::TargetForm)?,
            path => CanonicalPath::parse(path)?,
        };
        Ok(Self {
            method: method.clone(),
            scheme: claimed.scheme,
            authority,
            path,
            query: target.query.map(query_text).transpose()?,
            is_grpc: false,
        })
    }

    /// The same with what its fields say of its body.
    #[must_use]
    pub fn with_fields(self, headers: &HeaderMap) -> Self {
        let mut fields = headers.get_all(CONTENT_TYPE).iter();
        let is_grpc = |field: &HeaderValue| {
            let start = field.as_bytes().get(..GRPC.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(GRPC))
        };
        Self {
            is_grpc: fields.any(is_grpc),
            ..self
        }
    }

    /// Path and query: the target that goes upstream.
    pub fn target(&self) -> String {
        self.target_at(self.path.as_str())
    }

    /// The same query behind another path.
    pub(super) fn target_at(&self, path: &str) -> String {
        match &self.query {
            Some(query) => [path, "?", query].concat(),
            None => path.to_owned(),
        }
    }
}

/// A request target, cut into its parts but not yet believed.
struct Target<'a> {
    authority: Option<&'a [u8]>,
    path: &'a [u8],
    query: Option<&'a [u8]>,
}

impl<'a> Target<'a> {
    /// Cuts origin-form, absolute-form and asterisk-form (RFC 9112 §3.2.1, §3.2.2, §3.2.4).
    fn split(target: &'a [u8]) -> Result<Self, CanonicalError> {
        check_target_bytes(target)?;
        let (authority, rest) = match target.first() {
            Some(b'/' | b'*') => (None, target),
            _ => absolute(target).ok_or(CanonicalError::TargetForm)?,
        };
        let mut parts = rest.splitn(2, |byte| *byte == b'?');
        let path = parts.next().unwrap_or_default();
        let query = parts.next();
        match path.first() {
            Some(b'/') => {}
            None if authority.is_some() => {
                return Ok(Self {
                    authority,
                    path: b"/",
                    query,
                });
            }
            Some(b'*') if path == b"*" && query.is_none() => {}
            _ => return Err(CanonicalError::TargetForm),
        }
        Ok(Self {
            authority,
            path,
            query,
        })
    }
}

/// Cuts `http://authority/path` and `https://…` into authority and the rest.
fn absolute(target: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let after = |scheme: &[u8]| {
        let (head, rest) = target.split_at_checked(scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then_some(rest)
    };
    let rest = after(b"http://").or_else(|| after(b"https://"))?;
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b'/' | b'?'))
        .unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end)?;
    Some((Some(authority), rest))
}

/// Refuses bytes that may not stand in a target as they are and that no browser sends as they
/// are: beyond printable ASCII, `"`, `#`, `<`, `>`, and in a path `` ` ``.
pub(super) fn check_target_bytes(target: &[u8]) -> Result<(), CanonicalError> {
    let mut in_query = false;
    for byte in target {
        match byte {
            b'?' => in_query = true,
            b'"' | b'#' | b'<' | b'>' => return Err(CanonicalError::RawByte),
            b'`' if !in_query => return Err(CanonicalError::RawByte),
            0x21..=0x7e => {}
            _ => return Err(CanonicalError::RawByte),
        }
    }
    Ok(())
}

/// Methods are case-sensitive (RFC 9110 §9.1), and upstreams that fold their case would see another
/// one than the route was found for; so only upper-case ones are served.
fn check_method(method: &Method) -> Result<&Method, CanonicalError> {
    let upper_case = |byte: u8| byte.is_ascii_uppercase() || byte == b'-';
    if *method == Method::TRACE
        || *method == Method::CONNECT
        || !method.as_str().bytes().all(upper_case)
    {
        return Err(CanonicalError::Method);
    }
    Ok(method)
}

/// The query as text; its bytes were checked with the rest of the target.
fn query_text(query: &[u8]) -> Result<String, CanonicalError> {
    str::from_utf8(query)
        .map(str::to_owned)
        .map_err(|_| CanonicalError::RawByte)
}

#[cfg(test)]
mod tests;
