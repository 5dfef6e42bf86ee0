//! `client_certificate` of a route, and `client_certificate_of`.

use std::sync::Arc;

use super::{Checker, host};
use crate::config::file::{CertificateConditionsTable, ClientCertificateMode, RouteTable};
use crate::config::key_path::KeyPath;
use crate::gateway::{CertificateConditions, CertificateUse};
use crate::secret::Digest;

/// What a route does with client certificates. `is_asked_for`: whether a listener asks for any.
pub(super) fn client_certificate(
    checker: &mut Checker,
    table: &RouteTable,
    is_asked_for: bool,
    at: &KeyPath,
) -> CertificateUse {
    let at_mode = at.key("client_certificate");
    let at_of = at.key("client_certificate_of");
    let conditions = table.client_certificate_of.as_ref();
    let conditions = conditions.map(|table| conditions_of(checker, table, &at_of));
    let mode = table.client_certificate;
    if conditions.is_some() && mode != ClientCertificateMode::Required {
        checker.refuse(
            &at_of,
            "is of no use without `client_certificate: required`",
            "Write `client_certificate: required`, or remove it.",
        );
    }
    if mode == ClientCertificateMode::Ignore {
        return CertificateUse::Ignore;
    }
    if table.forward_auth {
        checker.refuse(
            &at_mode,
            "excludes `forward_auth`: the proxy in front has the connection, and asks over its own",
            "Have that proxy ask for certificates, and remove it here.",
        );
    } else if !is_asked_for {
        checker.refuse(
            &at_mode,
            "needs a listener that asks for certificates, and there is none",
            "Write `client_certificates: {ca_file: clients-ca.pem, mode: optional}` under `tls` of a \
             listener.",
        );
    }
    match mode {
        ClientCertificateMode::Required => {
            CertificateUse::Required(Arc::new(conditions.unwrap_or_default()))
        }
        ClientCertificateMode::Optional | ClientCertificateMode::Ignore => CertificateUse::Optional,
    }
}

fn conditions_of(
    checker: &mut Checker,
    table: &CertificateConditionsTable,
    at: &KeyPath,
) -> CertificateConditions {
    for (n, name) in table.dns_names.iter().enumerate() {
        if let Err(error) = host::check_pattern(name) {
            checker.refuse(&at.key("dns_names").item(n), error.to_string(), "");
        }
    }
    let mut thumbprints = Vec::new();
    for (n, text) in table.thumbprints.iter().enumerate() {
        match thumbprint(text) {
            Some(digest) => thumbprints.push(digest),
            None => checker.refuse(
                &at.key("thumbprints").item(n),
                "is not the SHA-256 of a certificate",
                "Write what `openssl x509 -in CERTIFICATE -noout -fingerprint -sha256` prints.",
            ),
        }
    }
    let conditions = CertificateConditions {
        common_names: table.common_names.clone(),
        organizations: table.organizations.clone(),
        organizational_units: table.organizational_units.clone(),
        dns_names: table.dns_names.clone(),
        emails: table.emails.clone(),
        uris: table.uris.clone(),
        thumbprints,
    };
    if conditions == CertificateConditions::default() && table.thumbprints.is_empty() {
        checker.refuse(
            at,
            "asks nothing",
            "Write, for example, `organizational_units: [backup]`; or remove it.",
        );
    }
    conditions
}

/// A digest in base64url, or in hexadecimal as `openssl` prints it.
fn thumbprint(text: &str) -> Option<Digest> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b':').collect();
    if digits.len() != 64 {
        return Digest::from_base64url(text);
    }
    let bytes = digits.chunks(2).map(|pair| {
        let pair = str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    Digest::from_slice(&bytes.collect::<Option<Vec<u8>>>()?)
}
