//! What the benches of the provider ask: a whole provider, in process.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cellgate::clock::ManualClock;
use cellgate::entropy;
use cellgate::jose::{KeyRing, RingKey, SigningAlgorithm, SigningKey, TokenVerifier};
use cellgate::model::{
    AuthorizationCode, Client, ClientAuthentication, ClientId, CodeChallenge, Grant, GrantId,
    GrantType, Issuer, Language, RedirectUri, RequestedClaims, Scope, SecretHash, SessionId,
    Subject, Timestamp, UserDetails, UserProfile,
};
use cellgate::provider::{
    ClientMemory, Parts, Provider, RefreshTokenPolicy, Registration, Settings,
};
use cellgate::secret::{Digest, Secret};
use cellgate::server::install_crypto_provider;
use cellgate::store::{self, AttemptLimits, RefreshTerms, Store, Synchronous};
use cellgate::telemetry::Metrics;
use cellgate::users::{self, SignIn, SignInLimits, StaticUser};
use http::{Request, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::token_requests::code_request;

pub(crate) const ISSUER: &str = "https://files.example/oidc/";
pub(crate) const REDIRECT_URI: &str = "https://app.example/callback";
pub(crate) const SECRET: &str = "SyYu1wlPqoDSAw-3yeWpqkD8nZBqhJ0vxqxk3FGcwcM";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

/// A provider over a database that goes with it.
pub(crate) struct TestBed {
    pub(crate) runtime: Runtime,
    provider: Provider,
    pub(crate) store: Store,
    pub(crate) folder: TempDir,
}

/// What a token response is read for.
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

impl TestBed {
    /// Over a file of SQLite's.
    pub(crate) fn on_sqlite(keys: &Arc<KeyRing>, synchronous: Synchronous) -> Self {
        let folder = TempDir::new().expect("a folder can be made");
        let settings = store::Settings::sqlite(
            folder.path().join("state.db"),
            folder.path().join("store.key"),
            synchronous,
        );
        Self::over(keys, &settings, folder)
    }

    /// Over this state; what lies in `folder` goes with it.
    pub(crate) fn over(keys: &Arc<KeyRing>, settings: &store::Settings, folder: TempDir) -> Self {
        install_crypto_provider();
        let runtime = Runtime::new().expect("a runtime starts");
        let store = runtime
            .block_on(Store::open(settings))
            .expect("the store opens");
        let provider =
            Provider::new(provider_settings(), parts(keys, &store)).expect("the provider starts");
        Self {
            runtime,
            provider,
            store,
            folder,
        }
    }

    /// Answers a request, which must succeed: a refusal would be cheap.
    pub(crate) fn answer(&self, request: Request<Bytes>) -> Bytes {
        let response = self.runtime.block_on(self.provider.answer(request, PEER));
        assert_eq!(response.status(), StatusCode::OK, "{:?}", response.body());
        response.into_body()
    }

    /// Stores a code as the authorization endpoint does.
    pub(crate) fn new_code(&self) -> String {
        let code = entropy::opaque_token().expect("there is randomness");
        let record = AuthorizationCode {
            grant: grant(),
            redirect_uri: REDIRECT_URI.to_owned(),
            code_challenge: CodeChallenge::parse(&Digest::of(VERIFIER.as_bytes()).to_base64url()),
            expires_at: NOW.after(Duration::from_secs(60)),
        };
        self.runtime
            .block_on(self.store.save_code(&code.digest(), &record))
            .expect("the code is stored");
        code.expose().to_owned()
    }

    /// Stores the refresh token of a grant without `openid`, as the code grant does.
    pub(crate) fn new_refresh_token(&self) -> Secret {
        let token = entropy::opaque_token().expect("there is randomness");
        let record = AuthorizationCode {
            grant: Grant {
                scope: Scope::parse("offline_access demo.read").expect("a scope"),
                ..grant()
            },
            redirect_uri: REDIRECT_URI.to_owned(),
            code_challenge: None,
            expires_at: NOW.after(Duration::from_secs(60)),
        };
        let code = entropy::opaque_token().expect("there is randomness");
        let until = NOW.after(Duration::from_secs(86_400));
        let (store, grant) = (&self.store, &record.grant.id);
        self.runtime.block_on(async {
            let saved = store.save_code(&code.digest(), &record).await;
            saved.expect("the grant is stored");
            let digest = token.digest();
            let saved = store.save_refresh_token(&digest, grant, until).await;
            saved.expect("the token is stored");
        });
        token
    }

    /// The write that a refresh cannot do without.
    pub(crate) fn rotate(&self, token: &Secret) {
        let user = user();
        let terms = RefreshTerms {
            expires_at: NOW.after(Duration::from_secs(86_400)),
            reuse_window: Duration::from_secs(30),
            confirmed: Some(&user),
        };
        let rotation = self.store.rotate_refresh_token(token, &terms, NOW);
        let rotation = self.runtime.block_on(rotation);
        rotation.expect("the token is rotated");
    }

    pub(crate) fn new_tokens(&self) -> Tokens {
        self.tokens(&code_request(&self.new_code()))
    }

    pub(crate) fn tokens(&self, request: &Request<Bytes>) -> Tokens {
        let body = self.answer(request.clone());
        let body: Value = serde_json::from_slice(&body).expect("the answer is JSON");
        let text = |name| {
            let value = body.get(name).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        Tokens {
            access_token: text("access_token"),
            refresh_token: text("refresh_token"),
        }
    }
}

/// A key for access tokens, and one for ID tokens.
pub(crate) fn keys() -> Arc<KeyRing> {
    let epoch = Timestamp::from_secs(0);
    let keys = [SigningAlgorithm::Es256, SigningAlgorithm::Rs256].map(|algorithm| RingKey {
        key: Arc::new(SigningKey::generate(algorithm).expect("there is randomness")),
        created_at: epoch,
        active_from: epoch,
        published_until: None,
    });
    Arc::new(KeyRing::new(keys.to_vec()))
}

fn parts(keys: &Arc<KeyRing>, store: &Store) -> Parts {
    let own = Some((ISSUER.to_owned(), Arc::clone(keys)));
    let limits = SignInLimits {
        attempts: AttemptLimits {
            failures_before_pause: 3,
            pause: Duration::from_secs(300),
            ceiling: None,
            reserved_for_known_devices: 0,
        },
        failures_per_address: 10_000,
        address_window: Duration::from_secs(600),
        checks_at_once: 4,
        checks_waiting: 100,
        refusal_step: Duration::ZERO,
    };
    let alice = StaticUser {
        profile: user(),
        // Nobody signs in here.
        password: SecretHash::Sha256(Digest::of(b"")),
    };
    let directory = users::directory(&users::Settings::Static(vec![alice]));
    let directory = directory.expect("a list of users");
    let metrics = Arc::new(Metrics::new());
    Parts {
        clock: Arc::new(ManualClock::at(NOW)),
        store: store.clone(),
        keys: Arc::clone(keys),
        verifier: Arc::new(TokenVerifier::new(own, &[], 100_000).expect("the keys can be used")),
        sign_in: SignIn::new(directory, store.clone(), limits),
        upstream_sessions: None,
        clients: Arc::new(ClientMemory::new(&metrics).expect("an HTTP client")),
        metrics,
    }
}

/// Everything at its default.
fn provider_settings() -> Settings {
    Settings {
        issuer: Issuer::parse(ISSUER).expect("an issuer"),
        clients: vec![client(), service()],
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
        key_rotation: cellgate::provider::KeyRotation::default(),
        client_authentication: cellgate::provider::ClientAuthenticationPolicy::default(),
        back_channel_logout: cellgate::provider::BackChannelLogout::default(),
        interaction_lifetime: Duration::from_secs(1800),
        known_device_lifetime: Duration::from_secs(86_400),
        interactions: cellgate::provider::Interactions::default(),
        display_name: "Cellgate".to_owned(),
        registration: Registration::default(),
        application_passwords: cellgate::provider::ApplicationPasswords::default(),
        backend_page: None,
        language: Language::parse("en").expect("a tag"),
        templates: None,
    }
}

/// A public client, whose PKCE verifier is checked.
fn client() -> Client {
    let id = ClientId::parse("app").expect("a client id");
    Client {
        name: "The app".to_owned(),
        redirect_uris: vec![RedirectUri::register(REDIRECT_URI).expect("a redirection URI")],
        scope: scope(),
        grant_types: GrantType::ALL.to_vec(),
        audience: vec!["https://api.example".to_owned()],
        ..Client::new(id, ClientAuthentication::None)
    }
}

/// A confidential client with a generated secret, which gets tokens for itself.
fn service() -> Client {
    let id = ClientId::parse("service").expect("a client id");
    let secret = SecretHash::Sha256(Digest::of(SECRET.as_bytes()));
    Client {
        scope: Scope::parse("demo.read").expect("a scope"),
        grant_types: vec![GrantType::ClientCredentials],
        ..Client::new(id, ClientAuthentication::SecretBasic(secret))
    }
}

fn scope() -> Scope {
    Scope::parse("openid profile email groups offline_access demo.read").expect("a scope")
}

fn user() -> UserProfile {
    UserProfile {
        subject: Subject::parse("6b2ff3f0-2b1c-4a0d-9d3c-0d8b8f1f5f00").expect("a subject"),
        login: "alice".to_owned(),
        name: Some("Alice Archer".to_owned()),
        email: Some("alice@files.example".to_owned()),
        email_verified: Some(true),
        groups: vec!["staff".to_owned(), "editors".to_owned()],
        roles: vec![],
        details: UserDetails::default(),
    }
}

fn grant() -> Grant {
    let identifier = || entropy::identifier().expect("there is randomness");
    Grant {
        id: GrantId::new(identifier()),
        client_id: ClientId::parse("app").expect("a client id"),
        user: user(),
        session_id: SessionId::new(identifier()),
        scope: scope(),
        resources: Vec::new(),
        claims: RequestedClaims::default(),
        authenticated_at: NOW,
        nonce: Some("n-0S6_WzA2Mj".to_owned()),
        granted_at: NOW,
    }
}
