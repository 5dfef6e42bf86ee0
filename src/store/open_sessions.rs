//! Who is signed in, for operators: all sessions, and what outlives them.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use super::db::Statement;
use super::grants::{read_client_id, revoke_grants};
use super::issuer_sessions::issuer_session_columns;
use super::revocations::{grant_revoked_until, revocation_columns};
use super::sessions::{read_session, session_columns};
use super::{IssuerSession, Store, StoreError, profile};
use crate::model::{ClientId, Session, SessionId, Subject, Timestamp, UserProfile};

/// A sign-in of which something still works.
#[derive(Clone, Debug)]
pub struct OpenSession {
    /// Its name.
    pub id: SessionId,
    /// Who signed in.
    pub user: UserProfile,
    /// The browser; `None` when its session has ended by itself and only tokens of applications, or
    /// its sessions at those behind the gateway, go on.
    pub browser: Option<Session>,
    /// Which applications it was used with.
    pub clients: Vec<ClientId>,
}

impl Store {
    /// Every session that has not ended at `now`, and each that ended by itself while tokens of it
    /// may still be good, which live for `access_token_lifetime`, or sessions at applications go on.
    /// By user and, of each, the one used last first.
    ///
    /// Reads all of them: for operators, not for requests.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn open_sessions(
        &self,
        access_token_lifetime: Duration,
        now: Timestamp,
    ) -> Result<Vec<OpenSession>, StoreError> {
        let browsers = Statement::new(concat!(
            "SELECT ",
            session_columns!(),
            " FROM sessions WHERE ended_at IS NULL AND idle_until > $1 AND expires_at > $1"
        ));
        // Nobody writes down when access tokens end. Each is made of a code or of a refresh token
        // that is good at that moment.
        let outliving = Statement::new(
            "SELECT g.session_id, g.profile FROM grants g
             WHERE g.revoked_at IS NULL
               AND (EXISTS (SELECT 1 FROM refresh_tokens t
                            WHERE t.grant_id = g.id AND t.expires_at > $1)
                 OR EXISTS (SELECT 1 FROM codes c
                            WHERE c.grant_id = g.id AND c.expires_at > $1)
                 OR EXISTS (SELECT 1 FROM application_sessions a WHERE a.grant_id = g.id
                              AND a.idle_until > $2 AND a.expires_at > $2))
             ORDER BY g.granted_at",
        );
        let made_after = now.before(access_token_lifetime);
        let clients =
            Statement::new("SELECT session_id, client_id FROM session_clients ORDER BY client_id");
        let [browsers, outliving, clients] = self
            .run_all([
                browsers.bind(now),
                outliving.bind(made_after).bind(now),
                clients,
            ])
            .await?;
        let mut open = BTreeMap::new();
        for session in browsers.read_all(|mut row| read_session(&mut row))? {
            let (id, user) = (session.id.as_str().to_owned(), session.user.clone());
            open.insert(
                id,
                OpenSession::new(session.id.clone(), user, Some(session)),
            );
        }
        for (id, user) in
            outliving.read_all(|mut row| Ok((row.text()?, profile::from_json(&row.text()?)?)))?
        {
            let name = SessionId::new(id.clone());
            open.entry(id)
                .or_insert_with(|| OpenSession::new(name, user, None));
        }
        for (id, client) in
            clients.read_all(|mut row| Ok((row.text()?, read_client_id(&mut row)?)))?
        {
            if let Some(session) = open.get_mut(&id) {
                session.clients.push(client);
            }
        }
        let mut open: Vec<_> = open.into_values().collect();
        open.sort_by(|a, b| {
            let by_user = a.user.login.cmp(&b.user.login);
            by_user.then(b.last_seen_at().cmp(&a.last_seen_at()))
        });
        Ok(open)
    }

    /// Every session of a user of another issuer that has not ended at `now`: by issuer and user and,
    /// of each, the one used last first.
    ///
    /// Reads all of them: for operators, not for requests.
    ///
    /// # Errors
    ///
    /// [`StoreError::KeyFileWrong`] when one cannot be decrypted; else as the database.
    pub async fn open_issuer_sessions(
        &self,
        now: Timestamp,
    ) -> Result<Vec<IssuerSession>, StoreError> {
        let select = Statement::new(concat!(
            "SELECT ",
            issuer_session_columns!(),
            " FROM issuer_sessions WHERE idle_until > $1 AND expires_at > $1",
        ));
        let rows = self.run(select.bind(now)).await?;
        let mut open = rows.read_all(|row| self.read_issuer_session(row))?;
        open.sort_by(|a, b| {
            let key = |it: &IssuerSession| (Reverse(it.last_seen_at), it.id.clone());
            let by_user = (&a.issuer, &a.subject).cmp(&(&b.issuer, &b.subject));
            by_user.then_with(|| key(a).cmp(&key(b)))
        });
        Ok(open)
    }

    /// Ends everything of `subject`: each of its `open` sessions as [`Self::end_session`] does,
    /// one after the other; returns how many. Grants of which nothing should work any more are
    /// revoked as well, since the lifetime of access tokens may have been longer before.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; some may have ended then.
    pub async fn end_sessions_of(
        &self,
        subject: &Subject,
        open: &[OpenSession],
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let mut n_ended = 0;
        for session in open.iter().filter(|open| open.user.subject == *subject) {
            self.end_session(&session.id, now).await?;
            n_ended += 1;
        }
        let [remember, revoke] = revoke_grants!("subject = $1");
        let [revoked, _] = self
            .run_all([
                remember
                    .bind(subject.as_str())
                    .bind(grant_revoked_until(now)),
                revoke.bind(subject.as_str()).bind(now),
            ])
            .await?;
        self.revocations.take(revoked)?;
        Ok(n_ended)
    }
}

impl OpenSession {
    const fn new(id: SessionId, user: UserProfile, browser: Option<Session>) -> Self {
        Self {
            id,
            user,
            browser,
            clients: Vec::new(),
        }
    }

    fn last_seen_at(&self) -> Option<Timestamp> {
        self.browser.as_ref().map(|session| session.last_seen_at)
    }
}
