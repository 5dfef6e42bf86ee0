//! Pydio Cells as the users' backend: the password by the call that its own web interface
//! makes, the profile by its user API with the token that came of it.
//!
//! That one call enforces the password, the lock, hidden users and the login policy, and needs
//! no credential of ours. What it opens at Cells is handed on to whoever keeps it: the session of the
//! interface, renewed by its cookie (`session.rs`), or, where we are a client of Cells, tokens of our own,
//! renewed by a refresh token (`challenge.rs`). Which of both a session is stays with it, so that those
//! of before go on when the configuration changes.

mod challenge;
mod cookie;
mod relay;
mod session;
mod standing;
mod user;

use async_trait::async_trait;

use super::http::{Connection, Http};
use super::{
    BackendError, CellsClient, CellsSettings, Relayed, RenewalError, SessionCall, SignInError,
    SignedIn, Standing, UserDirectory,
};
use crate::model::{Login, Timestamp, UpstreamSession, UserProfile};
use crate::secret::Secret;

/// What becomes of refresh tokens when the configuration has no client any more.
const CLIENT_IS_GONE: &str = "it was opened by a client that is not configured any more";

/// The users of a Cells site.
#[derive(Debug)]
pub(super) struct CellsDirectory {
    http: Http,
    /// An administrator's; `None`: Cells is not asked about users who are not signing in.
    service_token: Option<Secret>,
    /// What we are there; `None`: nothing.
    client: Option<Box<CellsClient>>,
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
            client: settings.client.clone(),
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
        let session = match &self.client {
            Some(client) => challenge::open(&self.http, client, (login, password), now).await?,
            None => session::open(&self.http, login, password, now).await?,
        };
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
            .renewal
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
        match (challenge::refresh_token(upstream), &self.client) {
            (None, _) => session::renew(&self.http, upstream, now).await,
            (Some(token), Some(client)) => challenge::renew(&self.http, client, token, now).await,
            (Some(_), None) => Err(RenewalError::Refused(CLIENT_IS_GONE)),
        }
    }

    async fn relay(&self, call: SessionCall, now: Timestamp) -> Relayed {
        relay::send(&self.http, call, now).await
    }

    async fn find_holder(&self, token: &Secret) -> Result<Option<String>, BackendError> {
        relay::find_holder(&self.http, token).await
    }

    async fn end(&self, upstream: &UpstreamSession) -> Result<(), BackendError> {
        match (challenge::refresh_token(upstream), &self.client) {
            (None, _) => session::end(&self.http, upstream).await,
            (Some(_), Some(client)) => challenge::end(&self.http, client, upstream).await,
            // Nobody else may take it back.
            (Some(_), None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
