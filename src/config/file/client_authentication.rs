//! `provider.client_authentication`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::defaults;

/// Applications that prove who they are, whichever method each of them uses.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ClientAuthenticationTable {
    /// Wrong secrets and assertions from one address in a window; after that it waits for the
    /// next one.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) failures_per_address: u32,
    /// Seconds of the window.
    #[schemars(range(min = 1, max = 86_400))]
    pub(crate) address_window_s: u64,
    /// Seconds that an assertion may live from when it comes.
    #[schemars(range(min = 10, max = 86_400))]
    pub(crate) max_assertion_lifetime_s: u64,
    /// Whether an assertion may be made for the URL of the token endpoint (or of the one it is
    /// sent to), and not only for the issuer.
    pub(crate) endpoint_audiences: bool,
    /// Whether applications may prove by a MAC that they know their secret; it must be kept for
    /// that, and not only its hash.
    pub(crate) client_secret_jwt: bool,
}

impl Default for ClientAuthenticationTable {
    fn default() -> Self {
        Self {
            failures_per_address: defaults::CLIENT_FAILURES_PER_ADDRESS,
            address_window_s: defaults::ADDRESS_WINDOW_S,
            max_assertion_lifetime_s: defaults::MAX_ASSERTION_LIFETIME_S,
            endpoint_audiences: true,
            client_secret_jwt: false,
        }
    }
}
