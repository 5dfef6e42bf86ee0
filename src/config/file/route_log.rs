//! `routes[].log`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the lines of a route in the access log have besides. Names of what holds credentials are
/// refused.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RouteLogTable {
    /// Headers of the request, as it goes on.
    #[schemars(length(max = 16), inner(length(min = 1, max = 64)))]
    pub(crate) request_headers: Vec<String>,
    /// Headers of the answer.
    #[schemars(length(max = 16), inner(length(min = 1, max = 64)))]
    pub(crate) response_headers: Vec<String>,
    /// Claims of the token: a name, as `groups`, or the way to a claim inside of another one, as
    /// `/realm_access/roles`.
    #[schemars(length(max = 16), inner(length(min = 1, max = 128)))]
    pub(crate) claims: Vec<String>,
}
