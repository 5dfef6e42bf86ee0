//! Why a client was not believed to be who it says.

use super::client_keys::KeysError;
use crate::jose::{AssertionError, JwtError};
use crate::provider::error::TokenError;
use crate::provider::params::Repeated;
use crate::store::StoreError;

/// The reason, for the audit line and the metric; the peer is told `invalid_client` whatever it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ClientRefusal {
    /// RFC 6749 §2.3: "MUST NOT use more than one", and one half of a method is none.
    #[error("there are no credentials, two, or some that cannot be read")]
    Credentials,
    /// Nobody of this name.
    #[error("no client is registered under this id")]
    UnknownClient,
    /// Each client has one method.
    #[error("the client is registered for another method")]
    Method,
    /// Not the secret.
    #[error("the secret is wrong")]
    Secret,
    /// The assertion is not the client's, or not for us, or not for now.
    #[error("the assertion is refused: {0}")]
    Assertion(AssertionError),
    /// RFC 7523 §3: the same `jti` came before.
    #[error("the assertion was used before")]
    Replayed,
}

impl ClientRefusal {
    /// The reason as a short label.
    pub(super) const fn reason(&self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::UnknownClient => "unknown_client",
            Self::Method => "method",
            Self::Secret => "secret",
            Self::Assertion(_) => "assertion",
            Self::Replayed => "replay",
        }
    }

    /// The rule that an assertion broke.
    pub(super) const fn rule(&self) -> Option<&'static str> {
        match self {
            Self::Assertion(error) => Some(error.reason()),
            _ => None,
        }
    }
}

/// Why a client is not authenticated.
#[derive(Debug)]
pub(super) enum Unproved {
    /// It is its own fault.
    Refused(ClientRefusal),
    /// The request cannot be read, or we cannot tell.
    Other(TokenError),
}

impl From<ClientRefusal> for Unproved {
    fn from(refusal: ClientRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<AssertionError> for Unproved {
    fn from(error: AssertionError) -> Self {
        Self::Refused(ClientRefusal::Assertion(error))
    }
}

impl From<KeysError> for Unproved {
    fn from(error: KeysError) -> Self {
        match error {
            KeysError::Refused(error) => AssertionError::from(error).into(),
            KeysError::Unavailable => Self::Other(TokenError::ClientKeys),
        }
    }
}

impl From<JwtError> for Unproved {
    fn from(error: JwtError) -> Self {
        AssertionError::from(error).into()
    }
}

impl From<Repeated> for Unproved {
    fn from(error: Repeated) -> Self {
        Self::Other(error.into())
    }
}

impl From<StoreError> for Unproved {
    fn from(error: StoreError) -> Self {
        Self::Other(error.into())
    }
}

impl From<TokenError> for Unproved {
    fn from(error: TokenError) -> Self {
        Self::Other(error)
    }
}
