//! What the provider runs on, and the parts it works with.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::application_passwords::PasswordPlace;
use super::client_memory::ClientMemory;
use super::keys::KeyRotation;
use crate::clock::Clock;
use crate::jose::{KeyRing, SigningAlgorithm, TokenVerifier};
use crate::model::{Client, Issuer, Language, Reach, Scope};
use crate::secret::Digest;
use crate::store::Store;
use crate::telemetry::Metrics;
use crate::users::{SignIn, UpstreamSessions};

/// What the provider runs on.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who we are: an exact string, and the URL that all endpoints are below.
    pub issuer: Issuer,
    /// Who may ask.
    pub clients: Vec<Client>,
    /// Signs access tokens (default ES256).
    pub access_token_algorithm: SigningAlgorithm,
    /// Default 10 min.
    pub access_token_lifetime: Duration,
    /// Signs ID tokens (default RS256).
    pub id_token_algorithm: SigningAlgorithm,
    /// Default 1 h.
    pub id_token_lifetime: Duration,
    /// How long refresh tokens live, and how often one may come.
    pub refresh_tokens: RefreshTokenPolicy,
    /// Default 60 s.
    pub code_lifetime: Duration,
    /// Default 12 h.
    pub session_lifetime: Duration,
    /// Default 1 h.
    pub session_idle_lifetime: Duration,
    /// How signing keys follow one another.
    pub key_rotation: KeyRotation,
    /// How clients prove who they are.
    pub client_authentication: ClientAuthenticationPolicy,
    /// How clients are told that a user signed out.
    pub back_channel_logout: BackChannelLogout,
    /// A sign-in page is good for this long (default 30 min).
    pub interaction_lifetime: Duration,
    /// How long a browser is known after somebody signed in (default 180 days).
    pub known_device_lifetime: Duration,
    /// What users are asked between a request and its answer.
    pub interactions: Interactions,
    /// What users read as the name of the place (default "Cellgate").
    pub display_name: String,
    /// The sign-in page that the users' backend has of its own, for steps that ours does not have.
    pub backend_page: Option<String>,
    /// Clients that are registered while running.
    pub registration: Registration,
    /// Passwords for applications that can send nothing better.
    pub application_passwords: ApplicationPasswords,
    /// What pages are in when neither the client nor the browser prefers a language that there
    /// is (default English).
    pub language: Language,
    /// A folder whose files replace the built-in templates: `layout.html`, `sign_in.html`,
    /// `select_account.html`, `consent.html`, `form_post.html`, `account.html`, `new_password.html`, `sign_out.html`,
    /// `signed_out.html`, `out_of_band.html`, `message.html`, `style.css`; `texts/fr.ftl` changes the texts of a
    /// language, or adds it.
    pub templates: Option<PathBuf>,
}

/// What holds when clients prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAuthenticationPolicy {
    /// Wrong secrets and assertions of one address in `address_window` (default 100).
    pub failures_per_address: u32,
    /// Default 10 min.
    pub address_window: Duration,
    /// How far away the `exp` of an assertion may be (default 1 h, which is what stock libraries
    /// write).
    pub longest_assertion: Duration,
    /// Whether an assertion may be made for the URL of an endpoint, as OpenID Connect Core §9 has
    /// it, and not only for the issuer (default).
    pub endpoint_audiences: bool,
    /// Whether clients may use `client_secret_jwt` (default: no).
    pub secret_jwt: bool,
}

impl Default for ClientAuthenticationPolicy {
    fn default() -> Self {
        Self {
            failures_per_address: 100,
            address_window: Duration::from_secs(600),
            longest_assertion: Duration::from_secs(3600),
            endpoint_audiences: true,
            secret_jwt: false,
        }
    }
}

/// How clients are told that a user signed out (OpenID Connect Back-Channel Logout).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackChannelLogout {
    /// For a whole answer (default 5 s).
    pub timeout: Duration,
    /// A client that could not be told for this long is given up (default 24 h).
    pub give_up_after: Duration,
    /// Where clients may lead us that registered themselves (default: the public internet).
    pub reach_of_registered: Reach,
}

impl Default for BackChannelLogout {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            give_up_after: Duration::from_secs(24 * 3600),
            reach_of_registered: Reach::Public,
        }
    }
}

/// How long refresh tokens live, and how often one may come.
#[derive(Clone, Copy, Debug)]
pub struct RefreshTokenPolicy {
    /// Until an unused one ends (default 30 days).
    pub idle_lifetime: Duration,
    /// From the sign-in until no more can be refreshed, however often it is used (default 90
    /// days).
    pub absolute_lifetime: Duration,
    /// For how long a token that was just used brings the same successor again: parallel
    /// refreshes and answers that got lost (default 30 s).
    pub reuse_window: Duration,
    /// How long ago the users' backend may have been asked last while it cannot be asked
    /// (default 24 h).
    pub outage_grace: Duration,
}

/// Who may be registered while running, and what such clients get.
#[derive(Clone, Debug, Default)]
pub struct Registration {
    /// Whether clients may register themselves.
    pub access: RegistrationAccess,
    /// How many of those there may be (default 1000).
    pub max_clients: u32,
    /// How many may try from one address in an hour, replacements included (default 20).
    pub per_hour: u32,
    /// `aud` of their access tokens, unless an administrator says otherwise.
    pub audience: Vec<String>,
    /// The scope of a client that does not say; one that registers itself gets no more.
    pub scope: Scope,
}

/// Passwords that users have made for applications which can send nothing better.
#[derive(Clone, Debug)]
pub struct ApplicationPasswords {
    /// Where they are taken; nowhere: users are offered none.
    pub places: Vec<Arc<PasswordPlace>>,
    /// How many a user may have (default 20).
    pub max_per_user: u32,
    /// How long each is good; `None`: until it is revoked (default).
    pub lifetime: Option<Duration>,
}

impl Default for ApplicationPasswords {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            max_per_user: 20,
            lifetime: None,
        }
    }
}

/// What the pages between a request and its answer say.
#[derive(Clone, Debug, Default)]
pub struct Interactions {
    /// What the consent page says of scope values, in the operator's own words.
    pub scope_descriptions: BTreeMap<String, String>,
}

/// Whether clients may register themselves (RFC 7591).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RegistrationAccess {
    /// There is no such endpoint.
    #[default]
    Off,
    /// With a token of the store, or the one of this digest.
    InitialAccessToken(Option<Digest>),
    /// Whoever comes.
    Open,
}

/// The parts the provider works with.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Reads the present once per request.
    pub clock: Arc<dyn Clock>,
    /// Keeps state.
    pub store: Store,
    /// Signs.
    pub keys: Arc<KeyRing>,
    /// Remembers the access tokens minted here, verifies those presented at userinfo.
    pub verifier: Arc<TokenVerifier>,
    /// Remembers what outlives a configuration.
    pub clients: Arc<ClientMemory>,
    /// Tries passwords.
    pub sign_in: SignIn,
    /// Keeps what the users' backend gave at a sign-in; `None`: nobody needs it.
    pub upstream_sessions: Option<UpstreamSessions>,
    /// Counts.
    pub metrics: Arc<Metrics>,
}
