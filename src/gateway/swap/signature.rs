//! Signatures of Amazon's version 4 whose key is a token: of ours in what comes, of the backend's in
//! what goes on.
//!
//! The secret that they are made with is no secret: Cells has one for everybody, and the token is what
//! proves anything. In `Authorization` the key is no part of what is signed, so that it can be replaced
//! as it stands; later versions of Cells verify the signature with it. In a presigned URL it is signed
//! as a parameter like any, so the URL is signed anew; not before its own signature was found to be
//! right, since what was not signed must not be signed by us.

use std::borrow::Cow;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use http::HeaderMap;
use http::header::{AUTHORIZATION, HOST};

use crate::gateway::canonical::CanonicalRequest;
use crate::gateway::rejection::Rejection;

/// The scheme, in `Authorization`.
const SCHEME: &str = "AWS4-HMAC-SHA256";

/// What clients of Cells sign with, all of them.
const SECRET: &str = "gatewaysecret";

const CREDENTIAL: &str = "X-Amz-Credential";
const SIGNATURE: &str = "X-Amz-Signature";
const CONTENT_HASH: &str = "X-Amz-Content-Sha256";

/// The parts of `Authorization` around the key of its signature.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Signed<'r> {
    before: &'r str,
    /// What stands for a token.
    pub(super) key: &'r str,
    after: &'r str,
}

impl<'r> Signed<'r> {
    /// The signature in `Authorization`; `None` when there is none, or not one key in it.
    pub(super) fn find(headers: &'r HeaderMap) -> Option<Self> {
        let mut fields = headers.get_all(AUTHORIZATION).iter();
        let (Some(field), None) = (fields.next(), fields.next()) else {
            return None;
        };
        let text = field.to_str().ok()?;
        let parameters = text.strip_prefix(SCHEME)?.strip_prefix(' ')?;
        let name = "Credential=";
        let is_name = |parameter: &&str| parameter.trim().starts_with(name);
        if parameters.split(',').filter(is_name).count() != 1 {
            return None;
        }
        let (before, rest) = text.split_once(name)?;
        let (key, _) = rest.split_once('/')?;
        let before = text.get(..before.len() + name.len())?;
        let after = rest.get(key.len()..)?;
        Some(Self { before, key, after })
    }

    /// The same with `token` for its key.
    pub(super) fn with_key(&self, token: &str) -> String {
        [self.before, token, self.after].concat()
    }
}

/// A presigned URL.
#[derive(Debug)]
pub(super) struct Presigned<'r> {
    parameters: Vec<(Cow<'r, str>, Cow<'r, str>)>,
}

impl<'r> Presigned<'r> {
    /// The signature in a query; `None` when there is none, or not one key in it.
    pub(super) fn find(query: Option<&'r str>) -> Option<Self> {
        let query = query.filter(|query| query.contains("redential"))?;
        let parameters: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        let names = parameters.iter().filter(|(name, _)| name == CREDENTIAL);
        (names.count() == 1).then_some(Self { parameters })
    }

    /// What stands for a token.
    pub(super) fn key(&self) -> &str {
        let credential = self.parameter(CREDENTIAL).unwrap_or_default();
        credential.split('/').next().unwrap_or_default()
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        let mut named = self.parameters.iter().filter(|(key, _)| key == name);
        match (named.next(), named.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }

    /// The query with `token` for its key, and the signature that belongs to it at `path`.
    ///
    /// # Errors
    ///
    /// [`Rejection::Signature`] when the one that came is not right.
    pub(super) fn with_key(
        &self,
        token: &str,
        (request, path): (&CanonicalRequest, &str),
        headers: &HeaderMap,
    ) -> Result<String, Rejection> {
        let came = self.parameter(SIGNATURE).ok_or(Rejection::Signature)?;
        let expected = self.sign(None, (request, request.path.as_str()), headers);
        let expected = expected.ok_or(Rejection::Signature)?;
        verify_slices_are_equal(came.as_bytes(), expected.as_bytes())
            .map_err(|_| Rejection::Signature)?;
        let signature = self.sign(Some(token), (request, path), headers);
        let signature = signature.ok_or(Rejection::Signature)?;
        let mut query = self.canonical_query(Some(token));
        query.extend(["&", SIGNATURE, "=", &signature]);
        Ok(query)
    }

    /// The signature of the request, with another key if there is one to be; `None` when something
    /// is missing that it is made of.
    fn sign(
        &self,
        key: Option<&str>,
        (request, path): (&CanonicalRequest, &str),
        headers: &HeaderMap,
    ) -> Option<String> {
        if self.parameter("X-Amz-Algorithm")? != SCHEME {
            return None;
        }
        let (_, scope) = self.parameter(CREDENTIAL)?.split_once('/')?;
        let mut parts = scope.split('/');
        let (day, region) = (parts.next()?, parts.next()?);
        let (service, end) = (parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let names = self.parameter("X-Amz-SignedHeaders")?;
        let mut fields = String::new();
        for name in names.split(';') {
            fields.extend([name, ":", &field(name, request, headers)?, "\n"]);
        }
        let hash = headers
            .get(CONTENT_HASH)
            .and_then(|hash| hash.to_str().ok());
        let hash = hash.or_else(|| self.parameter(CONTENT_HASH));
        let canonical = [
            request.method.as_str(),
            &canonical_path(path),
            &self.canonical_query(key),
            &fields,
            names,
            hash.unwrap_or("UNSIGNED-PAYLOAD"),
        ]
        .join("\n");
        let hashed = hex(digest(&SHA256, canonical.as_bytes()).as_ref());
        let date = self.parameter("X-Amz-Date")?;
        let text = [SCHEME, date, scope, &hashed].join("\n");
        let first = ["AWS4", SECRET].concat().into_bytes();
        let key = [day, region, service, end]
            .into_iter()
            .fold(first, |key, part| mac(&key, part.as_bytes()));
        Some(hex(&mac(&key, text.as_bytes())))
    }

    /// Every parameter but the signature, in order, with `key` in the place of the one there.
    fn canonical_query(&self, key: Option<&str>) -> String {
        let mut pairs: Vec<(String, String)> = self
            .parameters
            .iter()
            .filter(|(name, _)| name != SIGNATURE)
            .map(|(name, value)| {
                let value = match (key, value.split_once('/')) {
                    (Some(key), Some((_, scope))) if name == CREDENTIAL => {
                        encode(&[key, "/", scope].concat())
                    }
                    _ => encode(value),
                };
                (encode(name), value)
            })
            .collect();
        pairs.sort_unstable();
        let pairs: Vec<String> = pairs
            .into_iter()
            .map(|(name, value)| [name, value].join("="))
            .collect();
        pairs.join("&")
    }
}

/// The value of a field that is signed; `None` when it is not there.
fn field(name: &str, request: &CanonicalRequest, headers: &HeaderMap) -> Option<String> {
    if name == HOST.as_str() {
        return Some(request.authority.to_string());
    }
    let values = headers.get_all(name).iter().map(|value| {
        let words: Vec<&str> = value.to_str().ok()?.split_ascii_whitespace().collect();
        Some(words.join(" "))
    });
    let values: Option<Vec<String>> = values.collect();
    values
        .filter(|values| !values.is_empty())
        .map(|values| values.join(","))
}

/// The path with everything escaped that is not unreserved, but for slashes.
fn canonical_path(path: &str) -> String {
    let path: Vec<u8> = percent_encoding::percent_decode_str(path).collect();
    let segments = path.split(|byte| *byte == b'/').map(encode_bytes);
    segments.collect::<Vec<String>>().join("/")
}

fn encode(text: &str) -> String {
    encode_bytes(text.as_bytes())
}

/// RFC 3986 §2.1, of everything that is not unreserved (§2.3).
fn encode_bytes(bytes: &[u8]) -> String {
    let mut encoded = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(*byte));
            }
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::tests::support::request;

