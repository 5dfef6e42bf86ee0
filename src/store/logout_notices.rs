//! The outbox of back-channel logout: which clients are still to be told that a session ended.
//!
//! It is filled by the batch that ends the session, so a crash loses neither. A notice is claimed
//! for a while by whoever delivers it: of several processes one does, and if that one dies the
//! claim runs out.

use std::time::Duration;

use super::db::{Row, Statement};
use super::grants::read_client_id;
use super::{Store, StoreError};
use crate::model::{ClientId, Grant, SessionId, Subject, Timestamp};

/// A client that is to be told of the end of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutNotice {
    /// Whom to tell.
    pub client_id: ClientId,
    /// Which session ended.
    pub session_id: SessionId,
    /// Whose it was.
    pub subject: Subject,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How often delivery was begun, this time included.
    pub attempts: u32,
}

impl Store {
    /// Claims up to `limit` notices that are due at `now`: nobody else gets them before `lease`
    /// has passed.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn claim_logout_notices(
        &self,
        limit: u32,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<LogoutNotice>, StoreError> {
        // Looking first keeps an idle process from asking for the write lock.
        let due =
            Statement::new("SELECT 1 FROM logout_notices WHERE next_attempt_at <= $1 LIMIT 1");
        if self.run(due.bind(now)).await?.count() == 0 {
            return Ok(Vec::new());
        }
        let claim = Statement::new(
            "UPDATE logout_notices SET next_attempt_at = $2, attempts = attempts + 1
             WHERE (session_id, client_id) IN
                (SELECT session_id, client_id FROM logout_notices WHERE next_attempt_at <= $1
                 ORDER BY next_attempt_at LIMIT $3)
             RETURNING session_id, client_id, subject, ended_at, attempts",
        );
        let claim = claim.bind(now).bind(now.after(lease)).bind(limit);
        self.run(claim).await?.read_all(read_notice)
    }

    /// Closes a notice: delivered, or given up.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; it may be delivered again then.
    pub async fn close_logout_notice(&self, notice: &LogoutNotice) -> Result<(), StoreError> {
        let delete =
            Statement::new("DELETE FROM logout_notices WHERE session_id = $1 AND client_id = $2");
        self.run(bind_key(delete, notice)).await.map(drop)
    }

    /// Puts the next attempt off until `next_attempt_at`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; it is tried again when its claim ends.
    pub async fn postpone_logout_notice(
        &self,
        notice: &LogoutNotice,
        next_attempt_at: Timestamp,
    ) -> Result<(), StoreError> {
        let update = Statement::new(
            "UPDATE logout_notices SET next_attempt_at = $3
             WHERE session_id = $1 AND client_id = $2",
        );
        self.run(bind_key(update, notice).bind(next_attempt_at))
            .await
            .map(drop)
    }

    /// How many notices wait.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn count_logout_notices(&self) -> Result<usize, StoreError> {
        let count = Statement::new("SELECT count(*) FROM logout_notices");
        let mut row = self.run(count).await?.first();
        let count = row.as_mut().map_or(Ok(0), Row::integer)?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// Waits until this process has put something into the outbox since it was last asked.
    pub async fn outbox_filled(&self) {
        self.outbox_filled.notified().await;
    }
}

/// Notes that the session of `grant` is used with its client. Not after the session ended: who
/// was to be told has been told.
pub(super) fn note_client(grant: &Grant) -> Statement {
    let insert = Statement::new(
        "INSERT INTO session_clients (session_id, client_id, subject, first_at)
         SELECT $1, $2, $3, $4 WHERE NOT EXISTS
            (SELECT 1 FROM sessions WHERE sessions.id = $1 AND sessions.ended_at IS NOT NULL)
         ON CONFLICT (session_id, client_id) DO NOTHING",
    );
    insert
        .bind(grant.session_id.as_str())
        .bind(grant.client_id.as_str())
        .bind(grant.user.subject.as_str())
        .bind(grant.granted_at)
}

/// Moves the clients of a session into the outbox; the second statement returns them.
pub(super) fn fill(session: &SessionId, now: Timestamp) -> [Statement; 2] {
    let notify = Statement::new(
        "INSERT INTO logout_notices
            (session_id, client_id, subject, ended_at, attempts, next_attempt_at)
         SELECT session_id, client_id, subject, $2, 0, $2 FROM session_clients
         WHERE session_id = $1
         ON CONFLICT (session_id, client_id) DO NOTHING",
    );
    let told =
        Statement::new("DELETE FROM session_clients WHERE session_id = $1 RETURNING client_id");
    [
        notify.bind(session.as_str()).bind(now),
        told.bind(session.as_str()),
    ]
}

fn bind_key(statement: Statement, notice: &LogoutNotice) -> Statement {
    statement
        .bind(notice.session_id.as_str())
        .bind(notice.client_id.as_str())
}

fn read_notice(mut row: Row) -> Result<LogoutNotice, StoreError> {
    Ok(LogoutNotice {
        session_id: SessionId::new(row.text()?),
        client_id: read_client_id(&mut row)?,
        subject: Subject::parse(&row.text()?).map_err(|_| StoreError::Corrupt("a subject"))?,
        ended_at: row.timestamp()?,
        attempts: u32::try_from(row.integer()?).unwrap_or(u32::MAX),
    })
}
