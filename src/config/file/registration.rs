//! `provider.registration`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::defaults;

/// Applications that are registered while running.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RegistrationTable {
    /// Whether applications may register themselves.
    pub(crate) mode: RegistrationMode,
    /// Hash of a token that is good for any number of registrations, as `cellgate hash-secret
    /// --generate` prints it; without any of the three: only those of `cellgate clients
    /// initial-token create`.
    #[schemars(length(min = 1))]
    pub(crate) initial_access_token_hash: Option<String>,
    /// File with such a token; a newline at the end does not count.
    #[schemars(length(min = 1))]
    pub(crate) initial_access_token_file: Option<String>,
    /// Environment variable with such a token.
    #[schemars(length(min = 1))]
    pub(crate) initial_access_token_env: Option<String>,
    /// Scope values that an application may have that registers itself; also those of one that
    /// `cellgate clients add` is given none for.
    #[schemars(length(min = 1))]
    pub(crate) scope: String,
    /// Applications that registered themselves, at most.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) max_clients: u32,
    /// Attempts to register, or to replace what was registered, an hour from one address.
    #[schemars(range(min = 1, max = 100_000))]
    pub(crate) per_hour: u32,
}

impl Default for RegistrationTable {
    fn default() -> Self {
        Self {
            mode: RegistrationMode::Off,
            initial_access_token_hash: None,
            initial_access_token_file: None,
            initial_access_token_env: None,
            scope: defaults::REGISTRATION_SCOPE.to_owned(),
            max_clients: defaults::REGISTERED_CLIENTS,
            per_hour: defaults::REGISTRATIONS_PER_HOUR,
        }
    }
}

/// Who may register an application over the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RegistrationMode {
    /// Nobody: there is no such endpoint.
    Off,
    /// Whoever has an initial access token.
    InitialAccessToken,
    /// Anybody.
    Open,
}
