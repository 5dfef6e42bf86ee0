//! Who asks, told to the upstream in headers.
//!
//! One encoding, for every value: printable ASCII stands as itself, except that `%` is `%25`;
//! every other byte of the UTF-8 text is a percent escape, and so is a space at either end, which
//! parsers trim. An array is its elements joined by `,`, and a comma inside an element is `%2C`.
//! So decoding is always the same: split at `,` where a list is expected, then percent-decode.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde_json::Value;

use crate::jose::Verified;

use super::assertion::KeptAssertions;
use super::client_certificate::ClientCertificate;
use super::settings::{CertificateSource, ClaimSource, IdentityHeaders};

/// The most that one identity header may hold; a longer one is left out, and that is logged.
const MAX_BYTES: usize = 4096;

/// The same where it holds a whole certificate.
const MAX_CERTIFICATE_BYTES: usize = 8192;

/// The values of one mapping for one token, in its order; `None`: no header.
///
/// They lie in one piece of memory, because tokens that come in turn are read from far away.
struct Written {
    mapping: Arc<[(HeaderName, ClaimSource)]>,
    values: Vec<Option<HeaderValue>>,
    /// What was signed of the same token, whichever the mapping.
    assertions: KeptAssertions,
}

impl IdentityHeaders {
    /// The headers for the principal of `verified`, in order.
    ///
    /// A header for `sub` is absent when the client itself is the subject, so that no upstream
    /// takes it for a user; `client_id` can be mapped to a header for it.
    ///
    /// A header is absent when its claim is: absent, null, an empty array, an object or an array
    /// with something else in it than texts, numbers and booleans, or too long.
    ///
    /// They are written once for each token, and kept with it.
    pub fn of<'a>(
        &'a self,
        verified: &'a Verified,
    ) -> impl Iterator<Item = (&'a HeaderName, HeaderValue)> {
        let kept: Option<&Written> = verified.kept.get_or_make(|| self.write(verified));
        // After a reload another mapping may be in force than the one that was written for.
        let values = match kept.filter(|it| Arc::ptr_eq(&it.mapping, &self.mapping)) {
            Some(written) => Cow::Borrowed(written.values.as_slice()),
            None => Cow::Owned(self.write(verified).values),
        };
        let names = self.mapping.iter().enumerate();
        names.filter_map(move |(n, (name, _))| Some((name, values.get(n)?.clone()?)))
    }

    /// What was signed of the principal of `verified`, kept with it.
    pub(super) fn assertions<'a>(&self, verified: &'a Verified) -> Option<&'a KeptAssertions> {
        let kept: Option<&Written> = verified.kept.get_or_make(|| self.write(verified));
        kept.map(|written| &written.assertions)
    }

    /// The headers that tell of `certificate`, in order. One that it says nothing of is absent.
    pub(super) fn of_certificate<'a>(
        &'a self,
        certificate: &'a ClientCertificate,
    ) -> impl Iterator<Item = (&'a HeaderName, HeaderValue)> {
        self.certificates.iter().filter_map(|(name, source)| {
            let text = match source {
                CertificateSource::Subject => encode(certificate.subject()?, false),
                CertificateSource::CommonName => list(certificate.common_names())?,
                CertificateSource::DnsNames => list(certificate.dns_names())?,
                CertificateSource::Emails => list(certificate.emails())?,
                CertificateSource::Uris => list(certificate.uris())?,
                CertificateSource::Serial => certificate.serial().to_owned(),
                CertificateSource::Thumbprint => certificate.thumbprint().to_base64url(),
                CertificateSource::Certificate => {
                    return field(name, certificate.as_byte_sequence(), MAX_CERTIFICATE_BYTES);
                }
            };
            field(name, text, MAX_BYTES)
        })
    }

    /// Every name that no request may bring, because we write it or somebody else may.
    pub(super) fn names(&self) -> impl Iterator<Item = &HeaderName> {
        let mapped = self.mapping.iter().map(|(name, _)| name);
        let certificates = self.certificates.iter().map(|(name, _)| name);
        mapped.chain(certificates).chain(&self.also_strip)
    }

    fn write(&self, verified: &Verified) -> Written {
        let texts: Vec<Option<String>> = self
            .mapping
            .iter()
            .map(|(name, source)| text(name, source, verified))
            .collect();
        let mut left = Bytes::from(
            texts
                .iter()
                .flatten()
                .map(String::as_str)
                .collect::<String>(),
        );
        let values = texts.iter().map(|text| {
            let bytes = left.split_to(text.as_ref()?.len());
            HeaderValue::from_maybe_shared(bytes).ok()
        });
        Written {
            values: values.collect(),
            mapping: Arc::clone(&self.mapping),
            assertions: KeptAssertions::default(),
        }
    }
}

