//! Signing out (OpenID Connect RP-Initiated Logout 1.0).
//!
//! A request with an ID token of the user who is signed in is trusted and done at once. Anything
//! less certain is asked about on a page first, since any site can send a browser here.

mod confirmation;
mod request;

use http::StatusCode;

use super::Provider;
use super::audit;
use super::cookies::{self, CookieKind};
use super::error::PageError;
use super::pages::Message;
use super::reply::{self, Response};
use super::request::Request;
use crate::model::Session;
use crate::store::StoreError;
use request::LogoutRequest;

impl Provider {
    /// Answers a request to sign out.
    pub(super) async fn end_session(&self, request: &Request) -> Response {
        match self.decide_logout(request).await {
            Ok(response) => response,
            Err(error) => self.error_page(&error),
        }
    }

    async fn decide_logout(&self, request: &Request) -> Result<Response, PageError> {
        let logout = self.parse_logout(&request.params()?, request.now)?;
        let session = self.session(request).await?.map(|(_, session)| session);
        match session {
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
        if let Some(session) = session {
            self.sign_out(session, request).await?;
        }
        let mut response = match &logout.destination {
            Some(destination) => reply::see_other(&destination.location()),
            None => self.pages.message(
                StatusCode::OK,
                &Message {
                    title: "You are signed out",
                    text: "You can close this window.",
                },
            ),
        };
        cookies::clear(&mut response, CookieKind::Session, &self.settings.issuer);
        Ok(response)
    }

    /// Ends a session with every grant that was given in it.
    async fn sign_out(&self, session: &Session, request: &Request) -> Result<(), StoreError> {
        let store = &self.parts.store;
        store.end_session(&session.id, request.now).await?;
        audit::signed_out(session, request.peer);
        Ok(())
    }
}
