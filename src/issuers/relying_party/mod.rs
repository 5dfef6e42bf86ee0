//! Being a client of a trusted issuer: a relying party whose users sign in there (OpenID Connect
//! Core §3.1).
//!
//! What is asked of an issuer here: where its endpoints are (`metadata`), tokens for a code or a
//! refresh token (`tokens`, with a signature of ours by `assertion`), and more claims (`userinfo`). What browsers are sent to it with is made
//! in `request`. Whatever it answers is believed after its signature, and nothing of it is kept:
//! sessions are the caller's.
//!
//! *Invariant:* a code or a refresh token goes to the token endpoint of the issuer that it is of, and
//! nowhere else.

mod assertion;
mod error;
mod metadata;
mod request;
mod tokens;
mod userinfo;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{FetchError, Issuer};
use crate::jose::{IdTokenError, IdTokenTerms, LogoutToken};
use crate::model::{Scope, Timestamp};
use crate::secret::Secret;

pub use assertion::{AssertionAudience, AssertionKey};
pub use error::RelyingPartyError;
pub(crate) use metadata::SignInMetadata;
pub(crate) use request::{AuthorizationRequest, EndSessionRequest};
pub(crate) use tokens::{CodeAnswer, Refreshing, Tokens};

/// What we are at an issuer.
#[derive(Clone, Debug)]
pub struct SignInClient {
    /// What routes call it.
    pub name: String,
    /// What the issuer calls it.
    pub client_id: String,
    /// How we show that we are it.
    pub authentication: SignInAuthentication,
    /// What is asked for; `openid` is among it.
    pub scope: Scope,
    /// Whether the userinfo endpoint is asked for more claims.
    pub userinfo: bool,
    /// Whether the page after signing out is registered at the issuer, so that browsers come back.
    pub returns_after_sign_out: bool,
}

/// How we show an issuer who we are (RFC 6749 §2.3, OpenID Connect Core §9).
#[derive(Clone, Debug)]
pub enum SignInAuthentication {
    /// A secret in `Authorization: Basic`.
    SecretBasic(Secret),
    /// A secret in the form.
    SecretPost(Secret),
    /// A signature.
    PrivateKeyJwt(AssertionKey),
}

/// A client of ours at one issuer.
#[derive(Clone, Debug)]
pub struct RelyingParty {
    client: SignInClient,
    issuer: Arc<Issuer>,
}

/// Whose tokens they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Party<'a> {
    /// Nobody has signed in yet.
    Anybody,
    /// This user, and no other.
    Subject(&'a str),
}

impl RelyingParty {
    pub(super) const fn new(client: SignInClient, issuer: Arc<Issuer>) -> Self {
        Self { client, issuer }
    }

    /// `iss` of the issuer.
    pub(crate) fn issuer(&self) -> &str {
        self.issuer.name()
    }

    /// What the issuer calls us.
    pub(crate) fn client_id(&self) -> &str {
        &self.client.client_id
    }

    /// What we are there.
    pub(crate) const fn client(&self) -> &SignInClient {
        &self.client
    }

    /// Where the issuer's endpoints are.
    ///
    /// While it does not answer there is nothing to be done there, though it may be known where it
    /// was: a browser would be sent to where nobody is.
    ///
    /// # Errors
    ///
    /// [`RelyingPartyError::Unavailable`] when nobody can tell, [`RelyingPartyError::Method`] when it
    /// would not know us.
    pub(crate) async fn metadata(
        &self,
        now: Timestamp,
    ) -> Result<Arc<SignInMetadata>, RelyingPartyError> {
        let fetcher = self.issuer.fetcher.as_ref();
        let fetcher = fetcher.ok_or(RelyingPartyError::NoMetadata)?;
        if fetcher.sign_in().is_none() || fetcher.is_failing() {
            fetcher.renew(now).await?;
        }
        let metadata = fetcher.sign_in().ok_or(RelyingPartyError::NoMetadata)?;
        metadata.check_method(&self.client.authentication)?;
        Ok(metadata)
    }

    /// The same as far as it is known, for what must not wait.
    pub(crate) fn known_metadata(&self) -> Option<Arc<SignInMetadata>> {
        self.issuer.fetcher.as_ref()?.sign_in()
    }

    /// Whether an answer is the issuer's by its `iss` (RFC 9207 §2.4): it has the right one, or has
    /// none and the issuer sends none.
    ///
    /// # Errors
    ///
    /// [`RelyingPartyError::OtherIssuer`] when it is not; [`RelyingPartyError::Unavailable`] when
    /// nobody can tell.
    pub(crate) async fn check_answer(
        &self,
        iss: Option<&str>,
        now: Timestamp,
    ) -> Result<(), RelyingPartyError> {
        let is_right = match iss {
            Some(iss) => iss == self.issuer(),
            None => !self.metadata(now).await?.sends_issuer,
        };
        if is_right {
            Ok(())
        } else {
            Err(RelyingPartyError::OtherIssuer)
        }
    }

    /// The claims under the names that we know them by.
    pub(crate) fn mapped(&self, mut claims: Map<String, Value>) -> Map<String, Value> {
        self.issuer.settings.terms.map(&mut claims);
        claims
    }

    /// Verifies what the issuer says of an end (OpenID Connect Back-Channel Logout §2.6).
    ///
    /// # Errors
    ///
    /// [`RelyingPartyError::IdToken`] when it does not say so.
    pub(crate) async fn ended(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<LogoutToken, RelyingPartyError> {
        self.verified(token, now, |terms| LogoutToken::verify(token, terms))
            .await
    }

    /// Verifies with the keys that are known, and once more with newer ones where those could help.
    async fn verified<T: Send>(
        &self,
        token: &str,
        now: Timestamp,
        verify: impl Fn(&IdTokenTerms<'_>) -> Result<T, IdTokenError> + Send + Sync,
    ) -> Result<T, RelyingPartyError> {
        let keys = self.issuer.keys.as_ref();
        let keys = keys.ok_or(RelyingPartyError::NoMetadata)?;
        let terms = IdTokenTerms {
            issuer: self.issuer(),
            client_id: self.client_id(),
            keys,
            leeway: self.leeway(),
            now,
        };
        match verify(&terms) {
            Err(error) if error.wants_keys(token) => self.issuer.renew_keys(now).await?,
            outcome => return Ok(outcome?),
        }
        Ok(verify(&terms)?)
    }

    fn leeway(&self) -> Duration {
        self.issuer.leeway()
    }
}

impl From<FetchError> for RelyingPartyError {
    fn from(error: FetchError) -> Self {
        Self::Unavailable(error.to_string())
    }
}
