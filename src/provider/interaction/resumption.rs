//! The page that follows a form which did its work has an address of its own (post, redirect,
//! get). A form that did not, as after a wrong password, is shown again where it was sent to.
//!
//! The address holds what the form's page held, sealed in the same way, and how far the user has
//! come in which session. Loading it again shows the page again and sends nothing: no password,
//! no yes. It is worth nothing in another browser, and no more than the plain request in another
//! session or after the time that a page is good for.

use super::{Interaction, Purpose};
use crate::model::SessionId;
use crate::provider::Provider;
use crate::provider::authorization::Stage;
use crate::provider::endpoint::Endpoint;
use crate::provider::error::{AuthorizationError, PageError};
use crate::provider::params::Params;
use crate::provider::reply::Response;
use crate::provider::request::Request;
use crate::store::StoreError;

/// A longer address might be refused on its way here; the page is shown at the form's then.
const MAX_TICKET_BYTES: usize = 4096;

impl Provider {
    /// Where the page is that follows; `None` if there cannot be such an address.
    pub(crate) async fn address_of_next(
        &self,
        (interaction, stage, session): (&Interaction, Stage, Option<&SessionId>),
        request: &Request,
    ) -> Result<Option<String>, StoreError> {
        let session = session.map(SessionId::as_str).unwrap_or_default();
        let content = interaction.sealed(&format!("{} {session}", stage.as_str()));
        let texts = &interaction.destination.texts;
        let sealed = (Purpose::Continue, content.as_str());
        let ticket = self.ticket_for(texts, sealed, request).await?;
        let address = self.settings.issuer.endpoint(Endpoint::Continue.path());
        Ok(ticket
            .filter(|ticket| ticket.len() <= MAX_TICKET_BYTES)
            .map(|ticket| format!("{address}?ticket={ticket}")))
    }

    /// Answers at that address.
    pub(crate) async fn resume(&self, request: &Request) -> Response {
        let page = self.resumed(request).await;
        self.page_or_error(page, request)
    }

    async fn resumed(&self, request: &Request) -> Result<Response, PageError> {
        let form = self.read_address(Purpose::Continue, request).await?;
        let (way, params) = form
            .content
            .split_once('\n')
            .ok_or(PageError::ForeignTicket)?;
        let (stage, session) = way.split_once(' ').ok_or(PageError::ForeignTicket)?;
        let params = Params::parse(params.as_bytes())?;
        let destination = self.destination(&params, request).await?;
        let current = self.session(request).await?.map(|(_, session)| session);
        // What the user did holds for the session that it was done in.
        let is_theirs = current
            .as_ref()
            .is_some_and(|current| current.id.as_str() == session);
        let stage = Stage::parse(stage)
            .filter(|_| is_theirs && !form.is_stale)
            .unwrap_or(Stage::Begun);
        let outcome: Result<Response, AuthorizationError> = async {
            let interaction = Interaction::begin(&params, &destination)?;
            self.proceed(&interaction, stage, current, request).await
        }
        .await;
        Ok(outcome.unwrap_or_else(|error| self.refuse_request(&destination, &error, request)))
    }
}
