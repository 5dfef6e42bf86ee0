//! Refresh tokens (RFC 6749 §6), rotated at each use (RFC 9700 §4.14.2).

use super::db::{Row, Statement, answers};
use super::grants::{grant_columns, read_grant};
use super::{Redemption, Store, StoreError};
use crate::model::{GrantId, RefreshToken, Timestamp};
use crate::secret::Digest;

impl Store {
    /// Stores the first refresh token of a grant.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the token exists already or the grant does not; else as the
    /// database.
    pub async fn save_refresh_token(
        &self,
        token: &Digest,
        grant: &GrantId,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let insert = Statement::new(
            "INSERT INTO refresh_tokens (digest, grant_id, expires_at) VALUES ($1, $2, $3)",
        );
        self.run(insert.bind(token).bind(grant.as_str()).bind(expires_at))
            .await
            .map(drop)
    }

    /// The token's record without using it; `None` when unknown, spent, expired or its grant
    /// revoked.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn find_refresh_token(
        &self,
        token: &Digest,
        now: Timestamp,
    ) -> Result<Option<RefreshToken>, StoreError> {
        let select = Statement::new(concat!(
            "SELECT ",
            grant_columns!(),
            ", t.expires_at FROM refresh_tokens t JOIN grants g ON g.id = t.grant_id
             WHERE t.digest = $1 AND t.spent_at IS NULL AND t.expires_at > $2
               AND g.revoked_at IS NULL"
        ));
        let rows = self.run(select.bind(token).bind(now)).await?;
        rows.first().as_mut().map(read_refresh_token).transpose()
    }

    /// Spends `token` and stores `successor`, in one batch: exactly one of concurrent calls is
    /// [`Redemption::Fresh`]. What is returned is the record of the successor.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; the token may be spent then.
    pub async fn rotate_refresh_token(
        &self,
        token: &Digest,
        successor: &Digest,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<Redemption<RefreshToken>, StoreError> {
        let spend = Statement::new(
            "UPDATE refresh_tokens SET spent_at = $2
             WHERE digest = $1 AND spent_at IS NULL AND expires_at > $2
               AND EXISTS (SELECT 1 FROM grants WHERE grants.id = refresh_tokens.grant_id
                                                  AND grants.revoked_at IS NULL)",
        );
        let succeed = Statement::new(
            "INSERT INTO refresh_tokens (digest, grant_id, expires_at)
             SELECT $2, grant_id, $3 FROM refresh_tokens WHERE digest = $1",
        );
        let select = Statement::new(concat!(
            "SELECT ",
            grant_columns!(),
            ", t.expires_at FROM refresh_tokens t JOIN grants g ON g.id = t.grant_id
             WHERE t.digest = $1"
        ));
        let batch = vec![
            spend.bind(token).bind(now).need(1),
            succeed.bind(token).bind(successor).bind(expires_at).need(1),
            select.bind(successor),
        ];
        let Some(rows) = self.db.batch(batch).await? else {
            return self.explain_refused_refresh_token(token).await;
        };
        let [_, _, record] = answers(rows)?;
        let mut row = record
            .first()
            .ok_or(StoreError::Corrupt("a refresh token"))?;
        read_refresh_token(&mut row).map(Redemption::Fresh)
    }

    /// A token that cannot be used was spent before, or there is nothing to say about it.
    async fn explain_refused_refresh_token(
        &self,
        token: &Digest,
    ) -> Result<Redemption<RefreshToken>, StoreError> {
        let select = Statement::new(
            "SELECT grant_id FROM refresh_tokens WHERE digest = $1 AND spent_at IS NOT NULL",
        );
        let rows = self.run(select.bind(token)).await?;
        rows.first().map_or(Ok(Redemption::Unknown), |mut row| {
            Ok(Redemption::Replayed(GrantId::new(row.text()?)))
        })
    }
}

fn read_refresh_token(row: &mut Row) -> Result<RefreshToken, StoreError> {
    Ok(RefreshToken {
        grant: read_grant(row)?,
        expires_at: row.timestamp()?,
    })
}
