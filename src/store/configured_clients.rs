//! Which clients the configuration had last, so that one that was taken out is noticed.

use super::db::Statement;
use super::grants::read_client_id;
use super::{Store, StoreError, client_ends, to_the_end};
use crate::model::{ClientId, Timestamp};

impl Store {
    /// Notes that the configuration has these clients, and ends those that it had and has no
    /// more: their grants, consents and tokens, in one batch. Returns those. Durable before it
    /// returns, seen by [`Self::revocations`] at once, and done even if the caller stops waiting.
    ///
    /// One that is there again gets new tokens, and what was issued before stays refused.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; nothing has ended then.
    pub async fn list_configured_clients(
        &self,
        clients: Vec<ClientId>,
        now: Timestamp,
    ) -> Result<Vec<ClientId>, StoreError> {
        let store = self.clone();
        to_the_end(async move { store.list_configured_now(&clients, now).await }).await
    }

    async fn list_configured_now(
        &self,
        clients: &[ClientId],
        now: Timestamp,
    ) -> Result<Vec<ClientId>, StoreError> {
        let mut batch = vec![Statement::new(
            "UPDATE configured_clients SET is_listed = 0",
        )];
        batch.extend(clients.iter().map(|id| {
            let list = Statement::new(
                "INSERT INTO configured_clients (id, is_listed) VALUES ($1, 1)
                 ON CONFLICT (id) DO UPDATE SET is_listed = 1",
            );
            list.bind(id.as_str())
        }));
        batch.extend(client_ends::of_unlisted(now));
        batch.extend(client_ends::returns(now));
        batch.push(Statement::new(
            "DELETE FROM configured_clients WHERE is_listed = 0 RETURNING id",
        ));
        let mut answers = self.db.batch(batch).await?.unwrap_or_default();
        let ended = answers.pop();
        self.revocations.take_all(answers)?;
        ended.map_or(Ok(Vec::new()), |rows| {
            rows.read_all(|mut row| read_client_id(&mut row))
        })
    }
}
