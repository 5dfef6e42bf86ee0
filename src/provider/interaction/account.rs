//! The page that asks which account to go on with (`prompt=select_account`).
//!
//! One browser has one session, so there are two answers: its account, or another one, which is
//! chosen by signing in to it.

use super::{Browser, Interaction, Purpose};
use crate::model::Session;
use crate::provider::Provider;
use crate::provider::authorization::Stage;
use crate::provider::error::{AuthorizationError, PageError};
use crate::provider::pages::SelectAccountPage;
use crate::provider::reply::Response;
use crate::provider::request::Request;

use super::submission::Submission;

impl Provider {
    /// Shows the page to the user of `session`.
    pub(crate) async fn show_account_choice(
        &self,
        interaction: &Interaction,
        session: &Session,
        request: &Request,
    ) -> Response {
        self.shown(
            self.account_choice_page(interaction, session, request)
                .await,
        )
    }

    async fn account_choice_page(
        &self,
        interaction: &Interaction,
        session: &Session,
        request: &Request,
    ) -> Result<Response, PageError> {
        let browser = Browser::of(request, &self.settings.issuer)?;
        let waiting = (interaction, session.id.as_str());
        let ticket = self
            .issue_ticket(Purpose::SelectAccount, waiting, &browser, request)
            .await?;
        let page = SelectAccountPage {
            client_name: &interaction.destination.client.name,
            user_name: session.user.name.as_deref(),
            login: &session.user.login,
            ticket: &ticket,
        };
        let form_action = interaction.destination.redirect_uri.form_action();
        let mut response = self.pages.select_account(&page, &form_action);
        self.remember_browser(&browser, &mut response);
        Ok(response)
    }

    /// Answers the form of that page.
    pub(crate) async fn submit_account_choice(&self, request: &Request) -> Response {
        match self.submission(Purpose::SelectAccount, request).await {
            Ok(submission) => {
                let outcome = self.choose_account(&submission, request).await;
                self.settle(&submission, outcome, request)
            }
            Err(error) => self.error_page(&error),
        }
    }

    async fn choose_account(
        &self,
        submission: &Submission,
        request: &Request,
    ) -> Result<Response, AuthorizationError> {
        let interaction = submission.interaction()?;
        submission.check_canceled()?;
        if submission.form.one("account")? == Some("another") {
            return Ok(self.show_sign_in(&interaction, "", request).await);
        }
        let session = self.current_session(request).await?;
        let is_theirs = session
            .as_ref()
            .is_some_and(|session| session.id.as_str() == submission.binding);
        // Somebody else signed in meanwhile, in another tab: not the account on the page.
        let stage = if is_theirs && !submission.is_stale {
            Stage::AccountChosen
        } else {
            Stage::Begun
        };
        self.proceed(&interaction, stage, session, request).await
    }
}
