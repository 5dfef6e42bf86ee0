//! Pages with nothing to do on them: what was done, and why something was not.

use http::StatusCode;
use serde::Serialize;

use super::view::View;

/// What such a page says; its name is that of its texts, `NAME-title` and `NAME-text`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "name", rename_all = "kebab-case")]
pub(crate) enum Message {
    /// The session has ended.
    SignedOut,
    /// The user did not want to sign out.
    StillSignedIn,
    /// The user did not want to sign in to the account page.
    NotSignedIn,
    /// Nothing is at this address.
    NotFound,
    /// A request cannot be understood.
    Unreadable,
    /// An application, or an address of it, is not registered.
    UnknownApplication,
    /// A request to sign out cannot be verified.
    InvalidSignOut,
    /// A form was made for another browser, or by another site.
    ForeignForm,
    /// Nobody waits for a sign-in.
    NothingWaits,
    /// Something that we need does not answer.
    Unavailable,
    /// Something failed here.
    Failed,
}

#[cfg(test)]
impl Message {
    pub(super) const ALL: [Self; 11] = [
        Self::SignedOut,
        Self::StillSignedIn,
        Self::NotSignedIn,
        Self::NotFound,
        Self::Unreadable,
        Self::UnknownApplication,
        Self::InvalidSignOut,
        Self::ForeignForm,
        Self::NothingWaits,
        Self::Unavailable,
        Self::Failed,
    ];
}

impl View for Message {
    const TEMPLATE: &'static str = "message.html";

    fn status(&self) -> StatusCode {
        match self {
            Self::SignedOut | Self::StillSignedIn | Self::NotSignedIn => StatusCode::OK,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Unreadable
            | Self::UnknownApplication
            | Self::InvalidSignOut
            | Self::NothingWaits => StatusCode::BAD_REQUEST,
            Self::ForeignForm => StatusCode::FORBIDDEN,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}
