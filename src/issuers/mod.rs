//! The issuers besides ourselves whose access tokens are accepted: where their keys come from, and
//! what they say of tokens that only they can read.
//!
//! Which issuer a token is of is decided by its `iss`, or, for an opaque one, by the issuers of the
//! route; whatever else a token names is never fetched. An issuer that is down takes nothing with
//! it but itself: nobody waits for it at start, its keys are believed for a while longer, and what
//! cannot be decided without it is a fault of ours to be tried again, never a bad token.
//!
//! *Invariant:* every request to an issuer goes through `outbound`, so it is
//! bounded in time and size and follows no redirection. *Invariant:* what was learned from one
//! issuer is kept inside of it.

mod settings;

mod client_credentials;
mod discovery;
mod error;
mod introspection;
mod keys;
mod relying_party;
mod schedule;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::clock::Clock;
use crate::jose::{self, KeyError, TrustedKeys};
use crate::model::Timestamp;
use crate::outbound::{Caller, Outbound};
use crate::telemetry::Metrics;

pub(crate) use discovery::{Convention, is_private};
pub use error::{FetchError, IssuersError};
use introspection::Introspector;
pub use introspection::{Introspection, IntrospectionError};
use keys::KeyFetcher;
pub use relying_party::{
    AssertionAudience, AssertionKey, RelyingParty, RelyingPartyError, SignInAuthentication,
    SignInClient,
};
pub(crate) use relying_party::{
    AuthorizationRequest, CodeAnswer, EndSessionRequest, Refreshing, Tokens,
};
pub use settings::{
    ClientAuthentication, FetchedKeys, IntrospectionEndpoint, KeyLocation, KeySource, Transport,
    TrustedIssuer,
};

/// How often it is asked whose keys are due.
const TICK: Duration = Duration::from_secs(1);

/// Every trusted issuer of a configuration.
#[derive(Debug, Default)]
pub struct Issuers(HashMap<Arc<str>, Arc<Issuer>>);

/// One trusted issuer.
#[derive(Debug)]
pub struct Issuer {
    settings: TrustedIssuer,
    /// `None`: its tokens are for its introspection endpoint alone to read.
    keys: Option<Arc<TrustedKeys>>,
    fetcher: Option<Arc<KeyFetcher>>,
    introspector: Option<Arc<Introspector>>,
    caller: Arc<dyn Caller>,
    metrics: Arc<Metrics>,
}

/// What issuers work with.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Where the present comes from when nobody asks.
    pub clock: Arc<dyn Clock>,
    /// Told of fetches and answers.
    pub metrics: Arc<Metrics>,
    /// How many answers about tokens each issuer's endpoint has remembered for it.
    pub remembered_tokens: u64,
}

impl Issuers {
    /// The issuers of `settings`. Those that `earlier` has with the same settings keep the keys
    /// that were fetched and what was said of tokens, so that a reload makes nobody wait.
    ///
    /// # Errors
    ///
    /// [`IssuersError`] when keys of the configuration or a CA cannot be used.
    pub fn new(
        settings: &[TrustedIssuer],
        earlier: &Self,
        surroundings: &Surroundings,
    ) -> Result<Self, IssuersError> {
        let mut callers = Callers::default();
        let mut issuers = HashMap::new();
        for settings in settings {
            let caller = callers.find(&settings.transport)?;
            let before = earlier.0.get(settings.issuer.as_str());
            let issuer = Issuer::new(settings, before, &caller, surroundings)?;
            issuers.insert(Arc::from(settings.issuer.as_str()), Arc::new(issuer));
        }
        Ok(Self(issuers))
    }

    /// The issuers whose tokens can be verified by signature.
    pub fn verifiable(&self) -> Vec<jose::TrustedIssuer> {
        self.0
            .values()
            .filter_map(|issuer| {
                Some(jose::TrustedIssuer {
                    issuer: issuer.settings.issuer.clone(),
                    keys: Arc::clone(issuer.keys.as_ref()?),
                    terms: issuer.settings.terms.clone(),
                })
            })
            .collect()
    }

    /// The issuer of this exact name.
    pub fn find(&self, name: &str) -> Option<&Arc<Issuer>> {
        self.0.get(name)
    }

    /// The one of `names` that says what opaque tokens are; the configuration sees to it that
    /// there are not two.
    pub fn introspecting(&self, names: &[Arc<str>]) -> Option<&Arc<Issuer>> {
        names
            .iter()
            .filter_map(|name| self.0.get(name))
            .find(|issuer| issuer.introspector.is_some())
    }

    /// The client of ours that the configuration calls so.
    pub fn relying_party(&self, name: &str) -> Option<RelyingParty> {
        self.0.values().find_map(|issuer| {
            let mut clients = issuer.settings.sign_in_clients.iter();
            let client = clients.find(|client| client.name == name)?;
            Some(RelyingParty::new(client.clone(), Arc::clone(issuer)))
        })
    }

    /// Fetches keys whenever they are due, until dropped.
    pub fn watch(&self) -> impl Future<Output = ()> + use<> {
        let fetchers: Vec<_> = self.fetchers().map(Arc::clone).collect();
        async move {
            let mut ticks = interval(TICK);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                // Each on its own: a slow issuer does not hold up the others.
                for fetcher in fetchers.iter().filter(|fetcher| fetcher.is_due()) {
                    let fetcher = Arc::clone(fetcher);
                    drop(tokio::spawn(async move { fetcher.refresh().await }));
                }
            }
        }
    }

    /// Fetches everybody's keys once, side by side. An issuer that does not answer is logged, and its
    /// tokens cannot be judged.
    pub async fn fetch_keys(&self) {
        let fetchers = self.fetchers().map(|fetcher| fetcher.refresh());
        futures_util::future::join_all(fetchers).await;
    }

    /// Tells the metrics how old everybody's keys are.
    pub fn report(&self, metrics: &Metrics, now: Timestamp) {
        metrics.forget_issuer_keys();
        for fetcher in self.fetchers() {
            fetcher.report(metrics, now);
        }
    }

    fn fetchers(&self) -> impl Iterator<Item = &Arc<KeyFetcher>> {
        self.0.values().filter_map(|issuer| issuer.fetcher.as_ref())
    }
}

