//! `forward_auth`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::defaults;

/// Where reverse proxies that forward by themselves ask who may pass.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ForwardAuthTable {
    /// The path they ask at, on any host. Nothing at or below it is routed.
    #[schemars(length(min = 2, max = 256))]
    pub(crate) path: String,
    /// The proxies. Everybody else is refused.
    #[schemars(extend("x-required" = true), length(min = 1))]
    pub(crate) proxies: Option<Vec<AskingProxyTable>>,
}

impl Default for ForwardAuthTable {
    fn default() -> Self {
        Self {
            path: defaults::FORWARD_AUTH_PATH.to_owned(),
            proxies: None,
        }
    }
}

/// Proxies of one kind that may ask.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AskingProxyTable {
    /// Their addresses or networks, `10.0.0.7` or `10.0.0.0/24`.
    #[schemars(extend("x-required" = true), length(min = 1))]
    pub(crate) networks: Option<Vec<String>>,
    /// What they are.
    #[schemars(extend("x-required" = true))]
    pub(crate) kind: Option<ProxyKindName>,
}

/// What a proxy is: how it asks, and which answers it understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProxyKindName {
    /// nginx with `auth_request`.
    Nginx,
    /// Traefik with `forwardAuth`.
    Traefik,
    /// Caddy with `forward_auth`.
    Caddy,
    /// HAProxy with a script.
    Haproxy,
    /// Envoy with `ext_authz` over HTTP.
    Envoy,
}
