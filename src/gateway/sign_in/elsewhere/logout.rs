//! The end of such a session: asked for at the application, or told by the issuer.

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};

use crate::gateway::audit;
use crate::gateway::rejection::Rejection;
use crate::gateway::sign_in::application::Elsewhere;
use crate::gateway::sign_in::cookies::{self, Kind, session_cookie};
use crate::gateway::sign_in::endpoint::{Call, SIGNED_OUT_PATH};
use crate::gateway::sign_in::pages::{self, Page};
use crate::gateway::sign_in::{Application, SignInFault, SignIns};
use crate::issuers::{EndSessionRequest, RelyingPartyError};
use crate::jose::{IdTokenError, JwtError};
use crate::secret::Digest;

impl SignIns {
    /// Asks whether the user means it.
    pub(in crate::gateway::sign_in) async fn ask_to_sign_out_elsewhere(
        &self,
        application: &Application,
        elsewhere: &Elsewhere,
        call: &Call<'_>,
    ) -> Result<Response<Bytes>, Rejection> {
        let parts = self.parts()?;
        let is_signed_in = match session_cookie(call.request.headers(), application) {
            Some(cookie) => parts.is_signed_in(&cookie, application, call.now).await?,
            None => false,
        };
        if !is_signed_in {
            return Ok(Page::signed_out(&[]).show());
        }
        let metadata = elsewhere.party.known_metadata();
        let origin = metadata.and_then(|metadata| metadata.end_session_origin());
        Ok(Page::ask_to_sign_out().leading_to(origin).show())
    }

    /// Signs out here, in every application of the same session at the issuer, and then there.
    pub(in crate::gateway::sign_in) async fn sign_out_elsewhere(
        &self,
        application: &Application,
        elsewhere: &Elsewhere,
        call: &Call<'_>,
    ) -> Result<Response<Bytes>, Rejection> {
        let parts = self.parts()?;
        let mut leads_to = None;
        if let Some(cookie) = session_cookie(call.request.headers(), application)
            && let Some(session) = parts.find_elsewhere(&cookie, application, call.now).await?
        {
            let ended = parts.store.end_issuer_session(&session, call.now);
            ended.await.map_err(SignInFault::from)?;
            parts.sessions.forget(&cookie);
            audit::signed_out_elsewhere(&session, call.told_by());
            let redirect_uri = [&application.origin, SIGNED_OUT_PATH].concat();
            let request = EndSessionRequest {
                id_token: session.tokens.id_token.expose(),
                redirect_uri: &redirect_uri,
            };
            // What is known will do: nobody waits for an issuer to be signed out here.
            let metadata = elsewhere.party.known_metadata();
            let url = metadata.and_then(|it| elsewhere.party.end_session_url(&it, &request));
            leads_to = url;
        }
        let mut response = match leads_to {
            Some(url) => pages::see_other(&url)?,
            None => Page::signed_out(&[]).show(),
        };
        cookies::clear(&mut response, Kind::Session, application);
        Ok(response)
    }

    /// Is told by the issuer that a session there has ended (OpenID Connect Back-Channel Logout §2.5).
    pub(in crate::gateway::sign_in) async fn be_told_of_end(
        &self,
        application: &Application,
        call: &Call<'_>,
    ) -> Result<Response<Bytes>, Rejection> {
        let parts = self.parts()?;
        let Some((elsewhere, token)) = application.issuer().zip(logout_token(call)) else {
            return Ok(told(StatusCode::BAD_REQUEST));
        };
        let party = &elsewhere.party;
        let may_ask = parts.verifier.may_ask_about(call.peer, &token, call.now);
        may_ask.map_err(Rejection::from)?;
        let ended = match party.ended(&token, call.now).await {
            Ok(ended) => ended,
            Err(error) if error.is_outage() => return Err(SignInFault::from(error).into()),
            Err(error) => {
                if error == RelyingPartyError::IdToken(IdTokenError::Jwt(JwtError::Signature)) {
                    parts.verifier.count_failure(call.peer, call.now);
                }
                let host = &application.host;
                audit::logout_token_refused(error.reason(), host, call.told_by());
                return Ok(told(StatusCode::BAD_REQUEST));
            }
        };
        let names = (ended.subject.as_deref(), ended.session_id.as_deref());
        let store = &parts.store;
        let known_as = [party.issuer(), party.client_id(), &ended.identifier].join("\n");
        let known_as = Digest::of(known_as.as_bytes());
        let is_first = store.spend_assertion(&known_as, ended.good_until).await;
        if !is_first.map_err(SignInFault::from)? {
            audit::logout_token_refused("replayed", &application.host, call.told_by());
            return Ok(told(StatusCode::BAD_REQUEST));
        }
        let whose = (party.issuer(), party.client_id());
        let n_ended = store.end_sessions_by_issuer(whose, names, call.now).await;
        let n_ended = n_ended.map_err(SignInFault::from)?;
        audit::ended_by_issuer(party.issuer(), n_ended, call.told_by());
        Ok(told(StatusCode::OK))
    }
}

/// The one `logout_token` of a form.
fn logout_token(call: &Call<'_>) -> Option<String> {
    let mut tokens = form_urlencoded::parse(call.request.body())
        .filter(|(name, _)| name == "logout_token")
        .map(|(_, value)| value.into_owned());
    match (tokens.next(), tokens.next()) {
        (Some(token), None) => Some(token),
        _ => None,
    }
}

/// The answer (§2.8); an error's reason is in the log.
fn told(status: StatusCode) -> Response<Bytes> {
    let body = match status {
        StatusCode::OK => "",
        _ => r#"{"error":"invalid_request"}"#,
    };
    let mut response = Response::new(Bytes::from_static(body.as_bytes()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !body.is_empty() {
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
    }
    response
}
