//! The account page: where its user is signed in, which applications have access, which application
//! passwords there are, and how to end any of it.
//!
//! It is a page of the provider for its own users and no client of it: it is reached with the
//! session's cookie alone. What it changes comes from its own form only, which carries a ticket
//! of this browser and this session.

mod applications;
mod change;
mod device;
mod passwords;

use super::Provider;
use super::endpoint::Endpoint;
use super::error::PageError;
use super::interaction::Purpose;
use super::pages::{AccountPage, Moment, Notice, SessionRow, Texts};
use super::params::Params;
use super::reader::UI_LOCALES;
use super::reply::{self, Response};
use super::request::Request;
use crate::model::{Session, SessionId, Timestamp};

impl Provider {
    /// Shows the account page, or the sign-in page on the way to it.
    pub(super) async fn account(&self, request: &Request) -> Response {
        let page = self.show_account(request).await;
        self.page_or_error(page, request)
    }

    async fn show_account(&self, request: &Request) -> Result<Response, PageError> {
        let notice = request.params()?.one("done")?.and_then(Notice::parse);
        match self.session(request).await? {
            Some((_, session)) => self.account_page(&session, notice, request).await,
            None => {
                let texts = self.texts_of(request);
                self.account_sign_in_page(&texts, ("", None), request).await
            }
        }
    }

    async fn account_page(
        &self,
        session: &Session,
        notice: Option<Notice>,
        request: &Request,
    ) -> Result<Response, PageError> {
        let (user, now) = (&session.user, request.now);
        let sessions = self.parts.store.sessions_of(&user.subject, now).await?;
        let page = AccountPage {
            user_name: user.name.as_deref().unwrap_or(&user.login),
            notice,
            sessions: sessions
                .iter()
                .map(|other| row(other, &session.id, now))
                .collect(),
            applications: self.applications_of(&user.subject, now).await?,
            passwords: self.passwords_section(session, now).await?,
        };
        let sealed = (Purpose::Account, session.id.as_str());
        let texts = self.texts_of(request);
        self.show_form(&texts, &page, sealed, request).await
    }

    /// Sends the browser to the account page, which says what was done. Its language is asked for
    /// if it would be another one by itself.
    pub(super) fn back_to_account(
        &self,
        done: Option<Notice>,
        texts: &Texts,
        request: &Request,
    ) -> Response {
        reply::see_other(&self.account_address_after(done, texts, request))
    }

    /// The address of the account page in the language of `texts`.
    pub(super) fn account_address(&self, texts: &Texts, request: &Request) -> String {
        self.account_address_after(None, texts, request)
    }

    fn account_address_after(
        &self,
        done: Option<Notice>,
        texts: &Texts,
        request: &Request,
    ) -> String {
        let mut address = self.settings.issuer.endpoint(Endpoint::Account.path());
        let by_itself = self.texts(&Params::default(), request);
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(notice) = done {
            query.append_pair("done", notice.as_str());
        }
        if by_itself.language != texts.language {
            query.append_pair(UI_LOCALES, texts.language.as_str());
        }
        let query = query.finish();
        if !query.is_empty() {
            address.push('?');
            address.push_str(&query);
        }
        address
    }
}

fn row(session: &Session, current: &SessionId, now: Timestamp) -> SessionRow {
    let agent = session.device.user_agent.as_deref().unwrap_or_default();
    SessionRow {
        id: session.id.as_str().to_owned(),
        is_current: session.id == *current,
        browser: device::browser(agent),
        system: device::system(agent),
        address: session.device.address.map(|address| address.to_string()),
        signed_in: Moment::new(session.authenticated_at, now),
        last_seen: Moment::new(session.last_seen_at, now),
    }
}