impl Issuer {
    fn new(
        settings: &TrustedIssuer,
        before: Option<&Arc<Self>>,
        caller: &Arc<dyn Caller>,
        surroundings: &Surroundings,
    ) -> Result<Self, IssuersError> {
        let same_keys = before.filter(|before| before.settings.has_same_keys(settings));
        let (keys, fetcher) = match (&settings.keys, same_keys) {
            (_, Some(before)) => (before.keys.clone(), before.fetcher.clone()),
            (KeySource::Absent, None) => (None, None),
            (KeySource::Written(jwks) | KeySource::File(jwks), None) => {
                (Some(Arc::new(settings.fixed_keys(jwks)?)), None)
            }
            (KeySource::Fetched(fetched), None) => {
                let keys = Arc::new(TrustedKeys::awaited(&settings.algorithms));
                let name = settings.issuer.clone();
                let fetcher = KeyFetcher::new(name, fetched.clone(), &keys, caller, surroundings);
                (Some(keys), Some(Arc::new(fetcher)))
            }
        };
        let capacity = surroundings.remembered_tokens;
        let same_word = before
            .filter(|before| before.settings.has_same_word(settings))
            .filter(|before| {
                let introspector = before.introspector.as_ref();
                introspector.is_some_and(|introspector| introspector.has_capacity(capacity))
            });
        let introspector = match (&settings.introspection, same_word) {
            (_, Some(before)) => before.introspector.clone(),
            (Some(endpoint), None) => {
                let introspector = Introspector::new(settings, endpoint, caller, surroundings);
                Some(Arc::new(introspector))
            }
            (None, None) => None,
        };
        Ok(Self {
            settings: settings.clone(),
            keys,
            fetcher,
            introspector,
            caller: Arc::clone(caller),
            metrics: Arc::clone(&surroundings.metrics),
        })
    }

    /// `iss`.
    pub fn name(&self) -> &str {
        &self.settings.issuer
    }

    /// Whether some of its tokens can be verified without asking it.
    pub const fn has_keys(&self) -> bool {
        self.keys.is_some()
    }

    /// Whether its keys are fetched, so that one not known yet may turn up.
    pub const fn has_changing_keys(&self) -> bool {
        self.fetcher.is_some()
    }

    /// Fetches its keys for a token that none of those known fits, unless that was just done;
    /// anybody else who asks meanwhile waits for the same answer.
    ///
    /// # Errors
    ///
    /// [`FetchError`] of the last attempt.
    pub async fn renew_keys(&self, now: Timestamp) -> Result<(), FetchError> {
        match &self.fetcher {
            Some(fetcher) => fetcher.renew(now).await,
            None => Ok(()),
        }
    }

    /// By how much its clock may differ from ours.
    pub const fn leeway(&self) -> Duration {
        self.settings.terms.leeway
    }

    /// How long its word on a good token counts; `None` when it gives none.
    pub fn word_counts_for(&self) -> Option<Duration> {
        let endpoint = self.settings.introspection.as_ref()?;
        Some(endpoint.remember)
    }

    /// What it said of an opaque token and still counts.
    pub async fn recall(&self, token: &str, now: Timestamp) -> Option<Introspection> {
        self.introspector.as_ref()?.recall(token, now).await
    }

    /// Asks it what an opaque token is, or remembers what it said.
    pub async fn introspect(&self, token: &str, now: Timestamp) -> Introspection {
        match &self.introspector {
            Some(introspector) => introspector.introspect(token, now).await,
            None => Introspection::remembered(Err(IntrospectionError::Inactive)),
        }
    }
}

/// One HTTP client for all issuers that are called in the same way.
#[derive(Default)]
struct Callers(Vec<(Transport, Arc<dyn Caller>)>);

impl Callers {
    fn find(&mut self, transport: &Transport) -> Result<Arc<dyn Caller>, IssuersError> {
        if let Some((_, caller)) = self.0.iter().find(|(known, _)| known == transport) {
            return Ok(Arc::clone(caller));
        }
        let ca = transport.ca_pem.as_deref().unwrap_or_default();
        let caller = Outbound::trusting(transport.timeout, ca).map_err(IssuersError::Client)?;
        let caller: Arc<dyn Caller> = Arc::new(caller);
        self.0.push((transport.clone(), Arc::clone(&caller)));
        Ok(caller)
    }
}

impl TrustedIssuer {
    /// Checks the keys of the configuration as [`Issuers::new`] will, so that the issuer that has
    /// the problem can be named.
    ///
    /// # Errors
    ///
    /// [`KeyError::TrustedIssuer`] says what is wrong with its JWK Set.
    pub fn check(&self) -> Result<(), KeyError> {
        match &self.keys {
            KeySource::Written(jwks) | KeySource::File(jwks) => self.fixed_keys(jwks).map(drop),
            KeySource::Absent | KeySource::Fetched(_) => Ok(()),
        }
    }

    fn fixed_keys(&self, jwks: &str) -> Result<TrustedKeys, KeyError> {
        TrustedKeys::fixed(jwks, &self.algorithms).map_err(|source| KeyError::TrustedIssuer {
            issuer: self.issuer.clone(),
            source,
        })
    }
}
