//! The file as it is written: shape and bounds, nothing else.
//!
//! Every struct mirrors a mapping of the file. The doc comment of a field is its description in
//! the JSON Schema, so it is written for the operator; `Default` comes from
//! [`defaults`](super::defaults); the `schemars` attributes are the bounds that
//! [`structure`](super::document) enforces. An absent key is `None` or its default, and a field
//! marked `x-required` is an `Option` all the same, so that one missing key hides no other problem.

mod acme;
mod application_passwords;
mod assertion;
mod browser_sessions;
mod cells;
mod client;
mod client_authentication;
mod client_users;
mod cors;
mod forward_auth;
mod identity;
mod keys;
mod listener;
mod process;
mod provider;
mod registration;
mod route;
mod route_limits;
mod route_log;
mod route_timeouts;
mod sign_in_client;
mod state;
mod traces;
mod transport_security;
mod trusted_issuer;
mod trusted_proxy;
mod upstream;
mod users;
mod users_api;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use acme::{AcmeChallengeName, AcmeTable};
pub(crate) use application_passwords::{ApplicationPasswordsTable, RoutePasswordsTable};
pub(crate) use assertion::AssertionTable;
pub(crate) use browser_sessions::BrowserSessionsTable;
pub(crate) use cells::CellsSiteTable;
pub(crate) use client::{AuthenticationName, ClientTable, ConsentPolicyName, GrantTypeName};
pub(crate) use client_authentication::ClientAuthenticationTable;
pub(crate) use client_users::{AccessTable, ClaimTable, SubjectTypeName};
pub(crate) use cors::CorsTable;
pub(crate) use forward_auth::{AskingProxyTable, ForwardAuthTable, ProxyKindName};
pub(crate) use identity::{CertificateSourceName, IdentityTable};
pub(crate) use keys::KeysTable;
pub(crate) use listener::{
    CertificateTable, ClientCertificatesMode, ListenerTable, ListenerTlsTable,
};
pub(crate) use process::{AdminTable, LimitsTable, LogTable, ServerTable};
pub(crate) use provider::{
    BackChannelLogoutTable, CellsClientName, ProviderTable, RefreshTokensTable, SignInTable,
    SigningAlgorithmName,
};
pub(crate) use registration::{RegistrationMode, RegistrationTable};
pub(crate) use route::{
    AuthenticationMode, CertificateConditionsTable, ClaimConditionTable, ClaimValueTable,
    ClientCertificateMode, OtherTokensMode, PasswordsMode, RouteTable, StepUpTable, TokenMode,
    TokenPlacesTable, WebSocketsMode,
};
pub(crate) use route_limits::{RateTable, RouteLimitsTable};
pub(crate) use route_log::RouteLogTable;
pub(crate) use route_timeouts::RouteTimeoutsTable;
pub(crate) use sign_in_client::{
    AssertionAudienceName, SignInAuthenticationName, SignInClientTable,
};
pub(crate) use state::{Durability, PostgresTable, StateTable};
pub(crate) use traces::TracesTable;
pub(crate) use transport_security::TransportSecurityTable;
pub(crate) use trusted_issuer::{
    AlgorithmName, DiscoveryName, SecretPlaceName, TokenIntrospectionTable, TrustedIssuerTable,
};
pub(crate) use trusted_proxy::{ToldByName, TrustedProxyTable};
pub(crate) use upstream::{BalanceName, HealthCheckTable, UpstreamTable};
pub(crate) use users::{
    AddressTable, CellsClientTable, CellsSessionsMode, CellsTable, StaticUserTable,
    UserDetailsTable, UsersTable,
};
pub(crate) use users_api::{CredentialsName, UserPointersTable, UserStandingTable, UsersApiTable};

/// Configuration of Cellgate.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "Cellgate configuration")]
pub(crate) struct File {
    /// Addresses that requests are accepted on.
    #[schemars(extend("x-required" = true), length(min = 1))]
    pub(crate) listeners: Option<Vec<ListenerTable>>,
    /// Certificates that Cellgate obtains and renews itself (ACME, RFC 8555), for the `acme_names` of
    /// listeners; left out: none.
    pub(crate) acme: Option<AcmeTable>,
    /// Reverse proxies and load balancers in front, which may say where requests began; of
    /// everybody else it is the other end of the connection.
    pub(crate) trusted_proxies: Vec<TrustedProxyTable>,
    /// Reverse proxies in front that forward by themselves, and ask Cellgate who may pass; left out:
    /// nobody is answered.
    pub(crate) forward_auth: Option<ForwardAuthTable>,
    /// What browsers are told in every answer over TLS; left out: what upstreams tell them.
    pub(crate) strict_transport_security: Option<TransportSecurityTable>,
    /// Metrics and health, on an address of their own; left out: off.
    pub(crate) admin: Option<AdminTable>,
    /// The process.
    pub(crate) server: ServerTable,
    /// What is logged.
    pub(crate) log: LogTable,
    /// Traces of requests, for a collector of OpenTelemetry; left out: none.
    pub(crate) traces: Option<TracesTable>,
    /// Sizes, times and counts that a downstream cannot exceed.
    pub(crate) limits: LimitsTable,
    /// Where is kept what must outlive the process; needed with `provider`, and where browsers sign in.
    pub(crate) state: Option<StateTable>,
    /// The OpenID Provider; left out: Cellgate is a gateway only.
    pub(crate) provider: Option<ProviderTable>,
    /// Who checks passwords; needed with `provider`.
    pub(crate) users: Option<UsersTable>,
    /// Issuers whose access tokens are accepted besides our own.
    pub(crate) trusted_issuers: Vec<TrustedIssuerTable>,
    /// Browsers that are signed in on routes with `authentication: sign_in`.
    pub(crate) browser_sessions: BrowserSessionsTable,
    /// Servers that requests are forwarded to.
    pub(crate) upstreams: Vec<UpstreamTable>,
    /// Headers that tell an upstream who asks.
    pub(crate) identity: IdentityTable,
    /// A site of Pydio Cells, the one of `users.cells`: all routes to it; left out: none but those
    /// under `routes`.
    pub(crate) cells: Option<CellsSiteTable>,
    /// Who may pass, and where to. The most specific route decides, whatever the order here;
    /// what no route matches is refused. Needed without `cells`.
    #[schemars(length(min = 1))]
    pub(crate) routes: Option<Vec<RouteTable>>,
}
