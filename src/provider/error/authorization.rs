//! Errors that go back to the client through the browser (RFC 6749 §4.1.2.1, OpenID Connect
//! Core §3.1.2.6).

use crate::entropy::EntropyError;
use crate::model::ScopeError;
use crate::provider::Provider;
use crate::provider::authorization::Destination;
use crate::provider::claims::ClaimsRequestError;
use crate::provider::params::Repeated;
use crate::provider::reply::Response;
use crate::provider::resources::TargetError;
use crate::provider::session::SessionError;
use crate::store::StoreError;

/// Why an authorization request of a known client was not granted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthorizationError {
    /// RFC 6749 §3.1.
    #[error(transparent)]
    Repeated(#[from] Repeated),
    /// A parameter has a value it cannot have.
    #[error("the parameter {0} is not valid")]
    Invalid(&'static str),
    /// A parameter that must be there is not.
    #[error("the parameter {0} is missing")]
    Missing(&'static str),
    /// RFC 7636 §4.4.1: a public client must send one.
    #[error("code_challenge is required of this client")]
    ChallengeRequired,
    /// RFC 7636 §4.3: `plain` protects nothing that TLS does not; a missing method means `plain`.
    #[error("code_challenge_method must be S256")]
    ChallengeMethod,
    /// OpenID Connect Core §3.1.2.1: `none` stands alone.
    #[error("prompt none cannot be combined with other values")]
    PromptNoneCombined,
    /// The client may not use this grant type.
    #[error("the client may not use the authorization code grant")]
    UnauthorizedClient,
    /// Anything but `code`.
    #[error("only response_type code is supported")]
    UnsupportedResponseType,
    /// RFC 6749 §3.3.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// None of the values asked for is the client's.
    #[error("the client may use none of the requested scope values")]
    NothingGrantable,
    /// RFC 8707 §2.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// OpenID Connect Core §5.5.
    #[error(transparent)]
    Claims(#[from] ClaimsRequestError),
    /// OpenID Connect Core §5.5.1.1, with the code that the specification OpenID Connect Core
    /// Error Code `unmet_authentication_requirements` has for it.
    #[error("end-users cannot sign in here in the way that is essential to the client")]
    UnmetAuthenticationRequirements,
    /// OpenID Connect Core §6.
    #[error("request objects are not supported")]
    RequestNotSupported,
    /// OpenID Connect Core §6.
    #[error("request objects by reference are not supported")]
    RequestUriNotSupported,
    /// OpenID Connect Core §7.2.1.
    #[error("self-issued registration is not supported")]
    RegistrationNotSupported,
    /// OpenID Connect Core §3.1.2.1: `prompt=none`, and a page would have to be shown; or
    /// somebody else than the hint names signed in.
    #[error("the end-user must sign in")]
    LoginRequired,
    /// OpenID Connect Core §3.1.2.6: `prompt=none`, and the user would have to be asked.
    #[error("the end-user must be asked for consent")]
    ConsentRequired,
    /// The user pressed cancel.
    #[error("the end-user canceled the sign-in")]
    Canceled,
    /// The client is not for this user.
    #[error("the end-user may not use this application")]
    UserNotAdmitted,
    /// The user does not want the client to have what it asks for.
    #[error("the end-user denied the request")]
    Denied,
    /// Our store failed.
    #[error("the state cannot be reached at the moment")]
    Store(#[from] StoreError),
    /// No randomness.
    #[error("an internal error occurred")]
    Entropy(#[from] EntropyError),
}

impl From<SessionError> for AuthorizationError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Store(error) => Self::Store(error),
            SessionError::Entropy(error) => Self::Entropy(error),
        }
    }
}

impl AuthorizationError {
    /// The `error` code.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::Repeated(_)
            | Self::Invalid(_)
            | Self::Missing(_)
            | Self::ChallengeRequired
            | Self::ChallengeMethod
            | Self::PromptNoneCombined
            | Self::Claims(_) => "invalid_request",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::Scope(_) | Self::NothingGrantable => "invalid_scope",
            Self::Target(_) => "invalid_target",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::Canceled | Self::Denied | Self::UserNotAdmitted => "access_denied",
            Self::Store(_) => "temporarily_unavailable",
            Self::Entropy(_) => "server_error",
        }
    }
}

impl Provider {
    /// The only place where an [`AuthorizationError`] becomes HTTP: an answer that goes to where
    /// the client waits.
    pub(crate) fn refuse(&self, destination: &Destination, error: &AuthorizationError) -> Response {
        if let AuthorizationError::Store(error) = error {
            tracing::error!(%error, "an authorization request cannot be answered");
        }
        let description = error.to_string();
        let answer = [
            ("error", error.code()),
            ("error_description", description.as_str()),
        ];
        self.send_back(destination, &answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ResourceError;

    /// RFC 6749 §4.1.2.1: `%x20-21 / %x23-5B / %x5D-7E`.
    #[test]
    fn descriptions_keep_to_the_characters_of_the_rfc() {
        use AuthorizationError as E;
        for error in [
            E::Repeated(Repeated("state")),
            E::Invalid("nonce"),
            E::Missing("response_type"),
            E::ChallengeRequired,
            E::ChallengeMethod,
            E::PromptNoneCombined,
            E::UnauthorizedClient,
            E::UnsupportedResponseType,
            E::Scope(ScopeError::Malformed),
            E::Scope(ScopeError::TooLong),
            E::NothingGrantable,
            E::Target(TargetError::TooMany),
            E::Target(TargetError::NotRegistered),
            E::Target(TargetError::Malformed(ResourceError)),
            E::Claims(ClaimsRequestError::TooLong),
            E::Claims(ClaimsRequestError::Malformed),
            E::Claims(ClaimsRequestError::WrongType),
            E::UnmetAuthenticationRequirements,
            E::RequestNotSupported,
            E::RequestUriNotSupported,
            E::RegistrationNotSupported,
            E::LoginRequired,
            E::ConsentRequired,
            E::Canceled,
            E::Denied,
            E::Entropy(EntropyError),
        ] {
            let text = error.to_string();
            let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            assert!(text.bytes().all(allowed), "{text}");
        }
    }
}
