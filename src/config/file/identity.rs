//! `identity`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::defaults;

/// Headers that tell an upstream who asks.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct IdentityTable {
    /// Header and the claim it carries. Whatever stands here, a downstream can set neither these
    /// headers nor those of the default.
    #[schemars(inner(length(min = 1)))]
    pub(crate) headers: BTreeMap<String, String>,
    /// Further headers removed from every request of a downstream.
    #[schemars(inner(length(min = 1)))]
    pub(crate) also_strip: Vec<String>,
}

impl Default for IdentityTable {
    fn default() -> Self {
        Self {
            headers: defaults::IDENTITY_HEADERS
                .into_iter()
                .map(|(header, claim)| (header.to_owned(), claim.to_owned()))
                .collect(),
            also_strip: defaults::ALSO_STRIP.map(str::to_owned).to_vec(),
        }
    }
}
