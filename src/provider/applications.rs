//! Applications behind the gateway that know nothing of OpenID Connect: the gateway is their client,
//! in this process.
//!
//! A browser comes and goes as with any client. What differs is that its code is redeemed by a call
//! and brings no tokens: the gateway keeps a session of its own, which rests on the grant.

use std::net::IpAddr;

use bytes::Bytes;

use super::Provider;
use super::audit;
use super::endpoint::Endpoint;
use super::error::TokenError;
use super::request::Request;
use crate::jose::Verified;
use crate::model::{
    ApplicationSession, AuthorizationCode, Client, ClientAuthentication, ClientId, ConsentPolicy,
    Grant, Issuer, RedirectUri, RedirectUriError, Scope, Timestamp, UserProfile,
};
use crate::secret::Digest;
use crate::store::{Redemption, StoreError};

/// An application behind the gateway.
#[derive(Clone, Debug)]
pub struct Application {
    /// Its host, in canonical form; unique.
    pub host: String,
    /// Where answers come back to, on that host.
    pub callback_path: &'static str,
    /// `aud` of what its sessions are good for.
    pub audience: Vec<String>,
    /// What they may.
    pub scope: Scope,
}

/// The client that the gateway is for `application`. Its identifier is the origin that browsers
/// reach the application at, which is what users read on the sign-in page as well, without the
/// scheme.
///
/// # Errors
///
/// [`RedirectUriError`] when browsers cannot be sent there.
pub fn application_client(
    application: &Application,
    issuer: &Issuer,
) -> Result<Client, RedirectUriError> {
    let origin = issuer.origin_beside(&application.host);
    let redirect_uri = RedirectUri::register(&[&origin, application.callback_path].concat())?;
    let id = ClientId::parse(&origin).map_err(|_| RedirectUriError::NotAUri)?;
    let client = Client::new(id, ClientAuthentication::InProcess);
    Ok(Client {
        name: application.host.clone(),
        redirect_uris: vec![redirect_uri],
        scope: application.scope.clone(),
        audience: application.audience.clone(),
        // It is the operator's own: nothing leaves that the operator does not have.
        consent: ConsentPolicy::Implicit,
        ..client
    })
}

/// A code that came back to an application, with what must fit it.
#[derive(Clone, Copy, Debug)]
pub struct ReturnedCode<'a> {
    /// Whose it must be.
    pub client_id: &'a str,
    /// Where it came back to.
    pub redirect_uri: &'a str,
    /// The code.
    pub code: &'a str,
    /// What its challenge was made from (RFC 7636).
    pub verifier: &'a str,
    /// What was asked for with it (OpenID Connect Core §3.1.3.7).
    pub nonce: &'a str,
    /// Who brought it.
    pub peer: IpAddr,
    /// The present.
    pub now: Timestamp,
}

/// Why an application has nobody signed in.
#[derive(Debug, thiserror::Error)]
pub enum ApplicationError {
    /// Unknown, expired or used, or not the answer to what was asked.
    #[error("the code cannot be redeemed")]
    NotRedeemable,
    /// The client, its user or what was granted is gone.
    #[error("the user may not go on")]
    Ended,
    /// The users' backend does not answer, and has not for too long.
    #[error("the user cannot be confirmed at the moment")]
    Unconfirmed,
    /// What is known of the user cannot be said in claims.
    #[error("the claims cannot be made")]
    Claims,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<TokenError> for ApplicationError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::UserEnded => Self::Ended,
            TokenError::UsersBackend(_) => Self::Unconfirmed,
            TokenError::Store(error) => Self::Store(error),
            _ => Self::Claims,
        }
    }
}

/// A session at the provider that was ended.
#[derive(Clone, Debug, Default)]
pub struct SignedOut {
    /// Pages of clients that the browser has to load in frames, to be told (OpenID Connect
    /// Front-Channel Logout), each with its origin.
    pub frames: Vec<(String, String)>,
}

impl Provider {
    /// Who answers authorization requests: `iss`.
    pub const fn issuer(&self) -> &Issuer {
        &self.settings.issuer
    }

