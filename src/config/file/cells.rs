//! `cells`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// All routes to a site of Pydio Cells, the one whose users sign in here (`users.cells`).
/// `cellgate explain --routes` shows them. A route of yours with a longer path, or with the same, takes
/// the place of one of these there.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CellsSiteTable {
    /// Host of the site, as in Cells' own external URL; left out: the host of `provider.issuer`.
    #[schemars(length(min = 1))]
    pub(crate) host: Option<String>,
    /// Name of the upstream that is this Cells; left out: one is made of `users.cells`, called `cells`.
    #[schemars(length(min = 1))]
    pub(crate) upstream: Option<String>,
    /// Whether calls of gRPC go on, which Cells' desktop clients make, over HTTP/2 to the same servers.
    pub(crate) grpc: bool,
    /// Whether browsers that open Cells' web interface sign in at the provider, and come into it without
    /// another password; signing out of either then ends both.
    pub(crate) interface_sign_in: bool,
}

impl Default for CellsSiteTable {
    fn default() -> Self {
        Self {
            host: None,
            upstream: None,
            grpc: true,
            interface_sign_in: true,
        }
    }
}
