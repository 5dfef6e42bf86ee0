//! The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2).
//!
//! Two stages, two kinds of error. Until the client and its redirection URI are known an error
//! is a page (RFC 6749 §4.1.2.1); from then on every answer goes back to the client. What the
//! user must do in between, to choose an account, to sign in, to consent, is decided in one place,
//! to which every page comes back.

mod code;
mod decision;
mod destination;
mod hint;
mod prompt;
mod request;
mod response_mode;

pub(crate) use decision::Stage;
pub(crate) use destination::Destination;
pub(crate) use hint::VerifiedHint;
pub(crate) use prompt::PromptValue;
pub(crate) use request::{AuthorizationRequest, PARAMETERS};
pub(crate) use response_mode::ResponseMode;

use super::Provider;
use super::audit;
use super::error::{AuthorizationError, PageError};
use super::interaction::Interaction;
use super::params::Params;
use super::reply::Response;
use super::request::Request;
use crate::model::Session;
use decision::{Next, Question};
use prompt::Prompt;

impl Provider {
    /// Answers an authorization request.
    pub(super) async fn authorize(&self, request: &Request) -> Response {
        let (params, destination) = match self.destination_of(request).await {
            Ok(found) => found,
            Err(error) => return self.error_page(&error, request),
        };
        match self.begin(&params, &destination, request).await {
            Ok(response) => response,
            Err(error) => self.refuse_request(&destination, &error, request),
        }
    }

    async fn destination_of(&self, request: &Request) -> Result<(Params, Destination), PageError> {
        let params = request.params()?;
        let destination = self.destination(&params, request).await?;
        Ok((params, destination))
    }

    async fn begin(
        &self,
        params: &Params,
        destination: &Destination,
        request: &Request,
    ) -> Result<Response, AuthorizationError> {
        let interaction = Interaction::begin(params, destination)?;
        let session = self.session(request).await?.map(|(_, session)| session);
        self.proceed(&interaction, Stage::Begun, session, request)
            .await
    }

    /// Goes on with a request whose user has come to `stage`: with the next page, or with a code.
    pub(super) async fn proceed(
        &self,
        interaction: &Interaction,
        stage: Stage,
        session: Option<Session>,
        request: &Request,
    ) -> Result<Response, AuthorizationError> {
        let question = Question {
            authorization: &interaction.authorization,
            expected: self
                .expected_user(
                    &interaction.authorization,
                    &interaction.destination.client,
                    request.now,
                )
                .await?,
            stage,
            now: request.now,
        };
        let session = match question.decide(session)? {
            Next::Authorize(session) => session,
            Next::ChooseAccount(session) => {
                return Ok(self
                    .show_account_choice(interaction, &session, request)
                    .await);
            }
            Next::SignIn(login) => {
                let login = login.unwrap_or_default();
                return Ok(self.show_sign_in(interaction, &login, request).await);
            }
        };
        // Every code goes by here. Asked before the user is: nobody allows what nobody gets.
        if !interaction.destination.client.access.admits(&session.user) {
            return Err(AuthorizationError::UserNotAdmitted);
        }
        if stage < Stage::Consented && self.must_ask(interaction, &session).await? {
            if interaction.authorization.prompt == Prompt::Never {
                return Err(AuthorizationError::ConsentRequired);
            }
            return Ok(self.show_consent(interaction, &session, request).await);
        }
        self.grant(interaction, &session, request).await
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
