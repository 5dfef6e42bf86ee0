//! The pages between an authorization request and its answer: choosing an account, signing in,
//! consenting.
//!
//! Nothing is stored before somebody signs in. The request waits in the page itself, as a
//! ticket that is authenticated and bound to this one browser, so any number of tabs may wait
//! side by side and none of them can be finished elsewhere. When a form comes back the request
//! is checked again from the start.

mod account;
mod browser;
mod consent;
mod form;
mod known_device;
mod own_account;
mod password;
mod problem;
mod resumption;
mod sign_in;
mod submission;
mod ticket;

pub(crate) use browser::Browser;
pub(crate) use form::OwnForm;
pub(crate) use known_device::DeviceSeal;
pub(crate) use problem::Problem;
pub(crate) use submission::Asked;
use ticket::Opened;
pub(crate) use ticket::{Purpose, Tickets};

use super::Provider;
use super::authorization::{AuthorizationRequest, Destination, PARAMETERS};
use super::cookies::{self, CookieKind};
use super::error::AuthorizationError;
use super::pages::FormAction;
use super::params::Params;
use super::reply::Response;
use crate::store::StoreError;

/// An authorization request that waits for its user.
#[derive(Debug)]
pub(crate) struct Interaction {
    /// What is asked for.
    pub(crate) authorization: AuthorizationRequest,
    /// Who asks, and where the answer goes.
    pub(crate) destination: Destination,
    /// The parameters of the request, encoded.
    request: String,
}

impl Interaction {
    /// Begins with the parameters as they came.
    pub(crate) fn begin(
        params: &Params,
        destination: &Destination,
    ) -> Result<Self, AuthorizationError> {
        Ok(Self {
            authorization: AuthorizationRequest::parse(params, destination)?,
            destination: destination.clone(),
            request: params.encode(&PARAMETERS),
        })
    }

    /// What is sealed into its pages: the request, and before it what the user's answer holds
    /// for. Neither has a line break.
    fn sealed(&self, binding: &str) -> String {
        format!("{binding}\n{}", self.request)
    }

    /// Where the forms of its pages may lead.
    fn form_action(&self) -> FormAction {
        FormAction(Some(self.destination.redirect_uri.form_action()))
    }
}

impl Provider {
    /// Gives a browser that was not known the cookie that its pages are bound to.
    fn remember_browser(&self, browser: &Browser, response: &mut Response) {
        if let Some(secret) = browser.unknown_before() {
            cookies::set(response, CookieKind::Browser, &self.settings.issuer, secret);
        }
    }

    /// What authenticates tickets. Its key is kept in the store, so that a page outlives a
    /// restart and can be answered by another process.
    async fn tickets(&self) -> Result<&Tickets, StoreError> {
        self.tickets
            .get_or_try_init(|| async {
                let secret = self.parts.store.secret("interaction").await?;
                Ok(Tickets::new(&secret))
            })
            .await
    }
}
