//! Whether a request is granted at once or the user must sign in first.

use super::hint::VerifiedHint;
use super::prompt::Prompt;
use super::request::AuthorizationRequest;
use crate::model::{Session, Timestamp};
use crate::provider::error::AuthorizationError;

/// What comes next.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "made once for a request, and taken apart at once"
)]
pub(super) enum Next {
    /// The session will do.
    Grant(Session),
    /// The user has to sign in.
    Interact,
}

/// Decides upon `request` of a browser with `session` (OpenID Connect Core §3.1.2.3).
pub(super) fn decide(
    request: &AuthorizationRequest,
    hint: Option<&VerifiedHint>,
    session: Option<Session>,
    now: Timestamp,
) -> Result<Next, AuthorizationError> {
    match session.filter(|session| suffices(session, request, hint, now)) {
        Some(session) => Ok(Next::Grant(session)),
        None if request.prompt == Prompt::Never => Err(AuthorizationError::LoginRequired),
        None => Ok(Next::Interact),
    }
}

/// Whether the request can be answered out of `session` without asking its user again.
fn suffices(
    session: &Session,
    request: &AuthorizationRequest,
    hint: Option<&VerifiedHint>,
    now: Timestamp,
) -> bool {
    let expected = hint.is_none_or(|hint| hint.names(&session.user.subject));
    // Times are whole seconds: an age of exactly `max_age` may be up to a second more, and an
    // allowed age of zero asks for a new sign-in whatever the clock says.
    let recent = request
        .max_age
        .is_none_or(|max_age| now.since(session.authenticated_at) < max_age);
    expected && recent && request.prompt != Prompt::SignIn
}
