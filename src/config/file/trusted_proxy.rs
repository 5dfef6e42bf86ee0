//! `trusted_proxies`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Reverse proxies or load balancers in front of Cellgate, whose word about where a request
/// began counts.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TrustedProxyTable {
    /// Their addresses or networks, `10.0.0.7` or `10.0.0.0/24`.
    #[schemars(extend("x-required" = true), length(min = 1))]
    pub(crate) networks: Option<Vec<String>>,
    /// How they tell.
    #[schemars(extend("x-required" = true))]
    pub(crate) told_by: Option<ToldByName>,
}

/// How a proxy tells where a request began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ToldByName {
    /// `X-Forwarded-For` and `X-Forwarded-Proto` of each request.
    XForwarded,
    /// A PROXY protocol header, version 1 or 2, at the beginning of each connection.
    ProxyProtocol,
}
