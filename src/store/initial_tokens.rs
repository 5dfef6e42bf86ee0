//! Initial access tokens, and clients that register themselves with or without one (RFC 7591 §3).

use super::db::{Row, Statement};
use super::{ClientRecord, Store, StoreError};
use crate::model::Timestamp;
use crate::secret::Digest;

/// What is known of an initial access token beside its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialToken {
    /// What an administrator calls it by; no secret.
    pub id: String,
    /// Whom it was made for, in an administrator's words.
    pub note: Option<String>,
    /// How many registrations it was made for.
    pub uses: u32,
    /// How many of those are left.
    pub uses_left: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is worth nothing.
    pub expires_at: Timestamp,
}

/// What lets a client register itself.
#[derive(Clone, Copy, Debug)]
pub struct Admission<'a> {
    /// A token of the store, of which one use is spent.
    pub token: Option<&'a Digest>,
    /// How many clients that registered themselves there may be.
    pub max_clients: u32,
    /// The present.
    pub now: Timestamp,
}

impl Store {
    /// Keeps an initial access token.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn add_initial_token(
        &self,
        digest: &Digest,
        token: &InitialToken,
    ) -> Result<(), StoreError> {
        let insert = Statement::new(
            "INSERT INTO initial_access_tokens
                 (digest, id, note, uses, uses_left, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        );
        let insert = insert
            .bind(digest)
            .bind(token.id.as_str())
            .bind(token.note.clone())
            .bind(token.uses)
            .bind(token.uses_left)
            .bind(token.created_at)
            .bind(token.expires_at);
        self.run(insert).await.map(drop)
    }

    /// The id of a token that is good for another registration at `now`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn find_initial_token(
        &self,
        token: &Digest,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        let select = Statement::new(
            "SELECT id FROM initial_access_tokens
             WHERE digest = $1 AND uses_left > 0 AND expires_at > $2",
        );
        let found = self.run(select.bind(token).bind(now)).await?;
        found.first().map(|mut row| row.text()).transpose()
    }

    /// The tokens that have not expired at `now`, used up or not, oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn list_initial_tokens(
        &self,
        now: Timestamp,
    ) -> Result<Vec<InitialToken>, StoreError> {
        let select = Statement::new(
            "SELECT id, note, uses, uses_left, created_at, expires_at FROM initial_access_tokens
             WHERE expires_at > $1 ORDER BY created_at, id",
        );
        let rows = self.run(select.bind(now)).await?;
        rows.read_all(|mut row| read_token(&mut row))
    }

    /// Forgets a token, so that nobody registers with it any more. Whether there was one.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn revoke_initial_token(&self, id: &str) -> Result<bool, StoreError> {
        let delete = Statement::new("DELETE FROM initial_access_tokens WHERE id = $1");
        Ok(self.run(delete.bind(id)).await?.count() > 0)
    }

    /// Registers a client that registers itself and spends one use of its token, both or neither:
    /// of any number of parallel calls no more succeed than the token has uses. Whether it was
    /// admitted.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; nothing has changed then.
    pub async fn admit_client(
        &self,
        client: &ClientRecord,
        admission: &Admission<'_>,
    ) -> Result<bool, StoreError> {
        // Within the transaction the new client is counted already.
        let count = Statement::new(
            "UPDATE clients SET id = id WHERE id = $1 AND
                 (SELECT count(*) FROM clients
                  WHERE registered_by = 'dynamic' AND removed_at IS NULL) <= $2",
        );
        let mut statements = vec![
            self.insert_client(client)?.need(1),
            count
                .bind(client.id.as_str())
                .bind(admission.max_clients)
                .need(1),
        ];
        if let Some(token) = admission.token {
            let spend = Statement::new(
                "UPDATE initial_access_tokens SET uses_left = uses_left - 1
                 WHERE digest = $1 AND uses_left > 0 AND expires_at > $2",
            );
            statements.push(spend.bind(token).bind(admission.now).need(1));
        }
        Ok(self.db.batch(statements).await?.is_some())
    }
}

fn read_token(row: &mut Row) -> Result<InitialToken, StoreError> {
    let uses = |row: &mut Row| {
        u32::try_from(row.integer()?)
            .map_err(|_| StoreError::Corrupt("the uses of an initial access token"))
    };
    Ok(InitialToken {
        id: row.text()?,
        note: row.optional_text()?,
        uses: uses(row)?,
        uses_left: uses(row)?,
        created_at: row.timestamp()?,
        expires_at: row.timestamp()?,
    })
}
