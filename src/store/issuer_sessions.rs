//! Sessions at applications behind the gateway whose users signed in at another issuer.
//!
//! A refresh token can be used once. So a refresh is claimed for a while before it is asked for: of
//! several processes one does, and if that one dies the claim runs out. A session that ends is
//! deleted, and its name goes to the revocations, which every request asks.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::db::{Row, Statement};
use super::revocations::{grant_revoked_until, revocation_columns};
use super::{Begun, Store, StoreError};
use crate::model::Timestamp;
use crate::secret::{Digest, Secret};

/// A browser that is signed in to an application by another issuer.
#[derive(Clone, Debug)]
pub struct IssuerSession {
    /// Names it, in revocations too.
    pub id: String,
    /// The application, by its host.
    pub host: String,
    /// Who signed the user in.
    pub issuer: String,
    /// What we are there.
    pub client_id: String,
    /// `sub` there.
    pub subject: String,
    /// `sid` there.
    pub sid: Option<String>,
    /// What the issuer gave, and said.
    pub tokens: IssuerTokens,
    /// How often it was refreshed.
    pub version: i64,
    /// When it is to be refreshed; `None`: never.
    pub refresh_at: Option<Timestamp>,
    /// When it began.
    pub begun_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends unless used again.
    pub idle_until: Timestamp,
    /// When it ends whatever happens.
    pub expires_at: Timestamp,
}

/// What an issuer gave for a sign-in, and said of its user. Access tokens are not kept: nobody needs
/// them.
#[derive(Clone)]
pub struct IssuerTokens {
    /// What the next tokens are had for.
    pub refresh_token: Option<Secret>,
    /// For the issuer, when the user signs out.
    pub id_token: Secret,
    /// `nonce` of the sign-in.
    pub nonce: String,
    /// What was granted.
    pub scope: String,
    /// What was said of the user.
    pub claims: Map<String, Value>,
    /// Until when that was said.
    pub good_until: Timestamp,
}

/// What the sealed bytes hold. It borrows, so that no copy of a secret is left behind.
#[derive(Serialize, Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    refresh_token: Option<Cow<'a, str>>,
    #[serde(borrow)]
    id_token: Cow<'a, str>,
    #[serde(borrow)]
    nonce: Cow<'a, str>,
    #[serde(borrow)]
    scope: Cow<'a, str>,
    claims: Cow<'a, Map<String, Value>>,
    good_until: u64,
}

/// The columns that [`Store::read_issuer_session`] reads.
macro_rules! issuer_session_columns {
    () => {
        "id, host, issuer, client_id, subject, sid, sealed, version, refresh_at, begun_at,
         last_seen_at, idle_until, expires_at"
    };
}

pub(super) use issuer_session_columns;

/// Two statements that end the sessions for which `$condition` holds, of which `$1` and on are the
/// condition's and the last two the end of the revocation.
macro_rules! end_sessions {
    ($until:literal, $($condition:tt)+) => {
        [
            Statement::new(concat!(
                "INSERT INTO revocations (kind, id, expires_at)
                 SELECT 'grant', id, ", $until, " FROM issuer_sessions WHERE ",
                $($condition)+,
                " ON CONFLICT (kind, id) DO NOTHING RETURNING ",
                revocation_columns!(),
            )),
            Statement::new(concat!("DELETE FROM issuer_sessions WHERE ", $($condition)+)),
        ]
    };
}