/// What a header says; `None` when it is left out.
fn text(name: &HeaderName, source: &ClaimSource, verified: &Verified) -> Option<String> {
    let text = match source {
        // A client is not the user of the same name, and an upstream could take it for one.
        ClaimSource::Subject if verified.is_of_client() => return None,
        ClaimSource::Subject => encode(verified.subject.as_str(), false),
        ClaimSource::Claim(claim) => claim_text(verified.claims.get(claim)?)?,
    };
    if text.len() > MAX_BYTES {
        tracing::warn!(header = %name, bytes = text.len(), "identity header too long, left out");
        return None;
    }
    Some(text)
}

fn field(name: &HeaderName, text: String, max: usize) -> Option<(&HeaderName, HeaderValue)> {
    if text.len() > max {
        tracing::warn!(header = %name, bytes = text.len(), "identity header too long, left out");
        return None;
    }
    Some((name, HeaderValue::try_from(text).ok()?))
}

/// Texts as a header has them; `None` when there is none.
fn list(texts: &[String]) -> Option<String> {
    let texts: Vec<String> = texts.iter().map(|text| encode(text, true)).collect();
    (!texts.is_empty()).then(|| texts.join(","))
}

/// A claim as a header's text.
fn claim_text(claim: &Value) -> Option<String> {
    match claim {
        Value::Array(elements) if !elements.is_empty() => {
            let texts: Option<Vec<String>> = elements
                .iter()
                .map(|element| scalar(element, true))
                .collect();
            Some(texts?.join(","))
        }
        Value::Array(_) => None,
        scalar_claim => scalar(scalar_claim, false),
    }
}

