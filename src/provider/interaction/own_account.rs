//! Signing in to the account page: no application waits for an answer.

use http::{StatusCode, header};

use super::{Browser, Opened, Problem, Purpose};
use crate::provider::Provider;
use crate::provider::audit;
use crate::provider::error::PageError;
use crate::provider::pages::{Message, SignInPage};
use crate::provider::reply::{self, Response};
use crate::provider::request::Request;

impl Provider {
    /// Shows the sign-in page on the way to the account page.
    pub(crate) async fn account_sign_in_page(
        &self,
        username: &str,
        problem: Option<&Problem>,
        request: &Request,
    ) -> Result<Response, PageError> {
        let browser = Browser::of(request, &self.settings.issuer)?;
        let tickets = self.tickets().await?;
        let ticket = tickets.issue(Purpose::AccountSignIn, &browser, "", request.now);
        let page = SignInPage {
            client_name: "your account",
            username,
            ticket: &ticket,
            problem: problem.map(|problem| problem.text(request.now)),
        };
        let status = problem.map(Problem::status).unwrap_or_default();
        let mut response = self.pages.sign_in_to_account(status, &page);
        if let Some(after) = problem.and_then(|problem| problem.retry_after_s(request.now)) {
            reply::set_header(&mut response, header::RETRY_AFTER, &after.to_string());
        }
        self.remember_browser(&browser, &mut response);
        Ok(response)
    }

    /// Answers the form of that page.
    pub(crate) async fn submit_account_sign_in(&self, request: &Request) -> Response {
        match self.sign_in_to_account(request).await {
            Ok(response) => response,
            Err(error) => self.error_page(&error),
        }
    }

    async fn sign_in_to_account(&self, request: &Request) -> Result<Response, PageError> {
        if !request.is_same_origin(&self.settings.issuer) {
            return Err(PageError::CrossSite);
        }
        let form = request.form()?;
        let ticket = form.one("ticket")?.ok_or(PageError::ForeignTicket)?;
        let purpose = Purpose::AccountSignIn;
        let opened = self.open_ticket(purpose, ticket, request).await?;
        if form.one("cancel")?.is_some() {
            let message = Message {
                title: "You are not signed in",
                text: "Nothing was changed. You can close this window.",
            };
            return Ok(self.pages.message(StatusCode::OK, &message));
        }
        let checked = match opened {
            Opened::Fresh(_) => self.check_form(&form, None, request).await,
            Opened::Stale(_) => Err(Problem::Expired),
        };
        match checked {
            Ok(user) => {
                let new = self.begin_session(user, request).await?;
                audit::signed_in(&new.session, None, request.peer);
                let mut response = self.back_to_account(None);
                self.hand_over(&new, &mut response);
                let username = form.one("username")?.unwrap_or_default();
                self.remember_device(username, request, &mut response).await;
                Ok(response)
            }
            Err(problem) => {
                let username = form.one("username")?.unwrap_or_default();
                self.account_sign_in_page(username, Some(&problem), request)
                    .await
            }
        }
    }
}
