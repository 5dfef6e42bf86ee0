//! `routes[].assertion`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::defaults;

/// A signed assertion of who asks, for the upstream of a route.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AssertionTable {
    /// The header that it stands in. No request can bring it along, on any route.
    #[schemars(length(min = 1, max = 128))]
    pub(crate) header: String,
    /// `aud`: what the application knows itself by; left out: the name of the upstream.
    #[schemars(length(min = 1, max = 256))]
    pub(crate) audience: Option<String>,
    /// Seconds that one is good for. It is sent with requests for the first half of them.
    #[schemars(range(min = 10, max = 600))]
    pub(crate) lifetime_s: u64,
    /// Claims of the token that it repeats, by their literal names; left out: those that
    /// `identity.headers` names.
    #[schemars(length(max = 32), inner(length(min = 1, max = 128)))]
    pub(crate) claims: Option<Vec<String>>,
}

impl Default for AssertionTable {
    fn default() -> Self {
        Self {
            header: defaults::ASSERTION_HEADER.to_owned(),
            audience: None,
            lifetime_s: defaults::ASSERTION_LIFETIME_S,
            claims: None,
        }
    }
}
