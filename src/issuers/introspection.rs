//! Asking an issuer what an opaque token is (RFC 7662), once for everybody who shows it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::StatusCode;
use moka::future::Cache;

use super::Surroundings;
use super::client_credentials;
use super::settings::{IntrospectionEndpoint, TrustedIssuer};
use crate::gate::Gate;
use crate::jose::{Asked, Introspected, JwtError, NotAnAnswer, Terms, Verified};
use crate::model::Timestamp;
use crate::outbound::{Caller, OutboundError};
use crate::secret::Digest;
use crate::telemetry::Metrics;

/// Requests to one endpoint at once, and how many tokens wait for their turn. What is shown beyond
/// is told to come back: strangers make up tokens faster than any endpoint reads them.
const AT_ONCE: usize = 32;
const MAX_WAITING: usize = 512;

/// After a failure the endpoint is left alone for so long, for every token.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a token cannot be accepted on the word of its issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntrospectionError {
    /// It is not good (any more).
    #[error("the issuer says that the token is not active")]
    Inactive,
    /// It is good at the issuer, but not for us.
    #[error(transparent)]
    Refused(#[from] JwtError),
    /// The issuer could not be asked, so that nothing is known of the token.
    #[error("the issuer does not say what the token is")]
    Unavailable,
    /// The issuer was asked, and what it said of this token says nothing.
    #[error("the issuer does not say what the token is, and was asked")]
    Unintelligible,
}

/// What is known of a token.
#[derive(Clone, Debug)]
pub struct Introspection {
    /// What it is, or why it is not accepted.
    pub outcome: Result<Arc<Verified>, IntrospectionError>,
    /// Whether the issuer had to be asked.
    pub was_asked: bool,
}

impl Introspection {
    pub(super) const fn remembered(outcome: Result<Arc<Verified>, IntrospectionError>) -> Self {
        Self {
            outcome,
            was_asked: false,
        }
    }
}

/// Asks one issuer, and remembers what it said under the token's digest.
#[derive(Debug)]
pub(super) struct Introspector {
    issuer: Arc<str>,
    terms: Terms,
    endpoint: IntrospectionEndpoint,
    caller: Arc<dyn Caller>,
    metrics: Arc<Metrics>,
    gate: Gate,
    /// Inside of the issuer, so that one token at two issuers is two entries.
    answers: Cache<Digest, Answer>,
    /// Seconds since 1970 of the last failure; 0: none.
    failed_at: AtomicU64,
    /// The same of the last answer that said nothing and is in the log.
    logged_at: AtomicU64,
}

/// What was said, and the moment from which it has to be asked again.
#[derive(Clone, Debug)]
struct Answer {
    outcome: Result<Arc<Verified>, IntrospectionError>,
    said_at: Timestamp,
    good_until: Timestamp,
}