    /// Where browsers are sent to sign in.
    pub fn authorization_endpoint(&self) -> String {
        let path = Endpoint::Authorization.path();
        self.settings.issuer.endpoint(path)
    }

    /// Redeems the code of an application. It is used up first and looked at then, as at the token
    /// endpoint.
    ///
    /// # Errors
    ///
    /// [`ApplicationError`]: the code is not good, or the store failed.
    pub async fn redeem_for_application(
        &self,
        returned: &ReturnedCode<'_>,
    ) -> Result<Grant, ApplicationError> {
        let ReturnedCode { now, peer, .. } = *returned;
        let digest = Digest::of(returned.code.as_bytes());
        let code = match self.parts.store.redeem_code(&digest, now).await? {
            Redemption::Fresh(code) => code,
            Redemption::Replayed(grant) => {
                self.parts.store.revoke_grant(&grant, now).await?;
                if let Ok(client_id) = ClientId::parse(returned.client_id) {
                    audit::replayed("authorization_code", &grant, &client_id, peer);
                }
                return Err(ApplicationError::NotRedeemable);
            }
            Redemption::Unknown => return Err(ApplicationError::NotRedeemable),
        };
        if answers(&code, returned) {
            Ok(code.grant)
        } else {
            self.parts.store.revoke_grant(&code.grant.id, now).await?;
            Err(ApplicationError::NotRedeemable)
        }
    }

    /// Who the user of `session` is to the application: what an access token would say.
    ///
    /// # Errors
    ///
    /// [`ApplicationError`]: there is no such application any more, or the claims cannot be made.
    pub async fn principal_of(
        &self,
        session: &ApplicationSession,
        now: Timestamp,
    ) -> Result<Verified, ApplicationError> {
        let grant = &session.grant;
        let client = self.clients.find(grant.client_id.as_str(), now).await?;
        let client = client.ok_or(ApplicationError::Ended)?;
        let naming = self.naming(&client).await?;
        let subject = naming.name(&grant.user.subject);
        Ok(self.claims_of_session(grant, (&client, &subject), session.expires_at)?)
    }

    /// Asks the users' backend whether the user of `session` may go on, as often as an access token
    /// would have to be refreshed; `None` when it need not be asked or says nothing.
    ///
    /// # Errors
    ///
    /// [`ApplicationError::Ended`] when the user may not; the session at the provider has ended
    /// then. [`ApplicationError::Unconfirmed`] when nobody has been able to tell for too long.
    pub async fn confirm_for_application(
        &self,
        session: &ApplicationSession,
        (peer, now): (IpAddr, Timestamp),
    ) -> Result<Option<UserProfile>, ApplicationError> {
        let confirmed_at = session.user_confirmed_at;
        if now.since(confirmed_at) < self.settings.access_token_lifetime {
            return Ok(None);
        }
        let confirmed = self.confirm_user_of(&session.grant, confirmed_at, (peer, now));
        Ok(confirmed.await?)
    }

    /// Ends the session at the provider that `grant` was given in, with everything that was granted
    /// in it: the user pressed a button at an application.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot answer; the session may go on then.
    pub async fn sign_out_of_applications(
        &self,
        grant: &Grant,
        (peer, now): (IpAddr, Timestamp),
    ) -> Result<SignedOut, StoreError> {
        let request = Request::new(http::Request::new(Bytes::new()), peer, now);
        let session = &grant.session_id;
        let clients = self.sign_out(session, &grant.user.subject, &request);
        let clients = clients.await?;
        let frames = self.frames(&clients, session, now).await;
        Ok(SignedOut {
            frames: frames
                .into_iter()
                .map(|frame| (frame.src, frame.origin))
                .collect(),
        })
    }
}

/// Whether a code is the answer to what was asked. A code without a challenge was asked for by
/// somebody else (RFC 9700 §2.1.1).
fn answers(code: &AuthorizationCode, returned: &ReturnedCode<'_>) -> bool {
    let grant = &code.grant;
    grant.client_id.as_str() == returned.client_id
        && code.redirect_uri == returned.redirect_uri
        && grant.nonce.as_deref() == Some(returned.nonce)
        && code
            .code_challenge
            .is_some_and(|challenge| challenge.is_met_by(returned.verifier))
}
