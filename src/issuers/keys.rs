//! Fetching the keys of one issuer.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use http::StatusCode;
use url::Url;

use super::Surroundings;
use super::discovery;
use super::error::FetchError;
use super::relying_party::SignInMetadata;
use super::schedule::Schedule;
use super::settings::{FetchedKeys, KeyLocation};
use crate::clock::Clock;
use crate::entropy;
use crate::gate::Gate;
use crate::jose::{JwkSetError, TrustedKeys};
use crate::model::{Reach, Timestamp};
use crate::outbound::{Call, Caller, Reply};
use crate::telemetry::Metrics;

/// Fetches the keys of one issuer, one fetch at a time.
#[derive(Debug)]
pub(super) struct KeyFetcher {
    issuer: String,
    settings: FetchedKeys,
    keys: Arc<TrustedKeys>,
    /// Where its users sign in, as far as it said so.
    sign_in: ArcSwapOption<SignInMetadata>,
    caller: Arc<dyn Caller>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    schedule: Mutex<Schedule>,
    /// Passed by who fetches.
    fetching: Gate,
}

/// How many requests wait for one fetch. Whoever comes then is told to come back.
const MAX_WAITING: usize = 4096;

impl KeyFetcher {
    /// A fetcher that has not fetched anything yet.
    pub(super) fn new(
        issuer: String,
        settings: FetchedKeys,
        keys: &Arc<TrustedKeys>,
        caller: &Arc<dyn Caller>,
        surroundings: &Surroundings,
    ) -> Self {
        Self {
            issuer,
            settings,
            keys: Arc::clone(keys),
            sign_in: ArcSwapOption::empty(),
            caller: Arc::clone(caller),
            clock: Arc::clone(&surroundings.clock),
            metrics: Arc::clone(&surroundings.metrics),
            schedule: Mutex::default(),
            fetching: Gate::new(1),
        }
    }

    /// Fetches for somebody who waits, unless that was just done. The fetch goes on when whoever
    /// asked goes away, so that nobody can keep the others from its outcome.
    pub(super) async fn renew(self: &Arc<Self>, now: Timestamp) -> Result<(), FetchError> {
        if let Some(outcome) = self.recent(now) {
            return outcome;
        }
        let this = Arc::clone(self);
        let fetching = tokio::spawn(async move { this.fetch_once(MAX_WAITING, now).await });
        let interrupted = |_| Err(FetchError::NoAnswer("the fetch was interrupted"));
        fetching.await.unwrap_or_else(interrupted)
    }

    /// Whether it is time to fetch, though nobody waits.
    pub(super) fn is_due(&self) -> bool {
        self.schedule().is_due(self.clock.now())
    }

    /// Fetches because it is time to, unless somebody does.
    pub(super) async fn refresh(&self) {
        // What became of it is logged and in the schedule.
        drop(self.fetch_once(0, self.clock.now()).await);
    }

    /// Where its users sign in, as it said last.
    pub(super) fn sign_in(&self) -> Option<Arc<SignInMetadata>> {
        self.sign_in.load_full()
    }

    /// Whether it did not answer the last time.
    pub(super) fn is_failing(&self) -> bool {
        self.schedule().is_failing()
    }

    /// Tells how old the keys are, and whether the issuer fails to show them.
    pub(super) fn report(&self, metrics: &Metrics, now: Timestamp) {
        let schedule = self.schedule();
        metrics.issuer_keys(&self.issuer, schedule.age(now), schedule.is_failing());
    }

    /// One at a time: who comes while another one fetches takes over the outcome.
    async fn fetch_once(&self, max_waiting: usize, now: Timestamp) -> Result<(), FetchError> {
        let turn = self.fetching.pass(max_waiting).await;
        let crowded = FetchError::NoAnswer("too many wait for the keys, or for too long");
        let _turn = turn.ok_or(crowded)?;
        if let Some(outcome) = self.recent(now) {
            return outcome;
        }
        let outcome = self.fetch(now).await;
        let reason = outcome.as_ref().map_or_else(FetchError::reason, |_| "ok");
        self.metrics.issuer_fetch(&self.issuer, reason);
        let was_failing = self.schedule().is_failing();
        match &outcome {
            Ok(reply) => {
                let max_age = reply.max_age();
                self.schedule().succeeded(&self.settings, max_age, now);
                if was_failing {
                    tracing::info!(issuer = self.issuer, "keys are fetched again");
                }
            }
            Err(error) => self.report_failure(error, now),
        }
        outcome.map(drop)
    }

    /// Where the keys are, and then the keys.
    async fn fetch(&self, now: Timestamp) -> Result<Reply, FetchError> {
        let (url, reach) = match &self.settings.location {
            KeyLocation::Jwks(url) => (url.clone(), Reach::Anywhere),
            KeyLocation::Metadata(url) => {
                let metadata = self.read(url.clone(), Reach::Anywhere).await?;
                let keys = discovery::keys_of(&self.issuer, url, &metadata.body)?;
                if let Some(sign_in) = SignInMetadata::read(&metadata.body, url) {
                    self.sign_in.store(Some(Arc::new(sign_in)));
                }
                keys
            }
        };
        let reply = self.read(url, reach).await?;
        let jwks = str::from_utf8(&reply.body).map_err(|_| JwkSetError::Malformed)?;
        let good_until = now.after(self.settings.outage_grace);
        self.keys.replace(jwks, good_until)?;
        Ok(reply)
    }

    async fn read(&self, url: Url, reach: Reach) -> Result<Reply, FetchError> {
        let reply = self.caller.call(Call::get(url, reach)).await?;
        match reply.status {
            StatusCode::OK => Ok(reply),
            status => Err(FetchError::Status(status.as_u16())),
        }
    }

    fn report_failure(&self, error: &FetchError, now: Timestamp) {
        // Without randomness nothing is lost but the spreading.
        let [jitter] = entropy::random().unwrap_or_default();
        self.schedule()
            .failed(&self.settings, error.clone(), jitter, now);
        if self.keys.are_known(now) {
            tracing::warn!(issuer = self.issuer, %error, "keys cannot be fetched; those known are believed for now");
        } else {
            tracing::error!(issuer = self.issuer, %error, "keys cannot be fetched and none are known; its tokens get 503");
        }
    }

    fn recent(&self, now: Timestamp) -> Option<Result<(), FetchError>> {
        self.schedule().recent(&self.settings, now)
    }

    fn schedule(&self) -> std::sync::MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
