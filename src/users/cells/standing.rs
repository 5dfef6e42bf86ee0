//! Whether a user may still go on, asked with the token of an administrator.
//!
//! Cells tells the locks of a user to the user and to administrators only, and the user's own
//! token has long expired.

use std::time::Duration;

use super::user::{self, ProfileError};
use crate::model::{Login, UserProfile};
use crate::secret::Secret;
use crate::users::http::Http;
use crate::users::{BackendError, SignInError, Standing};

/// A refresh waits no longer: it may go on without an answer, and a sign-in may be holding the
/// backend up.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks Cells about `user`.
pub(super) async fn find(
    http: &Http,
    service_token: &Secret,
    user: &UserProfile,
) -> Result<Standing, BackendError> {
    let login = Login::parse(&user.login)
        .map_err(|_| BackendError("the user has no login it could be asked for"))?;
    let found = match user::find(http, &login, service_token, Some(PATIENCE)).await {
        Ok(found) => found,
        Err(ProfileError::NoSuchUser) => return Ok(Standing::Ended("Cells has no such user")),
        Err(reason) => {
            tracing::warn!(%reason, "Cells cannot be asked about a user");
            return Err(BackendError("it gave no profile to the service token"));
        }
    };
    if !found.is(&user.subject) {
        return Ok(Standing::Ended(
            "the login belongs to another user of Cells",
        ));
    }
    if found.is_partial() {
        return Err(BackendError("it hides locks from the service token"));
    }
    match found.check_locks() {
        Ok(()) => {}
        Err(SignInError::Locked) => return Ok(Standing::Ended("Cells has locked the user")),
        Err(SignInError::NewPasswordRequired) => {
            return Ok(Standing::Ended("Cells asks the user for a new password"));
        }
        Err(_) => return Err(BackendError("a user's locks cannot be read")),
    }
    found
        .into_profile(&login, None)
        .map(Standing::Active)
        .map_err(|_| BackendError("its user has no identifier"))
}