impl Store {
    /// Begins a session under the digest of its cookie, and uses the `state` of its sign-in up, as
    /// one step: of any number of parallel calls with one state exactly one is told `true`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the cookie exists already; else as the database.
    pub async fn begin_issuer_session(
        &self,
        cookie: &Digest,
        session: &IssuerSession,
        begun: &Begun<'_>,
    ) -> Result<bool, StoreError> {
        let spend = Statement::new(
            "INSERT INTO spent_states (digest, expires_at) VALUES ($1, $2)
             ON CONFLICT (digest) DO NOTHING",
        );
        let insert = Statement::new(
            "INSERT INTO issuer_sessions
                (id, cookie, host, issuer, client_id, subject, sid, sealed, version, refresh_at,
                 claimed_until, begun_at, last_seen_at, idle_until, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, 0, $10, $10, $11, $12)",
        );
        let insert = insert
            .bind(session.id.as_str())
            .bind(cookie)
            .bind(session.host.as_str())
            .bind(session.issuer.as_str())
            .bind(session.client_id.as_str())
            .bind(session.subject.as_str())
            .bind(session.sid.as_deref())
            .bind(self.seal_issuer_tokens(&session.id, &session.tokens)?)
            .bind(session.refresh_at)
            .bind(session.begun_at)
            .bind(session.idle_until)
            .bind(session.expires_at);
        let spend = spend.bind(begun.state).bind(begun.state_expires_at).need(1);
        let mut batch = vec![spend, insert];
        if let Some((previous, until)) = begun.previous {
            let shorten = Statement::new(
                "UPDATE issuer_sessions SET idle_until = $2, expires_at = $2
                 WHERE cookie = $1 AND expires_at > $2",
            );
            batch.push(shorten.bind(previous).bind(until));
        }
        Ok(self.db.batch(batch).await?.is_some())
    }

    /// The session of a cookie, unless it has ended at `now`.
    ///
    /// # Errors
    ///
    /// [`StoreError::KeyFileWrong`] when it cannot be decrypted; else as the database.
    pub async fn find_issuer_session(
        &self,
        cookie: &Digest,
        now: Timestamp,
    ) -> Result<Option<IssuerSession>, StoreError> {
        let select = Statement::new(concat!(
            "SELECT ",
            issuer_session_columns!(),
            " FROM issuer_sessions WHERE cookie = $1 AND idle_until > $2 AND expires_at > $2",
        ));
        let rows = self.run(select.bind(cookie).bind(now)).await?;
        let found = rows.first().map(|row| self.read_issuer_session(row));
        found.transpose()
    }

