//! Signing in to the account page: no application waits for an answer.

use super::{Problem, Purpose};
use crate::provider::Provider;
use crate::provider::audit;
use crate::provider::endpoint::Endpoint;
use crate::provider::error::PageError;
use crate::provider::pages::{FormAction, Message, SignInPage, Texts};
use crate::provider::reply::Response;
use crate::provider::request::Request;

impl Provider {
    /// Shows the sign-in page on the way to the account page.
    pub(crate) async fn account_sign_in_page(
        &self,
        texts: &Texts,
        (username, problem): (&str, Option<&Problem>),
        request: &Request,
    ) -> Result<Response, PageError> {
        let page = SignInPage {
            client_name: None,
            action: Endpoint::AccountSignIn,
            form_action: FormAction::default(),
            ..SignInPage::again(username, problem, request.now)
                .linking(self.settings.backend_page.as_deref(), problem)
        };
        self.show_form(texts, &page, (Purpose::AccountSignIn, ""), request)
            .await
    }

    /// Answers the form of that page.
    pub(crate) async fn submit_account_sign_in(&self, request: &Request) -> Response {
        let page = self.sign_in_to_account(request).await;
        self.page_or_error(page, request)
    }

    async fn sign_in_to_account(&self, request: &Request) -> Result<Response, PageError> {
        let form = self.read_form(Purpose::AccountSignIn, request).await?;
        if form.is_canceled()? {
            return Ok(self.pages.show(&form.texts, &Message::NotSignedIn));
        }
        match self.check_password(&form, None, request).await {
            Ok(signed_in) => {
                let new = self.begin_session(signed_in, request).await?;
                audit::signed_in(&new.session, None, request.peer);
                let mut response = self.back_to_account(None, &form.texts, request);
                self.hand_over(&new, &mut response);
                self.remember_device(form.username(), request, &mut response)
                    .await;
                Ok(response)
            }
            Err(problem) => {
                let again = (form.username(), Some(&problem));
                self.account_sign_in_page(&form.texts, again, request).await
            }
        }
    }
}
