//! Sessions: signed-in browsers.

use super::db::{Row, Statement};
use super::revocations::{Revoked, grant_revoked_until};
use super::{Store, StoreError, profile, to_the_end};
use crate::model::{GrantId, Session, SessionId, Timestamp};
use crate::secret::Digest;

impl Store {
    /// Stores a new session under the digest of its cookie.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when cookie or id exist already; else as the database.
    pub async fn save_session(&self, cookie: &Digest, session: &Session) -> Result<(), StoreError> {
        let insert = Statement::new(
            "INSERT INTO sessions (cookie, id, profile, authenticated_at, idle_until, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
        );
        let insert = insert
            .bind(cookie)
            .bind(session.id.as_str())
            .bind(profile::to_json(&session.user)?)
            .bind(session.authenticated_at)
            .bind(session.idle_until)
            .bind(session.expires_at);
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
        let select = Statement::new(
            "SELECT id, profile, authenticated_at, idle_until, expires_at FROM sessions
             WHERE cookie = $1 AND ended_at IS NULL AND idle_until > $2 AND expires_at > $2",
        );
        let rows = self.run(select.bind(cookie).bind(now)).await?;
        rows.first().as_mut().map(read_session).transpose()
    }

    /// Moves `idle_until` (called at most once a minute per session). A session that has ended
    /// stays ended.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn touch_session(
        &self,
        cookie: &Digest,
        idle_until: Timestamp,
    ) -> Result<(), StoreError> {
        let update = Statement::new(
            "UPDATE sessions SET idle_until = $2 WHERE cookie = $1 AND ended_at IS NULL",
        );
        self.run(update.bind(cookie).bind(idle_until))
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
                                 idle_until = $6, expires_at = $7
             WHERE cookie = $1 AND id = $3 AND ended_at IS NULL",
        );
        let update = update
            .bind(previous)
            .bind(cookie)
            .bind(session.id.as_str())
            .bind(profile::to_json(&session.user)?)
            .bind(session.authenticated_at)
            .bind(session.idle_until)
            .bind(session.expires_at);
        let renewed = self.db.batch(vec![update.need(1)]).await?;
        Ok(renewed.is_some())
    }

    /// Ends a session and revokes every grant given in it, in one batch. Durable before it
    /// returns, seen by [`Self::revocations`] at once, and done even if the caller stops waiting.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; the session may go on then.
    pub async fn end_session(&self, session: &SessionId, now: Timestamp) -> Result<(), StoreError> {
        let (store, session) = (self.clone(), session.clone());
        to_the_end(async move { store.end_session_now(&session, now).await }).await
    }

    async fn end_session_now(&self, session: &SessionId, now: Timestamp) -> Result<(), StoreError> {
        let expires_at = grant_revoked_until(now);
        // The row stays until it would have expired: see `insert_grant`.
        let end =
            Statement::new("UPDATE sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL");
        let remember = Statement::new(
            "INSERT INTO revocations (kind, id, expires_at)
             SELECT 'grant', id, $2 FROM grants WHERE session_id = $1 AND revoked_at IS NULL
             ON CONFLICT (kind, id) DO NOTHING",
        );
        let revoke = Statement::new(
            "UPDATE grants SET revoked_at = $2 WHERE session_id = $1 AND revoked_at IS NULL
             RETURNING id",
        );
        let id = session.as_str();
        let [_, _, revoked] = self
            .run_all([
                end.bind(id).bind(now),
                remember.bind(id).bind(expires_at),
                revoke.bind(id).bind(now),
            ])
            .await?;
        for grant in revoked.read_all(|mut row| row.text())? {
            self.revocations
                .insert(Revoked::Grant(GrantId::new(grant)), expires_at);
        }
        Ok(())
    }
}

fn read_session(row: &mut Row) -> Result<Session, StoreError> {
    Ok(Session {
        id: SessionId::new(row.text()?),
        user: profile::from_json(&row.text()?)?,
        authenticated_at: row.timestamp()?,
        idle_until: row.timestamp()?,
        expires_at: row.timestamp()?,
    })
}