    /// Notes that a session was used at `now`, and moves `idle_until`, unless that was done less
    /// than a minute ago.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn touch_issuer_session(
        &self,
        id: &str,
        idle_until: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let update = Statement::new(
            "UPDATE issuer_sessions SET idle_until = $2, last_seen_at = $3
             WHERE id = $1 AND last_seen_at < $3 AND idle_until < $2 AND expires_at >= $2",
        );
        self.run(update.bind(id).bind(idle_until).bind(now))
            .await
            .map(drop)
    }

    /// Claims the refresh of a session, so that nobody else makes it before `lease` has passed.
    /// Whether it was to be had: it is not when somebody else has it, or made it, or when the
    /// session ended.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn claim_issuer_refresh(
        &self,
        session: &IssuerSession,
        lease: Duration,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let claim = Statement::new(
            "UPDATE issuer_sessions SET claimed_until = $4
             WHERE id = $1 AND version = $2 AND claimed_until <= $3",
        );
        let claim = claim
            .bind(session.id.as_str())
            .bind(session.version)
            .bind(now)
            .bind(now.after(lease));
        Ok(self.run(claim).await?.count() == 1)
    }

    /// Puts what a refresh brought in the place of what it was made with. Whether the session goes
    /// on: it may have ended meanwhile.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn renew_issuer_session(
        &self,
        session: &IssuerSession,
        tokens: &IssuerTokens,
        refresh_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let rotate = Statement::new(
            "UPDATE issuer_sessions
             SET sealed = $3, version = version + 1, refresh_at = $4, claimed_until = 0
             WHERE id = $1 AND version = $2",
        );
        let rotate = rotate
            .bind(session.id.as_str())
            .bind(session.version)
            .bind(self.seal_issuer_tokens(&session.id, tokens)?)
            .bind(refresh_at);
        Ok(self.run(rotate).await?.count() == 1)
    }

    /// Gives a claim back, and puts the next attempt off.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; the claim runs out then.
    pub async fn postpone_issuer_refresh(
        &self,
        session: &IssuerSession,
        refresh_at: Timestamp,
    ) -> Result<(), StoreError> {
        let update = Statement::new(
            "UPDATE issuer_sessions SET claimed_until = 0, refresh_at = $3
             WHERE id = $1 AND version = $2",
        );
        let update = update.bind(session.id.as_str()).bind(session.version);
        self.run(update.bind(refresh_at)).await.map(drop)
    }

    /// Ends a session, and every other one here of the same session at the issuer. Durable before it
    /// returns, and seen by [`Self::revocations`] at once.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; they may go on then.
    pub async fn end_issuer_session(
        &self,
        session: &IssuerSession,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let statements = end_sessions!(
            "$5",
            "(id = $1 OR (issuer = $2 AND client_id = $3 AND sid = $4))"
        );
        let bound = statements.map(|statement| {
            statement
                .bind(session.id.as_str())
                .bind(session.issuer.as_str())
                .bind(session.client_id.as_str())
                .bind(session.sid.as_deref())
        });
        self.end_issuer_sessions(bound, now).await
    }

    /// Ends the sessions of a session at an issuer, or all of a user there if it is not said which.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; they may go on then.
    pub async fn end_sessions_by_issuer(
        &self,
        (issuer, client_id): (&str, &str),
        (subject, sid): (Option<&str>, Option<&str>),
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let bound = match sid {
            Some(sid) => end_sessions!(
                "$5",
                "issuer = $1 AND client_id = $2 AND sid = $3 AND subject = coalesce($4, subject)"
            )
            .map(|it| it.bind(issuer).bind(client_id).bind(sid).bind(subject)),
            None => end_sessions!("$4", "issuer = $1 AND client_id = $2 AND subject = $3")
                .map(|it| it.bind(issuer).bind(client_id).bind(subject)),
        };
        self.end_issuer_sessions(bound, now).await
    }

    async fn end_issuer_sessions(
        &self,
        [remember, delete]: [Statement; 2],
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let remember = remember.bind(grant_revoked_until(now));
        let [revoked, deleted] = self.run_all([remember, delete]).await?;
        self.revocations.take(revoked)?;
        Ok(deleted.count())
    }

    fn seal_issuer_tokens(&self, id: &str, tokens: &IssuerTokens) -> Result<Vec<u8>, StoreError> {
        let refresh_token = tokens.refresh_token.as_ref();
        let record = Record {
            refresh_token: refresh_token.map(|token| token.expose().into()),
            id_token: tokens.id_token.expose().into(),
            nonce: tokens.nonce.as_str().into(),
            scope: tokens.scope.as_str().into(),
            claims: Cow::Borrowed(&tokens.claims),
            good_until: tokens.good_until.as_secs(),
        };
        let plain = serde_json::to_vec(&record)
            .map(Zeroizing::new)
            .map_err(|_| CORRUPT)?;
        self.sealing.seal(&context(id), &plain)
    }

    pub(super) fn read_issuer_session(&self, mut row: Row) -> Result<IssuerSession, StoreError> {
        let id = row.text()?;
        let (host, issuer) = (row.text()?, row.text()?);
        let (client_id, subject) = (row.text()?, row.text()?);
        let sid = row.optional_text()?;
        let plain = self
            .sealing
            .unseal(&context(&id), &row.blob()?)
            .ok_or(StoreError::KeyFileWrong)?;
        let record: Record<'_> = serde_json::from_slice(&plain).map_err(|_| CORRUPT)?;
        Ok(IssuerSession {
            id,
            host,
            issuer,
            client_id,
            subject,
            sid,
            tokens: IssuerTokens {
                refresh_token: record.refresh_token.map(Secret::new),
                id_token: Secret::new(record.id_token),
                nonce: record.nonce.into_owned(),
                scope: record.scope.into_owned(),
                claims: record.claims.into_owned(),
                good_until: Timestamp::from_secs(record.good_until),
            },
            version: row.integer()?,
            refresh_at: row.optional_timestamp()?,
            begun_at: row.timestamp()?,
            last_seen_at: row.timestamp()?,
            idle_until: row.timestamp()?,
            expires_at: row.timestamp()?,
        })
    }
}

const CORRUPT: StoreError = StoreError::Corrupt("a session by another issuer");

/// What the sealed bytes are bound to: one row's cannot be put into another.
fn context(id: &str) -> String {
    format!("issuer-session:{id}")
}

/// What is said of somebody is personal.
impl fmt::Debug for IssuerTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerTokens").finish_non_exhaustive()
    }
}
