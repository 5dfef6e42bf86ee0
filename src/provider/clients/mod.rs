//! The registered clients, by their identifiers: those of the configuration, then those of the
//! store.

mod adoption;
mod authentication;
mod cells;
mod check;
mod endpoints;
mod metadata;
mod redirect_uris;

pub(crate) use authentication::{AuthenticationMethod, check_inline, keep_secret, keeps_secret};
pub(crate) use cells::{CellsClient, Sites, parse as parse_cells};
pub(crate) use check::{MetadataError, Rules};
pub(crate) use metadata::{ApplicationType, ClientMetadata};

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use super::settings::Settings;
use crate::model::{
    Client, ClientAuthentication, ClientId, SecretHash, SigningAlgorithm, Timestamp, folded,
};
use crate::store::{ClientRecord, Store, StoreError};

/// How long what the store said of a client is believed: so long does it take at most until a
/// change made by another process (`cellgate clients`) is in force here.
const BELIEVED: Duration = Duration::from_secs(3);

/// How many answers of the store are remembered.
const REMEMBERED: u64 = 10_000;

/// Everybody who may ask.
///
/// A new configuration brings new ones; those of the store come and go meanwhile. A client of the
/// configuration hides one of the same id in the store.
#[derive(Debug)]
pub(crate) struct Clients {
    configured: HashMap<String, Arc<Client>>,
    /// The web origins of all of those.
    origins: HashSet<String>,
    /// What users read as the names of all of those and of the provider, folded.
    names: HashSet<String>,
    store: Store,
    /// What the store said last; nothing, too.
    recent: Cache<ClientId, Answer>,
    /// The web origins of the clients that the store had last.
    recent_origins: Cache<(), Origins>,
    /// `aud` of the access tokens of clients of the store that have none of their own.
    audience: Vec<String>,
}

#[derive(Clone, Debug)]
struct Answer {
    client: Option<Arc<Client>>,
    at: Timestamp,
}

#[derive(Clone, Debug)]
struct Origins {
    all: Arc<HashSet<String>>,
    at: Timestamp,
}

impl Clients {
    pub(crate) fn new(settings: &Settings, store: Store) -> Self {
        let configured = &settings.clients;
        let names = configured.iter().map(|client| &client.name);
        let names = names.chain([&settings.display_name]);
        let by_id = configured
            .iter()
            .map(|client| (client.id.as_str().to_owned(), Arc::new(client.clone())));
        Self {
            configured: by_id.collect(),
            origins: configured.iter().flat_map(Client::origins).collect(),
            names: names.map(|name| folded(name)).collect(),
            store,
            recent: Cache::new(REMEMBERED),
            recent_origins: Cache::new(1),
            audience: settings.registration.audience.clone(),
        }
    }

    /// The client registered under exactly `id`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot say whether there is one.
    pub(crate) async fn find(
        &self,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<Arc<Client>>, StoreError> {
        if let Some(client) = self.configured.get(id) {
            return Ok(Some(Arc::clone(client)));
        }
        let Ok(id) = ClientId::parse(id) else {
            return Ok(None);
        };
        if let Some(answer) = self.recent.get(&id)
            && now.since(answer.at) < BELIEVED
        {
            return Ok(answer.client);
        }
        let record = self.store.find_client(&id).await?;
        let client = record.and_then(|record| self.read(record)).map(Arc::new);
        let answer = Answer {
            client: client.clone(),
            at: now,
        };
        self.recent.insert(id, answer);
        Ok(client)
    }

    /// Forgets what the store said of a client that has been changed here.
    pub(crate) fn forget(&self, id: &ClientId) {
        self.recent.invalidate(id);
        self.recent_origins.invalidate(&());
    }

    /// Whether users would take a client called `name` for one of the configuration, or for the
    /// provider itself.
    pub(crate) fn is_name_of_another(&self, name: &str) -> bool {
        self.names.contains(&folded(name))
    }

    /// Whether scripts of `origin` belong to one of the clients. While the store cannot say, those
    /// of its clients do not.
    pub(crate) async fn has_origin(&self, origin: &str, now: Timestamp) -> bool {
        if self.origins.contains(origin) {
            return true;
        }
        if let Some(origins) = self.recent_origins.get(&())
            && now.since(origins.at) < BELIEVED
        {
            return origins.all.contains(origin);
        }
        let records = self.store.list_clients().await.unwrap_or_else(|error| {
            tracing::error!(%error, "the origins of stored clients are not known");
            Vec::new()
        });
        let clients = records.into_iter().filter_map(|record| self.read(record));
        let all: HashSet<String> = clients
            .flat_map(|client| client.origins().collect::<Vec<_>>())
            .collect();
        let is_known = all.contains(origin);
        let origins = Origins {
            all: Arc::new(all),
            at: now,
        };
        self.recent_origins.insert((), origins);
        is_known
    }

    /// What is signed for the clients of the store, and how.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot say.
    pub(crate) async fn stored_algorithms(&self) -> Result<Vec<SigningAlgorithm>, StoreError> {
        let records = self.store.list_clients().await?;
        let clients = records.into_iter().filter_map(|record| self.read(record));
        Ok(clients
            .flat_map(|client| client.signing.algorithms())
            .collect())
    }

    /// A hash that is slow to check, if any client of the configuration has one.
    pub(crate) fn slow_hash(&self) -> Option<&SecretHash> {
        self.configured
            .values()
            .filter_map(|client| match &client.authentication {
                ClientAuthentication::None
                | ClientAuthentication::InProcess
                | ClientAuthentication::PrivateKeyJwt(_)
                | ClientAuthentication::SecretJwt(_) => None,
                ClientAuthentication::SecretBasic(hash)
                | ClientAuthentication::SecretPost(hash) => Some(hash),
            })
            .find(|hash| hash.is_slow())
    }

    /// A client of the store. One that cannot be understood (a later version wrote it) is not
    /// registered here.
    fn read(&self, record: ClientRecord) -> Option<Client> {
        let id = record.id.clone();
        let client = ClientMetadata::parse(&record.metadata)
            .and_then(|metadata| metadata.into_client(record, &self.audience));
        client
            .map_err(|error| tracing::error!(client.id = %id, %error, "a client of the store cannot be used"))
            .ok()
    }
}
