//! The language of these tests: a provider, a browser, and what they say to each other.

mod answer;
mod browser;
pub(crate) mod clients;
mod flow;
mod poster;
mod users;

pub(crate) use answer::Answer;
pub(crate) use browser::Browser;
pub(crate) use flow::{Authorize, Tokens, VERIFIER, read_jwt};
pub(crate) use poster::Poster;
pub(crate) use users::{TestUsers, profile};

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header;

use crate::clock::ManualClock;
use crate::jose::{KeyRing, RingKey, SigningAlgorithm, SigningKey, TokenVerifier};
use crate::model::{ClientEndpoint, Issuer, Language, Reach, Scope, Timestamp};
use crate::outbound::{DocumentFetcher, OutboundError};
use crate::provider::{
    BackChannelLogout, ClientAuthenticationPolicy, ClientMemory, Interactions, KeyRotation, Parts,
    Provider, RefreshTokenPolicy, Registration, RegistrationAccess, Settings,
};
use crate::store::{self, AttemptLimits, Predecessors, Store};
use crate::telemetry::Metrics;
use crate::users::{SignIn, SignInLimits};

pub(crate) const ISSUER: &str = "https://op.example/oidc/";
pub(crate) const PASSWORD: &str = "correct horse battery staple";
pub(crate) const SERVICE_SECRET: &str = "a secret: with 100% odd + characters";
pub(crate) const START: Timestamp = Timestamp::from_secs(1_800_000_000);

/// Making an RSA key takes a good part of a second; no test changes them.
static KEYS: LazyLock<Vec<RingKey>> = LazyLock::new(|| {
    [SigningAlgorithm::Es256, SigningAlgorithm::Rs256]
        .map(|algorithm| RingKey {
            key: Arc::new(SigningKey::generate(algorithm).unwrap()),
            created_at: START,
            active_from: START,
            published_until: None,
        })
        .to_vec()
});

/// A provider with a clock that stands still, users and clients of its own.
#[derive(Debug)]
pub(crate) struct TestProvider {
    pub(crate) provider: Provider,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Store,
    pub(crate) users: Arc<TestUsers>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) keys: Arc<KeyRing>,
}

/// What outlives a provider.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    pub(crate) store: Store,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) users: Arc<TestUsers>,
    pub(crate) clients: Arc<ClientMemory>,
}

/// What nobody can reach.
#[derive(Debug)]
pub(crate) struct NoWeb;

#[async_trait]
impl DocumentFetcher for NoWeb {
    async fn fetch(&self, _: &ClientEndpoint, _: Reach) -> Result<String, OutboundError> {
        Err(OutboundError::Connect)
    }
}

/// Clients of whom nothing is known yet, whose documents are fetched from `web`.
pub(crate) fn clients_in(web: Arc<dyn DocumentFetcher>) -> Arc<ClientMemory> {
    Arc::new(ClientMemory::over(web, &Arc::new(Metrics::new())))
}

impl TestProvider {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_in(Arc::new(NoWeb), change).await
    }

    /// One that fetches the documents of clients from `web`.
    pub(crate) async fn start_in(
        web: Arc<dyn DocumentFetcher>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        Self::assemble(web, change, u32::MAX).await
    }

    /// One where an address may send so many forged tokens a minute.
    pub(crate) async fn start_limiting_forgeries(per_minute: u32) -> Self {
        Self::assemble(Arc::new(NoWeb), |_| {}, per_minute).await
    }

    async fn assemble(
        web: Arc<dyn DocumentFetcher>,
        change: impl FnOnce(&mut Settings),
        forgeries_per_minute: u32,
    ) -> Self {
        let mut settings = settings();
        change(&mut settings);
        let settings_of_store = store::Settings::in_memory();
        let store = Store::open(&settings_of_store).await.unwrap();
        for key in KEYS.iter() {
            let nobody = Predecessors::Youngest { until: START };
            store.save_key(key, nobody).await.unwrap();
        }
        let ground = Ground {
            store,
            clock: Arc::new(ManualClock::at(START)),
            users: Arc::default(),
            clients: clients_in(web),
        };
        Self::over(ground, settings, forgeries_per_minute)
    }

    /// A provider over what others may have been over.
    pub(crate) fn over(ground: Ground, settings: Settings, forgeries_per_minute: u32) -> Self {
        let Ground {
            store,
            clock,
            users,
            clients,
        } = ground;
        let keys = Arc::new(KeyRing::new(KEYS.clone()));
        let own = Some((settings.issuer.as_str().to_owned(), Arc::clone(&keys)));
        let limits = SignInLimits {
            attempts: AttemptLimits {
                failures_before_pause: 3,
                pause: Duration::from_secs(300),
                ceiling: Some(8),
                reserved_for_known_devices: 0,
            },
            failures_per_address: 10_000,
            address_window: Duration::from_secs(600),
            checks_at_once: 4,
            checks_waiting: 100,
            refusal_step: Duration::ZERO,
        };
        let verifier = TokenVerifier::new(own, &[], 1000).unwrap();
        let verifier = verifier.limiting_failures(forgeries_per_minute);
        let metrics = Arc::new(Metrics::new());
        let parts = Parts {
            clock: Arc::<ManualClock>::clone(&clock),
            store: store.clone(),
            keys: Arc::clone(&keys),
            verifier: Arc::new(verifier),
            clients,
            sign_in: SignIn::new(Arc::<TestUsers>::clone(&users), store.clone(), limits),
            upstream_sessions: None,
            metrics: Arc::clone(&metrics),
        };
        Self {
            provider: Provider::new(settings, parts).unwrap(),
            clock,
            store,
            users,
            metrics,
            keys,
        }
    }

    pub(crate) fn advance_s(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn now(&self) -> u64 {
        use crate::clock::Clock as _;
        self.clock.now().as_secs()
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: http::Request<Bytes>) -> Answer {
        self.send_from([192, 0, 2, 7].into(), request).await
    }

    /// Sends a request from another address.
    pub(crate) async fn send_from(&self, peer: IpAddr, request: http::Request<Bytes>) -> Answer {
        Answer::of(self.provider.answer(request, peer).await)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(http::Request::get(path).body(Bytes::new()).unwrap())
            .await
    }

    /// Posts a form, with an `Authorization` header if there is one.
    pub(crate) async fn post(
        &self,
        path: &str,
        authorization: Option<&str>,
        form: &[(&str, &str)],
    ) -> Answer {
        self.send(form_request(path, authorization, form)).await
    }

    /// `alg` of each published key.
    pub(crate) async fn published_algorithms(&self) -> Vec<String> {
        let keys = self.get("/oidc/.well-known/jwks.json").await.json();
        let keys = keys["keys"].as_array().unwrap();
        keys.iter()
            .map(|key| key["alg"].as_str().unwrap().to_owned())
            .collect()
    }

    /// A browser that has never been here.
    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser::new(self)
    }
}

