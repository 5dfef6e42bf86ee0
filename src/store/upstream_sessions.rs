//! What users' backends gave at sign-ins, sealed under the key file.
//!
//! What a renewal is made with can be used once. So a renewal is claimed for a while before it is
//! asked for: of several processes one does, and if that one dies the claim runs out. What it
//! brought takes the place of what it was made with by a statement that names the version it began
//! from.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::db::{Row, Rows, Statement};
use super::{Store, StoreError};
use crate::entropy;
use crate::model::{GrantId, SessionId, Timestamp, UpstreamSession};
use crate::secret::Secret;

/// A stored session of a backend.
#[derive(Clone, Debug)]
pub struct StoredUpstreamSession {
    /// Names it.
    pub id: String,
    /// The session of ours that it belongs to.
    pub session_id: SessionId,
    /// How often it was renewed.
    pub version: i64,
    /// What the backend gave.
    pub upstream: UpstreamSession,
}

/// What became of a session that was renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// It goes on with what the renewal brought.
    Stored,
    /// It had ended, or somebody else renewed it: what the renewal brought is nobody's.
    Unwanted,
}

/// What the sealed bytes hold. It borrows, so that no copy of a secret is left behind.
#[derive(Serialize, Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    access_token: Cow<'a, str>,
    token_expires_at: u64,
    #[serde(borrow)]
    renewal: Cow<'a, str>,
    renewal_expires_at: u64,
}

/// The columns that [`Store::read_upstream`] reads.
macro_rules! upstream_columns {
    () => {
        "id, session_id, version, sealed"
    };
}

impl Store {
    /// Keeps what the backend gave for a session, in the place of what it had before, which ends.
    /// It is due for renewal at `renew_at`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database or the random source cannot answer.
    pub async fn save_upstream_session(
        &self,
        session: &SessionId,
        upstream: &UpstreamSession,
        renew_at: Timestamp,
        now: Timestamp,
    ) -> Result<StoredUpstreamSession, StoreError> {
        let id = entropy::identifier()?;
        let insert = Statement::new(
            "INSERT INTO upstream_sessions
                (id, session_id, sealed, version, renew_at, claimed_until, attempts)
             VALUES ($1, $2, $3, 0, $4, 0, 0)",
        );
        let insert = insert
            .bind(id.as_str())
            .bind(session.as_str())
            .bind(self.seal_upstream(&id, upstream)?)
            .bind(renew_at);
        self.run_all([end(session, now), insert]).await?;
        Ok(StoredUpstreamSession {
            id,
            session_id: session.clone(),
            version: 0,
            upstream: upstream.clone(),
        })
    }

    /// The session in which a grant was given, and what the backend gave for it, if that goes on;
    /// `None` when there is no such grant, or it is revoked.
    ///
    /// # Errors
    ///
    /// [`StoreError::KeyFileWrong`] when it cannot be decrypted; else as the database.
    pub async fn upstream_session_of(
        &self,
        grant: &GrantId,
    ) -> Result<Option<(SessionId, Option<StoredUpstreamSession>)>, StoreError> {
        let given_in =
            Statement::new("SELECT session_id FROM grants WHERE id = $1 AND revoked_at IS NULL");
        let select = Statement::new(concat!(
            "SELECT ",
            upstream_columns!(),
            " FROM upstream_sessions WHERE ended_at IS NULL AND session_id =
                (SELECT session_id FROM grants WHERE id = $1 AND revoked_at IS NULL)",
        ));
        let statements = [given_in.bind(grant.as_str()), select.bind(grant.as_str())];
        let [given_in, found] = self.run_all(statements).await?;
        let Some(mut row) = given_in.first() else {
            return Ok(None);
        };
        let session = SessionId::new(row.text()?);
        let upstream = found.first().map(|row| self.read_upstream(row));
        Ok(Some((session, upstream.transpose()?)))
    }

    /// What the backend gave for a session that the user of the application password `id` is signed in
    /// with, if there is one: that which is renewed last, since it was begun or used last.
    ///
    /// # Errors
    ///
    /// As [`Self::upstream_session_of`].
    pub async fn upstream_session_of_password(
        &self,
        id: &GrantId,
    ) -> Result<Option<StoredUpstreamSession>, StoreError> {
        let select = Statement::new(concat!(
            "SELECT ",
            upstream_columns!(),
            " FROM upstream_sessions WHERE ended_at IS NULL AND session_id IN
                (SELECT s.id FROM sessions s JOIN application_passwords p ON p.subject = s.subject
                 WHERE p.id = $1 AND s.ended_at IS NULL)
             ORDER BY renew_at DESC, id LIMIT 1",
        ));
        let rows = self.run(select.bind(id.as_str())).await?;
        rows.first().map(|row| self.read_upstream(row)).transpose()
    }

