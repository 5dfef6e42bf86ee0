//! What a new configuration means for the clients it has no more.

use crate::provider::{Provider, audit};
use crate::store::StoreError;

impl Provider {
    /// Ends the clients that the configuration before this one had: their tokens, grants and
    /// consents. To be called before this one is in force.
    ///
    /// Sessions go on: they belong to users. Changing a secret ends nothing, since whoever has a
    /// token proved the secret that was right.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot answer; nothing has ended then.
    pub async fn adopt_clients(&self) -> Result<(), StoreError> {
        let now = self.parts.clock.now();
        let listed = self.settings.clients.iter().map(|client| client.id.clone());
        let store = &self.parts.store;
        let ended = store.list_configured_clients(listed.collect(), now).await?;
        ended.iter().for_each(audit::client_ended);
        Ok(())
    }
}
