//! Signing out (OpenID Connect RP-Initiated Logout 1.0).
//!
//! A request with an ID token of the user who is signed in is trusted and done at once. Anything
//! less certain is asked about on a page first, since any site can send a browser here.

mod back_channel;
mod confirmation;
mod front_channel;
mod request;

pub use back_channel::LogoutCourier;

use http::Method;

use super::Provider;
use super::audit;
use super::cookies::{self, CookieKind};
use super::endpoint::Endpoint;
use super::error::PageError;
use super::reply::{self, Response};
use super::request::Request;
use crate::model::{ClientId, Session, SessionId, Subject};
use crate::store::StoreError;
use request::{LogoutDestination, LogoutRequest};

impl Provider {
    /// Answers a request to sign out.
    pub(super) async fn end_session(&self, request: &Request) -> Response {
        let page = self.decide_logout(request).await;
        self.page_or_error(page, request)
    }

    async fn decide_logout(&self, request: &Request) -> Result<Response, PageError> {
        let params = request.params()?;
        let logout = self.parse_logout(&params, request).await?;
        let session = self.session(request).await?.map(|(_, session)| session);
        match session {
            // Browsers keep the cookie back when another site posts here. The same request made
            // with GET carries it.
            None if request.method == Method::POST
                && !request.is_same_origin(&self.settings.issuer) =>
            {
                let path = self.settings.issuer.endpoint(Endpoint::EndSession.path());
                let query = params.encode(&request::PARAMETERS);
                Ok(reply::see_other(&format!("{path}?{query}")))
            }
            Some(session) if logout.is_of(&session) => {
                self.finish_logout(&logout, Some(&session), request).await
            }
            Some(session) => self.ask_to_sign_out(&logout, &session, request).await,
            None => self.finish_logout(&logout, None, request).await,
        }
    }

    /// Ends the session, then sends the browser where the client wants it, or says that it is
    /// done.
    async fn finish_logout(
        &self,
        logout: &LogoutRequest,
        session: Option<&Session>,
        request: &Request,
    ) -> Result<Response, PageError> {
        let hint = logout.hint.as_ref();
        let ended = match (session, hint) {
            (Some(session), _) => Some((&session.id, &session.user.subject)),
            // The browser lost its cookie; what the client holds of that session ends too.
            (None, Some(hint)) => hint.session_id.as_ref().map(|id| (id, &hint.subject)),
            (None, None) => None,
        };
        let frames = match ended {
            Some((id, subject)) => {
                let clients = self.sign_out(id, subject, request).await?;
                self.frames(&clients, id, request.now).await
            }
            None => Vec::new(),
        };
        let next = logout.destination.as_ref();
        let next = next.map(LogoutDestination::location);
        let mut response = self.say_signed_out(frames, next, &logout.texts);
        cookies::clear(&mut response, CookieKind::Session, &self.settings.issuer);
        Ok(response)
    }

    /// Ends a session with every grant that was given in it; returns the clients it was used
    /// with.
    pub(super) async fn sign_out(
        &self,
        session: &SessionId,
        subject: &Subject,
        request: &Request,
    ) -> Result<Vec<ClientId>, StoreError> {
        let store = &self.parts.store;
        let clients = store.end_session(session, request.now).await?;
        audit::signed_out(session, subject, request.peer);
        Ok(clients)
    }
}
