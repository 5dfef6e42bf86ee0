//! Asking whether the user wants to sign out.

use super::request::{LogoutRequest, PARAMETERS};
use crate::model::Session;
use crate::provider::Provider;
use crate::provider::error::PageError;
use crate::provider::interaction::Purpose;
use crate::provider::pages::{FormAction, Message, SignOutPage};
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
        let destination = logout.destination.as_ref();
        let page = SignOutPage {
            user_name: session.user.name.as_deref().unwrap_or(&session.user.login),
            form_action: FormAction(
                destination.map(|destination| destination.redirect_uri.form_action()),
            ),
        };
        let waiting = request.params()?.encode(&PARAMETERS);
        let sealed = (Purpose::SignOut, waiting.as_str());
        self.show_form(&logout.texts, &page, sealed, request).await
    }

    /// Answers the form of that page.
    pub(crate) async fn submit_sign_out(&self, request: &Request) -> Response {
        let page = self.confirmed(request).await;
        self.page_or_error(page, request)
    }

    async fn confirmed(&self, request: &Request) -> Result<Response, PageError> {
        // However long the page was open: signing out is never too late.
        let form = self.read_form(Purpose::SignOut, request).await?;
        if form.is_canceled()? {
            return Ok(self.pages.show(&form.texts, &Message::StillSignedIn));
        }
        let waiting = Params::parse(form.content.as_bytes())?;
        let logout = self.parse_logout(&waiting, request).await?;
        let session = self.session(request).await?.map(|(_, session)| session);
        self.finish_logout(&logout, session.as_ref(), request).await
    }
}
