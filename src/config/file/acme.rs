//! `acme`: certificates that Cellgate obtains and renews itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::defaults;

/// Where certificates are obtained, and how it is proven that a name is ours.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AcmeTable {
    /// The address of the ACME directory, `https`.
    #[schemars(extend("x-required" = true), length(min = 1))]
    pub(crate) directory: Option<String>,
    /// That you have read the terms of service of the directory and agree to them. Must be true.
    pub(crate) terms_of_service_agreed: bool,
    /// Mail addresses that the directory may write to.
    #[schemars(length(max = 10), inner(length(min = 3, max = 254)))]
    pub(crate) contacts: Vec<String>,
    /// How it is proven that a name is ours.
    pub(crate) challenge: AcmeChallengeName,
    /// The folder of account key and certificates; created, readable for its owner only. A relative
    /// path starts at the working directory.
    #[schemars(length(min = 1))]
    pub(crate) folder: String,
    /// PEM file with the CA of a private directory, trusted besides the system's.
    #[schemars(length(min = 1))]
    pub(crate) ca_file: Option<String>,
}

impl Default for AcmeTable {
    fn default() -> Self {
        Self {
            directory: None,
            terms_of_service_agreed: false,
            contacts: Vec::new(),
            challenge: AcmeChallengeName::default(),
            folder: defaults::ACME_FOLDER.to_owned(),
            ca_file: None,
        }
    }
}

/// How it is proven that a name is ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AcmeChallengeName {
    /// In a TLS handshake at port 443 (RFC 8737).
    #[default]
    #[serde(rename = "tls_alpn_01")]
    TlsAlpn01,
    /// On a plain listener at port 80 (RFC 8555 §8.3).
    #[serde(rename = "http_01")]
    Http01,
}
