//! `strict_transport_security`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::defaults;

/// What browsers are told in every answer over TLS: to ask for nothing without it any more.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TransportSecurityTable {
    /// Seconds that they remember it; 0 has them forget it.
    #[schemars(range(min = 0, max = 315_360_000))]
    pub(crate) max_age_s: u64,
    /// Whether it is for every host below as well.
    pub(crate) include_subdomains: bool,
    /// Whether the host may be listed in browsers before they have seen it. Needs
    /// `include_subdomains` and a year at least.
    pub(crate) preload: bool,
}

impl Default for TransportSecurityTable {
    fn default() -> Self {
        Self {
            max_age_s: defaults::TRANSPORT_SECURITY_MAX_AGE_S,
            include_subdomains: false,
            preload: false,
        }
    }
}
