//! Pages with a form of ours, and the form when it comes back.

use std::sync::Arc;

use http::header;

use super::{Browser, Opened, Purpose};
use crate::provider::Provider;
use crate::provider::error::PageError;
use crate::provider::pages::{Texts, View};
use crate::provider::params::Params;
use crate::provider::reply::Response;
use crate::provider::request::Request;
use crate::store::StoreError;

/// A form that a page of ours sent, in the browser that the page was made for.
#[derive(Debug)]
pub(crate) struct OwnForm {
    /// What the user filled in or pressed.
    pub(crate) fields: Params,
    /// The language of the page, which what follows is in as well.
    pub(crate) texts: Arc<Texts>,
    /// What was sealed into the page.
    pub(crate) content: String,
    /// Whether the page was open for too long.
    pub(crate) is_stale: bool,
}

impl OwnForm {
    /// Whether the user pressed cancel.
    pub(crate) fn is_canceled(&self) -> Result<bool, PageError> {
        Ok(self.fields.one("cancel")?.is_some())
    }

    /// What the user typed as user name.
    pub(crate) fn username(&self) -> &str {
        self.fields
            .one("username")
            .ok()
            .flatten()
            .unwrap_or_default()
    }
}

impl Provider {
    /// Shows a page whose form can be sent from this browser only, and only for `purpose`, with
    /// `content` sealed into it.
    pub(crate) async fn show_form<V: View>(
        &self,
        texts: &Texts,
        view: &V,
        (purpose, content): (Purpose, &str),
        request: &Request,
    ) -> Result<Response, PageError> {
        let browser = Browser::of(request, &self.settings.issuer)?;
        let tickets = self.tickets().await?;
        let content = sealed(texts, content);
        let ticket = tickets.issue(purpose, &browser, &content, request.now);
        let mut response = self.pages.show_with_ticket(texts, view, &ticket);
        self.remember_browser(&browser, &mut response);
        Ok(response)
    }

    /// A ticket for this browser, known by now, to be opened as that of a form is.
    pub(super) async fn ticket_for(
        &self,
        texts: &Texts,
        (purpose, content): (Purpose, &str),
        request: &Request,
    ) -> Result<Option<String>, StoreError> {
        let Some(browser) = Browser::known(request, &self.settings.issuer) else {
            return Ok(None);
        };
        let tickets = self.tickets().await?;
        let content = sealed(texts, content);
        Ok(Some(tickets.issue(
            purpose,
            &browser,
            &content,
            request.now,
        )))
    }

    /// Reads a form; refuses what another site or another browser sent (login CSRF, and consent
    /// pressed by somebody else's page).
    pub(crate) async fn read_form(
        &self,
        purpose: Purpose,
        request: &Request,
    ) -> Result<OwnForm, PageError> {
        if !request.is_same_origin(&self.settings.issuer) {
            return Err(PageError::CrossSite);
        }
        self.open_form(purpose, request.form()?, request).await
    }

    /// The same of an address of ours, which is opened and not sent: where the link to it was does
    /// not matter, as long as it is opened in the browser that it was made for.
    pub(super) async fn read_address(
        &self,
        purpose: Purpose,
        request: &Request,
    ) -> Result<OwnForm, PageError> {
        self.open_form(purpose, request.params()?, request).await
    }

    async fn open_form(
        &self,
        purpose: Purpose,
        fields: Params,
        request: &Request,
    ) -> Result<OwnForm, PageError> {
        let ticket = fields.one("ticket")?.ok_or(PageError::ForeignTicket)?;
        let browser = Browser::known(request, &self.settings.issuer);
        let browser = browser.ok_or(PageError::ForeignTicket)?;
        let times = (request.now, self.settings.interaction_lifetime);
        let tickets = self.tickets().await?;
        let (content, is_stale) = match tickets.open(purpose, &browser, ticket, times) {
            Some(Opened::Fresh(content)) => (content, false),
            Some(Opened::Stale(content)) => (content, true),
            None => return Err(PageError::ForeignTicket),
        };
        let (language, content) = content.split_once('\n').ok_or(PageError::ForeignTicket)?;
        let accepted = request.header(&header::ACCEPT_LANGUAGE);
        Ok(OwnForm {
            texts: self.pages.texts(Some(language), accepted),
            content: content.to_owned(),
            fields,
            is_stale,
        })
    }
}

/// What a ticket holds: the language of the page, and its content.
fn sealed(texts: &Texts, content: &str) -> String {
    format!("{}\n{content}", texts.language)
}
