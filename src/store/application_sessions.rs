//! Sessions at applications behind the gateway, and the sign-ins that began them.
//!
//! Who signed in is told by the grant, which is revoked with the session at the provider, with its
//! client and with its user; so nothing in here has to be ended by hand.

use super::db::{Row, Statement};
use super::grants::{grant_columns, read_grant};
use super::{Store, StoreError, profile};
use crate::model::{ApplicationSession, Timestamp, UserProfile};
use crate::secret::Digest;

/// A sign-in that is finished.
#[derive(Clone, Copy, Debug)]
pub struct Begun<'a> {
    /// Its `state`, which is good once.
    pub state: &'a Digest,
    /// From when on the state is refused by its age.
    pub state_expires_at: Timestamp,
    /// The cookie that the browser had until now, whose session goes on for what is under way until
    /// then and no longer.
    pub previous: Option<(&'a Digest, Timestamp)>,
}

impl Store {
    /// Begins a session under the digest of its cookie, and uses the `state` of its sign-in up, as
    /// one step: of any number of parallel calls with one state exactly one is told `true`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the cookie exists already; else as the database.
    pub async fn begin_application_session(
        &self,
        cookie: &Digest,
        session: &ApplicationSession,
        begun: &Begun<'_>,
    ) -> Result<bool, StoreError> {
        let spend = Statement::new(
            "INSERT INTO spent_states (digest, expires_at) VALUES ($1, $2)
             ON CONFLICT (digest) DO NOTHING",
        );
        let insert = Statement::new(
            "INSERT INTO application_sessions (cookie, host, grant_id, begun_at, last_seen_at,
                                               idle_until, expires_at)
             VALUES ($1, $2, $3, $4, $4, $5, $6)",
        );
        let mut batch = vec![
            spend.bind(begun.state).bind(begun.state_expires_at).need(1),
            insert
                .bind(cookie)
                .bind(session.host.as_str())
                .bind(session.grant.id.as_str())
                .bind(session.last_seen_at)
                .bind(session.idle_until)
                .bind(session.expires_at),
        ];
        if let Some((previous, until)) = begun.previous {
            let shorten = Statement::new(
                "UPDATE application_sessions SET idle_until = $2, expires_at = $2
                 WHERE cookie = $1 AND expires_at > $2",
            );
            batch.push(shorten.bind(previous).bind(until));
        }
        Ok(self.db.batch(batch).await?.is_some())
    }

    /// Whether a `state` was used up.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn is_state_spent(&self, state: &Digest) -> Result<bool, StoreError> {
        let select = Statement::new("SELECT 1 FROM spent_states WHERE digest = $1");
        Ok(self.run(select.bind(state)).await?.count() > 0)
    }

    /// The session of a cookie, unless it or what was granted in it has ended at `now`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn find_application_session(
        &self,
        cookie: &Digest,
        now: Timestamp,
    ) -> Result<Option<ApplicationSession>, StoreError> {
        let select = Statement::new(concat!(
            "SELECT ",
            grant_columns!(),
            ", a.host, a.idle_until, a.expires_at, a.last_seen_at,
               coalesce(g.confirmed_at, g.authenticated_at)
             FROM application_sessions a JOIN grants g ON g.id = a.grant_id
             WHERE a.cookie = $1 AND a.idle_until > $2 AND a.expires_at > $2
               AND g.revoked_at IS NULL"
        ));
        let rows = self.run(select.bind(cookie).bind(now)).await?;
        rows.first().as_mut().map(read_session).transpose()
    }

    /// Notes that a session was used at `now`, and moves `idle_until`, unless that was done less
    /// than a minute ago.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn touch_application_session(
        &self,
        cookie: &Digest,
        idle_until: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let update = Statement::new(
            "UPDATE application_sessions SET idle_until = $2, last_seen_at = $3
             WHERE cookie = $1 AND last_seen_at < $3 AND idle_until < $2 AND expires_at >= $2",
        );
        self.run(update.bind(cookie).bind(idle_until).bind(now))
            .await
            .map(drop)
    }

    /// Notes what the users' backend said at `now` of the user of a grant.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn confirm_user(
        &self,
        session: &ApplicationSession,
        user: &UserProfile,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let update =
            Statement::new("UPDATE grants SET confirmed_at = $2, profile = $3 WHERE id = $1");
        let update = update
            .bind(session.grant.id.as_str())
            .bind(now)
            .bind(profile::to_json(user)?);
        self.run(update).await.map(drop)
    }
}

fn read_session(row: &mut Row) -> Result<ApplicationSession, StoreError> {
    Ok(ApplicationSession {
        grant: read_grant(row)?,
        host: row.text()?,
        idle_until: row.timestamp()?,
        expires_at: row.timestamp()?,
        last_seen_at: row.timestamp()?,
        user_confirmed_at: row.timestamp()?,
    })
}
