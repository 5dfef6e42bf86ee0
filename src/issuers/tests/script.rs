//! What issuers answer, and what they were asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};
use url::Url;

use super::super::{
    ClientAuthentication, FetchedKeys, IntrospectionEndpoint, Issuer, Issuers, KeyLocation,
    KeySource, Surroundings, Transport, TrustedIssuer,
};
use crate::clock::ManualClock;
use crate::jose::{SigningAlgorithm, SigningKey, Terms, VerificationAlgorithm};
use crate::model::Timestamp;
use crate::outbound::{Call, Caller, OutboundError, Reply};
use crate::secret::Secret;
use crate::telemetry::Metrics;

/// The issuer of most tests.
pub(crate) const ISSUER: &str = "https://login.test/";
/// Where it has its keys.
pub(crate) const KEYS: &str = "https://login.test/keys";
/// Where it has its metadata.
pub(crate) const METADATA: &str = "https://login.test/.well-known/openid-configuration";
/// Where it says what opaque tokens are.
pub(crate) const INTROSPECTION: &str = "https://login.test/introspect";
/// The present of all tests.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_000_000);

/// The present so many seconds later.
pub(crate) fn after(seconds: u64) -> Timestamp {
    NOW.after(Duration::from_secs(seconds))
}

/// Answers by address, and writes down who was asked.
#[derive(Debug)]
pub(crate) struct Script {
    answers: Mutex<HashMap<String, Result<Reply, OutboundError>>>,
    calls: Mutex<Vec<Call>>,
    /// Changes with each call.
    called: watch::Sender<()>,
    /// How many calls may still be answered.
    turns: Semaphore,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            answers: Mutex::default(),
            calls: Mutex::default(),
            called: watch::Sender::default(),
            turns: Semaphore::new(Semaphore::MAX_PERMITS),
        }
    }
}

impl Script {
    /// From now on `url` answers so.
    pub(crate) fn answer(&self, url: &str, answer: Result<Reply, OutboundError>) {
        self.answers.lock().unwrap().insert(url.to_owned(), answer);
    }

    /// From now on `url` answers with this document.
    pub(crate) fn show(&self, url: &str, document: &Value) {
        self.answer(url, Ok(reply(200, &document.to_string())));
    }

    /// From now on nobody answers at `url`.
    pub(crate) fn take_down(&self, url: &str) {
        self.answer(url, Err(OutboundError::Timeout));
    }

    /// Lets no call be answered, until [`Self::go_on`].
    pub(crate) fn hold(&self) {
        self.turns.forget_permits(Semaphore::MAX_PERMITS);
    }

    /// Lets calls be answered again.
    pub(crate) fn go_on(&self) {
        self.turns.add_permits(1000);
    }

    /// The addresses that were asked, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        let calls = self.calls.lock().unwrap();
        calls.iter().map(|call| call.url.to_string()).collect()
    }

    /// How often `url` was asked.
    pub(crate) fn n_asked(&self, url: &str) -> usize {
        self.asked().iter().filter(|asked| *asked == url).count()
    }

    /// Returns when `url` was asked so often.
    pub(crate) async fn until_asked(&self, url: &str, times: usize) {
        let mut called = self.called.subscribe();
        let is_enough = called.wait_for(|()| self.n_asked(url) >= times);
        drop(is_enough.await.unwrap());
    }

    /// The last question.
    pub(crate) fn last(&self) -> Call {
        self.calls.lock().unwrap().last().unwrap().clone()
    }
}

#[async_trait]
impl Caller for Script {
    async fn call(&self, call: Call) -> Result<Reply, OutboundError> {
        let url = call.url.to_string();
        self.calls.lock().unwrap().push(call);
        self.called.send_replace(());
        let turn = self.turns.acquire().await.unwrap();
        drop(turn);
        let answers = self.answers.lock().unwrap();
        let nobody = || Err(OutboundError::Connect);
        answers.get(&url).cloned().unwrap_or_else(nobody)
    }
}

/// An answer.
pub(crate) fn reply(status: u16, body: &str) -> Reply {
    Reply {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: body.as_bytes().to_vec(),
    }
}

/// An answer that may be kept so long.
pub(crate) fn reply_for(body: &Value, max_age_s: u64) -> Reply {
    let mut reply = reply(200, &body.to_string());
    let value = format!("max-age={max_age_s}").parse().unwrap();
    reply.headers.insert(header::CACHE_CONTROL, value);
    reply
}

