//! The sign-in page: an authorization request that waits for its user.
//!
//! Nothing is stored before somebody signs in. The request waits in the page itself, as a
//! ticket that is authenticated and bound to this one browser, so any number of tabs may wait
//! side by side and none of them can be finished elsewhere. When the form comes back the request
//! is checked again from the start.

mod browser;
mod known_device;
mod own_account;
mod password;
mod problem;
mod sign_in;
mod ticket;

pub(crate) use browser::Browser;
pub(crate) use known_device::DeviceSeal;
pub(crate) use problem::Problem;
pub(crate) use ticket::{Opened, Purpose, Tickets};

use http::header;

use super::Provider;
use super::authorization::{AuthorizationRequest, Destination, PARAMETERS};
use super::cookies::{self, CookieKind};
use super::error::PageError;
use super::pages::SignInPage;
use super::params::Params;
use super::reply::{self, Response};
use super::request::Request;
use crate::store::StoreError;

/// An authorization request that waits for its user.
#[derive(Debug)]
pub(crate) struct Interaction {
    /// The parameters of the request, encoded.
    request: String,
    /// What the user reads as the client's name.
    client_name: String,
    /// Where the browser goes afterwards, as the Content-Security-Policy names it.
    form_action: String,
    /// What stands in the user name field.
    username: String,
}

impl Interaction {
    /// Begins with the parameters as they came.
    pub(crate) fn begin(
        params: &Params,
        destination: &Destination,
        authorization: &AuthorizationRequest,
    ) -> Self {
        Self {
            request: params.encode(&PARAMETERS),
            client_name: destination.client.name.clone(),
            form_action: destination.redirect_uri.csp_source(),
            username: authorization.login_hint.clone().unwrap_or_default(),
        }
    }

    /// The same with another user name in the field.
    fn with_username(mut self, username: &str) -> Self {
        username.clone_into(&mut self.username);
        self
    }
}

impl Provider {
    /// Shows the sign-in page, with what went wrong the last time.
    pub(super) async fn show_sign_in(
        &self,
        interaction: &Interaction,
        problem: Option<&Problem>,
        request: &Request,
    ) -> Response {
        match self.sign_in_page(interaction, problem, request).await {
            Ok(response) => response,
            Err(error) => self.error_page(&error),
        }
    }

    async fn sign_in_page(
        &self,
        interaction: &Interaction,
        problem: Option<&Problem>,
        request: &Request,
    ) -> Result<Response, PageError> {
        let browser = Browser::of(request, &self.settings.issuer)?;
        let ticket = self.tickets().await?.issue(
            Purpose::SignIn,
            &browser,
            &interaction.request,
            request.now,
        );
        let page = SignInPage {
            client_name: &interaction.client_name,
            username: &interaction.username,
            ticket: &ticket,
            problem: problem.map(|problem| problem.text(request.now)),
        };
        let status = problem.map(Problem::status).unwrap_or_default();
        let mut response = self.pages.sign_in(status, &page, &interaction.form_action);
        if let Some(after) = problem.and_then(|problem| problem.retry_after_s(request.now)) {
            reply::set_header(&mut response, header::RETRY_AFTER, &after.to_string());
        }
        self.remember_browser(&browser, &mut response);
        Ok(response)
    }

    /// Gives a browser that was not known the cookie that its pages are bound to.
    pub(super) fn remember_browser(&self, browser: &Browser, response: &mut Response) {
        if let Some(secret) = browser.unknown_before() {
            cookies::set(response, CookieKind::Browser, &self.settings.issuer, secret);
        }
    }

    /// What authenticates tickets. Its key is kept in the store, so that a page outlives a
    /// restart and can be answered by another process.
    pub(super) async fn tickets(&self) -> Result<&Tickets, StoreError> {
        self.tickets
            .get_or_try_init(|| async {
                let secret = self.parts.store.secret("interaction").await?;
                Ok(Tickets::new(&secret))
            })
            .await
    }
}
