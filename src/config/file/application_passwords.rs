//! `provider.application_passwords`, and what routes say of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::defaults;

/// Passwords that users have made at their account page, on routes that take some.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ApplicationPasswordsTable {
    /// How many a user may have.
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) max_per_user: u32,
    /// Seconds that one is good for; left out: until it is revoked.
    #[schemars(range(min = 3600, max = 315_360_000))]
    pub(crate) lifetime_s: Option<u64>,
}

impl Default for ApplicationPasswordsTable {
    fn default() -> Self {
        Self {
            max_per_user: defaults::APPLICATION_PASSWORDS,
            lifetime_s: None,
        }
    }
}

/// Application passwords on a route.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RoutePasswordsTable {
    /// What users read at the account page; left out: the name of the route.
    #[schemars(length(min = 1, max = 64))]
    pub(crate) title: Option<String>,
    /// Scope values that passwords have there at most; left out: those that `scopes` names.
    #[schemars(inner(length(min = 1)))]
    pub(crate) scope: Option<Vec<String>>,
}
