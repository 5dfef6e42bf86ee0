//! Pydio Cells as the users' backend: the password by the call that its own web interface
//! makes, the profile by its user API with the token that came of it.
//!
//! That one call enforces the password, the lock, hidden users and the login policy, and needs
//! no credential of ours. The session it opens at Cells is not kept: its cookie is dropped and
//! its access token expires by itself after ten minutes.

mod http;
mod session;
mod user;

use async_trait::async_trait;

use self::http::Http;
use super::{CellsSettings, SignInError, UserDirectory};
use crate::model::{Login, Timestamp, UserProfile};
use crate::secret::Secret;

/// The users of a Cells site.
#[derive(Debug)]
pub(super) struct CellsDirectory {
    http: Http,
}

impl CellsDirectory {
    pub(super) fn new(settings: &CellsSettings) -> Result<Self, SignInError> {
        Http::new(settings).map(|http| Self { http })
    }
}

#[async_trait]
impl UserDirectory for CellsDirectory {
    async fn check_password(
        &self,
        login: &Login,
        password: &Secret,
        now: Timestamp,
    ) -> Result<UserProfile, SignInError> {
        let session = session::open(&self.http, login, password, now).await?;
        let user = match user::find(&self.http, login, &session.access_token).await {
            Ok(user) => user,
            Err(reason) => {
                tracing::warn!(%reason, "no profile from Cells; the ID token has no groups and roles");
                let claims = session.claims.ok_or(SignInError::Unavailable(
                    "it gave neither a profile nor an ID token",
                ))?;
                return claims.into_profile(login);
            }
        };
        user.check_is_who_signed_in(login, session.claims.as_ref())?;
        user.check_locks()?;
        user.into_profile(login, session.claims)
    }
}

#[cfg(test)]
mod tests;