    /// The stored session of this name if it goes on.
    ///
    /// # Errors
    ///
    /// As [`Self::upstream_session_of`].
    pub async fn find_upstream_session(
        &self,
        id: &str,
    ) -> Result<Option<StoredUpstreamSession>, StoreError> {
        let select = Statement::new(concat!(
            "SELECT ",
            upstream_columns!(),
            " FROM upstream_sessions WHERE id = $1 AND ended_at IS NULL",
        ));
        let rows = self.run(select.bind(id)).await?;
        rows.first().map(|row| self.read_upstream(row)).transpose()
    }

    /// Claims the renewal of a session, so that nobody else makes it before `lease` has passed.
    /// Whether it was to be had: it is not when somebody else has it, or made it, or when the
    /// session ended.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn claim_renewal(
        &self,
        stored: &StoredUpstreamSession,
        lease: Duration,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let claim = Statement::new(
            "UPDATE upstream_sessions SET claimed_until = $4
             WHERE id = $1 AND version = $2 AND ended_at IS NULL AND claimed_until <= $3",
        );
        let claim = claim
            .bind(stored.id.as_str())
            .bind(stored.version)
            .bind(now)
            .bind(now.after(lease));
        Ok(self.run(claim).await?.count() == 1)
    }

    /// Puts what a renewal brought in the place of what it was made with.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; what it was made with is spent all the same.
    pub async fn rotate_upstream_session(
        &self,
        stored: &StoredUpstreamSession,
        upstream: &UpstreamSession,
        renew_at: Timestamp,
    ) -> Result<Rotation, StoreError> {
        // Of one that ended meanwhile it is what the backend has to be told of.
        let rotate = Statement::new(
            "UPDATE upstream_sessions
             SET sealed = $3, version = version + 1, renew_at = $4, claimed_until = 0
             WHERE id = $1 AND version = $2 RETURNING ended_at",
        );
        let rotate = rotate
            .bind(stored.id.as_str())
            .bind(stored.version)
            .bind(self.seal_upstream(&stored.id, upstream)?)
            .bind(renew_at);
        let goes_on = self.run(rotate).await?.first();
        match goes_on
            .map(|mut row| row.optional_timestamp())
            .transpose()?
        {
            Some(None) => Ok(Rotation::Stored),
            Some(Some(_)) | None => Ok(Rotation::Unwanted),
        }
    }

    /// Gives a claim back, and puts the next attempt off.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; the claim runs out then.
    pub async fn postpone_renewal(
        &self,
        stored: &StoredUpstreamSession,
        renew_at: Timestamp,
    ) -> Result<(), StoreError> {
        let update = Statement::new(
            "UPDATE upstream_sessions SET claimed_until = 0, renew_at = $3
             WHERE id = $1 AND version = $2",
        );
        let update = update.bind(stored.id.as_str()).bind(stored.version);
        self.run(update.bind(renew_at)).await.map(drop)
    }

    /// Up to `limit` sessions that are due for renewal at `now` and that nobody renews yet.
    ///
    /// # Errors
    ///
    /// As [`Self::upstream_session_of`].
    pub async fn due_renewals(
        &self,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<StoredUpstreamSession>, StoreError> {
        let select = Statement::new(concat!(
            "SELECT ",
            upstream_columns!(),
            " FROM upstream_sessions
             WHERE ended_at IS NULL AND renew_at <= $1 AND claimed_until <= $1
             ORDER BY renew_at LIMIT $2",
        ));
        self.read_upstreams(self.run(select.bind(now).bind(limit)).await?)
    }

    /// Ends up to `limit` of those that belong to nothing any more: neither the session nor a
    /// refresh token given in it is good at `now`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn end_orphaned_upstream_sessions(
        &self,
        limit: u32,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let end = Statement::new(
            "UPDATE upstream_sessions SET ended_at = $1, claimed_until = 0 WHERE id IN
                (SELECT u.id FROM upstream_sessions u WHERE u.ended_at IS NULL
                    AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = u.session_id
                        AND s.ended_at IS NULL AND s.idle_until > $1 AND s.expires_at > $1)
                    AND NOT EXISTS (SELECT 1 FROM grants g JOIN refresh_tokens t
                        ON t.grant_id = g.id AND t.expires_at > $1
                        WHERE g.session_id = u.session_id AND g.revoked_at IS NULL)
                 LIMIT $2)",
        );
        Ok(self.run(end.bind(now).bind(limit)).await?.count())
    }

    /// Claims up to `limit` that have ended, for whoever tells the backend.
    ///
    /// # Errors
    ///
    /// As [`Self::upstream_session_of`].
    pub async fn claim_ended_upstream_sessions(
        &self,
        limit: u32,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<(StoredUpstreamSession, i64)>, StoreError> {
        // Looking first keeps an idle process from asking for the write lock.
        let ended = Statement::new(
            "SELECT 1 FROM upstream_sessions
             WHERE ended_at IS NOT NULL AND claimed_until <= $1 LIMIT 1",
        );
        if self.run(ended.bind(now)).await?.count() == 0 {
            return Ok(Vec::new());
        }
        let claim = Statement::new(concat!(
            "UPDATE upstream_sessions SET claimed_until = $2, attempts = attempts + 1
             WHERE id IN (SELECT id FROM upstream_sessions
                WHERE ended_at IS NOT NULL AND claimed_until <= $1 LIMIT $3)
             RETURNING attempts, ",
            upstream_columns!(),
        ));
        let claim = claim.bind(now).bind(now.after(lease)).bind(limit);
        self.run(claim).await?.read_all(|mut row| {
            let attempts = row.integer()?;
            Ok((self.read_upstream(row)?, attempts))
        })
    }

    /// Forgets one that has ended, of which the backend was told or will not be.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; the backend is told again then.
    pub async fn delete_upstream_session(
        &self,
        stored: &StoredUpstreamSession,
    ) -> Result<(), StoreError> {
        let delete = Statement::new(
            "DELETE FROM upstream_sessions
             WHERE id = $1 AND version = $2 AND ended_at IS NOT NULL",
        );
        let delete = delete.bind(stored.id.as_str()).bind(stored.version);
        self.run(delete).await.map(drop)
    }

    fn seal_upstream(&self, id: &str, upstream: &UpstreamSession) -> Result<Vec<u8>, StoreError> {
        let record = Record {
            access_token: upstream.access_token.expose().into(),
            token_expires_at: upstream.token_expires_at.as_secs(),
            renewal: upstream.renewal.expose().into(),
            renewal_expires_at: upstream.renewal_expires_at.as_secs(),
        };
        let plain = serde_json::to_vec(&record)
            .map(Zeroizing::new)
            .map_err(|_| StoreError::Corrupt("an upstream session"))?;
        self.sealing.seal(&context(id), &plain)
    }

    fn read_upstreams(&self, rows: Rows) -> Result<Vec<StoredUpstreamSession>, StoreError> {
        rows.read_all(|row| self.read_upstream(row))
    }

    fn read_upstream(&self, mut row: Row) -> Result<StoredUpstreamSession, StoreError> {
        let id = row.text()?;
        let session_id = SessionId::new(row.text()?);
        let version = row.integer()?;
        let plain = self
            .sealing
            .unseal(&context(&id), &row.blob()?)
            .ok_or(StoreError::KeyFileWrong)?;
        let record: Record<'_> = serde_json::from_slice(&plain)
            .map_err(|_| StoreError::Corrupt("an upstream session"))?;
        Ok(StoredUpstreamSession {
            id,
            session_id,
            version,
            upstream: UpstreamSession {
                access_token: Secret::new(record.access_token),
                token_expires_at: Timestamp::from_secs(record.token_expires_at),
                renewal: Secret::new(record.renewal),
                renewal_expires_at: Timestamp::from_secs(record.renewal_expires_at),
            },
        })
    }
}

/// Ends what the backend gave for a session; the row stays until the backend was told.
pub(super) fn end(session: &SessionId, now: Timestamp) -> Statement {
    let end = Statement::new(
        "UPDATE upstream_sessions SET ended_at = $2, claimed_until = 0
         WHERE session_id = $1 AND ended_at IS NULL",
    );
    end.bind(session.as_str()).bind(now)
}

/// What the sealed bytes are bound to: one row's cannot be put into another.
fn context(id: &str) -> String {
    format!("upstream-session:{id}")
}
