//! `identity`.

use http::HeaderName;

use super::Checker;
use super::name::Names;
use crate::config::defaults;
use crate::config::file::{CertificateSourceName, IdentityTable};
use crate::config::key_path::KeyPath;
use crate::gateway::{CertificateSource, ClaimSource, IdentityHeaders};

/// Fields that HTTP or the gateway itself gives a meaning to.
const RESERVED: [&str; 22] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-request-id",
];

/// Checks header names and claims. Nobody else may write those of `assertions` either.
pub(super) fn identity(
    checker: &mut Checker,
    table: IdentityTable,
    assertions: Vec<(KeyPath, HeaderName)>,
) -> IdentityHeaders {
    let at = KeyPath::root().key("identity");
    let mut names = Names::default();
    let mut mapping = Vec::new();
    for (header, claim) in table.headers {
        let at = at.key("headers").key(&header);
        if let Some(name) = header_name(checker, &header, &at) {
            names.take(checker, name.as_str(), &at);
            mapping.push((name, claim_source(checker, claim, &at)));
        }
    }
    let mut certificates = Vec::new();
    for (header, source) in table.client_certificate_headers {
        let at = at.key("client_certificate_headers").key(&header);
        if let Some(name) = header_name(checker, &header, &at) {
            names.take(checker, name.as_str(), &at);
            certificates.push((name, certificate_source(source)));
        }
    }
    let mut also_strip = Vec::new();
    for (n, header) in table.also_strip.iter().enumerate() {
        let at = at.key("also_strip").item(n);
        if let Some(name) = header_name(checker, header, &at) {
            names.take(checker, name.as_str(), &at);
            also_strip.push(name);
        }
    }
    // A mapping of the operator's own must not make the default names forgeable.
    for (header, _) in defaults::IDENTITY_HEADERS {
        let name = HeaderName::from_bytes(header.as_bytes()).ok();
        let is_new = |name: &HeaderName| !names.iter().any(|taken| taken == name.as_str());
        also_strip.extend(name.filter(is_new));
    }
    for (at, name) in assertions {
        let is_written = |(written, _): &(HeaderName, _)| *written == name;
        if mapping.iter().any(is_written) || certificates.iter().any(|(it, _)| *it == name) {
            checker.refuse(
                &at,
                "is one of the headers under `identity`",
                "Choose another, such as `X-Cellgate-Assertion`.",
            );
        }
        also_strip.push(name);
    }
    IdentityHeaders {
        mapping: mapping.into(),
        also_strip,
        certificates,
    }
}

/// Letters, digits and hyphens only: an upstream may take any other character for a hyphen.
pub(super) fn header_name(checker: &mut Checker, text: &str, at: &KeyPath) -> Option<HeaderName> {
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let name = HeaderName::from_bytes(text.as_bytes())
        .ok()
        .filter(|_| is_plain);
    let Some(name) = name else {
        checker.refuse(
            at,
            "is not a header name of letters, digits and hyphens",
            "Write, for example, `X-Auth-Request-User`.",
        );
        return None;
    };
    if RESERVED.contains(&name.as_str()) {
        checker.refuse(
            at,
            "is a header that HTTP or the gateway itself needs",
            "Choose a name of your own, such as `X-Auth-Request-User`.",
        );
        return None;
    }
    Some(name)
}

fn claim_source(checker: &mut Checker, claim: String, at: &KeyPath) -> ClaimSource {
    if claim.is_empty() {
        checker.refuse(at, "has no claim", "Write, for example, `email`.");
    }
    if claim == "sub" {
        return ClaimSource::Subject;
    }
    ClaimSource::Claim(claim)
}

const fn certificate_source(name: CertificateSourceName) -> CertificateSource {
    match name {
        CertificateSourceName::Subject => CertificateSource::Subject,
        CertificateSourceName::CommonName => CertificateSource::CommonName,
        CertificateSourceName::DnsNames => CertificateSource::DnsNames,
        CertificateSourceName::Emails => CertificateSource::Emails,
        CertificateSourceName::Uris => CertificateSource::Uris,
        CertificateSourceName::Serial => CertificateSource::Serial,
        CertificateSourceName::Thumbprint => CertificateSource::Thumbprint,
        CertificateSourceName::Certificate => CertificateSource::Certificate,
    }
}
