//! Whether a user who signed in some time ago may still go on.

use crate::model::UserProfile;

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
