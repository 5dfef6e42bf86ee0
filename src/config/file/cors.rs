//! `routes[].cors`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::defaults;

/// Which pages from elsewhere may read what a route answers (CORS).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CorsTable {
    /// Origins of the pages, as browsers write them; or `*` alone for everybody's, without
    /// `credentials`.
    #[schemars(extend("x-required" = true), length(min = 1), inner(length(min = 1)))]
    pub(crate) origins: Option<Vec<String>>,
    /// Methods that they may use; left out: all that the route takes.
    #[schemars(length(min = 1), inner(length(min = 1)))]
    pub(crate) methods: Option<Vec<String>>,
    /// Request headers that they may set, besides those that every page may.
    #[schemars(inner(length(min = 1)))]
    pub(crate) headers: Vec<String>,
    /// Headers of answers that they may read, besides those that every page may, and besides
    /// `WWW-Authenticate`, `Retry-After` and `X-Request-Id`.
    #[schemars(inner(length(min = 1)))]
    pub(crate) exposed_headers: Vec<String>,
    /// Whether browsers may send cookies along.
    pub(crate) credentials: bool,
    /// Seconds that a browser may remember what it was told.
    #[schemars(range(min = 0, max = 86400))]
    pub(crate) max_age_s: u32,
}

impl Default for CorsTable {
    fn default() -> Self {
        Self {
            origins: None,
            methods: None,
            headers: defaults::CORS_HEADERS.map(str::to_owned).to_vec(),
            exposed_headers: Vec::new(),
            credentials: false,
            max_age_s: defaults::CORS_MAX_AGE_S,
        }
    }
}
