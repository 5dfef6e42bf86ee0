//! Errors that the user sees, because nobody else may be told (RFC 6749 §4.1.2.1).

use http::{StatusCode, header};

use super::RETRY_AFTER_S;
use crate::entropy::EntropyError;
use crate::provider::Provider;
use crate::provider::pages::{Message, View as _};
use crate::provider::params::{ParamsError, Repeated};
use crate::provider::reply::{self, Response};
use crate::provider::request::Request;
use crate::provider::session::SessionError;
use crate::store::StoreError;

/// Why a browser gets a page with an error and is sent nowhere.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    /// Nothing of ours is there.
    #[error("no endpoint has this path")]
    NotFound,
    /// The parameters cannot be read.
    #[error(transparent)]
    Malformed(#[from] ParamsError),
    /// One that matters came twice.
    #[error(transparent)]
    Repeated(#[from] Repeated),
    /// One that matters is missing.
    #[error("the parameter {0} is missing")]
    Missing(&'static str),
    /// Nobody was registered under this `client_id`.
    #[error("the client is not registered")]
    UnknownClient,
    /// RFC 9700 §2.1: not, character by character, one of the client's.
    #[error("the redirect URI is not registered for the client")]
    UnregisteredRedirectUri,
    /// RP-Initiated Logout §3.
    #[error("the post-logout redirect URI is not registered for the client")]
    UnregisteredPostLogoutRedirectUri,
    /// RP-Initiated Logout §2: not an ID token of ours.
    #[error("the ID token hint cannot be verified")]
    UnverifiableHint,
    /// RP-Initiated Logout §2: `client_id` and the hint name two clients.
    #[error("the ID token hint was issued to another client")]
    HintOfAnotherClient,
    /// Another site sent the form.
    #[error("the form comes from another site")]
    CrossSite,
    /// The form's ticket is missing, was altered, or belongs to another browser.
    #[error("the form does not belong to this browser")]
    ForeignTicket,
    /// Somebody opened the address that the form of a page is sent to.
    #[error("nothing to sign in to")]
    NoInteraction,
    /// Our store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl From<SessionError> for PageError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Store(error) => Self::Store(error),
            SessionError::Entropy(error) => Self::Entropy(error),
        }
    }
}

impl PageError {
    /// What the user reads. Nothing of the request is repeated: it may be an attacker's text.
    const fn message(&self) -> Message {
        match self {
            Self::NotFound => Message::NotFound,
            Self::Malformed(_) | Self::Repeated(_) | Self::Missing(_) => Message::Unreadable,
            Self::UnknownClient
            | Self::UnregisteredRedirectUri
            | Self::UnregisteredPostLogoutRedirectUri => Message::UnknownApplication,
            Self::UnverifiableHint | Self::HintOfAnotherClient => Message::InvalidSignOut,
            Self::CrossSite | Self::ForeignTicket => Message::ForeignForm,
            Self::NoInteraction => Message::NothingWaits,
            Self::Store(_) => Message::Unavailable,
            Self::Entropy(_) => Message::Failed,
        }
    }
}

impl Provider {
    /// The page, or the one that says why there is none.
    pub(crate) fn page_or_error(
        &self,
        page: Result<Response, PageError>,
        request: &Request,
    ) -> Response {
        page.unwrap_or_else(|error| self.error_page(&error, request))
    }

    /// The only place where a [`PageError`] becomes HTTP, and where it is logged.
    pub(crate) fn error_page(&self, error: &PageError, request: &Request) -> Response {
        let message = error.message();
        let status = message.status();
        if status.is_server_error() {
            tracing::error!(%error, "a page cannot be shown");
        } else {
            tracing::info!(%error, "a request was answered with an error page");
        }
        let mut response = self.pages.show(&self.texts_of(request), &message);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            reply::set_header(&mut response, header::RETRY_AFTER, RETRY_AFTER_S);
        }
        response
    }
}