    fn headers(field: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, field.parse().unwrap());
        headers
    }

    fn at(request: &CanonicalRequest) -> (&CanonicalRequest, &str) {
        (request, request.path.as_str())
    }

    #[test]
    fn the_key_of_a_signature_is_replaced_and_nothing_else() {
        let end = "/20240101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00";
        let with = |key: &str| format!("AWS4-HMAC-SHA256 Credential={key}{end}");
        let came = headers(&with("a.b.c"));

        let signed = Signed::find(&came).unwrap();

        assert_eq!(signed.key, "a.b.c");
        assert_eq!(signed.with_key("x.y"), with("x.y"));
        for none in [
            "Bearer x",
            "AWS4-HMAC-SHA256 Signature=00",
            "AWS4-HMAC-SHA256 Credential=a/b,Credential=c/d",
            "AWS4-HMAC-SHA256 Credential=a",
        ] {
            assert_eq!(Signed::find(&headers(none)), None, "{none}");
        }
    }

    /// Made by another implementation (botocore) with the secret of Cells.
    const BY_ANOTHER: &str = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=aaa.bbb.ccc%2F20261123%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20261123T194035Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature=7ffce75597aec6105597a8e89428174a70c87ff689b610444c165f5796173147";

    #[test]
    fn a_presigned_url_of_another_implementation_is_right_and_signed_anew() {
        let target = format!("/io/a%20folder/b%2Bc~%C3%A9.txt?{BY_ANOTHER}");
        let request = request("GET", &target);
        let none = HeaderMap::new();
        let presigned = Presigned::find(request.query.as_deref()).unwrap();
        assert_eq!(presigned.key(), "aaa.bbb.ccc");

        let query = presigned.with_key("xxx.yyy", at(&request), &none).unwrap();

        assert!(!query.contains("aaa.bbb.ccc"), "{query}");
        let again = Presigned::find(Some(&query)).unwrap();
        assert_eq!(again.key(), "xxx.yyy");
        assert!(
            again.with_key("z", at(&request), &none).is_ok(),
            "it is right"
        );
        assert_eq!(again.parameters.len(), presigned.parameters.len());
    }

    #[test]
    fn what_was_not_signed_is_not_signed_by_us() {
        let none = HeaderMap::new();
        let path = "/io/a%20folder/b%2Bc~%C3%A9.txt";
        for (row, target) in [
            ("another path", format!("/io/x?{BY_ANOTHER}")),
            ("another parameter", format!("{path}?{BY_ANOTHER}&acl=")),
            (
                "no signature",
                format!(
                    "{path}?{}",
                    BY_ANOTHER.split("&X-Amz-Signature").next().unwrap()
                ),
            ),
            (
                "another time",
                format!(
                    "{path}?{}",
                    BY_ANOTHER.replace("X-Amz-Expires=3600", "X-Amz-Expires=9600")
                ),
            ),
        ] {
            let request = request("GET", &target);
            let presigned = Presigned::find(request.query.as_deref()).unwrap();
            let refused = presigned.with_key("x", at(&request), &none);
            assert!(matches!(refused, Err(Rejection::Signature)), "{row}");
        }
    }
}
