//! Assertions that clients have used (RFC 7523 §3), each at most once.

use super::db::Statement;
use super::{Store, StoreError};
use crate::model::Timestamp;
use crate::secret::Digest;

impl Store {
    /// Uses an assertion up, as one statement: of any number of concurrent calls, in any number
    /// of processes, exactly one is told that it was the first.
    ///
    /// It is remembered until `expires_at`, from when on it is refused by its date.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; the assertion may be used up then.
    pub async fn spend_assertion(
        &self,
        assertion: &Digest,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let insert = Statement::new(
            "INSERT INTO client_assertions (digest, expires_at) VALUES ($1, $2)
             ON CONFLICT (digest) DO NOTHING",
        );
        let insert = insert.bind(assertion).bind(expires_at).need(1);
        Ok(self.db.batch(vec![insert]).await?.is_some())
    }
}
