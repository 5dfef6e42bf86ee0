//! A form of one of our pages comes back.

use super::{Browser, Interaction, Opened, Purpose};
use crate::model::Session;
use crate::provider::Provider;
use crate::provider::authorization::Destination;
use crate::provider::error::{AuthorizationError, PageError};
use crate::provider::params::Params;
use crate::provider::reply::Response;
use crate::provider::request::Request;

/// A form that one of our pages sent, in the browser that the page was made for.
#[derive(Debug)]
pub(super) struct Submission {
    pub(super) form: Params,
    pub(super) destination: Destination,
    /// What the answer holds for, as the page was made; nothing else may be answered by it.
    pub(super) binding: String,
    pub(super) is_stale: bool,
    /// The parameters of the authorization request that waited in the page.
    params: Params,
}

impl Submission {
    /// The request that waited, checked again: the ticket says where it came from, not that it
    /// still holds.
    pub(super) fn interaction(&self) -> Result<Interaction, AuthorizationError> {
        Interaction::begin(&self.params, &self.destination)
    }

    /// Refuses on behalf of a user who pressed cancel.
    pub(super) fn check_canceled(&self) -> Result<(), AuthorizationError> {
        match self.form.one("cancel")? {
            Some(_) => Err(AuthorizationError::Canceled),
            None => Ok(()),
        }
    }
}

impl Provider {
    /// Reads a form; refuses what another site or another browser sent (login CSRF, and consent
    /// pressed by somebody else's page).
    pub(super) async fn submission(
        &self,
        purpose: Purpose,
        request: &Request,
    ) -> Result<Submission, PageError> {
        if !request.is_same_origin(&self.settings.issuer) {
            return Err(PageError::CrossSite);
        }
        let form = request.form()?;
        let ticket = form.one("ticket")?.ok_or(PageError::ForeignTicket)?;
        let (content, is_stale) = match self.open_ticket(purpose, ticket, request).await? {
            Opened::Fresh(content) => (content, false),
            Opened::Stale(content) => (content, true),
        };
        let (binding, params) = content.split_once('\n').ok_or(PageError::ForeignTicket)?;
        let params = Params::parse(params.as_bytes())?;
        Ok(Submission {
            destination: self.destination(&params, request.now).await?,
            binding: binding.to_owned(),
            form,
            is_stale,
            params,
        })
    }

    /// Opens a ticket that came back from the browser it was issued to.
    pub(crate) async fn open_ticket(
        &self,
        purpose: Purpose,
        ticket: &str,
        request: &Request,
    ) -> Result<Opened, PageError> {
        let browser =
            Browser::known(request, &self.settings.issuer).ok_or(PageError::ForeignTicket)?;
        let times = (request.now, self.settings.interaction_lifetime);
        self.tickets()
            .await?
            .open(purpose, &browser, ticket, times)
            .ok_or(PageError::ForeignTicket)
    }

    /// What comes of a form: the next page, an answer for the client, or an error for it.
    pub(super) fn settle(
        &self,
        submission: &Submission,
        outcome: Result<Response, AuthorizationError>,
        request: &Request,
    ) -> Response {
        outcome
            .unwrap_or_else(|error| self.refuse_request(&submission.destination, &error, request))
    }

    /// The session of the browser that sent a form.
    pub(super) async fn current_session(
        &self,
        request: &Request,
    ) -> Result<Option<Session>, AuthorizationError> {
        Ok(self.session(request).await?.map(|(_, session)| session))
    }
}