/// Why the endpoint said nothing of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum NoAnswer {
    #[error("{}", .0.as_str())]
    Outbound(#[from] OutboundError),
    #[error("the answer has status {0}")]
    Status(u16),
    #[error(transparent)]
    Unreadable(#[from] NotAnAnswer),
    #[error("too many tokens wait to be asked about")]
    Crowded,
}

impl Introspector {
    pub(super) fn new(
        settings: &TrustedIssuer,
        endpoint: &IntrospectionEndpoint,
        caller: &Arc<dyn Caller>,
        surroundings: &Surroundings,
    ) -> Self {
        let longest = endpoint.remember.max(endpoint.remember_inactive);
        Self {
            issuer: Arc::from(settings.issuer.as_str()),
            terms: settings.terms.clone(),
            endpoint: endpoint.clone(),
            caller: Arc::clone(caller),
            metrics: Arc::clone(&surroundings.metrics),
            gate: Gate::new(AT_ONCE),
            answers: Cache::builder()
                .max_capacity(surroundings.remembered_tokens)
                // Frees memory; whether an answer still counts is asked of the caller's clock.
                .time_to_live(longest.max(PAUSE))
                .build(),
            failed_at: AtomicU64::new(0),
            logged_at: AtomicU64::new(0),
        }
    }

    /// Whether this many answers are remembered.
    pub(super) fn has_capacity(&self, tokens: u64) -> bool {
        self.answers.policy().max_capacity() == Some(tokens)
    }

    /// What was said of `token` and still counts at `now`.
    pub(super) async fn recall(&self, token: &str, now: Timestamp) -> Option<Introspection> {
        let answer = self.answers.get(&Digest::of(token.as_bytes())).await?;
        if !answer.counts(now) {
            return None;
        }
        self.metrics
            .issuer_introspection(&self.issuer, "remembered");
        Some(Introspection::remembered(answer.outcome))
    }

    /// What is known of `token` at `now`. Whoever shows it while it is being asked about waits for
    /// the same answer.
    pub(super) async fn introspect(&self, token: &str, now: Timestamp) -> Introspection {
        let digest = Digest::of(token.as_bytes());
        let entry = self.answers.entry_by_ref(&digest);
        let entry = entry
            .or_insert_with_if(self.ask(token, now), |answer| !answer.counts(now))
            .await;
        let was_asked = entry.is_fresh();
        let outcome = entry.into_value().outcome;
        let word = match (&outcome, was_asked) {
            (_, false) => "remembered",
            (Ok(_), true) => "active",
            (Err(IntrospectionError::Inactive), true) => "inactive",
            (Err(IntrospectionError::Refused(_)), true) => "refused",
            (Err(IntrospectionError::Unavailable | IntrospectionError::Unintelligible), true) => {
                "unavailable"
            }
        };
        self.metrics.issuer_introspection(&self.issuer, word);
        Introspection { outcome, was_asked }
    }

    /// Asks, unless that just failed.
    async fn ask(&self, token: &str, now: Timestamp) -> Answer {
        if is_within_pause(&self.failed_at, now) {
            return Answer::unavailable(now);
        }
        match self.call(token, now).await {
            Ok(introspected) => self.answer(introspected, now),
            Err(error) => self.no_answer(error, now),
        }
    }

    /// What follows from the endpoint saying nothing. Whoever shows tokens can make some up that
    /// the endpoint stumbles over: that must not take the issuer from everybody else.
    fn no_answer(&self, error: NoAnswer, now: Timestamp) -> Answer {
        let issuer = &*self.issuer;
        if error == NoAnswer::Crowded {
            tracing::debug!(issuer, %error, "introspection failed");
            return Answer::unavailable(now);
        }
        if error.is_about_all() {
            self.failed_at.store(now.as_secs(), Ordering::Relaxed);
            tracing::error!(issuer, %error, "introspection failed; its opaque tokens get 503");
            return Answer::unavailable(now);
        }
        if !is_within_pause(&self.logged_at, now) {
            self.logged_at.store(now.as_secs(), Ordering::Relaxed);
            tracing::warn!(issuer, %error, "introspection of a token failed; it gets 503");
        }
        Answer {
            outcome: Err(IntrospectionError::Unintelligible),
            said_at: now,
            good_until: now.after(PAUSE),
        }
    }

    async fn call(&self, token: &str, now: Timestamp) -> Result<Introspected, NoAnswer> {
        let turn = self.gate.pass(MAX_WAITING).await;
        let _turn = turn.ok_or(NoAnswer::Crowded)?;
        let began = Instant::now();
        let reply = self
            .caller
            .call(client_credentials::question(&self.endpoint, token))
            .await;
        self.metrics
            .issuer_introspection_took(&self.issuer, began.elapsed());
        let reply = reply?;
        if reply.status != StatusCode::OK {
            return Err(NoAnswer::Status(reply.status.as_u16()));
        }
        let asked = Asked {
            issuer: &self.issuer,
            terms: &self.terms,
            audience: &self.endpoint.audience,
            now,
        };
        Ok(Introspected::read(&reply.body, &asked)?)
    }

    fn answer(&self, introspected: Introspected, now: Timestamp) -> Answer {
        let (outcome, good_until) = match introspected {
            Introspected::Active(verified) => {
                let longest = now.after(self.endpoint.remember);
                let end = verified.expires_at.after(self.terms.leeway);
                (Ok(verified), end.min(longest))
            }
            Introspected::Inactive => (
                Err(IntrospectionError::Inactive),
                now.after(self.endpoint.remember_inactive),
            ),
            Introspected::Refused(error) => (
                Err(IntrospectionError::Refused(error)),
                now.after(self.endpoint.remember_inactive),
            ),
        };
        Answer {
            outcome,
            said_at: now,
            good_until,
        }
    }
}

impl NoAnswer {
    /// Whether the other tokens would get no answer either: nobody is there, or not for us, or not
    /// now.
    const fn is_about_all(self) -> bool {
        match self {
            Self::Outbound(OutboundError::TooLarge | OutboundError::NotText)
            | Self::Unreadable(_)
            | Self::Crowded => false,
            Self::Outbound(_) => true,
            Self::Status(status) => matches!(status, 401 | 403 | 429 | 500..),
        }
    }
}

/// Whether that was a moment ago.
fn is_within_pause(since: &AtomicU64, now: Timestamp) -> bool {
    let since = Timestamp::from_secs(since.load(Ordering::Relaxed));
    since <= now && now.since(since) < PAUSE
}

impl Answer {
    /// Told to everybody who waits for the same answer, and to nobody later.
    const fn unavailable(now: Timestamp) -> Self {
        Self {
            outcome: Err(IntrospectionError::Unavailable),
            said_at: now,
            good_until: now,
        }
    }

    fn counts(&self, now: Timestamp) -> bool {
        self.said_at <= now && now < self.good_until
    }
}
