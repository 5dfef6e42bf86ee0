//! Errors of client registration and management (RFC 7591 §3.2.2, RFC 7592 §2).

use std::time::Duration;

use http::{StatusCode, header};
use serde::Serialize;

use super::RETRY_AFTER_S;
use crate::entropy::EntropyError;
use crate::provider::clients::MetadataError;
use crate::provider::params::{ParamsError, Repeated};
use crate::provider::reply::{self, Response};
use crate::store::StoreError;

/// Why a client was not registered, shown, changed or removed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RegistrationError {
    /// Metadata that cannot be registered.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// Statements of third parties are trusted of nobody here.
    #[error("software statements are not accepted")]
    SoftwareStatement,
    /// Neither JSON nor declared as such.
    #[error("the body is not a JSON object with the media type application/json")]
    Body,
    /// RFC 7592 §2.2: members that a client must not send, or another client's id or secret.
    #[error("{0}")]
    Replacement(&'static str),
    /// The query cannot be read.
    #[error(transparent)]
    Query(#[from] ParamsError),
    /// The query names two clients.
    #[error(transparent)]
    Repeated(#[from] Repeated),
    /// No token where one is needed.
    #[error("there is no access token")]
    NoToken,
    /// Unknown, expired, used up, or another client's; also a client that does not exist
    /// (RFC 7592 §2.1).
    #[error("the access token is not valid here")]
    InvalidToken,
    /// This address has registered, or replaced, enough for now.
    #[error("too many registrations from this address")]
    TooOften {
        /// Until the next one is answered.
        wait: Duration,
    },
    /// The configured number of clients is reached.
    #[error("no more clients can be registered")]
    Full,
    /// The store failed.
    #[error("the state cannot be reached at the moment")]
    Store(#[from] StoreError),
    /// No randomness.
    #[error("an internal error occurred")]
    Entropy(#[from] EntropyError),
}

impl RegistrationError {
    /// The `error` code, and its status.
    pub(crate) const fn wire(&self) -> (&'static str, StatusCode) {
        match self {
            Self::Metadata(MetadataError::RedirectUri { .. } | MetadataError::NoRedirectUri) => {
                ("invalid_redirect_uri", StatusCode::BAD_REQUEST)
            }
            Self::Metadata(_) | Self::Replacement(_) => {
                ("invalid_client_metadata", StatusCode::BAD_REQUEST)
            }
            Self::SoftwareStatement => ("invalid_software_statement", StatusCode::BAD_REQUEST),
            Self::Body | Self::Query(_) | Self::Repeated(_) => {
                ("invalid_request", StatusCode::BAD_REQUEST)
            }
            Self::NoToken | Self::InvalidToken => ("invalid_token", StatusCode::UNAUTHORIZED),
            Self::TooOften { .. } => ("temporarily_unavailable", StatusCode::TOO_MANY_REQUESTS),
            Self::Full | Self::Store(_) => {
                ("temporarily_unavailable", StatusCode::SERVICE_UNAVAILABLE)
            }
            Self::Entropy(_) => ("server_error", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    error_description: &'a str,
}

/// RFC 7591 §3.2.2 wants ASCII, and what was refused may be quoted in the reason.
fn plain(reason: &str) -> String {
    let plain = |c: char| match c {
        '"' => '\'',
        '\\' => '/',
        ' '..='~' => c,
        _ => '?',
    };
    reason.chars().map(plain).collect()
}

/// The only place where a [`RegistrationError`] becomes HTTP.
impl From<RegistrationError> for Response {
    fn from(error: RegistrationError) -> Self {
        let (code, status) = error.wire();
        if status.is_server_error() {
            tracing::error!(%error, "a registration cannot be answered");
        }
        let body = Body {
            error: code,
            error_description: &plain(&error.to_string()),
        };
        let mut response = reply::json(status, &body);
        match error {
            // RFC 6750 §3.1: who sends no token is told how to send one, and nothing else.
            RegistrationError::NoToken => reply::set_header(
                &mut response,
                header::WWW_AUTHENTICATE,
                r#"Bearer realm="registration""#,
            ),
            RegistrationError::InvalidToken => reply::set_header(
                &mut response,
                header::WWW_AUTHENTICATE,
                r#"Bearer realm="registration", error="invalid_token""#,
            ),
            RegistrationError::TooOften { wait } => {
                let seconds = wait.as_secs().to_string();
                reply::set_header(&mut response, header::RETRY_AFTER, &seconds);
            }
            RegistrationError::Full | RegistrationError::Store(_) => {
                reply::set_header(&mut response, header::RETRY_AFTER, RETRY_AFTER_S);
            }
            _ => {}
        }
        response
    }
}
