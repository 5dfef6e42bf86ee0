//! What the gateway runs on: plain values that the configuration has already checked.

use std::sync::Arc;
use std::time::Duration;

use http::header::USER_AGENT;
use http::{HeaderMap, HeaderName, Method};

use super::assertion::Assertion;
use super::path_change::PathChange;
use super::policy::Conditions;
use super::resource::Resource;
use crate::model::{Scope, WebOrigin};
use crate::provider::PasswordPlace;
use crate::secret::Secret;

use super::client_certificate::CertificateUse;
use super::cors::Cors;
use super::forward_auth::ForwardAuth;
use super::log_fields::LogFields;
use super::sign_in::SignInSettings;
use super::timing::RouteTimeouts;
use super::traffic::RouteLimits;
use super::transport_security::TransportSecurity;
use super::trusted_proxies::TrustedProxies;
use super::upstream::{Balance, PassiveHealth};

/// What the gateway runs on.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Routes, in file order (order carries no meaning).
    pub routes: Vec<Route>,
    /// Where requests go.
    pub upstreams: Vec<Upstream>,
    /// Headers that tell an upstream who asks.
    pub identity: IdentityHeaders,
    /// Sizes and times.
    pub limits: Limits,
    /// Who may say where requests come from, besides the connection itself.
    pub trusted_proxies: TrustedProxies,
    /// Where proxies that forward by themselves ask who may pass; `None`: nowhere.
    pub forward_auth: Option<ForwardAuth>,
    /// Applications whose users sign in in the browser.
    pub sign_in: SignInSettings,
    /// Whether each request writes an access line.
    pub access_log: bool,
    /// What browsers are told of TLS; `None`: what upstreams tell them.
    pub transport_security: Option<TransportSecurity>,
    /// Whether a listener speaks TLS. If so, the provider of an `https` issuer is answered on
    /// connections with TLS only; if none does, TLS ends in front of us, and only what a trusted
    /// proxy says to have come without TLS is refused.
    pub has_tls: bool,
}

/// One route: match, policy, action.
#[derive(Clone, Debug)]
pub struct Route {
    /// Unique; in logs and metrics.
    pub name: String,
    /// Canonical host (lower case, no port), `*.example.com`, or `None` for any.
    pub host: Option<String>,
    /// Canonical path prefix; matches on segment boundaries: `/api/` matches `/api/` and what is
    /// below it, `/api` matches `/api` besides.
    pub path: String,
    /// Methods; empty: all.
    pub methods: Vec<Method>,
    /// Whether only calls of gRPC match, and then before what else has this host and path.
    pub grpc: bool,
    /// Who may pass.
    pub policy: Policy,
    /// What happens.
    pub action: Action,
    /// Where a token may be.
    pub token_places: TokenPlaces,
    /// What becomes of the token on the way to the upstream.
    pub token_use: TokenUse,
    /// How passwords come here.
    pub passwords: Passwords,
    /// What application passwords are good for here; `None`: they are not taken.
    pub application_passwords: Option<Arc<PasswordPlace>>,
    /// What the upstream is told of whoever asks under our signature; `None`: nothing. Its header is among
    /// those of [`IdentityHeaders::also_strip`].
    pub assertion: Option<Arc<Assertion>>,
    /// Parts of `User-Agent`, in lower case, with any of which a request is refused.
    pub refused_user_agents: Vec<String>,
    /// Whether `%2F` may stand in a path (default no).
    pub allow_encoded_slash: bool,
    /// The protected resource it belongs to; `None`: no metadata are published (RFC 9728).
    pub resource: Option<Resource>,
    /// Whether an exchange that is under way goes on when its token expires (default no). A
    /// revocation ends it in any case.
    pub outlives_token: bool,
    /// Who may open WebSockets; `None`: nobody, and a request for one is refused.
    pub websockets: Option<WebSockets>,
    /// What is changed of paths on the way upstream; `None`: nothing.
    pub path_change: Option<PathChange>,
    /// Which pages from elsewhere may read what it answers; `None`: what the upstream says.
    pub cors: Option<Arc<Cors>>,
    /// How much of it anybody may take; `None`: as much as there is.
    pub limits: Option<Arc<RouteLimits>>,
    /// What it does with the certificates of those who ask.
    pub client_certificate: CertificateUse,
    /// With which of our clients at other issuers its users sign in; `None`: at our provider.
    pub sign_in_client: Option<String>,
    /// How long its upstream may take; `None`: as long as the upstream's settings say.
    pub timeouts: Option<Arc<RouteTimeouts>>,
    /// What its lines in the access log have besides; `None`: nothing.
    pub log_fields: Option<Arc<LogFields>>,
}

