//! `provider`, except its clients.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    ApplicationPasswordsTable, ClientAuthenticationTable, ClientTable, KeysTable, RegistrationTable,
};
use crate::config::defaults;

/// The OpenID Provider.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ProviderTable {
    /// Our identifier, kept letter by letter: Cells' is `https://HOST/oidc/`, with the slash.
    /// `http` is accepted for a loopback address only.
    #[schemars(extend("x-required" = true), length(min = 1, max = 2048))]
    pub(crate) issuer: Option<String>,
    /// What users read as the name of the place.
    #[schemars(length(min = 1, max = 80))]
    pub(crate) display_name: String,
    /// The language of pages for readers whose application and browser prefer none that there is:
    /// `en`, `fr`, `de`, `es`, `it`, or one that `templates_dir` adds.
    #[schemars(length(min = 2, max = 35))]
    pub(crate) language: String,
    /// Folder whose files replace the built-in page templates; left out: the built-in ones.
    #[schemars(length(min = 1))]
    pub(crate) templates_dir: Option<String>,
    /// Access tokens (RFC 9068).
    pub(crate) access_tokens: AccessTokensTable,
    /// ID tokens.
    pub(crate) id_tokens: IdTokensTable,
    /// Refresh tokens. Each use by a public client brings a new one.
    pub(crate) refresh_tokens: RefreshTokensTable,
    /// Authorization codes.
    pub(crate) codes: CodesTable,
    /// Signed-in browsers.
    pub(crate) sessions: SessionsTable,
    /// The keys that tokens are signed with.
    pub(crate) keys: KeysTable,
    /// Applications that prove who they are.
    pub(crate) client_authentication: ClientAuthenticationTable,
    /// Telling applications that a user signed out.
    pub(crate) back_channel_logout: BackChannelLogoutTable,
    /// The sign-in page and the attempts at passwords.
    pub(crate) sign_in: SignInTable,
    /// Passwords that users have made for programs which can send nothing better, on routes with
    /// `application_passwords`.
    pub(crate) application_passwords: ApplicationPasswordsTable,
    /// What the consent page says of scope values, by their names; `openid`, `profile`, `email`,
    /// `groups`, `roles` and `offline_access` have words already.
    pub(crate) scope_descriptions: BTreeMap<String, String>,
    /// Applications that register themselves (RFC 7591).
    pub(crate) registration: RegistrationTable,
    /// Applications that may ask for tokens.
    pub(crate) clients: Vec<ClientTable>,
    /// Those that Cells brings along, unmodified: `sync`, `client` (the command line), `mobile`. All
    /// that they have built in comes with the name; the issuer has to be `https://HOST/oidc/`.
    pub(crate) cells_clients: Vec<CellsClientName>,
}

/// An application that Cells brings along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CellsClientName {
    /// `cells-sync`, which keeps folders of a computer in step.
    Sync,
    /// `cells-client`, the command line; it does without PKCE.
    Client,
    /// `cells-mobile`, for Android and iOS; it does without PKCE.
    Mobile,
}

impl Default for ProviderTable {
    fn default() -> Self {
        Self {
            issuer: None,
            display_name: defaults::DISPLAY_NAME.to_owned(),
            language: defaults::LANGUAGE.to_owned(),
            templates_dir: None,
            access_tokens: AccessTokensTable::default(),
            id_tokens: IdTokensTable::default(),
            refresh_tokens: RefreshTokensTable::default(),
            codes: CodesTable::default(),
            sessions: SessionsTable::default(),
            keys: KeysTable::default(),
            client_authentication: ClientAuthenticationTable::default(),
            back_channel_logout: BackChannelLogoutTable::default(),
            sign_in: SignInTable::default(),
            application_passwords: ApplicationPasswordsTable::default(),
            scope_descriptions: BTreeMap::new(),
            registration: RegistrationTable::default(),
            clients: Vec::new(),
            cells_clients: Vec::new(),
        }
    }
}

