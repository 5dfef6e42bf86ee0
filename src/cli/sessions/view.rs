//! A session as programs read it.

use serde::Serialize;

use super::name_elsewhere;
use crate::model::{ClientId, Session};
use crate::store::{IssuerSession, OpenSession};

/// A session of either kind.
#[derive(Serialize)]
pub(super) struct SessionView<'a> {
    session_id: &'a str,
    login: &'a str,
    subject: &'a str,
    /// `None`: only tokens of applications go on.
    browser: Option<BrowserView<'a>>,
    clients: Vec<&'a str>,
    /// `None`: a user of our own.
    elsewhere: Option<ElsewhereView<'a>>,
}

#[derive(Serialize)]
struct BrowserView<'a> {
    authenticated_at: u64,
    last_seen_at: u64,
    idle_until: u64,
    expires_at: u64,
    address: Option<String>,
    user_agent: Option<&'a str>,
}

/// Who signed the user in, and to what.
#[derive(Serialize)]
struct ElsewhereView<'a> {
    issuer: &'a str,
    client_id: &'a str,
    application: &'a str,
    /// `sid` there.
    session_id: Option<&'a str>,
    scope: &'a str,
    /// `None`: the issuer is not asked again.
    refresh_at: Option<u64>,
}

impl<'a> SessionView<'a> {
    pub(super) fn of(session: &'a OpenSession) -> Self {
        Self {
            session_id: session.id.as_str(),
            login: &session.user.login,
            subject: session.user.subject.as_str(),
            browser: session.browser.as_ref().map(BrowserView::of),
            clients: names(&session.clients),
            elsewhere: None,
        }
    }

    pub(super) fn of_elsewhere(session: &'a IssuerSession) -> Self {
        Self {
            session_id: &session.id,
            login: name_elsewhere(session),
            subject: &session.subject,
            browser: Some(BrowserView {
                authenticated_at: session.begun_at.as_secs(),
                last_seen_at: session.last_seen_at.as_secs(),
                idle_until: session.idle_until.as_secs(),
                expires_at: session.expires_at.as_secs(),
                address: None,
                user_agent: None,
            }),
            clients: Vec::new(),
            elsewhere: Some(ElsewhereView {
                issuer: &session.issuer,
                client_id: &session.client_id,
                application: &session.host,
                session_id: session.sid.as_deref(),
                scope: &session.tokens.scope,
                refresh_at: session.refresh_at.map(|at| at.as_secs()),
            }),
        }
    }
}

impl<'a> BrowserView<'a> {
    fn of(session: &'a Session) -> Self {
        Self {
            authenticated_at: session.authenticated_at.as_secs(),
            last_seen_at: session.last_seen_at.as_secs(),
            idle_until: session.idle_until.as_secs(),
            expires_at: session.expires_at.as_secs(),
            address: session.device.address.map(|address| address.to_string()),
            user_agent: session.device.user_agent.as_deref(),
        }
    }
}

pub(super) fn names(clients: &[ClientId]) -> Vec<&str> {
    clients.iter().map(ClientId::as_str).collect()
}
