//! What a backend says: who signed in, whether a user may still go on, whether a session does.

use crate::model::{UpstreamSession, UserProfile};

/// Who signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// What the backend tells of the user.
    pub user: UserProfile,
    /// The session that the backend opened for it, if it opens any.
    pub upstream: Option<UpstreamSession>,
}

impl From<UserProfile> for SignedIn {
    /// A user of a backend that opens no sessions.
    fn from(user: UserProfile) -> Self {
        Self {
            user,
            upstream: None,
        }
    }
}

/// Why a session of a backend was not renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenewalError {
    /// The backend says no, and will say so again.
    #[error("{0}")]
    Refused(&'static str),
    /// It was not done, and may be later.
    #[error("the users' backend cannot answer: {0}")]
    Unavailable(&'static str),
    /// No answer came. What it was asked with may be spent.
    #[error("the users' backend did not answer: {0}")]
    Unanswered(&'static str),
}

/// What a backend says of a user who signed in before.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each refresh, taken apart at once"
)]
pub enum Standing {
    /// The user may go on, and is this by now.
    Active(UserProfile),
    /// The user is gone, locked, or must go through a step that only the backend can show.
    Ended(&'static str),
    /// The backend has no way to know without the password.
    Untold,
}

/// The backend should know and cannot be asked: down, slow, or it refuses us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the users' backend cannot answer: {0}")]
pub struct BackendError(pub &'static str);
