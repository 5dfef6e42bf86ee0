//! The registered clients, by their identifiers.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::model::{Client, ClientAuthentication, SecretHash};

/// Everybody who may ask. Comes from the configuration, and a new configuration brings a new one.
#[derive(Debug)]
pub(crate) struct Clients {
    by_id: HashMap<String, Arc<Client>>,
    /// Of all of them.
    origins: HashSet<String>,
}

impl Clients {
    pub(crate) fn new(clients: &[Client]) -> Self {
        let by_id = clients
            .iter()
            .map(|client| (client.id.as_str().to_owned(), Arc::new(client.clone())));
        Self {
            by_id: by_id.collect(),
            origins: clients.iter().flat_map(Client::origins).collect(),
        }
    }

    /// The client registered under exactly `id`.
    pub(crate) fn find(&self, id: &str) -> Option<&Arc<Client>> {
        self.by_id.get(id)
    }

    /// Whether scripts of `origin` belong to one of the clients.
    pub(crate) fn has_origin(&self, origin: &str) -> bool {
        self.origins.contains(origin)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Client> {
        self.by_id.values().map(Arc::as_ref)
    }

    /// A hash that is slow to check, if any client has one.
    pub(crate) fn slow_hash(&self) -> Option<&SecretHash> {
        self.iter()
            .filter_map(|client| match &client.authentication {
                ClientAuthentication::None => None,
                ClientAuthentication::SecretBasic(hash)
                | ClientAuthentication::SecretPost(hash) => Some(hash),
            })
            .find(|hash| hash.is_slow())
    }
}
