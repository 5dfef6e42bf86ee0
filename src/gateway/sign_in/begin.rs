//! The way to the provider (OpenID Connect Core §3.1.2.1).

use bytes::Bytes;
use form_urlencoded::Serializer;
use http::{HeaderMap, Response};
use serde_json::json;

use crate::entropy;
use crate::gateway::rejection::Rejection;
use crate::model::{CodeChallenge, Timestamp};
use crate::secret::Secret;

use super::cookies::{self, Kind};
use super::needed::StepUpNeeded;
use super::pages::{self, Page};
use super::seal::Companions;
use super::state::State;
use super::{Application, SignInFault, SignInNeeded, SignIns};

/// How often in a row a browser may come back signed in and need to sign in again at once.
const MAX_RETURNS: u8 = 3;

impl SignIns {
    /// Sends a browser to sign in.
    ///
    /// # Errors
    ///
    /// [`Rejection::Fault`] when it cannot be sent, which is our fault.
    pub(in crate::gateway) async fn begin(
        &self,
        needed: &SignInNeeded,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Response<Bytes>, Rejection> {
        let application = &*needed.application;
        let here = application.url(&needed.target);
        let here = here.ok_or(Rejection::Fault("a canonical target is no path"))?;
        if needed.needs_tls {
            return pages::see_other(&here);
        }
        let returns = cookies::number(headers, Kind::Returned, application);
        if returns.is_some_and(|returns| returns >= MAX_RETURNS) {
            let mut page = Page::loops(&here).show();
            cookies::clear(&mut page, Kind::Returned, application);
            return Ok(page);
        }
        let browser = match cookies::opaque(headers, Kind::Browser, application) {
            Some(known) => known,
            None => entropy::opaque_token().map_err(SignInFault::from)?,
        };
        let location = match application.issuer() {
            None => self.request(needed, &browser, now).await?,
            Some(elsewhere) => match self
                .request_elsewhere(elsewhere, needed, &browser, now)
                .await
            {
                Ok(location) => location,
                Err(SignInFault::Issuer(error)) => {
                    tracing::warn!(application.host, %error, "nobody can sign in");
                    return Ok(Page::unavailable(&here).show());
                }
                Err(fault) => return Err(fault.into()),
            },
        };
        let mut response = pages::see_other(&location)?;
        let lifetime = Some(self.settings.sign_in_lifetime);
        let cookie = (Kind::Browser, application);
        cookies::set(&mut response, cookie, browser.expose(), lifetime);
        if let Some(returns) = returns {
            let again = returns.saturating_add(1).to_string();
            let cookie = (Kind::Returned, application);
            cookies::set(
                &mut response,
                cookie,
                &again,
                Some(super::callback::SETTLED),
            );
        }
        Ok(response)
    }

    /// The address of the authorization request. Without `scope` it asks for everything that the
    /// application is registered for (RFC 6749 §3.3).
    async fn request(
        &self,
        needed: &SignInNeeded,
        browser: &Secret,
        now: Timestamp,
    ) -> Result<String, SignInFault> {
        let parts = self.parts()?;
        let application: &Application = &needed.application;
        let sealed = State::seal(
            parts.seal().await?,
            (browser, application),
            &needed.target,
            now,
        )?;
        let Companions { verifier, nonce } = &sealed.companions;
        let challenge = CodeChallenge::of_verifier(verifier.expose());
        let mut query = Serializer::new(String::new());
        query
            .append_pair("client_id", application.client_id())
            .append_pair("redirect_uri", &application.callback)
            .append_pair("response_type", "code")
            .append_pair("state", &sealed.text)
            .append_pair("nonce", nonce)
            .append_pair("code_challenge", &challenge.to_base64url())
            .append_pair("code_challenge_method", "S256");
        if let Some(step_up) = &needed.step_up {
            ask_for(step_up, &mut query);
        }
        let endpoint = parts.provider()?.authorization_endpoint();
        Ok(format!("{endpoint}?{}", query.finish()))
    }
}

/// Asks for another sign-in (RFC 9470 §4). `acr` is asked for as essential: an answer without it
/// would only lead here again.
fn ask_for(step_up: &StepUpNeeded, query: &mut Serializer<'_, String>) {
    if let Some(max_age) = step_up.max_age {
        query.append_pair("max_age", &max_age.as_secs().to_string());
    }
    if !step_up.acr_values.is_empty() {
        let values: Vec<&str> = step_up.acr_values.split(' ').collect();
        let claims = json!({"id_token": {"acr": {"essential": true, "values": values}}});
        query.append_pair("acr_values", &step_up.acr_values);
        query.append_pair("claims", &claims.to_string());
    }
}
