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
use super::reply::{self, Response};
use super::request::Request;
use crate::model::{Session, SessionId, Timestamp};
use decision::{Decision, Next};
use prompt::Prompt;

/// What a request leads to.
enum Step {
    /// The user is asked something.
    Ask(Question),
    /// A code, out of this session.
    Grant(Session),
}

/// What the user is asked.
enum Question {
    /// Whether to go on with the account of this session.
    Account(Session),
    /// To sign in, perhaps with this login.
    Password(Option<String>),
    /// To allow what is asked for; so far the user has come before that.
    Consent(Session, Stage),
}

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
        let step = self.next_step(interaction, stage, session, request.now);
        match step.await? {
            Step::Grant(session) => self.grant(interaction, &session, request).await,
            Step::Ask(question) => Ok(self.ask(interaction, &question, request).await),
        }
    }

    /// The same after a form of ours: the next page has an address of its own, so that loading it
    /// again sends no form again, least of all a password.
    pub(super) async fn proceed_from_form(
        &self,
        interaction: &Interaction,
        stage: Stage,
        session: Option<Session>,
        request: &Request,
    ) -> Result<Response, AuthorizationError> {
        let id = session.as_ref().map(|session| session.id.clone());
        let step = self.next_step(interaction, stage, session, request.now);
        let waiting = (interaction, stage, id.as_ref());
        self.follow(waiting, step.await?, request).await
    }

    /// The same after the user allowed what is asked for. Whatever else has to hold is asked again:
    /// the page may have been looked at for longer than a sign-in may be old (OpenID Connect Core
    /// §3.1.2.1, `max_age`).
    pub(super) async fn proceed_allowed(
        &self,
        interaction: &Interaction,
        stage: Stage,
        session: Option<Session>,
        request: &Request,
    ) -> Result<Response, AuthorizationError> {
        let id = session.as_ref().map(|session| session.id.clone());
        let step = self.find_session(interaction, stage, session, request.now);
        let waiting = (interaction, stage, id.as_ref());
        self.follow(waiting, step.await?, request).await
    }

    async fn follow(
        &self,
        waiting: (&Interaction, Stage, Option<&SessionId>),
        step: Step,
        request: &Request,
    ) -> Result<Response, AuthorizationError> {
        let (interaction, ..) = waiting;
        let question = match step {
            Step::Grant(session) => return self.grant(interaction, &session, request).await,
            Step::Ask(question) => question,
        };
        match self.address_of_next(waiting, request).await? {
            Some(address) => Ok(reply::see_other(&address)),
            None => Ok(self.ask(interaction, &question, request).await),
        }
    }

    async fn next_step(
        &self,
        interaction: &Interaction,
        stage: Stage,
        session: Option<Session>,
        now: Timestamp,
    ) -> Result<Step, AuthorizationError> {
        let session = match self.find_session(interaction, stage, session, now).await? {
            Step::Grant(session) => session,
            Step::Ask(question) => return Ok(Step::Ask(question)),
        };
        if self.must_ask(interaction, &session).await? {
            if interaction.authorization.prompt == Prompt::Never {
                return Err(AuthorizationError::ConsentRequired);
            }
            return Ok(Step::Ask(Question::Consent(session, stage)));
        }
        Ok(Step::Grant(session))
    }

    /// The session to answer out of, as far as its user need not be asked for that; consent is
    /// another matter.
    async fn find_session(
        &self,
        interaction: &Interaction,
        stage: Stage,
        session: Option<Session>,
        now: Timestamp,
    ) -> Result<Step, AuthorizationError> {
        let authorization = &interaction.authorization;
        let client = &interaction.destination.client;
        let decision = Decision {
            authorization,
            expected: self.expected_user(authorization, client, now).await?,
            stage,
            now,
        };
        let session = match decision.decide(session)? {
            Next::Authorize(session) => session,
            Next::ChooseAccount(session) => return Ok(Step::Ask(Question::Account(session))),
            Next::SignIn(login) => return Ok(Step::Ask(Question::Password(login))),
        };
        // Every code goes by here. Asked before the user is: nobody allows what nobody gets.
        if !client.access.admits(&session.user) {
            return Err(AuthorizationError::UserNotAdmitted);
        }
        Ok(Step::Grant(session))
    }

    async fn ask(
        &self,
        interaction: &Interaction,
        question: &Question,
        request: &Request,
    ) -> Response {
        match question {
            Question::Account(session) => {
                self.show_account_choice(interaction, session, request)
                    .await
            }
            Question::Password(login) => {
                let login = login.as_deref().unwrap_or_default();
                self.show_sign_in(interaction, login, request).await
            }
            Question::Consent(session, stage) => {
                self.show_consent(interaction, (session, *stage), request)
                    .await
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
