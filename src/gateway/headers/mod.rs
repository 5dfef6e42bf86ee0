//! Hygiene of request fields: what no route, no endpoint and no upstream ever gets to see.
//!
//! A field that tells who asks, where the request came from, or which path it was for is only
//! worth something when downstream cannot write it. So all of them are removed from every
//! request before anything is decided, together with every name that CGI-like upstreams fold to
//! one of them: only `A-Z a-z 0-9 -` may stand in a field name, others are removed. Requests
//! that say one thing twice are refused.

mod connection;
mod name_set;

use http::header::{self, HeaderMap, HeaderName};
use http::{HeaderValue, Version};

use super::settings::{IdentityHeaders, Limits};

pub(super) use name_set::NameSet;

/// The name of the field that carries a request's id, ours in both directions.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Why a request's fields are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// More fields than [`Limits::head_fields`].
    #[error("the request has too many fields")]
    TooManyFields,
    /// More than [`Limits::head_bytes`] in all, or 16 KiB in one.
    #[error("the request's fields are too large")]
    TooLarge,
    /// A field that may stand once stands twice.
    #[error("a field that may stand once stands twice")]
    Duplicate,
    /// `Content-Length` is not one number (RFC 9110 §8.6), or stands beside `Transfer-Encoding`.
    #[error("the length of the body is ambiguous")]
    ContentLength,
    /// `Transfer-Encoding` is not exactly `chunked` (RFC 9112 §6.1).
    #[error("the transfer coding is not exactly \"chunked\"")]
    TransferEncoding,
    /// `Connection` names a field that we read or set, or is no list of tokens.
    #[error("the Connection field names a field that must stay, or is malformed")]
    Connection,
    /// `Expect` is not `100-continue` (RFC 9110 §10.1.1).
    #[error("the expectation cannot be met")]
    Expectation,
}

/// The most that one field may take, name and value; a larger bearer token is not even looked at.
pub(super) const FIELD_BYTES: usize = 16 * 1024;

/// Fields that may stand once. Of two, one party reads the first and another the last.
const SINGLE: [HeaderName; 9] = [
    header::AUTHORIZATION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::EXPECT,
    header::HOST,
    header::ORIGIN,
    header::TRANSFER_ENCODING,
    HeaderName::from_static("destination"),
    HeaderName::from_static("dpop"),
];

/// Removed by name: client addresses, request rewriting, method override, connection-specific
/// fields (RFC 9110 §7.6.1), names of the user that other software sets.
const REMOVED: [&str; 23] = [
    "forwarded",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "x-rewrite-url",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-request-id",
    "remote-user",
    "x-remote-user",
    "connection",
    "keep-alive",
    // Some CGI libraries take it for the environment variable HTTP_PROXY.
    "proxy",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "trailer",
    "upgrade",
    "http2-settings",
    // RFC 9440 §2: whoever ends TLS says these, or nobody.
    "client-cert",
    "client-cert-chain",
];

/// Removed by the beginning of the name.
const REMOVED_FAMILIES: [&str; 8] = [
    "x-forwarded-",
    "x-auth-request-",
    "x-original-",
    "x-envoy-",
    "x-client-cert",
    "x-ssl-client-",
    "ssl-client-",
    "x-accel-",
];

/// What is removed and refused, compiled once.
#[derive(Debug)]
pub struct HeaderRules {
    removed: NameSet,
}

impl HeaderRules {
    /// The rules for these identity headers.
    pub fn new(identity: &IdentityHeaders) -> Self {
        let named = REMOVED.into_iter().map(HeaderName::from_static);
        Self {
            removed: named.chain(identity.names().cloned()).collect(),
        }
    }

