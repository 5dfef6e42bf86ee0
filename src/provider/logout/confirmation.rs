//! Asking whether the user wants to sign out.

use http::StatusCode;

use super::request::{LogoutRequest, PARAMETERS};
use crate::model::Session;
use crate::provider::Provider;
use crate::provider::error::PageError;
use crate::provider::interaction::{Browser, Opened, Purpose};
use crate::provider::pages::{Message, SignOutPage};
use crate::provider::params::Params;
use crate::provider::reply::Response;
use crate::provider::request::Request;

impl Provider {
    /// Shows the page that asks. The request waits in it, as at sign-in.
    pub(super) async fn ask_to_sign_out(
        &self,
        logout: &LogoutRequest,
        session: &Session,
        request: &Request,
    ) -> Result<Response, PageError> {
        let browser = Browser::of(request, &self.settings.issuer)?;
        let waiting = request.params()?.encode(&PARAMETERS);
        let tickets = self.tickets().await?;
        let ticket = tickets.issue(Purpose::SignOut, &browser, &waiting, request.now);
        let page = SignOutPage {
            user_name: session.user.name.as_deref().unwrap_or(&session.user.login),
            ticket: &ticket,
        };
        let destination = logout.destination.as_ref();
        let destination = destination.map(|destination| destination.redirect_uri.form_action());
        let mut response = self.pages.sign_out(&page, destination.as_deref());
        self.remember_browser(&browser, &mut response);
        Ok(response)
    }

    /// Answers the form of that page.
    pub(crate) async fn submit_sign_out(&self, request: &Request) -> Response {
        match self.confirmed(request).await {
            Ok(response) => response,
            Err(error) => self.error_page(&error),
        }
    }

    async fn confirmed(&self, request: &Request) -> Result<Response, PageError> {
        if !request.is_same_origin(&self.settings.issuer) {
            return Err(PageError::CrossSite);
        }
        let form = request.form()?;
        let ticket = form.one("ticket")?.ok_or(PageError::ForeignTicket)?;
        // Signing out is never too late.
        let (Opened::Fresh(waiting) | Opened::Stale(waiting)) =
            self.open_ticket(Purpose::SignOut, ticket, request).await?;
        if form.one("cancel")?.is_some() {
            let message = Message {
                title: "You are still signed in",
                text: "Nothing was changed. You can close this window.",
            };
            return Ok(self.pages.message(StatusCode::OK, &message));
        }
        let waiting = Params::parse(waiting.as_bytes())?;
        let logout = self.parse_logout(&waiting, request.now).await?;
        let session = self.session(request).await?.map(|(_, session)| session);
        self.finish_logout(&logout, session.as_ref(), request).await
    }
}
