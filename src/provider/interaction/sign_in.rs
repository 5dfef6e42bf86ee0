//! The sign-in page, and its form when it comes back.

use super::submission::Submission;
use super::{Interaction, Problem, Purpose};
use crate::provider::Provider;
use crate::provider::audit;
use crate::provider::authorization::Stage;
use crate::provider::endpoint::Endpoint;
use crate::provider::error::AuthorizationError;
use crate::provider::pages::SignInPage;
use crate::provider::reply::Response;
use crate::provider::request::Request;
use crate::users::SignedIn;

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
        self.sign_in_page(interaction, (username, None), request)
            .await
    }

    async fn sign_in_page(
        &self,
        interaction: &Interaction,
        (username, problem): (&str, Option<&Problem>),
        request: &Request,
    ) -> Response {
        let page = SignInPage {
            client_name: Some(&interaction.destination.client.name),
            action: Endpoint::SignIn,
            form_action: interaction.form_action(),
            ..SignInPage::again(username, problem, request.now)
                .linking(self.settings.backend_page.as_deref(), problem)
        };
        let sealed = interaction.sealed("");
        let sealed = (Purpose::SignIn, sealed.as_str());
        let texts = &interaction.destination.texts;
        let page = self.show_form(texts, &page, sealed, request).await;
        self.page_or_error(page, request)
    }

    /// Answers the form of the sign-in page.
    pub(super) async fn sign_in(
        &self,
        submission: &Submission,
        request: &Request,
    ) -> Result<Response, AuthorizationError> {
        let interaction = submission.interaction()?;
        submission.check_canceled()?;
        let client = &submission.destination.client.id;
        let form = &submission.form;
        match self.check_password(form, Some(client), request).await {
            Ok(signed_in) => {
                let mut response = self.finish(&interaction, signed_in, request).await?;
                self.remember_device(form.username(), request, &mut response)
                    .await;
                Ok(response)
            }
            Err(problem) => {
                let again = (form.username(), Some(&problem));
                Ok(self.sign_in_page(&interaction, again, request).await)
            }
        }
    }

    /// The password was right: a session begins, and the request goes on. Whatever comes of the
    /// request, also an error of ours, the browser gets the session that was begun for it.
    async fn finish(
        &self,
        interaction: &Interaction,
        signed_in: SignedIn,
        request: &Request,
    ) -> Result<Response, AuthorizationError> {
        let destination = &interaction.destination;
        let new = self.begin_session(signed_in, request).await?;
        audit::signed_in(&new.session, Some(&destination.client.id), request.peer);
        let session = Some(new.session.clone());
        let mut response = self
            .proceed_from_form(interaction, Stage::SignedIn, session, request)
            .await
            .unwrap_or_else(|error| self.refuse_request(destination, &error, request));
        self.hand_over(&new, &mut response);
        Ok(response)
    }
}