    /// Refuses what is too much or ambiguous.
    ///
    /// # Errors
    ///
    /// [`HeaderError`], before anything was changed.
    pub fn check(&self, headers: &HeaderMap, limits: &Limits) -> Result<(), HeaderError> {
        if headers.len() > limits.head_fields {
            return Err(HeaderError::TooManyFields);
        }
        check_sizes_and_repetition(headers, limits.head_bytes)?;
        check_framing(headers)?;
        if let Some(expect) = headers.get(header::EXPECT)
            && !expect.as_bytes().eq_ignore_ascii_case(b"100-continue")
        {
            return Err(HeaderError::Expectation);
        }
        connection::check(headers, |name| self.is_removed(name))
    }

    /// Removes what downstream may not say, and what it nominated in `Connection`; makes one
    /// `Cookie` of several (RFC 9113 §8.2.3).
    ///
    /// `Transfer-Encoding` and, in HTTP/2, `TE` stay: Pingora needs the one to find the end of the
    /// body and gRPC the other, and Pingora does not forward them where they do not belong.
    pub fn clean(&self, headers: &mut HeaderMap, version: Version) {
        let nominated = connection::nominated(headers);
        let is_te = |name: &HeaderName| *name == header::TE && version != Version::HTTP_2;
        let unwanted: Vec<HeaderName> = headers
            .keys()
            .filter(|name| self.is_removed(name) || is_te(name) || nominated.contains(name))
            .cloned()
            .collect();
        for name in &unwanted {
            headers.remove(name);
        }
        join_cookies(headers);
    }

    /// Whether no request may bring a field of this name.
    pub fn is_removed(&self, name: &HeaderName) -> bool {
        let text = name.as_str();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !text.bytes().all(plain)
            || self.removed.contains(name)
            || (text.starts_with(['x', 's'])
                && REMOVED_FAMILIES
                    .iter()
                    .any(|family| text.starts_with(family)))
    }
}

fn check_sizes_and_repetition(headers: &HeaderMap, max: usize) -> Result<(), HeaderError> {
    let mut total = 0;
    let mut previous: Option<&HeaderName> = None;
    for (name, value) in headers {
        // Four for `: ` and the line's end.
        let size = name.as_str().len() + value.len() + 4;
        total += size;
        if size > FIELD_BYTES || total > max {
            return Err(HeaderError::TooLarge);
        }
        // A map yields the values of one name one after the other.
        if previous == Some(name) && SINGLE.contains(name) {
            return Err(HeaderError::Duplicate);
        }
        previous = Some(name);
    }
    Ok(())
}

fn check_framing(headers: &HeaderMap) -> Result<(), HeaderError> {
    let bytes = |name| headers.get(name).map(HeaderValue::as_bytes);
    check_body_length(
        bytes(header::CONTENT_LENGTH),
        bytes(header::TRANSFER_ENCODING),
    )
}

/// RFC 9112 §6: exactly one way to tell where the body ends.
pub(super) fn check_body_length(
    length: Option<&[u8]>,
    coding: Option<&[u8]>,
) -> Result<(), HeaderError> {
    if coding.is_some_and(|coding| !coding.eq_ignore_ascii_case(b"chunked")) {
        return Err(HeaderError::TransferEncoding);
    }
    let is_number =
        |digits: &[u8]| (1..=18).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    match (length, coding) {
        (None, _) => Ok(()),
        (Some(digits), None) if is_number(digits) => Ok(()),
        (Some(_), _) => Err(HeaderError::ContentLength),
    }
}

/// Several `Cookie` fields become one, as upstreams that speak HTTP/1 expect.
fn join_cookies(headers: &mut HeaderMap) {
    let cookies = headers.get_all(header::COOKIE);
    if cookies.iter().nth(1).is_none() {
        return;
    }
    let joined = cookies
        .iter()
        .map(HeaderValue::as_bytes)
        .collect::<Vec<_>>()
        .join(&b"; "[..]);
    // Bytes of valid values with `; ` between them are a valid value.
    match HeaderValue::try_from(joined) {
        Ok(joined) => drop(headers.insert(header::COOKIE, joined)),
        Err(_) => drop(headers.remove(header::COOKIE)),
    }
}

#[cfg(test)]
mod tests;
