//! The gateway: a reverse proxy that decides, on every request, who may pass.
//!
//! The way of a request, which is also the order of these modules:
//!
//! 1. `edge` reads a head off the connection and refuses what Pingora's parser would repair;
//! 2. `trusted_proxies` says where the request began; `canonical` brings target, host and method
//!    into one form, `headers` removes what downstream may not say;
//! 3. `route` finds the most specific route, `client_certificate` looks at what the handshake showed,
//!    `authentication` finds the principal, `policy` asks whether it may pass; `sign_in` sends browsers to sign in where that helps;
//! 4. `forward`, `path_change`, `identity` and `assertion` write what goes upstream, `upstream` picks the server,
//!    `timing` says how long it may take; `traffic` says how much of a route anybody may take;
//! 5. `tunnel` takes requests that go on as WebSockets past Pingora;
//! 6. `lifetime` ends what is still going on when the reason it was admitted for ends;
//! 7. `forward_auth` answers proxies that forward by themselves and only ask;
//! 8. `acme` answers those who validate a name, before anything else is asked; `cors`, `transport_security` and `answer_fields`: what every answer says besides itself;
//! 9. `rejection` is where every refusal and failure ends; `explanation` takes the same steps for
//!    a request that nobody sent.
//!
//! Pingora is named in here and in `server` only, and decisions are made apart from it. The
//! gateway does not know where its settings come from, nor how connections are accepted.
//!
//! *Invariants:* a request is forwarded in exactly the form it was judged in; an identity header
//! at an upstream is ours or absent; nothing reaches an upstream without an admission.

mod settings;

mod edge;

mod admission;
mod canonical;
mod client_certificate;
mod decision;
mod headers;
mod trusted_proxies;

mod authentication;
mod policy;
mod resource;
mod route;
mod sign_in;

mod assertion;
mod forward;
mod identity;
mod interface;
mod path_change;
mod shield;
mod stickiness;
mod swap;
mod timing;
mod upstream;

mod acme;
mod answer_fields;
mod answering;
mod cors;
mod exchange;
mod failure;
mod forward_auth;
mod rejection;
mod transport_security;
mod whoami;

mod explanation;

mod access_log;
mod audit;
mod context;
mod lifetime;
mod log_fields;
mod proxy;
mod serving;
mod snapshot;
mod trace;

mod traffic;

mod tunnel;

pub use acme::{AcmeChallenges, PlacedToken, challenge_response};
pub use assertion::Assertion;
pub use canonical::{
    Authority, AuthorityError, CanonicalError, CanonicalPath, CanonicalRequest, Claimed, PathError,
    Scheme,
};
pub use client_certificate::{
    CertificateConditions, CertificateError, CertificateUse, ClientCertificate, ClientHandshake,
};
pub use context::Context;
pub use cors::{Cors, CorsOrigins, PreflightError};
pub use edge::{Edge, HeadError, Shutdown};
pub use explanation::{Explanation, Hypothetical, Outcome, Step, explain};
pub use forward_auth::{AskingProxy, DescriptionError, ForwardAuth, ProxyKind};
pub use headers::{HeaderError, HeaderRules};
pub use log_fields::LogFields;
pub use path_change::PathChange;
pub use policy::{
    Asked, ClaimCondition, ClaimPath, ClaimPathError, ClaimValue, Conditions, Expression,
    ExpressionError, StepUp,
};
pub use rejection::{PasswordError, Rejection};
pub use resource::Resource;
pub use route::{Match, Routes};
pub use serving::Gateway;
pub use settings::{
    Action, Authentication, CertificateSource, ClaimSource, ClientKey, HealthCheck,
    IdentityHeaders, Limits, OtherTokens, Passwords, Policy, Route, Settings, TokenPlaces,
    TokenUse, TunnelLimits, Upstream, UpstreamTls, WebSockets,
};
pub use sign_in::{CALLBACK_PATH, RESERVED, SignInElsewhere, SignInNeeded, SignInSettings};
pub use snapshot::{Snapshot, SnapshotError, SnapshotParts};
pub use timing::{Late, RouteTimeouts};
pub use traffic::{By, Exceeded, Rate, RouteLimits};
pub use transport_security::TransportSecurity;
pub use trusted_proxies::{ForwardedError, Origin, ToldBy, TrustedProxies, TrustedProxy};
pub use tunnel::HandshakeError;
pub use upstream::{Balance, PassiveHealth, UpstreamError, Upstreams};

#[cfg(test)]
mod tests;
