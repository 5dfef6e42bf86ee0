//! Why nobody is signed in at an issuer.

use crate::jose::IdTokenError;
use crate::outbound::OutboundError;

/// Why an issuer does not say who signed in, or who still is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RelyingPartyError {
    /// It does not answer, or says that it cannot at the moment.
    #[error("the issuer does not answer: {0}")]
    Unavailable(String),
    /// Its metadata do not say where users sign in.
    #[error("the metadata of the issuer have no endpoints for signing in, or no safe ones")]
    NoMetadata,
    /// It does not take what we show who we are with, as its metadata say.
    #[error("the issuer takes no {ours}, but {listed}: register us there with what it takes")]
    Method {
        /// The method that is configured, or its algorithm.
        ours: &'static str,
        /// What the issuer lists.
        listed: String,
    },
    /// We cannot show it who we are.
    #[error("an assertion cannot be signed: {0}")]
    Unsigned(String),
    /// The answer that a browser brought is of somebody else (RFC 9207 §2.4).
    #[error("the answer is of another issuer")]
    OtherIssuer,
    /// It refuses us, whatever we ask: our registration there is not what it was (RFC 6749 §5.2).
    #[error("the issuer refuses us as its client ({0})")]
    Client(String),
    /// It refuses what we showed: a code or a refresh token that is not good any more.
    #[error("the issuer refuses ({0})")]
    Refused(String),
    /// What it answered is no answer of a token endpoint.
    #[error("the answer cannot be read")]
    Unreadable,
    /// The ID token is not good.
    #[error("the ID token is not good: {0}")]
    IdToken(#[from] IdTokenError),
    /// The answer is about somebody else than who signed in (OpenID Connect Core §5.3.2, §12.2).
    #[error("the answer is about another user")]
    OtherUser,
}

impl RelyingPartyError {
    /// The reason as a short label, for metrics and log fields.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "unavailable",
            Self::NoMetadata => "metadata",
            Self::Method { .. } => "method",
            Self::Unsigned(_) => "unsigned",
            Self::OtherIssuer => "issuer",
            Self::Client(_) => "client_refused",
            Self::Refused(_) => "refused",
            Self::Unreadable => "unreadable",
            Self::IdToken(error) => error.reason(),
            Self::OtherUser => "other_user",
        }
    }

    /// Whether the issuer, or what we are there, is at fault and nothing is known of the user.
    pub const fn is_outage(&self) -> bool {
        match self {
            Self::Unavailable(_)
            | Self::NoMetadata
            | Self::Method { .. }
            | Self::Unsigned(_)
            | Self::Client(_)
            | Self::Unreadable => true,
            Self::IdToken(error) => matches!(
                error,
                IdTokenError::Jwt(crate::jose::JwtError::KeysUnavailable)
            ),
            Self::OtherIssuer | Self::Refused(_) | Self::OtherUser => false,
        }
    }
}

impl From<OutboundError> for RelyingPartyError {
    fn from(error: OutboundError) -> Self {
        Self::Unavailable(error.as_str().to_owned())
    }
}
