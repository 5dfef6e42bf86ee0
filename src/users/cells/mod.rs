//! Pydio Cells as the users' backend: the password by the call that its own web interface
//! makes, the profile by its user API with the token that came of it.
//!
//! That one call enforces the password, the lock, hidden users and the login policy, and needs
//! no credential of ours. The session it opens at Cells is handed on to whoever keeps it, or else
//! dropped: its access token expires by itself after ten minutes.

mod cookie;
mod relay;
mod session;
mod standing;
mod user;

use async_trait::async_trait;

use super::http::{Connection, Http};
use super::{
    BackendError, CellsSettings, Relayed, RenewalError, SessionCall, SignInError, SignedIn,
    Standing, UserDirectory,
};
use crate::model::{Login, Timestamp, UpstreamSession, UserProfile};
use crate::secret::Secret;

/// The users of a Cells site.
#[derive(Debug)]
pub(super) struct CellsDirectory {
    http: Http,
    /// An administrator's; `None`: Cells is not asked about users who are not signing in.
    service_token: Option<Secret>,
}

impl CellsDirectory {
    pub(super) fn new(settings: &CellsSettings) -> Result<Self, SignInError> {
        let connection = Connection {
            url: &settings.url,
            host: settings.host.as_deref(),
            ca_pem: settings.ca_pem.as_deref(),
            connect_timeout: settings.connect_timeout,
            timeout: settings.timeout,
        };
        Http::new(&connection).map(|http| Self {
            http,
            service_token: settings.service_token.clone(),
        })
    }
}

#[async_trait]
impl UserDirectory for CellsDirectory {
    async fn check_password(
        &self,
        login: &Login,
        password: &Secret,
        now: Timestamp,
    ) -> Result<SignedIn, SignInError> {
        let session = session::open(&self.http, login, password, now).await?;
        // Without the profile nobody would know of a lock: the session call lets a user in who
        // must choose a new password.
        let user = user::find(&self.http, login, &session.access_token, None)
            .await
            .map_err(|reason| {
                tracing::warn!(%reason, "no profile from Cells, so nobody is signed in");
                SignInError::Unavailable("it gave no profile")
            })?;
        user.check_is_who_signed_in(login, session.claims.as_ref())?;
        user.check_locks()?;
        let upstream = session
            .cookie
            .map(|(renewal, renewal_expires_at)| UpstreamSession {
                access_token: session.access_token,
                token_expires_at: session.expires_at,
                renewal,
                renewal_expires_at,
            });
        Ok(SignedIn {
            user: user.into_profile(login, session.claims)?,
            upstream,
        })
    }

    async fn find_standing(&self, user: &UserProfile) -> Result<Standing, BackendError> {
        match &self.service_token {
            Some(token) => standing::find(&self.http, token, user).await,
            None => Ok(Standing::Untold),
        }
    }

    async fn renew(
        &self,
        upstream: &UpstreamSession,
        now: Timestamp,
    ) -> Result<UpstreamSession, RenewalError> {
        session::renew(&self.http, upstream, now).await
    }

    async fn relay(&self, call: SessionCall, now: Timestamp) -> Relayed {
        relay::send(&self.http, call, now).await
    }

    async fn find_holder(&self, token: &Secret) -> Result<Option<String>, BackendError> {
        relay::find_holder(&self.http, token).await
    }

    async fn end(&self, upstream: &UpstreamSession) -> Result<(), BackendError> {
        session::end(&self.http, upstream).await
    }
}

#[cfg(test)]
mod tests;
