//! The sign-in page, and its form when it comes back.

use http::header;

use super::submission::Submission;
use super::{Browser, Interaction, Problem, Purpose};
use crate::model::UserProfile;
use crate::provider::Provider;
use crate::provider::audit;
use crate::provider::authorization::Stage;
use crate::provider::error::{AuthorizationError, PageError};
use crate::provider::pages::SignInPage;
use crate::provider::reply::{self, Response};
use crate::provider::request::Request;

impl Provider {
    /// Shows the sign-in page. The user name field has what the client hints at, or else `login`.
    pub(crate) async fn show_sign_in(
        &self,
        interaction: &Interaction,
        login: &str,
        request: &Request,
    ) -> Response {
        let hint = interaction.authorization.login_hint.as_deref();
        let username = hint.unwrap_or(login);
        self.shown(
            self.sign_in_page(interaction, (username, None), request)
                .await,
        )
    }

    async fn sign_in_page(
        &self,
        interaction: &Interaction,
        (username, problem): (&str, Option<&Problem>),
        request: &Request,
    ) -> Result<Response, PageError> {
        let browser = Browser::of(request, &self.settings.issuer)?;
        let ticket = self
            .issue_ticket(Purpose::SignIn, (interaction, ""), &browser, request)
            .await?;
        let page = SignInPage {
            client_name: &interaction.destination.client.name,
            username,
            ticket: &ticket,
            problem: problem.map(|problem| problem.text(request.now)),
        };
        let status = problem.map(Problem::status).unwrap_or_default();
        let form_action = interaction.destination.redirect_uri.form_action();
        let mut response = self.pages.sign_in(status, &page, &form_action);
        if let Some(after) = problem.and_then(|problem| problem.retry_after_s(request.now)) {
            reply::set_header(&mut response, header::RETRY_AFTER, &after.to_string());
        }
        self.remember_browser(&browser, &mut response);
        Ok(response)
    }

    /// Answers the form of the sign-in page.
    pub(crate) async fn submit_sign_in(&self, request: &Request) -> Response {
        match self.submission(Purpose::SignIn, request).await {
            Ok(submission) => {
                let outcome = self.sign_in(&submission, request).await;
                self.settle(&submission, outcome, request)
            }
            Err(error) => self.error_page(&error),
        }
    }

    async fn sign_in(
        &self,
        submission: &Submission,
        request: &Request,
    ) -> Result<Response, AuthorizationError> {
        let interaction = submission.interaction()?;
        submission.check_canceled()?;
        let checked = if submission.is_stale {
            Err(Problem::Expired)
        } else {
            let client = &submission.destination.client.id;
            self.check_form(&submission.form, Some(client), request)
                .await
        };
        match checked {
            Ok(user) => {
                let mut response = self.finish(&interaction, user, request).await?;
                let username = submission.form.one("username")?.unwrap_or_default();
                self.remember_device(username, request, &mut response).await;
                Ok(response)
            }
            Err(problem) => {
                let username = submission.form.one("username")?.unwrap_or_default();
                let again = (username, Some(&problem));
                Ok(self.shown(self.sign_in_page(&interaction, again, request).await))
            }
        }
    }

    /// The password was right: a session begins, and the request goes on. Whatever comes of the
    /// request, also an error of ours, the browser gets the session that was begun for it.
    async fn finish(
        &self,
        interaction: &Interaction,
        user: UserProfile,
        request: &Request,
    ) -> Result<Response, AuthorizationError> {
        let destination = &interaction.destination;
        let new = self.begin_session(user, request).await?;
        audit::signed_in(&new.session, Some(&destination.client.id), request.peer);
        let session = Some(new.session.clone());
        let mut response = self
            .proceed(interaction, Stage::SignedIn, session, request)
            .await
            .unwrap_or_else(|error| self.refuse_request(destination, &error, request));
        self.hand_over(&new, &mut response);
        Ok(response)
    }
}