/// Access tokens.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AccessTokensTable {
    /// What signs them.
    pub(crate) algorithm: SigningAlgorithmName,
    /// Seconds they are accepted; an application out of our reach learns of a revocation no later.
    #[schemars(range(min = 1, max = 86400))]
    pub(crate) lifetime_s: u64,
    /// `aud`: who may accept them; left out: the issuer. A client may have its own.
    #[schemars(length(min = 1), inner(length(min = 1)))]
    pub(crate) audience: Option<Vec<String>>,
}

impl Default for AccessTokensTable {
    fn default() -> Self {
        Self {
            algorithm: SigningAlgorithmName::Es256,
            lifetime_s: defaults::ACCESS_TOKEN_LIFETIME_S,
            audience: None,
        }
    }
}

/// ID tokens.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct IdTokensTable {
    /// What signs them; every OpenID Connect library knows RS256.
    pub(crate) algorithm: SigningAlgorithmName,
    /// Seconds they are accepted.
    #[schemars(range(min = 1, max = 86400))]
    pub(crate) lifetime_s: u64,
}

impl Default for IdTokensTable {
    fn default() -> Self {
        Self {
            algorithm: SigningAlgorithmName::Rs256,
            lifetime_s: defaults::ID_TOKEN_LIFETIME_S,
        }
    }
}

/// A signature algorithm that tokens are signed with.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) enum SigningAlgorithmName {
    /// ECDSA with P-256: small and fast.
    #[serde(rename = "ES256")]
    Es256,
    /// RSA of 2048 bits: known to every library.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSA of 2048 bits with PSS.
    #[serde(rename = "PS256")]
    Ps256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

/// Refresh tokens.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RefreshTokensTable {
    /// Seconds without use to the end.
    #[schemars(range(min = 60, max = 31_536_000))]
    pub(crate) idle_lifetime_s: u64,
    /// Seconds from the sign-in to the end, however often they are used.
    #[schemars(range(min = 60, max = 315_360_000))]
    pub(crate) absolute_lifetime_s: u64,
    /// Seconds in which a used one brings the same new one again, for a client whose answer got
    /// lost; 0: never. Used later it ends the grant.
    #[schemars(range(min = 0, max = 300))]
    pub(crate) reuse_window_s: u64,
    /// Seconds that users need not be confirmed while their backend cannot be asked; then
    /// refreshing must wait.
    #[schemars(range(min = 0, max = 2_592_000))]
    pub(crate) outage_grace_s: u64,
}

impl Default for RefreshTokensTable {
    fn default() -> Self {
        Self {
            idle_lifetime_s: defaults::REFRESH_TOKEN_IDLE_LIFETIME_S,
            absolute_lifetime_s: defaults::REFRESH_TOKEN_ABSOLUTE_LIFETIME_S,
            reuse_window_s: defaults::REFRESH_TOKEN_REUSE_WINDOW_S,
            outage_grace_s: defaults::REFRESH_TOKEN_OUTAGE_GRACE_S,
        }
    }
}

/// Authorization codes.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CodesTable {
    /// Seconds until an unused one ends; RFC 6749 §4.1.2 wants ten minutes at most.
    #[schemars(range(min = 1, max = 600))]
    pub(crate) lifetime_s: u64,
}

impl Default for CodesTable {
    fn default() -> Self {
        Self {
            lifetime_s: defaults::CODE_LIFETIME_S,
        }
    }
}

/// Signed-in browsers.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SessionsTable {
    /// Seconds from sign-in to the end, whatever happens.
    #[schemars(range(min = 60, max = 2_592_000))]
    pub(crate) lifetime_s: u64,
    /// Seconds without use to the end.
    #[schemars(range(min = 60, max = 2_592_000))]
    pub(crate) idle_lifetime_s: u64,
}

