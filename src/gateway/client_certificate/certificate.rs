//! What a client certificate says of its holder.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use crate::model::Timestamp;
use crate::secret::Digest;

/// A certificate that a handshake verified.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    der: Vec<u8>,
    thumbprint: Digest,
    serial: String,
    /// Last second of its life, since the epoch.
    not_after: i64,
    subject: Option<String>,
    common_names: Vec<String>,
    organizations: Vec<String>,
    organizational_units: Vec<String>,
    dns_names: Vec<String>,
    emails: Vec<String>,
    uris: Vec<String>,
}

impl ClientCertificate {
    /// Reads a certificate; `None` when it is none.
    pub fn parse(der: &[u8]) -> Option<Self> {
        let (rest, certificate) = X509Certificate::from_der(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let subject = certificate.subject();
        let mut parsed = Self {
            der: der.to_vec(),
            thumbprint: Digest::of(der),
            serial: hex(certificate.raw_serial()),
            not_after: certificate.validity().not_after.timestamp(),
            subject: distinguished_name(subject),
            common_names: texts(subject.iter_common_name()),
            organizations: texts(subject.iter_organization()),
            organizational_units: texts(subject.iter_organizational_unit()),
            dns_names: Vec::new(),
            emails: Vec::new(),
            uris: Vec::new(),
        };
        // Twice the same extension is no certificate (RFC 5280 §4.2); the parser says so here.
        let names = certificate.subject_alternative_name().ok()?;
        for name in names.iter().flat_map(|names| &names.value.general_names) {
            let (list, text) = match name {
                GeneralName::DNSName(name) => (&mut parsed.dns_names, name.to_ascii_lowercase()),
                GeneralName::RFC822Name(address) => (&mut parsed.emails, (*address).to_owned()),
                GeneralName::URI(uri) => (&mut parsed.uris, (*uri).to_owned()),
                _ => continue,
            };
            // IA5 has more than can be printed; no such name is anybody's.
            if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
                list.push(text);
            }
        }
        Some(parsed)
    }

    /// The SHA-256 of the certificate, `x5t#S256` (RFC 8705 §3.1).
    pub const fn thumbprint(&self) -> &Digest {
        &self.thumbprint
    }

    /// The name of its holder, as RFC 4514 writes it; `None` when it has a part that is no text.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// `commonName`s of the subject.
    pub fn common_names(&self) -> &[String] {
        &self.common_names
    }

    /// `organizationName`s of the subject.
    pub fn organizations(&self) -> &[String] {
        &self.organizations
    }

    /// `organizationalUnitName`s of the subject.
    pub fn organizational_units(&self) -> &[String] {
        &self.organizational_units
    }

    /// Host names among the alternative names, in lower case.
    pub fn dns_names(&self) -> &[String] {
        &self.dns_names
    }

    /// Mail addresses among the alternative names.
    pub fn emails(&self) -> &[String] {
        &self.emails
    }

    /// URIs among the alternative names.
    pub fn uris(&self) -> &[String] {
        &self.uris
    }

    /// The serial number, in hexadecimal.
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// All of it, as a byte sequence of a structured field (RFC 9440 §2.1).
    pub fn as_byte_sequence(&self) -> String {
        format!(":{}:", STANDARD.encode(&self.der))
    }

    /// Whether its time is over.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        i64::try_from(now.as_secs()).unwrap_or(i64::MAX) > self.not_after
    }
}

fn texts<'a>(attributes: impl Iterator<Item = &'a AttributeTypeAndValue<'a>>) -> Vec<String> {
    let texts = attributes.filter_map(|attribute| attribute.as_str().ok());
    texts.map(str::to_owned).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A name as RFC 4514 §2 writes it: the last part first.
fn distinguished_name(name: &X509Name<'_>) -> Option<String> {
    let parts: Vec<_> = name.iter().collect();
    let parts = parts.into_iter().rev().map(|part| {
        let attributes = part.iter().map(attribute).collect::<Option<Vec<_>>>();
        Some(attributes?.join("+"))
    });
    Some(parts.collect::<Option<Vec<_>>>()?.join(","))
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> Option<String> {
    let kind = attribute.attr_type().to_id_string();
    // The table of RFC 4514 §3; every other type is written as its number.
    let kind = match kind.as_str() {
        "2.5.4.3" => "CN",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.6" => "C",
        "2.5.4.9" => "STREET",
        "0.9.2342.19200300.100.1.25" => "DC",
        "0.9.2342.19200300.100.1.1" => "UID",
        other => other,
    };
    Some(format!("{kind}={}", escaped(attribute.as_str().ok()?)))
}

/// Without this, a name could write further parts into itself (RFC 4514 §2.4).
fn escaped(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    let mut out = String::with_capacity(text.len());
    for (at, char) in text.chars().enumerate() {
        match char {
            '\0' => out.push_str("\\00"),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' => out.extend(['\\', char]),
            ' ' if at == 0 || at == last => out.extend(['\\', char]),
            '#' if at == 0 => out.extend(['\\', char]),
            _ => out.push(char),
        }
    }
    out
}
