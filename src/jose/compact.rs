//! The compact serialization of a signed token (RFC 7515 §7.1).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, URL_SAFE_NO_PAD};

use super::error::JwtError;

/// The longest token that is looked at, in bytes. Longer ones fit no header limit in use, and
/// everything below costs memory and time in proportion.
pub(super) const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// A token taken apart; nothing in it has been verified.
#[derive(Debug)]
pub(super) struct Compact<'a> {
    /// The header, decoded.
    pub(super) header: Vec<u8>,
    /// The claims, decoded.
    pub(super) payload: Vec<u8>,
    /// What was signed: the first two segments as they were sent.
    pub(super) signing_input: &'a str,
    /// The signature, as it was sent.
    pub(super) signature: &'a str,
}

impl<'a> Compact<'a> {
    /// Takes `token` apart: exactly three segments, each canonical base64url without padding.
    pub(super) fn parse(token: &'a str) -> Result<Self, JwtError> {
        let (signing_input, signature) = token.rsplit_once('.').ok_or(JwtError::Malformed)?;
        let (header, payload) = signing_input.split_once('.').ok_or(JwtError::Malformed)?;
        // A dot left in the payload is not in the alphabet. The signature is decoded here too,
        // so that a malformed one is told apart from a wrong one.
        decode_segment(signature)?;
        Ok(Self {
            header: decode_segment(header)?,
            payload: decode_segment(payload)?,
            signing_input,
            signature,
        })
    }
}

/// Whether `token` looks like a JWT to anybody who is not strict about it.
///
/// It has three segments, the first of which is an object in some base64. Damaged ones are
/// included, since what is left of them is still for nobody but their issuer to see.
pub fn has_jwt_shape(token: &str) -> bool {
    let mut segments = token.split('.');
    let (Some(header), Some(_), Some(_), None) = (
        segments.next(),
        segments.next(),
        segments.next(),
        segments.next(),
    ) else {
        return false;
    };
    let unpadded = header.trim_end_matches('=');
    let url_safe = unpadded.replace('+', "-").replace('/', "_");
    LENIENT
        .decode(url_safe)
        .is_ok_and(|header| header.trim_ascii_start().starts_with(b"{"))
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Decodes a segment. The engine refuses padding, white space, the other alphabet and leftover
/// bits, so each token has one spelling only, and a cache key with it.
pub(super) fn decode_segment(text: &str) -> Result<Vec<u8>, JwtError> {
    if text.is_empty() {
        return Err(JwtError::Malformed);
    }
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| JwtError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_jwt_is_told_from_an_opaque_token() {
        for token in [
            "eyJhbGciOiJub25lIn0.e30.AA",
            "eyJhbGciOiJub25lIn0.e30.AA==",
            "eyJhbGciOiJub25lIn0=.e30=.AA",
            "eyJhbGciOiJub25lIn1.e30.AA",
            "eyJhbGciOiJub25lIn0.e30.",
            "IHsiYWxnIjoibm9uZSJ9.e30.AA",
            "eyJhIjoi4+/+In0.e30.AA",
        ] {
            assert!(has_jwt_shape(token), "{token}");
        }
        for token in [
            "opaque-token",
            "",
            "..",
            "ya29.a0AfH6.x",
            "v4.local.AAAA",
            "eyJhbGciOiJub25lIn0.e30",
            "eyJhbGciOiJkaXIifQ..AA.AA.AA",
        ] {
            assert!(!has_jwt_shape(token), "{token}");
        }
    }
}
