//! Authorization codes (RFC 6749 §4.1.2), each used at most once.

use super::db::{Row, Statement, answers};
use super::grants::{grant_columns, insert_grant, read_grant};
use super::{Redemption, Store, StoreError, logout_notices};
use crate::model::{AuthorizationCode, CodeChallenge, GrantId, Timestamp};
use crate::secret::Digest;

impl Store {
    /// Stores a grant together with its code, in one batch, and notes that its session is used
    /// with its client.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the code or the grant exists already; else as the database.
    pub async fn save_code(
        &self,
        code: &Digest,
        record: &AuthorizationCode,
    ) -> Result<(), StoreError> {
        let insert = Statement::new(
            "INSERT INTO codes (digest, grant_id, redirect_uri, code_challenge, expires_at)
             VALUES ($1, $2, $3, $4, $5)",
        );
        let challenge = record.code_challenge.map(CodeChallenge::to_base64url);
        self.run_all([
            insert_grant(&record.grant)?,
            insert
                .bind(code)
                .bind(record.grant.id.as_str())
                .bind(record.redirect_uri.as_str())
                .bind(challenge)
                .bind(record.expires_at),
            logout_notices::note_client(&record.grant),
        ])
        .await
        .map(drop)
    }

    /// Marks the code used and returns it, as one statement: of any number of concurrent calls
    /// exactly one sees [`Redemption::Fresh`].
    ///
    /// A used code stays known for as long as a token that came of it may live, so that a late
    /// replay is still recognised as one.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; the code may be used up then.
    pub async fn redeem_code(
        &self,
        code: &Digest,
        now: Timestamp,
    ) -> Result<Redemption<AuthorizationCode>, StoreError> {
        let redeem = Statement::new(
            "UPDATE codes SET redeemed_at = $2
             WHERE digest = $1 AND redeemed_at IS NULL AND expires_at > $2
               AND EXISTS (SELECT 1 FROM grants
                           WHERE grants.id = codes.grant_id AND grants.revoked_at IS NULL)",
        );
        let select = Statement::new(concat!(
            "SELECT ",
            grant_columns!(),
            ", c.redirect_uri, c.code_challenge, c.expires_at
             FROM codes c JOIN grants g ON g.id = c.grant_id WHERE c.digest = $1"
        ));
        let batch = vec![redeem.bind(code).bind(now).need(1), select.bind(code)];
        let Some(rows) = self.db.batch(batch).await? else {
            return self.explain_refused_code(code).await;
        };
        let [_, record] = answers(rows)?;
        let mut row = record.first().ok_or(StoreError::Corrupt("a code"))?;
        read_code(&mut row).map(Redemption::Fresh)
    }

    /// A code that cannot be used was used before, or there is nothing to say about it.
    async fn explain_refused_code(
        &self,
        code: &Digest,
    ) -> Result<Redemption<AuthorizationCode>, StoreError> {
        let select = Statement::new(
            "SELECT grant_id FROM codes WHERE digest = $1 AND redeemed_at IS NOT NULL",
        );
        let rows = self.run(select.bind(code)).await?;
        rows.first().map_or(Ok(Redemption::Unknown), |mut row| {
            Ok(Redemption::Replayed(GrantId::new(row.text()?)))
        })
    }
}

fn read_code(row: &mut Row) -> Result<AuthorizationCode, StoreError> {
    let grant = read_grant(row)?;
    let redirect_uri = row.text()?;
    let code_challenge = row
        .optional_text()?
        .map(|text| CodeChallenge::parse(&text).ok_or(StoreError::Corrupt("a code challenge")))
        .transpose()?;
    Ok(AuthorizationCode {
        grant,
        redirect_uri,
        code_challenge,
        expires_at: row.timestamp()?,
    })
}