/// The metadata of [`ISSUER`].
pub(crate) fn metadata() -> Value {
    json!({"issuer": ISSUER, "jwks_uri": KEYS})
}

/// The JWK Set of these keys.
pub(crate) fn jwks(keys: &[&SigningKey]) -> Value {
    let keys: Vec<&Value> = keys.iter().map(|key| key.public_jwk()).collect();
    json!({ "keys": keys })
}

/// A key of an issuer.
pub(crate) fn key() -> SigningKey {
    SigningKey::generate(SigningAlgorithm::Es256).unwrap()
}

/// A token of `issuer` for `api`, good for an hour.
pub(crate) fn token(key: &SigningKey, issuer: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut claims = json!({
        "iss": issuer,
        "sub": "alice",
        "aud": "api",
        "scope": "read",
        "iat": NOW.as_secs(),
        "exp": NOW.as_secs() + 3600,
    });
    change(&mut claims);
    key.sign_jwt("at+jwt", &claims).unwrap()
}

/// Keys that are fetched from `location` with the default patience.
pub(crate) fn fetched(location: KeyLocation) -> KeySource {
    KeySource::Fetched(FetchedKeys {
        location,
        interval: Duration::from_secs(900),
        min_interval: Duration::from_secs(10),
        outage_grace: Duration::from_secs(86_400),
    })
}

/// An issuer whose keys are found by its metadata.
pub(crate) fn trusted(issuer: &str) -> TrustedIssuer {
    let metadata = format!("{issuer}.well-known/openid-configuration");
    TrustedIssuer {
        issuer: issuer.to_owned(),
        algorithms: VerificationAlgorithm::ALL.to_vec(),
        terms: Terms::default(),
        keys: fetched(KeyLocation::Metadata(Url::parse(&metadata).unwrap())),
        introspection: None,
        sign_in_clients: Vec::new(),
        transport: Transport {
            timeout: Duration::from_secs(5),
            ca_pem: None,
        },
    }
}

/// An issuer without keys that says what its tokens are.
pub(crate) fn introspecting(issuer: &str) -> TrustedIssuer {
    TrustedIssuer {
        keys: KeySource::Absent,
        introspection: Some(IntrospectionEndpoint {
            url: Url::parse(&format!("{issuer}introspect")).unwrap(),
            client_id: "cellgate".to_owned(),
            client_secret: Secret::new("s3cret"),
            authentication: ClientAuthentication::SecretBasic,
            audience: Vec::new(),
            remember: Duration::from_secs(30),
            remember_inactive: Duration::from_secs(5),
        }),
        ..trusted(issuer)
    }
}

/// Issuers and what is around them.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) script: Arc<Script>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) issuers: Arc<Issuers>,
}

impl World {
    /// A world with these issuers.
    pub(crate) fn of(settings: &[TrustedIssuer]) -> Self {
        let mut world = Self {
            script: Arc::default(),
            clock: Arc::new(ManualClock::at(NOW)),
            metrics: Arc::new(Metrics::new()),
            issuers: Arc::default(),
        };
        world.reload(settings);
        world
    }

    /// Replaces the issuers as a reload does.
    pub(crate) fn reload(&mut self, settings: &[TrustedIssuer]) {
        let caller: Arc<dyn Caller> = Arc::<Script>::clone(&self.script);
        let surroundings = Surroundings {
            clock: Arc::<ManualClock>::clone(&self.clock),
            metrics: Arc::clone(&self.metrics),
            remembered_tokens: 1000,
        };
        let issuers = settings.iter().map(|settings| {
            let before = self.issuers.find(&settings.issuer);
            let issuer = Issuer::new(settings, before, &caller, &surroundings).unwrap();
            (Arc::from(settings.issuer.as_str()), Arc::new(issuer))
        });
        self.issuers = Arc::new(Issuers(issuers.collect()));
    }

    /// The issuer called [`ISSUER`].
    pub(crate) fn issuer(&self) -> Arc<Issuer> {
        Arc::clone(self.issuers.find(ISSUER).unwrap())
    }

    /// The sample of the metrics that begins so.
    pub(crate) fn sample(&self, series: &str) -> Option<String> {
        let text = self.metrics.render();
        text.lines().find_map(|line| {
            line.strip_prefix(series)?
                .strip_prefix(' ')
                .map(str::to_owned)
        })
    }
}