impl Route {
    /// Whether what sent a request names itself as one that is refused.
    pub(super) fn refuses_agent(&self, headers: &HeaderMap) -> bool {
        !self.refused_user_agents.is_empty()
            && headers.get_all(USER_AGENT).iter().any(|agent| {
                let agent = agent.as_bytes().to_ascii_lowercase();
                let agent = String::from_utf8_lossy(&agent);
                self.refused_user_agents
                    .iter()
                    .any(|refused| agent.contains(refused))
            })
    }

    /// Bytes that a body may have at most; `None`: any number.
    pub(super) fn max_body_bytes(&self) -> Option<u64> {
        self.limits.as_ref()?.max_body_bytes
    }
}

/// What becomes of a token on the way to the upstream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenUse {
    /// It is removed.
    #[default]
    Strip,
    /// It goes on, unless it came in the query.
    Pass,
    /// One of the users' backend takes the place of ours; the upstream is that backend.
    Swap(OtherTokens),
}

/// What becomes of tokens that are not ours where ours are swapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherTokens {
    /// They are refused.
    Refuse,
    /// Those that may be the backend's own go on to be judged there, as requests without any do.
    Pass,
}

/// How passwords of the users' backend come on a route to it. They are tried as at our own sign-in page,
/// under the same counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Passwords {
    /// None do, as far as is known here.
    #[default]
    Unseen,
    /// In the calls by which its own interface signs in.
    Session,
    /// In `Authorization: Basic`, or a token in their place.
    Basic,
    /// In a form of its interface: browsers that open that sign in here first, and are let in without.
    Page,
}

/// Who may open WebSockets on a route.
#[derive(Clone, Debug, Default)]
pub struct WebSockets {
    /// Origins whose pages may, besides those of the host that is asked.
    pub origins: Vec<WebOrigin>,
    /// Whether clients say in a message who they are, as those of Cells do, and a token of ours in it
    /// is swapped.
    pub subscribe: bool,
}

/// Where a token may be; of all places together there must be one token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenPlaces {
    /// `Authorization: Bearer` (RFC 6750 §2.1; default yes).
    pub authorization: bool,
    /// The cookie of this name. Requests that may change something must then come from our own
    /// pages, as far as a browser sends them.
    pub cookie: Option<String>,
    /// The field of this name, which has nothing but the token.
    pub header: Option<HeaderName>,
    /// The parameter of this name in the query, which never goes on to an upstream.
    pub query: Option<String>,
}

impl Default for TokenPlaces {
    fn default() -> Self {
        Self {
            authorization: true,
            cookie: None,
            header: None,
            query: None,
        }
    }
}

/// What happens to an admitted request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The built-in JSON answer.
    Whoami,
    /// Forward to the upstream of this name.
    Upstream(String),
    /// Nothing: a proxy in front forwards, and asks before it does.
    ForwardAuth,
    /// Nothing, for anybody: as if there were no route.
    Refuse,
}

/// Whether a route asks for a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// Credentials are not read; stripped unless the token passes.
    Anonymous,
    /// Read if present; a bad one is refused.
    Optional,
    /// Must be present.
    Required,
    /// Must be present, and may be the session of a browser, which is sent to sign in when it has
    /// none.
    SignIn,
}

impl Authentication {
    /// Whether nobody in particular is refused.
    pub(super) const fn needs_somebody(self) -> bool {
        matches!(self, Self::Required | Self::SignIn)
    }
}

/// Who may pass a route.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Whether a credential is needed.
    pub authentication: Authentication,
    /// Accepted issuers (exact); of others no token is taken, and of nobody when empty.
    pub issuers: Vec<Arc<str>>,
    /// At least one must be in `aud`; without any, no token is for this route.
    pub audience: Vec<String>,
    /// All of these scope values.
    pub all_scopes: Scope,
    /// At least one of these, unless empty.
    pub any_scope: Scope,
    /// What else is asked; `None` on most routes, which then pay nothing for it.
    pub conditions: Option<Arc<Conditions>>,
}

