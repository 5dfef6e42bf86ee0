//! The `Connection` field (RFC 9110 §7.6.1): names of fields that end here.
//!
//! It lets downstream remove fields from its own request on the way to the upstream. That is
//! harmless for fields we do not look at, and an attack for those we do: a request judged with
//! `Authorization` would arrive without it.

use http::header::{self, HeaderMap, HeaderName};

use super::{HeaderError, SINGLE};
use crate::gateway::edge::line;

/// More options than this are not read; nobody has a use for them.
const MAX_OPTIONS: usize = 16;

/// Options that are no field names, or whose fields end at every hop anyway.
const HOP_BY_HOP: [&str; 9] = [
    "close",
    "keep-alive",
    "te",
    "trailer",
    "trailers",
    "upgrade",
    "http2-settings",
    "proxy-connection",
    "proxy-authenticate",
];

/// Refuses options that are malformed, too many, or name what we read or set: fields that may
/// stand once, cookies, and whatever `is_removed` says.
pub(super) fn check(
    headers: &HeaderMap,
    is_removed: impl Fn(&HeaderName) -> bool,
) -> Result<(), HeaderError> {
    for (n, option) in options(headers).enumerate() {
        if n >= MAX_OPTIONS || !option.iter().all(|byte| is_option_byte(*byte)) {
            return Err(HeaderError::Connection);
        }
        let name = HeaderName::from_bytes(option).map_err(|_| HeaderError::Connection)?;
        if HOP_BY_HOP.contains(&name.as_str()) {
            continue;
        }
        if name == header::COOKIE || SINGLE.contains(&name) || is_removed(&name) {
            return Err(HeaderError::Connection);
        }
    }
    Ok(())
}

/// The fields that downstream wants to end here; after [`check`], none that matters.
pub(super) fn nominated(headers: &HeaderMap) -> Vec<HeaderName> {
    options(headers)
        .filter(|option| {
            !HOP_BY_HOP
                .iter()
                .any(|hop| option.eq_ignore_ascii_case(hop.as_bytes()))
        })
        .filter_map(|option| HeaderName::from_bytes(option).ok())
        .collect()
}

/// The comma-separated members of all `Connection` fields; empty ones do not count
/// (RFC 9110 §5.6.1.2).
fn options(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|value| line::members(value.as_bytes()))
}

/// Stricter than `token`: the names we let pass have no other characters.
const fn is_option_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}
