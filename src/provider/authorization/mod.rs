//! The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2).
//!
//! Two stages, two kinds of error. Until the client and its redirection URI are known an error
//! is a page (RFC 6749 §4.1.2.1); from then on every answer goes back to the client. Clients
//! come from the operator's own configuration, so signing in is consent.

mod code;
mod decision;
mod destination;
mod hint;
mod prompt;
mod request;

pub(crate) use destination::Destination;
pub(crate) use hint::VerifiedHint;
pub(crate) use request::{AuthorizationRequest, PARAMETERS};

use super::Provider;
use super::audit;
use super::error::{AuthorizationError, PageError};
use super::interaction::Interaction;
use super::params::Params;
use super::reply::Response;
use super::request::Request;
use decision::Next;

impl Provider {
    /// Answers an authorization request.
    pub(super) async fn authorize(&self, request: &Request) -> Response {
        let (params, destination) = match self.destination_of(request).await {
            Ok(found) => found,
            Err(error) => return self.error_page(&error),
        };
        match self.decide(&params, &destination, request).await {
            Ok(response) => response,
            Err(error) => self.refuse_request(&destination, &error, request),
        }
    }

    async fn destination_of(&self, request: &Request) -> Result<(Params, Destination), PageError> {
        let params = request.params()?;
        let destination = self.destination(&params, request.now).await?;
        Ok((params, destination))
    }

    async fn decide(
        &self,
        params: &Params,
        destination: &Destination,
        request: &Request,
    ) -> Result<Response, AuthorizationError> {
        let authorization = AuthorizationRequest::parse(params, &destination.client)?;
        let hint = self.hint_of(&authorization, request.now).await?;
        let session = self.session(request).await?.map(|(_, session)| session);
        match decision::decide(&authorization, hint.as_ref(), session, request.now)? {
            Next::Grant(session) => {
                self.grant(destination, &authorization, &session, request)
                    .await
            }
            Next::Interact => {
                let interaction = Interaction::begin(params, destination, &authorization);
                Ok(self.show_sign_in(&interaction, None, request).await)
            }
        }
    }

    /// Sends an error back to the client, with an audit line.
    pub(super) fn refuse_request(
        &self,
        destination: &Destination,
        error: &AuthorizationError,
        request: &Request,
    ) -> Response {
        audit::grant_refused(error.code(), error, &destination.client.id, request.peer);
        self.refuse(destination, error)
    }
}
