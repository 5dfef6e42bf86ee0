//! Signatures of Amazon's version 4 with the secret that Cells has for everybody (fact sheet D.1 and F),
//! in `Authorization` or in the query of a presigned URL.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use hyper::header::AUTHORIZATION;
use hyper::http::request;

/// What clients of Cells sign with, all of them.
const SECRET: &str = "gatewaysecret";

const SCHEME: &str = "AWS4-HMAC-SHA256";

/// What a signature says of itself.
struct Said {
    /// Day, region, service and end.
    scope: String,
    signed_fields: String,
    signature: String,
    moment: String,
    /// Hex of the SHA-256 of the body, or a word in its place.
    body: String,
}

/// Whether the signature of a request is there and right.
pub(super) fn is_right(head: &request::Parts) -> bool {
    let said = by_field(head).or_else(|| by_query(head));
    said.is_some_and(|said| sign(head, &said).as_deref() == Some(&*said.signature))
}

fn field(head: &request::Parts, name: &str) -> Option<String> {
    let values = head.headers.get_all(name).iter();
    let values: Option<Vec<_>> = values
        .map(|value| value.to_str().ok().map(str::trim))
        .collect();
    values
        .filter(|values| !values.is_empty())
        .map(|values| values.join(","))
}

fn by_field(head: &request::Parts) -> Option<Said> {
    let text = field(head, AUTHORIZATION.as_str())?;
    let parameters = text.strip_prefix(SCHEME)?;
    let find = |name: &str| {
        let mut named = parameters
            .split(',')
            .filter_map(|it| it.trim().strip_prefix(name));
        named.next().map(str::to_owned)
    };
    Some(Said {
        scope: find("Credential=")?.split_once('/')?.1.to_owned(),
        signed_fields: find("SignedHeaders=")?,
        signature: find("Signature=")?,
        moment: field(head, "x-amz-date")?,
        body: field(head, "x-amz-content-sha256")?,
    })
}

fn by_query(head: &request::Parts) -> Option<Said> {
    let find = |wanted: &str| {
        let mut named = parameters(head)
            .into_iter()
            .filter(|(name, _)| name == wanted);
        named.next().map(|(_, value)| value)
    };
    Some(Said {
        scope: find("X-Amz-Credential")?
            .split_once("%2F")?
            .1
            .replace("%2F", "/"),
        signed_fields: find("X-Amz-SignedHeaders")?.replace("%3B", ";"),
        signature: find("X-Amz-Signature")?,
        moment: find("X-Amz-Date")?,
        body: "UNSIGNED-PAYLOAD".to_owned(),
    })
}

/// Names and values as they were sent, which clients escape as they sign.
fn parameters(head: &request::Parts) -> Vec<(String, String)> {
    let query = head.uri.query().unwrap_or_default();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn sign(head: &request::Parts, said: &Said) -> Option<String> {
    let mut query = parameters(head);
    query.retain(|(name, _)| name != "X-Amz-Signature");
    query.sort();
    let query: Vec<_> = query
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut fields = String::new();
    for name in said.signed_fields.split(';') {
        fields.extend([name, ":", &field(head, name)?, "\n"]);
    }
    let request = [
        head.method.as_str(),
        head.uri.path(),
        &query.join("&"),
        &fields,
        &said.signed_fields,
        &said.body,
    ]
    .join("\n");
    let request = hex(digest(&SHA256, request.as_bytes()).as_ref());
    let text = [SCHEME, &said.moment, &said.scope, &request].join("\n");
    let mut key = format!("AWS4{SECRET}").into_bytes();
    for part in said.scope.split('/') {
        key = mac(&key, part);
    }
    Some(hex(&mac(&key, &text)))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
