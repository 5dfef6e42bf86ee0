//! Parameters of a query or a form, parsed once and strictly.
//!
//! What RFC 6749 §3.1 asks for is kept here: a parameter without a value counts as left out, one
//! that is sent twice is refused by whoever asks for it, and one that nobody asks for is ignored.

use std::fmt;

use percent_encoding::percent_decode;

/// The parameters of one request, in the order they came.
#[derive(Clone, Default)]
pub(crate) struct Params(Vec<(String, String)>);

/// Why a text is not a list of parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParamsError {
    /// A body of another media type than forms have.
    #[error("the body is not application/x-www-form-urlencoded")]
    ContentType,
    /// A percent sign without two hexadecimal digits, or bytes that are not UTF-8.
    #[error("the parameters are not percent-encoded UTF-8")]
    Encoding,
    /// More parameters than any request of ours has.
    #[error("there are too many parameters")]
    TooMany,
}

/// A parameter that came more than once (RFC 6749 §3.1: "MUST NOT").
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the parameter {0} is repeated")]
pub(crate) struct Repeated(pub(crate) &'static str);

impl Params {
    /// Parameters of ours, as if they had come in a form.
    pub(crate) fn of(pairs: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self(pairs.iter().map(owned).collect())
    }

    /// Parses `application/x-www-form-urlencoded` text, as it stands in a query or a body.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, ParamsError> {
        const MAX_PARAMS: usize = 128;
        let mut pairs = Vec::new();
        for pair in text.split(|byte| *byte == b'&') {
            if pair.is_empty() {
                continue;
            }
            if pairs.len() == MAX_PARAMS {
                return Err(ParamsError::TooMany);
            }
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// The value of `name`, `None` when it is missing or empty.
    pub(crate) fn one(&self, name: &'static str) -> Result<Option<&str>, Repeated> {
        let mut values = self.0.iter().filter(|(key, _)| key == name);
        let first = values.next();
        if values.next().is_some() {
            return Err(Repeated(name));
        }
        Ok(first
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty()))
    }

    /// Every value of `name` that is not empty, for the few parameters that may be repeated.
    pub(crate) fn all(&self, name: &'static str) -> impl Iterator<Item = &str> {
        let values = self.0.iter().filter(move |(key, _)| key == name);
        values
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Refuses the first of `names` that came more than once.
    pub(crate) fn check_unique(&self, names: &[&'static str]) -> Result<(), Repeated> {
        names.iter().try_for_each(|name| self.one(name).map(drop))
    }

    /// The parameters among `names`, encoded again.
    pub(crate) fn encode(&self, names: &[&'static str]) -> String {
        let wanted = self
            .0
            .iter()
            .filter(|(name, _)| names.contains(&name.as_str()));
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(wanted)
            .finish()
    }
}

/// Undoes form encoding of one name or value.
///
/// Lenient decoders keep `%zz` as it stands and replace what is not UTF-8: two readers of one
/// text may then disagree, so it is refused.
fn decode(text: &[u8]) -> Result<String, ParamsError> {
    let spaced: Vec<u8> = text
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    let mut rest = spaced.as_slice();
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        let digits = rest.get(at + 1..at + 3).unwrap_or_default();
        if digits.len() != 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(ParamsError::Encoding);
        }
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    String::from_utf8(percent_decode(&spaced).collect()).map_err(|_| ParamsError::Encoding)
}

/// Undoes the form encoding of one half of Basic credentials (RFC 6749 §2.3.1).
pub(crate) fn decode_component(text: &str) -> Option<String> {
    decode(text.as_bytes()).ok()
}

/// Names only: values may be passwords, codes or tokens.
impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_as_a_form_encodes_it() {
        let params = Params::parse(b"scope=openid+e%6Dail&state=a%26b%3D%2B&x").unwrap();

        assert_eq!(params.one("scope"), Ok(Some("openid email")));
        assert_eq!(params.one("state"), Ok(Some("a&b=+")));
    }

    /// RFC 6749 §3.1.
    #[test]
    fn a_parameter_without_a_value_counts_as_left_out() {
        let params = Params::parse(b"scope=&prompt&&").unwrap();

        assert_eq!(params.one("scope"), Ok(None));
        assert_eq!(params.one("prompt"), Ok(None));
        assert_eq!(params.one("state"), Ok(None));
    }

    /// RFC 6749 §3.1: even when the copies are equal or empty.
    #[test]
    fn a_repeated_parameter_is_refused() {
        for text in ["a=1&a=1", "a=1&a=", "a&a", "a=1&%61=2"] {
            let params = Params::parse(text.as_bytes()).unwrap();
            assert_eq!(params.one("a"), Err(Repeated("a")), "{text}");
        }
    }

    #[test]
    fn what_two_readers_may_read_differently_is_refused() {
        for text in ["a=%", "a=%1", "a=%zz", "a=%+1", "a=%ff", "a=%c0%80", "%=1"] {
            assert_eq!(
                Params::parse(text.as_bytes()).err(),
                Some(ParamsError::Encoding),
                "{text}"
            );
        }
        let many = "a=1&".repeat(129);
        assert_eq!(
            Params::parse(many.as_bytes()).err(),
            Some(ParamsError::TooMany)
        );
    }

    #[test]
    fn values_are_not_printed() {
        let params = Params::parse(b"password=hunter2").unwrap();

        assert_eq!(format!("{params:?}"), r#"["password"]"#);
    }
}