fn scalar(value: &Value, in_list: bool) -> Option<String> {
    match value {
        Value::String(text) => Some(encode(text, in_list)),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Escapes what cannot stand in a header, or would be read as something else.
fn encode(text: &str, in_list: bool) -> String {
    let plain =
        |byte: u8| (0x20..0x7f).contains(&byte) && byte != b'%' && !(in_list && byte == b',');
    let padded = text.starts_with(' ') || text.ends_with(' ');
    if !padded && text.bytes().all(plain) {
        return text.to_owned();
    }
    let end = text.len().saturating_sub(1);
    text.bytes().enumerate().fold(
        String::with_capacity(text.len() + 16),
        |mut out, (at, byte)| {
            let at_end = byte == b' ' && (at == 0 || at == end);
            if plain(byte) && !at_end {
                out.push(char::from(byte));
            } else {
                // Writing to a string does not fail.
                let _written = write!(out, "%{byte:02X}");
            }
            out
        },
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::tests::support::verified;
    use super::*;
    use crate::model::Subject;

    fn header(claim: Value) -> Option<String> {
        let identity = IdentityHeaders {
            mapping: Arc::new([(
                HeaderName::from_static("x-test"),
                ClaimSource::Claim("claim".to_owned()),
            )]),
            also_strip: vec![],
            certificates: vec![],
        };
        let mut token = verified();
        token.claims.insert("claim".to_owned(), claim);
        identity
            .of(&token)
            .next()
            .map(|(_, value)| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_claim_is_encoded_in_the_documented_way() {
        for (row, claim, text) in [
            ("text", json!("alice"), Some("alice")),
            (
                "C16 line break",
                json!("adm\r\nX-Auth-Groups: root"),
                Some("adm%0D%0AX-Auth-Groups: root"),
            ),
            ("C17 beyond ASCII", json!("Zoë"), Some("Zo%C3%AB")),
            ("C17 percent", json!("50%25"), Some("50%2525")),
            (
                "C17 array",
                json!(["staff", "admins"]),
                Some("staff,admins"),
            ),
            ("C17 number", json!(7), Some("7")),
            ("C17 boolean", json!(true), Some("true")),
            ("C17 object", json!({"a": 1}), None),
            ("C17 null", json!(null), None),
            ("C17 nested array", json!([["a"]]), None),
            ("C17 empty array", json!([]), None),
            ("C17 10 kB", json!("a".repeat(10_240)), None),
            (
                "C18 comma in an element",
                json!(["a,b", "admins"]),
                Some("a%2Cb,admins"),
            ),
            ("comma in a text", json!("Doe, Jane"), Some("Doe, Jane")),
            ("padding", json!(" x "), Some("%20x%20")),
            ("only a space", json!(" "), Some("%20")),
            ("empty", json!(""), Some("")),
        ] {
            assert_eq!(header(claim).as_deref(), text, "{row}");
        }
    }

    /// RFC 9068 §5: a client's id must not be taken for a user's.
    #[test]
    fn a_client_that_asks_for_itself_is_no_user() {
        let identity = IdentityHeaders {
            mapping: Arc::new([(HeaderName::from_static("x-sub"), ClaimSource::Subject)]),
            also_strip: vec![],
            certificates: vec![],
        };
        let user = verified();
        let client = Verified {
            subject: Subject::parse("app").unwrap(),
            ..verified()
        };

        assert_eq!(identity.of(&user).count(), 1);
        assert_eq!(identity.of(&client).count(), 0);
    }

    /// A mapping that came with a reload must not be answered with what was kept for another.
    #[test]
    fn what_is_kept_is_for_one_mapping() {
        let identity = |name: &'static str, claim: &str| IdentityHeaders {
            mapping: Arc::new([(
                HeaderName::from_static(name),
                ClaimSource::Claim(claim.to_owned()),
            )]),
            also_strip: vec![],
            certificates: vec![],
        };
        let mut token = verified();
        token.claims.insert("one".to_owned(), json!("first"));
        token.claims.insert("two".to_owned(), json!("second"));
        let (before, after) = (identity("x-one", "one"), identity("x-two", "two"));
        let headers = |identity: &IdentityHeaders| -> Vec<(String, HeaderValue)> {
            let headers = identity.of(&token);
            headers
                .map(|(name, value)| (name.to_string(), value))
                .collect()
        };

        for _again in 0..2 {
            assert_eq!(
                headers(&before),
                [("x-one".to_owned(), HeaderValue::from_static("first"))]
            );
            assert_eq!(
                headers(&after),
                [("x-two".to_owned(), HeaderValue::from_static("second"))]
            );
        }
    }

    #[test]
    fn an_absent_claim_is_an_absent_header() {
        let identity = IdentityHeaders {
            mapping: Arc::new([
                (HeaderName::from_static("x-sub"), ClaimSource::Subject),
                (
                    HeaderName::from_static("x-none"),
                    ClaimSource::Claim("none".to_owned()),
                ),
            ]),
            also_strip: vec![],
            certificates: vec![],
        };
        let token = verified();
        let names: Vec<_> = identity.of(&token).map(|(name, _)| name.as_str()).collect();

        assert_eq!(names, ["x-sub"]);
    }

    proptest! {
        #[test]
        fn a_list_is_read_back_as_it_was(elements in prop::collection::vec(".{0,8}", 1..5)) {
            let text = header(json!(elements)).unwrap();
            let read: Vec<String> = text
                .split(',')
                .map(|part| percent_encoding::percent_decode_str(part).decode_utf8().unwrap().into_owned())
                .collect();
            prop_assert_eq!(read, elements);
        }
    }
}
