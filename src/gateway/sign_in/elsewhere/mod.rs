//! Sign-in at another issuer than ours (OpenID Connect Core §3.1, as a relying party).
//!
//! An issuer may be down. Who wants to sign in then is told so by a page, 503, and sent nowhere;
//! who is signed in goes on. A session has what the issuer gave, sealed, and is refreshed while it
//! is used if the issuer gave a refresh token: shortly before that is due in the background, after it
//! by whoever asks, and of any number of requests by one. A refresh that the issuer refuses, or that
//! is about somebody else, ends the session.

mod callback;
mod logout;
mod refresh;
mod sessions;

use super::seal::Companions;
use super::state::State;
use super::{SignInFault, SignInNeeded, SignIns};
use crate::issuers::AuthorizationRequest;
use crate::model::Timestamp;
use crate::secret::Secret;

use super::application::Elsewhere;

pub(super) use refresh::Refreshes;

impl SignIns {
    /// The address of the authorization request.
    pub(super) async fn request_elsewhere(
        &self,
        elsewhere: &Elsewhere,
        needed: &SignInNeeded,
        browser: &Secret,
        now: Timestamp,
    ) -> Result<String, SignInFault> {
        let application = &*needed.application;
        let metadata = elsewhere.party.metadata(now).await?;
        let sealed = State::seal(
            self.parts()?.seal().await?,
            (browser, application),
            &needed.target,
            now,
        )?;
        let Companions { verifier, nonce } = &sealed.companions;
        let step_up = needed.step_up.as_ref();
        let request = AuthorizationRequest {
            redirect_uri: &application.callback,
            state: &sealed.text,
            nonce,
            verifier: verifier.expose(),
            max_age: step_up.and_then(|step_up| step_up.max_age),
            acr_values: step_up.map_or("", |step_up| &step_up.acr_values),
        };
        Ok(elsewhere.party.authorization_url(&metadata, &request))
    }
}