/// Servers that requests are forwarded to.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Unique.
    pub name: String,
    /// `host:port` of each server; names are resolved in the background.
    pub servers: Vec<String>,
    /// TLS, and the name the certificate must bear.
    pub tls: Option<UpstreamTls>,
    /// Speak HTTP/2 (needed for gRPC).
    pub http2: bool,
    /// `Host` to send; `None`: the one the downstream sent.
    pub host: Option<String>,
    /// Active health check.
    pub health_check: Option<HealthCheck>,
    /// Until the connection stands, TLS included.
    pub connect_timeout: Duration,
    /// Between two reads.
    pub read_timeout: Duration,
    /// Between two writes.
    pub write_timeout: Duration,
    /// An unused connection is closed after this.
    pub idle_timeout: Duration,
    /// 0 to 2, only when the request was not sent.
    pub retries: u8,
    /// What decides which server gets a request.
    pub balance: Balance,
    /// When a server that fails requests is left out; `None`: never.
    pub passive_health: Option<PassiveHealth>,
    /// Requests at once; `None`: any number.
    pub max_in_flight: Option<usize>,
}

/// How an upstream's TLS is verified.
#[derive(Clone, Debug)]
pub struct UpstreamTls {
    /// Name in the certificate; never empty.
    pub server_name: String,
    /// PEM of a CA of its own.
    pub ca_pem: Option<Vec<u8>>,
    /// Shown to servers that ask for one.
    pub client_certificate: Option<ClientKey>,
}

/// A certificate that we show as a client, and its private key.
#[derive(Clone, Debug)]
pub struct ClientKey {
    /// PEM chain, leaf first.
    pub chain: Vec<u8>,
    /// PEM key.
    pub key: Secret,
}

/// An active health check.
#[derive(Clone, Debug)]
pub struct HealthCheck {
    /// Path to GET; `None`: a TCP connection is enough.
    pub path: Option<String>,
    /// Between checks.
    pub interval: Duration,
    /// Successes in a row until up.
    pub healthy_after: usize,
    /// Failures in a row until down.
    pub unhealthy_after: usize,
}

/// Names and sources of identity headers.
#[derive(Clone, Debug)]
pub struct IdentityHeaders {
    /// Header ← claim, in order. Shared: what was written for it is known by that.
    pub mapping: Arc<[(HeaderName, ClaimSource)]>,
    /// Removed from every inbound request, on every route, besides the mapped ones.
    pub also_strip: Vec<HeaderName>,
    /// Header ← part of a client certificate, in order, on routes that look at it.
    pub certificates: Vec<(HeaderName, CertificateSource)>,
}

/// Where an identity header's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimSource {
    /// `sub`.
    Subject,
    /// A claim by its literal name.
    Claim(String),
}

/// What of a client certificate a header tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateSource {
    /// Its holder's name, as RFC 4514 writes it.
    Subject,
    /// `commonName`s.
    CommonName,
    /// Host names.
    DnsNames,
    /// Mail addresses.
    Emails,
    /// URIs.
    Uris,
    /// The serial number, in hexadecimal.
    Serial,
    /// Its SHA-256 in base64url, the `x5t#S256` of RFC 8705.
    Thumbprint,
    /// All of it, as RFC 9440 writes it.
    Certificate,
}

/// Sizes and times of the edge.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The whole request head must be there by then (default 10 s).
    pub head_timeout: Duration,
    /// All request fields together (default 32 KiB).
    pub head_bytes: usize,
    /// Number of fields (default 100).
    pub head_fields: usize,
    /// Request target (default 8 KiB).
    pub target_bytes: usize,
    /// Idle keep-alive (default 60 s).
    pub keepalive: Duration,
    /// Read and write timeout towards downstream (default 60 s).
    pub downstream_timeout: Duration,
    /// Connections at once (default 10,000).
    pub connections: usize,
    /// Connections at once from one address (default 256).
    pub connections_per_address: usize,
    /// Failed verifications a minute from one address before signatures are no longer checked (default 600).
    pub token_failures_per_minute: u32,
    /// Verified tokens remembered (default 100,000).
    pub remembered_tokens: u64,
    /// Of tunnels that WebSockets go through.
    pub tunnels: TunnelLimits,
}

/// How long tunnels may be open, and how many.
#[derive(Clone, Copy, Debug)]
pub struct TunnelLimits {
    /// Without a byte in either direction (default 5 min).
    pub idle_timeout: Duration,
    /// In all; `None`: as long as its token (default).
    pub lifetime: Option<Duration>,
    /// At once, of one subject (default 64).
    pub per_subject: usize,
}
