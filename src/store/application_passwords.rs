//! Application passwords, by their digests.
//!
//! One is ended like a grant of its name: the row is gone, and the name stays among the revocations
//! for as long as anybody may remember it.

use super::db::{Row, Statement};
use super::revocations::{grant_revoked_until, revocation_columns};
use super::{Store, StoreError, profile, to_the_end};
use crate::model::{ApplicationPassword, GrantId, Scope, Subject, Timestamp, UserProfile};
use crate::secret::Digest;

/// What became of a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Minted {
    /// It is good from now on.
    Saved,
    /// There is one of this name: the form came a second time.
    Repeated,
    /// Its user has as many as one may have.
    Full,
}

/// The columns that [`read_password`] reads.
macro_rules! password_columns {
    () => {
        "id, profile, name, routes, scope, created_at, expires_at, last_used_at, confirmed_at"
    };
}

/// The statements that end the passwords of a condition; the first, which has a parameter more for
/// how long that is remembered, returns the revocations.
macro_rules! end_passwords {
    ($condition:literal, $until:literal) => {
        [
            Statement::new(concat!(
                "INSERT INTO revocations (kind, id, expires_at) SELECT 'grant', id, ",
                $until,
                " FROM application_passwords WHERE ",
                $condition,
                " ON CONFLICT (kind, id) DO NOTHING RETURNING ",
                revocation_columns!(),
            )),
            Statement::new(concat!(
                "DELETE FROM application_passwords WHERE ",
                $condition,
            )),
        ]
    };
}

impl Store {
    /// Stores a new password under the digest of its secret, unless its user has `most` that are
    /// good at the moment it was made.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; nothing is stored then.
    pub async fn save_application_password(
        &self,
        digest: &Digest,
        password: &ApplicationPassword,
        most: u32,
    ) -> Result<Minted, StoreError> {
        let insert = Statement::new(
            "INSERT INTO application_passwords (id, digest, subject, profile, name, routes, scope,
                                                created_at, expires_at, confirmed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING",
        );
        let insert = insert
            .bind(password.id.as_str())
            .bind(digest)
            .bind(password.user.subject.as_str())
            .bind(profile::to_json(&password.user)?)
            .bind(password.name.as_str())
            .bind(password.routes.join(" "))
            .bind(password.scope.to_string())
            .bind(password.created_at)
            .bind(password.expires_at)
            .bind(password.user_confirmed_at);
        // Within the transaction the new one is counted already.
        let count = Statement::new(
            "UPDATE application_passwords SET id = id WHERE id = $1 AND
                 (SELECT count(*) FROM application_passwords p WHERE p.subject = $2
                     AND (p.expires_at IS NULL OR p.expires_at > $3)) <= $4",
        );
        let count = count
            .bind(password.id.as_str())
            .bind(password.user.subject.as_str())
            .bind(password.created_at)
            .bind(most);
        let stored = self.db.batch(vec![insert.need(1), count.need(1)]).await?;
        if stored.is_some() {
            return Ok(Minted::Saved);
        }
        let known = Statement::new("SELECT 1 FROM application_passwords WHERE id = $1");
        let known = self.run(known.bind(password.id.as_str())).await?;
        Ok(if known.count() > 0 {
            Minted::Repeated
        } else {
            Minted::Full
        })
    }

    /// The password of a secret if it is good at `now`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn find_application_password(
        &self,
        digest: &Digest,
        now: Timestamp,
    ) -> Result<Option<ApplicationPassword>, StoreError> {
        let select = Statement::new(concat!(
            "SELECT ",
            password_columns!(),
            " FROM application_passwords
             WHERE digest = $1 AND (expires_at IS NULL OR expires_at > $2)",
        ));
        let rows = self.run(select.bind(digest).bind(now)).await?;
        rows.first().as_mut().map(read_password).transpose()
    }

    /// The passwords of `subject` that are good at `now`, the newest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn application_passwords_of(
        &self,
        subject: &Subject,
        now: Timestamp,
    ) -> Result<Vec<ApplicationPassword>, StoreError> {
        let select = Statement::new(concat!(
            "SELECT ",
            password_columns!(),
            " FROM application_passwords
             WHERE subject = $1 AND (expires_at IS NULL OR expires_at > $2)
             ORDER BY created_at DESC, id",
        ));
        let rows = self.run(select.bind(subject.as_str()).bind(now)).await?;
        rows.read_all(|mut row| read_password(&mut row))
    }

    /// Notes that a password was used at `now` (called at most once a minute for each).
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn touch_application_password(
        &self,
        id: &GrantId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let update = Statement::new(
            "UPDATE application_passwords SET last_used_at = $2
             WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)",
        );
        self.run(update.bind(id.as_str()).bind(now)).await.map(drop)
    }

    /// Notes what the users' backend said at `now` of the user of a password.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn confirm_application_password(
        &self,
        id: &GrantId,
        user: &UserProfile,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let update = Statement::new(
            "UPDATE application_passwords SET confirmed_at = $2, profile = $3 WHERE id = $1",
        );
        let update = update.bind(id.as_str()).bind(now);
        self.run(update.bind(profile::to_json(user)?))
            .await
            .map(drop)
    }

    /// Ends a password of `subject`. Whether there was one. Durable before it returns, seen by
    /// [`Self::revocations`] at once, and done even if the caller stops waiting.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; it may be good then.
    pub async fn end_application_password(
        &self,
        subject: &Subject,
        id: &GrantId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let [remember, delete] = end_passwords!("subject = $1 AND id = $2", "$3");
        let bind = |statement: Statement| statement.bind(subject.as_str()).bind(id.as_str());
        let remember = bind(remember).bind(grant_revoked_until(now));
        Ok(self.end_passwords([remember, bind(delete)]).await? > 0)
    }

    /// The same for all of a user's; returns how many there were.
    ///
    /// # Errors
    ///
    /// As [`Self::end_application_password`].
    pub async fn end_application_passwords_of(
        &self,
        subject: &Subject,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let [remember, delete] = end_passwords!("subject = $1", "$2");
        let remember = remember
            .bind(subject.as_str())
            .bind(grant_revoked_until(now));
        let delete = delete.bind(subject.as_str());
        self.end_passwords([remember, delete]).await
    }

    async fn end_passwords(&self, statements: [Statement; 2]) -> Result<usize, StoreError> {
        let store = self.clone();
        to_the_end(async move {
            let [revoked, deleted] = store.run_all(statements).await?;
            store.revocations.take(revoked)?;
            Ok(deleted.count())
        })
        .await
    }
}

/// Reads the columns of [`password_columns`]. The name of a route has no space in it.
fn read_password(row: &mut Row) -> Result<ApplicationPassword, StoreError> {
    Ok(ApplicationPassword {
        id: GrantId::new(row.text()?),
        user: profile::from_json(&row.text()?)?,
        name: row.text()?,
        routes: row
            .text()?
            .split_terminator(' ')
            .map(str::to_owned)
            .collect(),
        scope: Scope::parse(&row.text()?).map_err(|_| StoreError::Corrupt("a scope"))?,
        created_at: row.timestamp()?,
        expires_at: row.optional_timestamp()?,
        last_used_at: row.optional_timestamp()?,
        user_confirmed_at: row.timestamp()?,
    })
}
