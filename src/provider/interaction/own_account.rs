//! Signing in to the account page: no application waits for an answer.

use http::StatusCode;

use super::{Problem, Purpose};
use crate::provider::Provider;
use crate::provider::audit;
use crate::provider::endpoint::Endpoint;
use crate::provider::error::PageError;
use crate::provider::pages::{FormAction, Message, SignInPage};
use crate::provider::reply::Response;
use crate::provider::request::Request;

impl Provider {
    /// Shows the sign-in page on the way to the account page.
    pub(crate) async fn account_sign_in_page(
        &self,
        username: &str,
        problem: Option<&Problem>,
        request: &Request,
    ) -> Result<Response, PageError> {
        let page = SignInPage {
            client_name: "your account",
            action: Endpoint::AccountSignIn,
            form_action: FormAction::default(),
            ..SignInPage::again(username, problem, request.now)
        };
        self.show_form(&page, (Purpose::AccountSignIn, ""), request)
            .await
    }

    /// Answers the form of that page.
    pub(crate) async fn submit_account_sign_in(&self, request: &Request) -> Response {
        self.page_or_error(self.sign_in_to_account(request).await)
    }

    async fn sign_in_to_account(&self, request: &Request) -> Result<Response, PageError> {
        let form = self.read_form(Purpose::AccountSignIn, request).await?;
        if form.is_canceled()? {
            return Ok(self.pages.show(&Message {
                title: "You are not signed in",
                text: "Nothing was changed. You can close this window.",
                status: StatusCode::OK,
            }));
        }
        match self.check_password(&form, None, request).await {
            Ok(user) => {
                let new = self.begin_session(user, request).await?;
                audit::signed_in(&new.session, None, request.peer);
                let mut response = self.back_to_account(None);
                self.hand_over(&new, &mut response);
                self.remember_device(form.username(), request, &mut response)
                    .await;
                Ok(response)
            }
            Err(problem) => {
                self.account_sign_in_page(form.username(), Some(&problem), request)
                    .await
            }
        }
    }
}
