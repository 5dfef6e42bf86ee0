//! Refresh tokens (RFC 6749 §6): rotated at each use (RFC 9700 §4.14.2), or kept.
//!
//! A token is live, or spent and followed by exactly one successor. As long as the successor has
//! not been used, its predecessor makes it again ([`super::successors`]); from its use on, the
//! predecessor is evidence that two parties have held the same token.

use std::time::Duration;

use super::db::{Row, Statement};
use super::grants::{grant_columns, read_grant};
use super::{Store, StoreError, profile};
use crate::entropy;
use crate::model::{GrantId, RefreshToken, Spent, Timestamp, UserProfile};
use crate::secret::{Digest, Secret};

/// What presenting a refresh token that rotates brought.
#[derive(Debug)]
pub enum Rotation {
    /// Its first use, and the successor that is good from now on.
    Fresh(Secret),
    /// It was spent within the window and its successor was not used: the very same successor.
    Repeated(Secret),
    /// It was spent before and there is no innocent explanation; its grant must go.
    Replayed(GrantId),
    /// Never issued, expired or revoked.
    Unknown,
}

/// What a use of a refresh token changes besides the token.
#[derive(Clone, Copy, Debug)]
pub struct RefreshTerms<'a> {
    /// When the live token of the grant ends from now on.
    pub expires_at: Timestamp,
    /// For how long a spent token brings its successor again.
    pub reuse_window: Duration,
    /// What the users' backend said of the user just now; `None` when it said nothing.
    pub confirmed: Option<&'a UserProfile>,
}

/// The token `$1` may be used at `$2`.
macro_rules! is_live {
    () => {
        "digest = $1 AND spent_at IS NULL AND expires_at > $2
           AND EXISTS (SELECT 1 FROM grants WHERE grants.id = refresh_tokens.grant_id
                                              AND grants.revoked_at IS NULL)"
    };
}

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

    /// The token's record without using it, also when it is spent or expired; `None` when it is
    /// unknown or its grant revoked.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn find_refresh_token(
        &self,
        token: &Digest,
    ) -> Result<Option<RefreshToken>, StoreError> {
        let select = Statement::new(concat!(
            "SELECT ",
            grant_columns!(),
            ", t.expires_at, t.spent_at,
               CASE WHEN t.successor_nonce IS NULL THEN 1 ELSE 0 END,
               coalesce(g.confirmed_at, g.authenticated_at)
             FROM refresh_tokens t JOIN grants g ON g.id = t.grant_id
             WHERE t.digest = $1 AND g.revoked_at IS NULL"
        ));
        let rows = self.run(select.bind(token)).await?;
        rows.first().as_mut().map(read_refresh_token).transpose()
    }

    /// Spends `token` for its successor, in one batch: exactly one of concurrent calls is
    /// [`Rotation::Fresh`], and each other one within the window gets the same successor.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; the token may be spent then, and may be
    /// presented again.
    pub async fn rotate_refresh_token(
        &self,
        token: &Secret,
        terms: &RefreshTerms<'_>,
        now: Timestamp,
    ) -> Result<Rotation, StoreError> {
        let digest = token.digest();
        let nonce = entropy::random::<32>()?;
        let successor = self.successors.successor(token, &nonce);
        let spend = Statement::new(concat!(
            "UPDATE refresh_tokens SET spent_at = $2, successor_nonce = $3 WHERE ",
            is_live!()
        ));
        let succeed = Statement::new(
            "INSERT INTO refresh_tokens (digest, grant_id, expires_at, predecessor)
             SELECT $2, grant_id, $3, digest FROM refresh_tokens WHERE digest = $1",
        );
        // Whoever uses this token has received it: what came before it has no excuse any more.
        let close = Statement::new(
            "UPDATE refresh_tokens SET successor_nonce = NULL
             WHERE digest = (SELECT predecessor FROM refresh_tokens WHERE digest = $1)",
        );
        let mut batch = vec![
            spend.bind(&digest).bind(now).bind(nonce.to_vec()).need(1),
            succeed
                .bind(&digest)
                .bind(&successor.digest())
                .bind(terms.expires_at)
                .need(1),
            close.bind(&digest),
        ];
        batch.extend(confirm(&digest, terms, now)?);
        match self.db.batch(batch).await? {
            Some(_) => Ok(Rotation::Fresh(successor)),
            None => self.repeat_rotation(token, terms.reuse_window, now).await,
        }
    }

    /// A token that cannot be spent was spent before, or there is nothing to say about it.
    async fn repeat_rotation(
        &self,
        token: &Secret,
        reuse_window: Duration,
        now: Timestamp,
    ) -> Result<Rotation, StoreError> {
        let digest = token.digest();
        let repeat = Statement::new(
            "SELECT t.successor_nonce FROM refresh_tokens t JOIN grants g ON g.id = t.grant_id
             WHERE t.digest = $1 AND t.spent_at > $2 AND t.successor_nonce IS NOT NULL
               AND g.revoked_at IS NULL",
        );
        let replay = Statement::new(
            "SELECT grant_id FROM refresh_tokens WHERE digest = $1 AND spent_at IS NOT NULL",
        );
        let [nonce, spent] = self
            .run_all([
                repeat.bind(&digest).bind(now.before(reuse_window)),
                replay.bind(&digest),
            ])
            .await?;
        if let Some(mut row) = nonce.first() {
            let successor = self.successors.successor(token, &row.blob()?);
            return Ok(Rotation::Repeated(successor));
        }
        spent.first().map_or(Ok(Rotation::Unknown), |mut row| {
            Ok(Rotation::Replayed(GrantId::new(row.text()?)))
        })
    }

    /// Uses a token that stays: moves its end. Whether it still was good.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn keep_refresh_token(
        &self,
        token: &Digest,
        terms: &RefreshTerms<'_>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let keep = Statement::new(concat!(
            "UPDATE refresh_tokens SET expires_at = $3 WHERE ",
            is_live!()
        ));
        let mut batch = vec![keep.bind(token).bind(now).bind(terms.expires_at).need(1)];
        batch.extend(confirm(token, terms, now)?);
        Ok(self.db.batch(batch).await?.is_some())
    }
}

/// Records what the users' backend said, in the batch that uses the token.
fn confirm(
    token: &Digest,
    terms: &RefreshTerms<'_>,
    now: Timestamp,
) -> Result<Option<Statement>, StoreError> {
    let Some(user) = terms.confirmed else {
        return Ok(None);
    };
    let update = Statement::new(
        "UPDATE grants SET profile = $2, confirmed_at = $3
         WHERE id = (SELECT grant_id FROM refresh_tokens WHERE digest = $1)",
    );
    let update = update.bind(token).bind(profile::to_json(user)?).bind(now);
    Ok(Some(update))
}

fn read_refresh_token(row: &mut Row) -> Result<RefreshToken, StoreError> {
    Ok(RefreshToken {
        grant: read_grant(row)?,
        expires_at: row.timestamp()?,
        spent: read_spent(row)?,
        user_confirmed_at: row.timestamp()?,
    })
}

fn read_spent(row: &mut Row) -> Result<Option<Spent>, StoreError> {
    let at = row.optional_timestamp()?;
    let is_successor_used = row.integer()? == 1;
    Ok(at.map(|at| Spent {
        at,
        is_successor_used,
    }))
}
