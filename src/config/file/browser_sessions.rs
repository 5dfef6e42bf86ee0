//! `browser_sessions`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::defaults;

/// Browsers that are signed in on routes with `authentication: sign_in`. A session ends earlier when
/// its user signs out, at the provider or at any application.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BrowserSessionsTable {
    /// Seconds from the sign-in until the browser is sent to the provider again, where its user need
    /// not type anything while the session there goes on.
    #[schemars(range(min = 300, max = 31_536_000))]
    pub(crate) lifetime_s: u64,
    /// Seconds without a request until then; it may be a minute less.
    #[schemars(range(min = 300, max = 31_536_000))]
    pub(crate) idle_lifetime_s: u64,
    /// Seconds that a sign-in may take, from the page that was asked for until the browser is back.
    #[schemars(range(min = 60, max = 86400))]
    pub(crate) sign_in_lifetime_s: u64,
    /// An address of this site as browsers have it, of which scheme and port count for every
    /// application; left out: `provider.issuer`, or `https` at its usual port.
    #[schemars(length(min = 1))]
    pub(crate) reached_as: Option<String>,
}

impl Default for BrowserSessionsTable {
    fn default() -> Self {
        Self {
            lifetime_s: defaults::BROWSER_SESSION_LIFETIME_S,
            idle_lifetime_s: defaults::BROWSER_SESSION_IDLE_LIFETIME_S,
            sign_in_lifetime_s: defaults::BROWSER_SIGN_IN_LIFETIME_S,
            reached_as: None,
        }
    }
}
