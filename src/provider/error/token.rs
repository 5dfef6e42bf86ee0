//! Errors of the token and revocation endpoints (RFC 6749 §5.2, RFC 7009 §2.2.1).

use std::time::Duration;

use http::{StatusCode, header};
use serde::Serialize;

use super::RETRY_AFTER_S;
use crate::entropy::EntropyError;
use crate::jose::KeyError;
use crate::model::ScopeError;
use crate::provider::keys::NoSigningKey;
use crate::provider::params::{ParamsError, Repeated};
use crate::provider::reply::{self, Response};
use crate::provider::request::Request;
use crate::provider::resources::TargetError;
use crate::store::StoreError;
use crate::users::BackendError;

/// How a client that was refused had tried to authenticate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptedMethod {
    /// With an `Authorization` header.
    Header,
    /// Any other way, or none.
    Other,
}

impl AttemptedMethod {
    /// What `request` tries.
    pub(crate) fn of(request: &Request) -> Self {
        if request.headers.contains_key(header::AUTHORIZATION) {
            Self::Header
        } else {
            Self::Other
        }
    }
}

/// Why the token endpoint refused, in our words.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    /// The form cannot be read.
    #[error(transparent)]
    Malformed(#[from] ParamsError),
    /// RFC 6749 §3.2.
    #[error(transparent)]
    Repeated(#[from] Repeated),
    /// A parameter that must be there is not.
    #[error("the parameter {0} is missing")]
    Missing(&'static str),
    /// Unknown client, wrong secret or assertion, wrong method or two of them: all the same to the
    /// peer; the audit line of the refusal says which.
    #[error("client authentication failed")]
    ClientAuthentication(AttemptedMethod),
    /// More secrets are being checked than this process can.
    #[error("too many client secrets are being checked")]
    Busy,
    /// What the client signed cannot be checked: where its keys are, nobody answers.
    #[error("the keys of the client cannot be fetched at the moment")]
    ClientKeys,
    /// Too many forged tokens or wrong secrets came from the peer's address; nothing was checked.
    #[error("too many failures from this address")]
    TooManyFailures {
        /// Until something is checked again.
        wait: Duration,
    },
    /// A `grant_type` nobody speaks here.
    #[error("the grant type is not supported")]
    UnsupportedGrantType,
    /// One that this client was not registered for.
    #[error("the client may not use this grant type")]
    UnauthorizedClient,
    /// Unknown, expired, used before, or issued to another client.
    #[error("the authorization code cannot be redeemed")]
    CodeNotRedeemable,
    /// RFC 6749 §4.1.3.
    #[error("redirect_uri differs from that of the authorization request")]
    RedirectUriMismatch,
    /// RFC 7636 §4.6; also a verifier nobody announced, or an announced one that is missing.
    #[error("code_verifier does not match code_challenge")]
    VerifierMismatch,
    /// Unknown, expired, used before, revoked, or issued to another client.
    #[error("the refresh token cannot be used")]
    RefreshTokenNotUsable,
    /// The users' backend says that the user is gone or locked.
    #[error("the user may not go on")]
    UserEnded,
    /// The client is not for this user, or not any more.
    #[error("the user may not use this client")]
    UserNotAdmitted,
    /// The users' backend says nothing, and has not for too long.
    #[error("the user cannot be confirmed at the moment")]
    UsersBackend(#[source] BackendError),
    /// RFC 6749 §3.3.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// RFC 6749 §6.
    #[error("the scope exceeds what was granted")]
    ScopeExceedsGrant,
    /// RFC 6749 §4.4.2: not the client's, or about a user.
    #[error("the client may not have this scope for itself")]
    ScopeNotOfClient,
    /// RFC 8707 §2.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// RFC 7009 §2.1.
    #[error("the token was issued to another client")]
    TokenOfAnotherClient,
    /// The store failed; the request may well have been right.
    #[error("the state cannot be reached at the moment")]
    Store(#[from] StoreError),
    /// No key, or it cannot sign.
    #[error("no token can be signed")]
    Signing,
    /// No randomness.
    #[error("an internal error occurred")]
    Entropy(#[from] EntropyError),
}

impl From<KeyError> for TokenError {
    fn from(error: KeyError) -> Self {
        tracing::error!(%error, "a token cannot be signed");
        Self::Signing
    }
}

impl From<NoSigningKey> for TokenError {
    fn from(error: NoSigningKey) -> Self {
        match error {
            NoSigningKey::NoneActive => Self::Signing,
            NoSigningKey::Store(error) => Self::Store(error),
        }
    }
}

impl TokenError {
    /// The `error` code, and its status.
    pub(crate) const fn wire(&self) -> (&'static str, StatusCode) {
        match self {
            Self::Malformed(_) | Self::Repeated(_) | Self::Missing(_) => {
                ("invalid_request", StatusCode::BAD_REQUEST)
            }
            Self::ClientAuthentication(_) => ("invalid_client", StatusCode::UNAUTHORIZED),
            Self::UnsupportedGrantType => ("unsupported_grant_type", StatusCode::BAD_REQUEST),
            Self::UnauthorizedClient => ("unauthorized_client", StatusCode::BAD_REQUEST),
            Self::CodeNotRedeemable
            | Self::RedirectUriMismatch
            | Self::VerifierMismatch
            | Self::RefreshTokenNotUsable
            | Self::UserEnded
            | Self::UserNotAdmitted
            | Self::TokenOfAnotherClient => ("invalid_grant", StatusCode::BAD_REQUEST),
            Self::Scope(_) | Self::ScopeExceedsGrant | Self::ScopeNotOfClient => {
                ("invalid_scope", StatusCode::BAD_REQUEST)
            }
            Self::Target(_) => ("invalid_target", StatusCode::BAD_REQUEST),
            // §5.2 has no code for a fault of ours; clients know these two from §4.1.2.1.
            Self::Store(_) | Self::UsersBackend(_) | Self::Busy | Self::ClientKeys => {
                ("temporarily_unavailable", StatusCode::SERVICE_UNAVAILABLE)
            }
            Self::TooManyFailures { .. } => {
                ("temporarily_unavailable", StatusCode::TOO_MANY_REQUESTS)
            }
            Self::Signing | Self::Entropy(_) => ("server_error", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

/// The body of RFC 6749 §5.2.
#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    error_description: &'a str,
    /// Not in the RFC: the command-line client of Cells looks for the status in the body.
    status_code: u16,
}

/// The only place where a [`TokenError`] becomes HTTP.
impl From<TokenError> for Response {
    fn from(error: TokenError) -> Self {
        let (code, status) = error.wire();
        if let TokenError::Store(error) = &error {
            tracing::error!(%error, "a token request cannot be answered");
        }
        if let TokenError::UsersBackend(error) = &error {
            tracing::error!(%error, "a refresh must wait for the users' backend");
        }
        let body = Body {
            error: code,
            error_description: &error.to_string(),
            status_code: status.as_u16(),
        };
        let mut response = reply::json(status, &body);
        match error {
            // RFC 6749 §5.2 asks for the challenge when the header was tried. Otherwise it is
            // left out: it would make a browser ask its user for a password.
            TokenError::ClientAuthentication(AttemptedMethod::Header) => {
                let challenge = r#"Basic realm="token endpoint", charset="UTF-8""#;
                reply::set_header(&mut response, header::WWW_AUTHENTICATE, challenge);
            }
            TokenError::TooManyFailures { wait } => {
                let seconds = wait.as_secs().max(1).to_string();
                reply::set_header(&mut response, header::RETRY_AFTER, &seconds);
            }
            TokenError::Store(_)
            | TokenError::UsersBackend(_)
            | TokenError::Busy
            | TokenError::ClientKeys => {
                reply::set_header(&mut response, header::RETRY_AFTER, RETRY_AFTER_S);
            }
            _ => {}
        }
        response
    }
}