impl Default for SessionsTable {
    fn default() -> Self {
        Self {
            lifetime_s: defaults::SESSION_LIFETIME_S,
            idle_lifetime_s: defaults::SESSION_IDLE_LIFETIME_S,
        }
    }
}

/// The sign-in page and the attempts at passwords.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SignInTable {
    /// Seconds a page that was shown may be sent in.
    #[schemars(range(min = 60, max = 86400))]
    pub(crate) page_lifetime_s: u64,
    /// Wrong passwords in a row before a pause.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) failures_before_pause: u32,
    /// Seconds the pause lasts; each further wrong password brings another.
    #[schemars(range(min = 1, max = 86400))]
    pub(crate) pause_s: u64,
    /// Wrong passwords in a row that are never exceeded; left out: 8 with `users.cells`, which
    /// locks the user for good at ten, and no ceiling with `users.static`.
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) ceiling: Option<u32>,
    /// How many of `ceiling` are left to browsers that signed in as the login before, so that
    /// nobody else can lock its owner out.
    #[schemars(range(min = 0, max = 1000))]
    pub(crate) reserved_for_known_devices: u32,
    /// Seconds that a browser is known by its cookie after it signed in.
    #[schemars(range(min = 3600, max = 34_560_000))]
    pub(crate) known_device_lifetime_s: u64,
    /// Wrong passwords from one address, whatever the login, in `address_window_s`; after that it
    /// waits for the next window, unless the browser is known. IPv6 counts by /64.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) failures_per_address: u32,
    /// Seconds of such a window.
    #[schemars(range(min = 1, max = 86400))]
    pub(crate) address_window_s: u64,
    /// Passwords that the users' backend is asked to check at once.
    #[schemars(range(min = 1, max = 10_000))]
    pub(crate) checks_at_once: usize,
    /// Sign-ins that wait for that; the rest is told that it is busy here.
    #[schemars(range(min = 0, max = 100_000))]
    pub(crate) checks_waiting: usize,
    /// Milliseconds at whose multiples a wrong password is answered, so that the time does not tell
    /// which users exist; 0: as soon as it is known.
    #[schemars(range(min = 0, max = 10_000))]
    pub(crate) refusal_step_ms: u64,
}

impl Default for SignInTable {
    fn default() -> Self {
        Self {
            page_lifetime_s: defaults::PAGE_LIFETIME_S,
            failures_before_pause: defaults::FAILURES_BEFORE_PAUSE,
            pause_s: defaults::PAUSE_S,
            ceiling: None,
            reserved_for_known_devices: defaults::RESERVED_FOR_KNOWN_DEVICES,
            known_device_lifetime_s: defaults::KNOWN_DEVICE_LIFETIME_S,
            failures_per_address: defaults::FAILURES_PER_ADDRESS,
            address_window_s: defaults::ADDRESS_WINDOW_S,
            checks_at_once: defaults::CHECKS_AT_ONCE,
            checks_waiting: defaults::CHECKS_WAITING,
            refusal_step_ms: defaults::REFUSAL_STEP_MS,
        }
    }
}

/// Telling applications that a user signed out (OpenID Connect Back-Channel Logout).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BackChannelLogoutTable {
    /// Seconds for a whole answer.
    #[schemars(range(min = 1, max = 60))]
    pub(crate) timeout_s: u64,
    /// Seconds after which an application that cannot be reached is given up.
    #[schemars(range(min = 60, max = 604_800))]
    pub(crate) give_up_after_s: u64,
    /// Lets applications that registered themselves name addresses inside this network.
    pub(crate) danger_internal_addresses: bool,
}

impl Default for BackChannelLogoutTable {
    fn default() -> Self {
        Self {
            timeout_s: defaults::BACK_CHANNEL_TIMEOUT_S,
            give_up_after_s: defaults::BACK_CHANNEL_GIVE_UP_S,
            danger_internal_addresses: false,
        }
    }
}
