//! Why issuers cannot be used, or their keys not be fetched.

use crate::jose::{JwkSetError, KeyError};
use crate::outbound::OutboundError;

/// Why the issuers of a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IssuersError {
    /// Keys that the configuration has.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// No HTTP client can be made, most likely for a file without certificates.
    #[error("no HTTP client can be made for a trusted issuer: {0}")]
    Client(#[source] reqwest::Error),
}

/// Why keys could not be fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Nobody answered, not in time, or not within bounds.
    #[error("{0}")]
    NoAnswer(&'static str),
    /// Another status than 200.
    #[error("the answer has status {0}")]
    Status(u16),
    /// The metadata is not a JSON object with `issuer` and `jwks_uri`.
    #[error("the metadata is not a JSON object with `issuer` and `jwks_uri`, each once")]
    Metadata,
    /// The metadata is of an issuer of another name (OpenID Connect Discovery §4.3, RFC 8414 §3.3).
    #[error("the metadata names another issuer")]
    OtherIssuer,
    /// The metadata leads to where keys are not fetched from.
    #[error("the metadata names an address for the keys that is not https")]
    Location,
    /// The keys cannot be used.
    #[error("{0}")]
    Keys(#[from] JwkSetError),
}

impl FetchError {
    /// The reason as a short label, for metrics.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NoAnswer(_) => "no_answer",
            Self::Status(_) => "status",
            Self::Metadata => "metadata",
            Self::OtherIssuer => "other_issuer",
            Self::Location => "location",
            Self::Keys(_) => "keys",
        }
    }
}

impl From<OutboundError> for FetchError {
    fn from(error: OutboundError) -> Self {
        Self::NoAnswer(error.as_str())
    }
}
