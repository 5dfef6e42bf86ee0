//! The form of the account page comes back.

use crate::model::{ClientId, GrantId, Session, SessionId};
use crate::provider::Provider;
use crate::provider::audit;
use crate::provider::cookies::{self, CookieKind};
use crate::provider::error::PageError;
use crate::provider::interaction::Purpose;
use crate::provider::pages::{Notice, Texts};
use crate::provider::params::Params;
use crate::provider::reply::Response;
use crate::provider::request::Request;

/// What the user wants.
#[derive(Debug, PartialEq, Eq)]
enum Change {
    /// To end one session.
    End(SessionId),
    /// To end all others.
    EndOthers,
    /// To end all.
    EndAll,
    /// To withdraw an application's access.
    Withdraw(ClientId),
    /// To revoke an application password.
    EndPassword(GrantId),
}

impl Change {
    /// Which button was pressed.
    fn of(form: &Params) -> Result<Self, PageError> {
        if let Some(id) = form.one("end")? {
            return Ok(Self::End(SessionId::new(id)));
        }
        if form.one("end-others")?.is_some() {
            return Ok(Self::EndOthers);
        }
        if form.one("end-all")?.is_some() {
            return Ok(Self::EndAll);
        }
        if let Some(id) = form.one("end-password")? {
            return Ok(Self::EndPassword(GrantId::new(id)));
        }
        form.one("withdraw")?
            .and_then(|id| ClientId::parse(id).ok())
            .map(Self::Withdraw)
            .ok_or(PageError::Missing("end"))
    }
}

impl Provider {
    /// Answers the form of the account page.
    pub(in crate::provider) async fn submit_account(&self, request: &Request) -> Response {
        let page = self.change_account(request).await;
        self.page_or_error(page, request)
    }

    async fn change_account(&self, request: &Request) -> Result<Response, PageError> {
        let form = self.read_form(Purpose::Account, request).await?;
        let session = self.session(request).await?.map(|(_, session)| session);
        let Some(session) = session.filter(|_| !form.is_stale) else {
            // Much may have changed since the page was shown: it is shown again.
            return Ok(self.back_to_account(None, &form.texts, request));
        };
        if form.content != session.id.as_str() {
            return Err(PageError::ForeignTicket);
        }
        if form.fields.one("mint")?.is_some() {
            return self.mint_password(&session, &form, request).await;
        }
        let change = Change::of(&form.fields)?;
        match self.make_change(&change, &session, request).await? {
            Some(done) => Ok(self.back_to_account(Some(done), &form.texts, request)),
            None => self.end_own(&session, &form.texts, request).await,
        }
    }

    /// Makes the change and returns what to say of it; `None` if this browser's own session is to
    /// end as well.
    async fn make_change(
        &self,
        change: &Change,
        session: &Session,
        request: &Request,
    ) -> Result<Option<Notice>, PageError> {
        match change {
            Change::End(id) if *id == session.id => Ok(None),
            Change::End(id) => {
                self.end_others(session, Some(id), request).await?;
                Ok(Some(Notice::SessionEnded))
            }
            Change::EndOthers => {
                self.end_others(session, None, request).await?;
                Ok(Some(Notice::OthersEnded))
            }
            Change::EndAll => {
                self.end_others(session, None, request).await?;
                Ok(None)
            }
            Change::Withdraw(client) => {
                let (store, subject) = (&self.parts.store, &session.user.subject);
                store.withdraw_consent(subject, client, request.now).await?;
                audit::access_withdrawn(subject, client, request.peer);
                Ok(Some(Notice::Withdrawn))
            }
            Change::EndPassword(id) => {
                self.end_password(id, session, request).await?;
                Ok(Some(Notice::PasswordEnded))
            }
        }
    }

    /// Ends the session of this browser.
    async fn end_own(
        &self,
        session: &Session,
        texts: &Texts,
        request: &Request,
    ) -> Result<Response, PageError> {
        let subject = &session.user.subject;
        let clients = self.sign_out(&session.id, subject, request).await?;
        let frames = self.frames(&clients, &session.id, request.now).await;
        let mut response = self.say_signed_out(frames, None, texts);
        cookies::clear(&mut response, CookieKind::Session, &self.settings.issuer);
        Ok(response)
    }

    /// Ends the sessions of the same user in other browsers: the one called `only`, or all.
    async fn end_others(
        &self,
        session: &Session,
        only: Option<&SessionId>,
        request: &Request,
    ) -> Result<(), PageError> {
        let subject = &session.user.subject;
        // Looked up rather than believed: an identifier in a form may be anybody's.
        let sessions = self.parts.store.sessions_of(subject, request.now).await?;
        let others = sessions
            .iter()
            .filter(|other| other.id != session.id)
            .filter(|other| only.is_none_or(|only| other.id == *only));
        for other in others {
            self.sign_out(&other.id, subject, request).await?;
        }
        Ok(())
    }
}
