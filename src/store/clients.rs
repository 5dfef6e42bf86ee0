//! Clients that were registered while running.

use super::db::{Row, Statement};
use super::grants::read_client_id;
use super::{Store, StoreError, client_ends, to_the_end};
use crate::model::{ClientId, RegisteredBy, SecretHash, Timestamp};
use crate::secret::{Digest, Secret};

/// A registered client as the store keeps it.
#[derive(Clone, Debug)]
pub struct ClientRecord {
    /// `client_id`.
    pub id: ClientId,
    /// Who registered it.
    pub registered_by: RegisteredBy,
    /// What it registered: JSON in the words of RFC 7591 §2.
    pub metadata: String,
    /// What is kept of its secret; a client without one, or with [`Self::shared_secret`], has
    /// none.
    pub secret_hash: Option<SecretHash>,
    /// The secret itself, of a client that proves by a MAC that it knows it; stored encrypted.
    pub shared_secret: Option<Secret>,
    /// What is kept of its registration access token (RFC 7592 §3).
    pub registration_token: Option<Digest>,
    /// When it was registered first.
    pub created_at: Timestamp,
}

/// The columns that [`read_client`] reads.
macro_rules! client_columns {
    () => {
        "id, registered_by, metadata, secret_hash, registration_token, created_at, shared_secret"
    };
}

impl Store {
    /// The client registered under `id`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn find_client(&self, id: &ClientId) -> Result<Option<ClientRecord>, StoreError> {
        let select = Statement::new(concat!(
            "SELECT ",
            client_columns!(),
            " FROM clients WHERE id = $1 AND removed_at IS NULL"
        ));
        let rows = self.run(select.bind(id.as_str())).await?;
        rows.first().map(|row| self.read_client(row)).transpose()
    }

    /// Every client, by id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn list_clients(&self) -> Result<Vec<ClientRecord>, StoreError> {
        let select = Statement::new(concat!(
            "SELECT ",
            client_columns!(),
            " FROM clients WHERE removed_at IS NULL ORDER BY id"
        ));
        self.run(select)
            .await?
            .read_all(|row| self.read_client(row))
    }

    /// Registers a client. Whether its id was free; one that was removed is, and the tokens of
    /// that one stay refused.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn add_client(&self, client: &ClientRecord) -> Result<bool, StoreError> {
        let mut batch = vec![self.insert_client(client)?.need(1)];
        batch.extend(client_ends::returns(client.created_at));
        let Some(answers) = self.db.batch(batch).await? else {
            return Ok(false);
        };
        self.revocations.take_all(answers)?;
        Ok(true)
    }

    /// Replaces what a client registered, its secret and its token. Whether it still was there.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn replace_client(&self, client: &ClientRecord) -> Result<bool, StoreError> {
        let update = Statement::new(
            "UPDATE clients SET metadata = $2, secret_hash = $3, registration_token = $4,
                                shared_secret = $5
             WHERE id = $1 AND removed_at IS NULL",
        );
        let update = update
            .bind(client.id.as_str())
            .bind(client.metadata.as_str())
            .bind(client.secret_hash.as_ref().map(SecretHash::to_text))
            .bind(token_bytes(client))
            .bind(self.sealed_secret(client)?);
        Ok(self.db.batch(vec![update.need(1)]).await?.is_some())
    }

    /// Removes a client with its consents and revokes its tokens and every grant that was given to
    /// it, in one batch. Whether there was one. Durable before it returns, seen by
    /// [`Self::revocations`] at once, and done even if the caller stops waiting.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; the client may be there still.
    pub async fn remove_client(&self, id: &ClientId, now: Timestamp) -> Result<bool, StoreError> {
        let (store, id) = (self.clone(), id.clone());
        to_the_end(async move { store.remove_client_now(&id, now).await }).await
    }

    async fn remove_client_now(&self, id: &ClientId, now: Timestamp) -> Result<bool, StoreError> {
        let remove = Statement::new(
            "UPDATE clients SET removed_at = $2, secret_hash = NULL, registration_token = NULL,
                                shared_secret = NULL
             WHERE id = $1 AND removed_at IS NULL",
        );
        let mut batch = vec![remove.bind(id.as_str()).bind(now).need(1)];
        batch.extend(client_ends::of_stored(id, now));
        // The configuration may have one of this id as well.
        batch.extend(client_ends::returns(now));
        let Some(answers) = self.db.batch(batch).await? else {
            return Ok(false);
        };
        self.revocations.take_all(answers)?;
        Ok(true)
    }

    /// Stores a client under an id that nobody has, or nobody has any more.
    pub(super) fn insert_client(&self, client: &ClientRecord) -> Result<Statement, StoreError> {
        let insert = Statement::new(
            "INSERT INTO clients (id, registered_by, metadata, secret_hash, registration_token,
                                  created_at, shared_secret)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (id) DO UPDATE SET
                 registered_by = excluded.registered_by, metadata = excluded.metadata,
                 secret_hash = excluded.secret_hash, created_at = excluded.created_at,
                 registration_token = excluded.registration_token, removed_at = NULL,
                 shared_secret = excluded.shared_secret
             WHERE clients.removed_at IS NOT NULL",
        );
        Ok(insert
            .bind(client.id.as_str())
            .bind(client.registered_by.as_str())
            .bind(client.metadata.as_str())
            .bind(client.secret_hash.as_ref().map(SecretHash::to_text))
            .bind(token_bytes(client))
            .bind(client.created_at)
            .bind(self.sealed_secret(client)?))
    }

    fn sealed_secret(&self, client: &ClientRecord) -> Result<Option<Vec<u8>>, StoreError> {
        let secret = client.shared_secret.as_ref();
        secret
            .map(|secret| {
                let context = sealing_context(&client.id);
                self.sealing.seal(&context, secret.expose().as_bytes())
            })
            .transpose()
    }

    fn read_client(&self, mut row: Row) -> Result<ClientRecord, StoreError> {
        const UNREADABLE: StoreError = StoreError::Corrupt("the secret of a client");
        let id = read_client_id(&mut row)?;
        Ok(ClientRecord {
            registered_by: RegisteredBy::parse(&row.text()?)
                .ok_or(StoreError::Corrupt("who registered a client"))?,
            metadata: row.text()?,
            secret_hash: row
                .optional_text()?
                .map(|text| SecretHash::parse(&text))
                .transpose()
                .map_err(|_| StoreError::Corrupt("the hash of a client's secret"))?,
            registration_token: row.optional_digest()?,
            created_at: row.timestamp()?,
            shared_secret: row
                .optional_blob()?
                .map(|sealed| {
                    let plain = self.sealing.unseal(&sealing_context(&id), &sealed);
                    let plain = plain.ok_or(UNREADABLE)?;
                    let text = std::str::from_utf8(&plain).map_err(|_| UNREADABLE)?;
                    Ok::<_, StoreError>(Secret::new(text))
                })
                .transpose()?,
            id,
        })
    }
}

/// What a secret is sealed as, so that it opens for its own client only.
fn sealing_context(id: &ClientId) -> String {
    format!("client-secret:{id}")
}

fn token_bytes(client: &ClientRecord) -> Option<Vec<u8>> {
    let token = client.registration_token.as_ref();
    token.map(|digest| digest.as_bytes().to_vec())
}
