//! `identity`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::defaults;

/// Headers that tell an upstream who asks.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct IdentityTable {
    /// Header and the claim it carries. Whatever stands here, a downstream can set neither these
    /// headers nor those of the default.
    #[schemars(inner(length(min = 1)))]
    pub(crate) headers: BTreeMap<String, String>,
    /// Header and the part of the client certificate it carries, on routes with
    /// `client_certificate`. No downstream can set these headers.
    pub(crate) client_certificate_headers: BTreeMap<String, CertificateSourceName>,
    /// Further headers removed from every request of a downstream.
    #[schemars(inner(length(min = 1)))]
    pub(crate) also_strip: Vec<String>,
}

impl Default for IdentityTable {
    fn default() -> Self {
        Self {
            headers: defaults::IDENTITY_HEADERS
                .into_iter()
                .map(|(header, claim)| (header.to_owned(), claim.to_owned()))
                .collect(),
            client_certificate_headers: BTreeMap::new(),
            also_strip: defaults::ALSO_STRIP.map(str::to_owned).to_vec(),
        }
    }
}

/// What of a client certificate a header carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CertificateSourceName {
    /// The name of its holder, as RFC 4514 writes it: `CN=backup,O=Example`.
    Subject,
    /// Its common names.
    CommonName,
    /// Its host names.
    DnsNames,
    /// Its mail addresses.
    Emails,
    /// Its URIs.
    Uris,
    /// Its serial number, in hexadecimal.
    Serial,
    /// Its SHA-256 in base64url, the `x5t#S256` of RFC 8705.
    Thumbprint,
    /// All of it, as RFC 9440 has it in `Client-Cert`.
    Certificate,
}
