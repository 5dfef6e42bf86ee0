//! The account page: where its user is signed in, which applications have access, and how to end
//! either.
//!
//! It is a page of the provider for its own users and no client of it: it is reached with the
//! session's cookie alone. What it changes comes from its own form only, which carries a ticket
//! of this browser and this session.

mod applications;
mod change;
mod device;

use super::Provider;
use super::endpoint::Endpoint;
use super::error::PageError;
use super::interaction::Purpose;
use super::pages::{AccountPage, Moment, Notice, SessionRow};
use super::reply::{self, Response};
use super::request::Request;
use crate::model::{Session, SessionId, Timestamp};

impl Provider {
    /// Shows the account page, or the sign-in page on the way to it.
    pub(super) async fn account(&self, request: &Request) -> Response {
        self.page_or_error(self.show_account(request).await)
    }

    async fn show_account(&self, request: &Request) -> Result<Response, PageError> {
        let notice = request.params()?.one("done")?.and_then(Notice::parse);
        match self.session(request).await? {
            Some((_, session)) => self.account_page(&session, notice, request).await,
            None => self.account_sign_in_page("", None, request).await,
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
        };
        let sealed = (Purpose::Account, session.id.as_str());
        self.show_form(&page, sealed, request).await
    }

    /// Sends the browser to the account page, which says what was done.
    pub(super) fn back_to_account(&self, done: Option<Notice>) -> Response {
        let address = self.settings.issuer.endpoint(Endpoint::Account.path());
        reply::see_other(&match done {
            Some(notice) => format!("{address}?done={}", notice.as_str()),
            None => address,
        })
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