/// Everything at its default.
pub(crate) fn settings() -> Settings {
    Settings {
        issuer: Issuer::parse(ISSUER).unwrap(),
        clients: clients::all(),
        access_token_algorithm: SigningAlgorithm::Es256,
        access_token_lifetime: Duration::from_secs(600),
        id_token_algorithm: SigningAlgorithm::Rs256,
        id_token_lifetime: Duration::from_secs(3600),
        refresh_tokens: RefreshTokenPolicy {
            idle_lifetime: Duration::from_secs(30 * 86400),
            absolute_lifetime: Duration::from_secs(90 * 86400),
            reuse_window: Duration::from_secs(30),
            outage_grace: Duration::from_secs(86400),
        },
        code_lifetime: Duration::from_secs(60),
        session_lifetime: Duration::from_secs(12 * 3600),
        session_idle_lifetime: Duration::from_secs(3600),
        key_rotation: KeyRotation::default(),
        client_authentication: ClientAuthenticationPolicy::default(),
        back_channel_logout: BackChannelLogout::default(),
        interaction_lifetime: Duration::from_secs(1800),
        known_device_lifetime: Duration::from_secs(180 * 86400),
        backend_page: Some("https://files.example/login".to_owned()),
        interactions: Interactions::default(),
        display_name: "Test Place".to_owned(),
        registration: Registration {
            access: RegistrationAccess::Off,
            max_clients: 10,
            per_hour: 100,
            audience: vec!["https://api.example".to_owned()],
            scope: Scope::parse("openid profile email offline_access").unwrap(),
        },
        application_passwords: crate::provider::ApplicationPasswords::default(),
        language: Language::parse("en").unwrap(),
        templates: None::<PathBuf>,
    }
}

/// A form that is posted, with an `Authorization` header if there is one.
pub(crate) fn form_request(
    path: &str,
    authorization: Option<&str>,
    form: &[(&str, &str)],
) -> http::Request<Bytes> {
    let mut builder = http::Request::post(path);
    if let Some(authorization) = authorization {
        builder = builder.header(header::AUTHORIZATION, authorization);
    }
    builder
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(encode(form).into())
        .unwrap()
}

/// Encodes a query or a form.
pub(crate) fn encode(params: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(params)
        .finish()
}

/// The header of `client_secret_basic` (RFC 6749 §2.3.1).
pub(crate) fn basic(client_id: &str, secret: &str) -> String {
    use base64::Engine as _;
    let half = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let joined = format!("{}:{}", half(client_id), half(secret));
    let encoded = base64::engine::general_purpose::STANDARD.encode(joined);
    format!("Basic {encoded}")
}

/// Drives all of `futures` at once on this thread.
pub(crate) async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures
        .into_iter()
        .map(|future| Some(Box::pin(future)))
        .collect();
    let mut outputs = Vec::new();
    std::future::poll_fn(|ctx| {
        for slot in &mut running {
            if let Some(future) = slot
                && let std::task::Poll::Ready(output) = future.as_mut().poll(ctx)
            {
                outputs.push(output);
                *slot = None;
            }
        }
        if running.iter().all(Option::is_none) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    outputs
}
