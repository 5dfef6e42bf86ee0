//! Sessions: signed-in browsers.

use super::db::{Row, Statement};
use super::grants::{read_client_id, revoke_grants};
use super::revocations::{grant_revoked_until, revocation_columns};
use super::{Store, StoreError, logout_notices, profile, to_the_end, upstream_sessions};
use crate::model::{ClientId, Device, Session, SessionId, Subject, Timestamp};
use crate::secret::Digest;

/// The columns that [`read_session`] reads.
macro_rules! session_columns {
    () => {
        "id, profile, authenticated_at, idle_until, expires_at, \
         coalesce(last_seen_at, authenticated_at), user_agent, address"
    };
}
pub(super) use session_columns;

impl Store {
    /// Stores a new session under the digest of its cookie.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when cookie or id exist already; else as the database.
    pub async fn save_session(&self, cookie: &Digest, session: &Session) -> Result<(), StoreError> {
        let insert = Statement::new(
            "INSERT INTO sessions (cookie, id, profile, authenticated_at, idle_until, expires_at,
                                   last_seen_at, subject, user_agent, address)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        );
        let insert = insert
            .bind(cookie)
            .bind(session.id.as_str())
            .bind(profile::to_json(&session.user)?)
            .bind(session.authenticated_at)
            .bind(session.idle_until)
            .bind(session.expires_at)
            .bind(session.last_seen_at)
            .bind(session.user.subject.as_str())
            .bind(session.device.user_agent.as_deref())
            .bind(session.device.address.map(|address| address.to_string()));
        self.run(insert).await.map(drop)
    }

    /// The session of a cookie if it has not ended at `now`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn find_session(
        &self,
        cookie: &Digest,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let select = Statement::new(concat!(
            "SELECT ",
            session_columns!(),
            " FROM sessions
             WHERE cookie = $1 AND ended_at IS NULL AND idle_until > $2 AND expires_at > $2",
        ));
        let rows = self.run(select.bind(cookie).bind(now)).await?;
        rows.first().as_mut().map(read_session).transpose()
    }

    /// Every session of `subject` that has not ended at `now`, the one used last first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn sessions_of(
        &self,
        subject: &Subject,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreError> {
        let select = Statement::new(concat!(
            "SELECT ",
            session_columns!(),
            " FROM sessions
             WHERE subject = $1 AND ended_at IS NULL AND idle_until > $2 AND expires_at > $2
             ORDER BY last_seen_at DESC, id",
        ));
        let rows = self.run(select.bind(subject.as_str()).bind(now)).await?;
        rows.read_all(|mut row| read_session(&mut row))
    }

    /// Notes that a session was used at `now`, and moves `idle_until` (called at most once a
    /// minute per session). A session that has ended stays ended.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn touch_session(
        &self,
        cookie: &Digest,
        idle_until: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let update = Statement::new(
            "UPDATE sessions SET idle_until = $2, last_seen_at = $3
             WHERE cookie = $1 AND ended_at IS NULL",
        );
        self.run(update.bind(cookie).bind(idle_until).bind(now))
            .await
            .map(drop)
    }

    /// Gives a session another cookie and the times of a new sign-in of its user, as one step: the
    /// previous cookie is worth nothing from then on, and what was granted in the session stays.
    /// Whether there still was such a session.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; the previous cookie may be good then.
    pub async fn renew_session(
        &self,
        previous: &Digest,
        cookie: &Digest,
        session: &Session,
    ) -> Result<bool, StoreError> {
        let update = Statement::new(
            "UPDATE sessions SET cookie = $2, profile = $4, authenticated_at = $5,
                                 idle_until = $6, expires_at = $7, last_seen_at = $8,
                                 user_agent = $9, address = $10
             WHERE cookie = $1 AND id = $3 AND ended_at IS NULL",
        );
        let update = update
            .bind(previous)
            .bind(cookie)
            .bind(session.id.as_str())
            .bind(profile::to_json(&session.user)?)
            .bind(session.authenticated_at)
            .bind(session.idle_until)
            .bind(session.expires_at)
            .bind(session.last_seen_at)
            .bind(session.device.user_agent.as_deref())
            .bind(session.device.address.map(|address| address.to_string()));
        let renewed = self.db.batch(vec![update.need(1)]).await?;
        Ok(renewed.is_some())
    }

    /// Ends a session, revokes every grant given in it, and puts a notice for each client that
    /// it was used with into the outbox, in one batch. Returns those clients. Durable before it
    /// returns, seen by [`Self::revocations`] at once, and done even if the caller stops waiting.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; the session may go on then.
    pub async fn end_session(
        &self,
        session: &SessionId,
        now: Timestamp,
    ) -> Result<Vec<ClientId>, StoreError> {
        let (store, session) = (self.clone(), session.clone());
        to_the_end(async move { store.end_session_now(&session, now).await }).await
    }

    async fn end_session_now(
        &self,
        session: &SessionId,
        now: Timestamp,
    ) -> Result<Vec<ClientId>, StoreError> {
        let expires_at = grant_revoked_until(now);
        // The row stays until it would have expired: see `insert_grant`.
        let end =
            Statement::new("UPDATE sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL");
        let [remember, revoke] = revoke_grants!("session_id = $1");
        let id = session.as_str();
        let [notify, told] = logout_notices::fill(session, now);
        let [_, revoked, _, _, clients, _] = self
            .run_all([
                end.bind(id).bind(now),
                remember.bind(id).bind(expires_at),
                revoke.bind(id).bind(now),
                notify,
                told,
                upstream_sessions::end(session, now),
            ])
            .await?;
        self.revocations.take(revoked)?;
        self.outbox_filled.notify_one();
        clients.read_all(|mut row| read_client_id(&mut row))
    }
}

/// Reads the columns of [`session_columns`].
pub(super) fn read_session(row: &mut Row) -> Result<Session, StoreError> {
    Ok(Session {
        id: SessionId::new(row.text()?),
        user: profile::from_json(&row.text()?)?,
        authenticated_at: row.timestamp()?,
        idle_until: row.timestamp()?,
        expires_at: row.timestamp()?,
        last_seen_at: row.timestamp()?,
        device: Device {
            user_agent: row.optional_text()?,
            address: row.optional_text()?.and_then(|text| text.parse().ok()),
        },
    })
}
