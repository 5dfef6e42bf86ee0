//! The JOSE header of a signed token (RFC 7515 §4), read strictly.

use serde_json::{Map, Value};

use super::algorithm::VerificationAlgorithm;
use super::error::JwtError;
use super::json::{self, JsonError, Limits};

/// The members of a header that we act upon.
///
/// `jku`, `jwk`, `x5u`, `x5c` and their digests offer a key to verify with; they are never
/// looked at, because whoever forges a token would offer one too (RFC 8725 §3.10).
#[derive(Debug)]
pub(super) struct Header {
    /// `alg`.
    pub(super) algorithm: VerificationAlgorithm,
    /// `kid`: a name to look up among the issuer's keys, and nothing else.
    pub(super) key_id: Option<String>,
    /// `typ`.
    pub(super) token_type: Option<String>,
}

/// The same before it is known whether the algorithm is one that public keys are used with.
#[derive(Debug)]
pub(super) struct AnyHeader {
    /// `alg`, whatever it is.
    pub(super) algorithm: String,
    /// `kid`.
    pub(super) key_id: Option<String>,
    /// `typ`.
    pub(super) token_type: Option<String>,
}

const LIMITS: Limits = Limits {
    depth: 8,
    values: 64,
};

/// Members that change what the token is: another payload (RFC 7797), compression and the
/// parameters of encryption (RFC 7516 §4.1, RFC 7518 §4). No token that is only signed has them.
const FOREIGN: [&str; 9] = ["b64", "zip", "enc", "epk", "apu", "apv", "iv", "p2c", "p2s"];

impl Header {
    /// Reads the decoded header.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, JwtError> {
        Self::of(&AnyHeader::parse(bytes)?)
    }

    /// A header whose algorithm we verify with.
    pub(super) fn of(header: &AnyHeader) -> Result<Self, JwtError> {
        Ok(Self {
            algorithm: VerificationAlgorithm::parse(&header.algorithm)
                .ok_or(JwtError::Algorithm)?,
            key_id: header.key_id.clone(),
            token_type: header.token_type.clone(),
        })
    }
}

impl AnyHeader {
    /// Reads the decoded header.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, JwtError> {
        let members = json::parse_object(bytes, LIMITS)?;
        // RFC 7515 §4.1.11: extensions named here must be understood; an empty list, a wrong
        // type and a known name are errors by themselves.
        if members.contains_key("crit") {
            return Err(JwtError::CriticalExtension);
        }
        if FOREIGN.iter().any(|name| members.contains_key(*name)) {
            return Err(JwtError::Header);
        }
        let content = text(&members, "cty")?;
        if content.is_some_and(|content| without_prefix(content).eq_ignore_ascii_case("jwt")) {
            return Err(JwtError::Header);
        }
        let Some(Value::String(algorithm)) = members.get("alg") else {
            return Err(JwtError::Algorithm);
        };
        Ok(Self {
            algorithm: algorithm.clone(),
            key_id: text(&members, "kid")?.map(str::to_owned),
            token_type: text(&members, "typ")?.map(str::to_owned),
        })
    }
}

/// A member that is a text if it is there at all.
fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, JwtError> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(JwtError::Header),
    }
}

/// A media type as `typ` and `cty` write it: `application/` may be left out (RFC 7515 §4.1.9).
pub(super) fn without_prefix(media_type: &str) -> &str {
    const PREFIX: &str = "application/";
    match media_type.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) && !rest.contains('/') => rest,
        _ => media_type,
    }
}

impl From<JsonError> for JwtError {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::Malformed => Self::Malformed,
            JsonError::DuplicateMember => Self::DuplicateMember,
            JsonError::TooComplex => Self::TooComplex,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_of_a_media_type_may_be_left_out() {
        for (written, meant) in [
            ("at+jwt", "at+jwt"),
            ("application/at+jwt", "at+jwt"),
            ("Application/AT+JWT", "AT+JWT"),
            ("application/", ""),
            ("application/a/b", "application/a/b"),
            ("text/at+jwt", "text/at+jwt"),
            ("ä", "ä"),
        ] {
            assert_eq!(without_prefix(written), meant);
        }
    }
}
