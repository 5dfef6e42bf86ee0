//! `provider.keys`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::defaults;

/// The keys that tokens are signed with.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct KeysTable {
    /// Days a key signs before another follows it by itself.
    #[schemars(range(min = 1, max = 3650))]
    pub(crate) rotation_days: u64,
    /// Seconds that one is published before it signs: longer than anybody keeps a copy of the
    /// key set. Less than `rotation_days`.
    #[schemars(range(min = 60, max = 2_592_000))]
    pub(crate) publish_before_s: u64,
}

impl Default for KeysTable {
    fn default() -> Self {
        Self {
            rotation_days: defaults::KEY_ROTATION_DAYS,
            publish_before_s: defaults::KEY_PUBLISH_BEFORE_S,
        }
    }
}
