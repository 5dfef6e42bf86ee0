//! The page that asks which account to go on with (`prompt=select_account`).
//!
//! One browser has one session, so there are two answers: its account, or another one, which is
//! chosen by signing in to it.

use super::submission::Submission;
use super::{Interaction, Purpose};
use crate::model::Session;
use crate::provider::Provider;
use crate::provider::authorization::Stage;
use crate::provider::error::AuthorizationError;
use crate::provider::pages::SelectAccountPage;
use crate::provider::reply::Response;
use crate::provider::request::Request;

impl Provider {
    /// Shows the page to the user of `session`.
    pub(crate) async fn show_account_choice(
        &self,
        interaction: &Interaction,
        session: &Session,
        request: &Request,
    ) -> Response {
        let page = SelectAccountPage {
            client_name: &interaction.destination.client.name,
            user_name: session.user.name.as_deref(),
            login: &session.user.login,
            form_action: interaction.form_action(),
        };
        let sealed = interaction.sealed(session.id.as_str());
        let sealed = (Purpose::SelectAccount, sealed.as_str());
        let texts = &interaction.destination.texts;
        let page = self.show_form(texts, &page, sealed, request).await;
        self.page_or_error(page, request)
    }

    /// Answers the form of that page.
    pub(super) async fn choose_account(
        &self,
        submission: &Submission,
        request: &Request,
    ) -> Result<Response, AuthorizationError> {
        let interaction = submission.interaction()?;
        submission.check_canceled()?;
        if submission.form.fields.one("account")? == Some("another") {
            return Ok(self.show_sign_in(&interaction, "", request).await);
        }
        let session = self.current_session(request).await?;
        let is_theirs = session
            .as_ref()
            .is_some_and(|session| session.id.as_str() == submission.binding);
        // Somebody else signed in meanwhile, in another tab: not the account on the page.
        let stage = if is_theirs && !submission.form.is_stale {
            Stage::AccountChosen
        } else {
            Stage::Begun
        };
        self.proceed_from_form(&interaction, stage, session, request)
            .await
    }
}
