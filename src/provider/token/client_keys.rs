//! The key sets of clients: read once, fetched when needed, kept while nobody answers.

use std::sync::Arc;

use moka::sync::Cache;

use super::remote_keys::RemoteKeys;
use crate::jose::{Assertion, JwkSetError, JwtError, KeySet, VerificationAlgorithm};
use crate::model::{ClientEndpoint, ClientKeys, KeySource, Reach, SigningAlgorithm, Timestamp};
use crate::outbound::{DocumentFetcher, OutboundError};
use crate::secret::Digest;
use crate::telemetry::Metrics;

/// How many key sets of each kind are remembered.
const REMEMBERED: u64 = 10_000;

/// Why the keys of a client do not show that an assertion is its.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeysError {
    /// They show that it is not.
    #[error(transparent)]
    Refused(#[from] JwtError),
    /// They are not known, which is not the fault of whoever sent the assertion.
    #[error("the keys of the client cannot be fetched at the moment")]
    Unavailable,
}

/// Why a key set could not be fetched.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// No document came.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// It is none that can be used.
    #[error(transparent)]
    KeySet(#[from] JwkSetError),
}

/// The key sets of all clients.
#[derive(Debug)]
pub(crate) struct ClientKeySets {
    inline: Cache<Digest, Arc<KeySet>>,
    remote: Cache<Digest, Arc<RemoteKeys>>,
    fetcher: Arc<KeySetFetcher>,
}

/// Where a set is fetched from, and what its keys may be used with.
#[derive(Clone, Debug)]
pub(super) struct RemoteSource {
    pub(super) uri: ClientEndpoint,
    pub(super) reach: Reach,
    pub(super) algorithms: Vec<SigningAlgorithm>,
}

/// Fetches sets, and counts what came of it.
#[derive(Debug)]
pub(super) struct KeySetFetcher {
    documents: Arc<dyn DocumentFetcher>,
    metrics: Arc<Metrics>,
}

impl ClientKeySets {
    pub(crate) fn new(documents: Arc<dyn DocumentFetcher>, metrics: Arc<Metrics>) -> Self {
        Self {
            inline: Cache::new(REMEMBERED),
            remote: Cache::new(REMEMBERED),
            fetcher: Arc::new(KeySetFetcher { documents, metrics }),
        }
    }

    /// Checks that `assertion` is signed with one of `keys`. `reach_of_registered` is where
    /// clients may lead us that registered themselves.
    ///
    /// # Errors
    ///
    /// [`KeysError`] says whether it is not, or cannot be told.
    pub(super) async fn verify(
        &self,
        assertion: &Assertion<'_>,
        keys: &ClientKeys,
        reach_of_registered: Reach,
        now: Timestamp,
    ) -> Result<(), KeysError> {
        match &keys.source {
            KeySource::Inline(text) => {
                let set = self.inline_set(text, keys.algorithms())?;
                Ok(assertion.verify(&set)?)
            }
            KeySource::Uri(uri, reach) => {
                let source = RemoteSource {
                    uri: uri.clone(),
                    reach: match reach {
                        Reach::Anywhere => Reach::Anywhere,
                        Reach::Public => reach_of_registered,
                    },
                    algorithms: keys.algorithms().to_vec(),
                };
                let remote = self.remote.get_with(source.digest(), Arc::default);
                remote.verify(assertion, source, &self.fetcher, now).await
            }
        }
    }

    fn inline_set(
        &self,
        text: &str,
        algorithms: &[SigningAlgorithm],
    ) -> Result<Arc<KeySet>, KeysError> {
        let digest = digest(text, algorithms);
        if let Some(set) = self.inline.get(&digest) {
            return Ok(set);
        }
        let set = KeySet::parse(text, &verification(algorithms)).map_err(|error| {
            // It could be used when it was registered.
            tracing::error!(%error, "the keys of a client cannot be read");
            KeysError::Unavailable
        })?;
        let set = Arc::new(set);
        self.inline.insert(digest, Arc::clone(&set));
        Ok(set)
    }
}

impl KeySetFetcher {
    /// Fetches a set, and counts what came of it.
    pub(super) async fn fetch(&self, source: &RemoteSource) -> Result<KeySet, FetchError> {
        let fetched = self.fetch_uncounted(source).await;
        match &fetched {
            Ok(_) => self.metrics.client_keys_fetched("fetched"),
            Err(error) => {
                self.metrics.client_keys_fetched("failed");
                let uri = source.uri.as_str();
                tracing::warn!(uri, %error, "the keys of a client cannot be fetched");
            }
        }
        fetched
    }

    async fn fetch_uncounted(&self, source: &RemoteSource) -> Result<KeySet, FetchError> {
        let text = self.documents.fetch(&source.uri, source.reach).await?;
        Ok(KeySet::parse(&text, &verification(&source.algorithms))?)
    }
}

impl RemoteSource {
    /// What the set is remembered under.
    fn digest(&self) -> Digest {
        let reach = match self.reach {
            Reach::Public => "public ",
            Reach::Anywhere => "anywhere ",
        };
        digest(&format!("{reach}{}", self.uri.as_str()), &self.algorithms)
    }
}

/// Names a set with what its keys may be used with. No text before it has a zero byte.
fn digest(text: &str, algorithms: &[SigningAlgorithm]) -> Digest {
    let names: Vec<&str> = algorithms.iter().map(|it| it.as_str()).collect();
    Digest::of(format!("{}\0{text}", names.join(" ")).as_bytes())
}

fn verification(algorithms: &[SigningAlgorithm]) -> Vec<VerificationAlgorithm> {
    algorithms.iter().map(|it| it.verification()).collect()
}
