//! Errors of what takes an access token (RFC 6750 §3).

use std::time::Duration;

use http::{StatusCode, header};

use super::RETRY_AFTER_S;
use crate::jose::{JwtError, KeyError, PresentedError};
use crate::provider::keys::NoSigningKey;
use crate::provider::params::{ParamsError, Repeated};
use crate::provider::reply::{self, Response};
use crate::store::StoreError;

/// Why an access token did not open the userinfo endpoint.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BearerError {
    /// No token at all: the peer is told how to authenticate and nothing else (§3.1).
    #[error("there is no access token")]
    Missing,
    /// The form cannot be read.
    #[error(transparent)]
    Malformed(#[from] ParamsError),
    /// The form has two tokens.
    #[error(transparent)]
    Repeated(#[from] Repeated),
    /// §2: one method at a time; or a header that is not of the form `Bearer token`.
    #[error("the access token is sent in no way or in more than one way that is known")]
    BadTransport,
    /// Too many forged tokens came from the peer's address; this one was not looked at.
    #[error("too many tokens from this address failed verification")]
    TooManyFailures {
        /// Until the next one is.
        wait: Duration,
    },
    /// Not a token that can be accepted.
    #[error("the access token is not valid: {0}")]
    Invalid(#[from] JwtError),
    /// From an issuer that is trusted elsewhere, but whose users we do not know.
    #[error("the access token is not ours")]
    ForeignIssuer,
    /// Itself, or its grant.
    #[error("the access token is revoked")]
    Revoked,
    /// OpenID Connect Core §5.3: `openid` was not granted.
    #[error("the access token lacks the scope openid")]
    InsufficientScope,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The client wants the answer signed, and there is no key, or it cannot sign.
    #[error("the answer cannot be signed")]
    Signing,
}

impl From<NoSigningKey> for BearerError {
    fn from(error: NoSigningKey) -> Self {
        match error {
            NoSigningKey::NoneActive => Self::Signing,
            NoSigningKey::Store(error) => Self::Store(error),
        }
    }
}

impl From<KeyError> for BearerError {
    fn from(error: KeyError) -> Self {
        tracing::error!(%error, "a userinfo answer cannot be signed");
        Self::Signing
    }
}

impl From<PresentedError> for BearerError {
    fn from(error: PresentedError) -> Self {
        match error {
            PresentedError::TooManyFailures { wait } => Self::TooManyFailures { wait },
            PresentedError::Token(error) => Self::Invalid(error),
        }
    }
}

impl BearerError {
    const fn status(&self) -> StatusCode {
        match self {
            Self::Missing | Self::Invalid(_) | Self::ForeignIssuer | Self::Revoked => {
                StatusCode::UNAUTHORIZED
            }
            Self::Malformed(_) | Self::Repeated(_) | Self::BadTransport => StatusCode::BAD_REQUEST,
            Self::InsufficientScope => StatusCode::FORBIDDEN,
            Self::TooManyFailures { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Signing => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What follows the realm in the challenge; why a token is invalid is ours to know.
    const fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::Missing => Some(r#"Bearer realm="userinfo""#),
            Self::Malformed(_) | Self::Repeated(_) | Self::BadTransport => {
                Some(r#"Bearer realm="userinfo", error="invalid_request""#)
            }
            Self::Invalid(_) | Self::ForeignIssuer | Self::Revoked => {
                Some(r#"Bearer realm="userinfo", error="invalid_token""#)
            }
            Self::InsufficientScope => {
                Some(r#"Bearer realm="userinfo", error="insufficient_scope", scope="openid""#)
            }
            Self::TooManyFailures { .. } | Self::Store(_) | Self::Signing => None,
        }
    }
}

/// The only place where a [`BearerError`] becomes HTTP, and where it is logged.
impl From<BearerError> for Response {
    fn from(error: BearerError) -> Self {
        let status = error.status();
        if status.is_server_error() {
            tracing::error!(%error, "a userinfo request cannot be answered");
        } else {
            tracing::info!(%error, "a userinfo request was refused");
        }
        let mut response = reply::empty(status);
        match (error.challenge(), &error) {
            (Some(challenge), _) => {
                reply::set_header(&mut response, header::WWW_AUTHENTICATE, challenge);
            }
            (None, BearerError::TooManyFailures { wait }) => {
                let seconds = wait.as_secs().max(1).to_string();
                reply::set_header(&mut response, header::RETRY_AFTER, &seconds);
            }
            (None, _) => reply::set_header(&mut response, header::RETRY_AFTER, RETRY_AFTER_S),
        }
        response
    }
}
