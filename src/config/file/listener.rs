//! `listeners`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::defaults;

/// An address that requests are accepted on.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ListenerTable {
    /// Unique name, for logs.
    #[schemars(extend("x-required" = true), length(min = 1, max = 64))]
    pub(crate) name: Option<String>,
    /// IP address and port, `0.0.0.0:443` or `[::]:443`.
    #[schemars(extend("x-required" = true), length(min = 1))]
    pub(crate) address: Option<String>,
    /// Whether HTTP/2 without TLS is spoken with those who begin with it (plain listeners only).
    pub(crate) h2c: bool,
    /// Sends browsers to the same URL under `https`, and serves nothing else (plain listeners
    /// only).
    pub(crate) redirect_to_https: Option<RedirectToHttpsTable>,
    /// TLS; left out: plain HTTP.
    pub(crate) tls: Option<ListenerTlsTable>,
}

/// Where browsers are sent.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RedirectToHttpsTable {
    /// The port of `https`, as browsers reach it.
    #[schemars(range(min = 1, max = 65535))]
    pub(crate) port: u16,
}

impl Default for RedirectToHttpsTable {
    fn default() -> Self {
        Self {
            port: defaults::HTTPS_PORT,
        }
    }
}

/// TLS of a listener.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ListenerTlsTable {
    /// Certificates, chosen by the name the downstream asks for (SNI); the first is the default. Left
    /// out: only those of `acme_names`.
    #[schemars(length(min = 1))]
    pub(crate) certificates: Option<Vec<CertificateTable>>,
    /// Host names that certificates are obtained for as the section `acme` says, one for each.
    #[schemars(length(max = 100), inner(length(min = 1, max = 253)))]
    pub(crate) acme_names: Vec<String>,
    /// Asks those who connect for a certificate; left out: nobody is asked.
    pub(crate) client_certificates: Option<ClientCertificatesTable>,
}

/// Certificates that those who connect are asked for.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ClientCertificatesTable {
    /// PEM file with the CA, or several, that vouch for them.
    #[schemars(extend("x-required" = true), length(min = 1))]
    pub(crate) ca_file: Option<String>,
    /// What becomes of those without one.
    pub(crate) mode: ClientCertificatesMode,
}

/// What becomes of those who connect without a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClientCertificatesMode {
    /// The handshake fails.
    #[default]
    Required,
    /// They may connect; routes with `client_certificate: required` refuse them.
    Optional,
}

/// A certificate and its private key.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CertificateTable {
    /// PEM file with the certificate chain, leaf first.
    #[schemars(extend("x-required" = true), length(min = 1))]
    pub(crate) certificate_file: Option<String>,
    /// PEM file with the private key.
    #[schemars(extend("x-required" = true), length(min = 1))]
    pub(crate) private_key_file: Option<String>,
}
