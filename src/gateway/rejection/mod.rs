//! Why a request was not served: reasons in our words, and what the peer is told of them.
//!
//! Every refusal and failure of the gateway ends here, Pingora's among them. The log gets the
//! reason; the peer gets the status, the challenge of RFC 6750 where there is one, and a body
//! that says no more than the status.

mod answer;
mod reasons;
mod wire;

use std::time::Duration;

use crate::jose::JwtError;

use super::canonical::CanonicalError;
use super::client_certificate::CertificateError;
use super::cors::PreflightError;
use super::edge::HeadError;
use super::forward_auth::DescriptionError;
use super::headers::HeaderError;
use super::sign_in::SignInNeeded;
use super::timing::Late;
use super::traffic::Exceeded;
use super::trusted_proxies::ForwardedError;
use super::tunnel::HandshakeError;

pub(super) use answer::{Asked, answer, prefers_html};
use reasons::{
    canonical_reason, description_reason, forwarded_reason, handshake_reason, head_reason,
    headers_reason, password_reason,
};
pub(super) use wire::Challenge;

/// Why a request was not served.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Rejection {
    /// The bytes of the head have more than one reading.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// Target, host or method cannot be served or are ambiguous.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// The fields are too much or ambiguous.
    #[error(transparent)]
    Headers(#[from] HeaderError),
    /// What a proxy in front of us says about the request has no single meaning.
    #[error(transparent)]
    Forwarded(#[from] ForwardedError),
    /// Who may pass was asked by nobody who may ask, or not about a request.
    #[error(transparent)]
    Description(#[from] DescriptionError),
    /// The route is for requests that a proxy in front forwards, and came here instead.
    #[error("the route is forwarded by a proxy in front, which only asks here")]
    ForwardedElsewhere,
    /// No route matches: denied by default.
    #[error("no route matches")]
    NoRoute,
    /// The route is there to refuse.
    #[error("the route refuses everybody")]
    RefusedHere,
    /// What sent the request names itself as something that the route refuses.
    #[error("the route refuses this user agent")]
    UserAgent,
    /// Routes match, but none for the method.
    #[error("no route for this method")]
    MethodNotAllowed {
        /// For `Allow`.
        allow: String,
    },
    /// `%2F` on a route that does not take it.
    #[error("the path has an encoded slash, which the route does not take")]
    EncodedSlash,
    /// A page or endpoint of an `https` issuer was asked for without TLS (RFC 9110 §15.5.20).
    /// Not redirected: what came along, passwords and codes among it, could be read on the way,
    /// and a redirect would hide that from whoever has the wrong URL.
    #[error("the provider is answered over TLS only")]
    NeedsTls,
    /// The connection has no client certificate that would do.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A credential is required and none was presented.
    #[error("no credential was presented")]
    NoCredential,
    /// A cookie named a session that is over.
    #[error("the session of the browser has ended")]
    SessionEnded,
    /// Somebody has to sign in, and is a browser that can be sent there.
    #[error("the browser is sent to sign in")]
    SignIn(Box<SignInNeeded>),
    /// A credential of a scheme that routes do not take.
    #[error("the credential is of another scheme than Bearer")]
    OtherScheme,
    /// `Bearer` without anything that could be a token.
    #[error("the bearer credential has no well-formed token")]
    EmptyCredential,
    /// Two credentials, or one that is not of the form of RFC 6750 §2.1.
    #[error("the credential is malformed, or there are two")]
    MalformedCredential,
    /// An `access_token` parameter in the query (RFC 6750 §2.3), which is not offered.
    #[error("a token was sent in the query")]
    TokenInQuery,
    /// The token was not accepted.
    #[error("the token is not accepted: {0}")]
    Token(JwtError),
    /// The token or its grant was revoked.
    #[error("the token is revoked")]
    Revoked,
    /// The issuer of an opaque token says that it is not good.
    #[error("the issuer says that the token is not active")]
    Inactive,
    /// Whether the token is good cannot be told without its issuer, which does not answer.
    #[error("the issuer of the token does not answer")]
    IssuerUnavailable {
        /// How long to wait.
        wait: Duration,
    },
    /// Who asks cannot be told while the database does not answer.
    #[error("the state cannot be read at the moment")]
    StateUnavailable,
    /// The token is a client's own, and the upstream takes those of users only.
    #[error("there is no user behind the token, and the upstream lets in only users")]
    NoUpstreamUser,
    /// What the upstream gave at the sign-in behind the token is over, and so is the sign-in.
    #[error("the session at the upstream that the token goes with is over")]
    UpstreamSessionEnded,
    /// The same cannot be renewed at the moment.
    #[error("the session at the upstream cannot be renewed now")]
    UpstreamSessionAway {
        /// How long to wait.
        wait: Duration,
    },
    /// The upstream gives out tokens of its own there, which a client with a token of ours must not get.
    #[error("the path is one at which the upstream gives out tokens of its own")]
    GivesUpstreamTokens,
    /// The signature of a presigned URL is not right, so that it is not signed anew.
    #[error("the signature of the presigned URL is not right")]
    Signature,
    /// A password that came with the request opens nothing.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The token came in a cookie that another site made the browser send.
    #[error("another site made the browser send the request")]
    CrossSite,
    /// Too many bad tokens came from this address.
    #[error("too many tokens from this address were not accepted")]
    TooManyFailures {
        /// How long to wait.
        wait: Duration,
    },
    /// The token's issuer is not one of the route's.
    #[error("the token is of an issuer the route does not accept")]
    Issuer,
    /// The token is meant for others.
    #[error("the token is meant for another audience")]
    Audience,
    /// The token may too little.
    #[error("the token lacks a scope the route needs")]
    Scope {
        /// For the challenge.
        needed: String,
    },
    /// The peer's address is not one of the route's networks.
    #[error("the request comes from a network that may not reach the route")]
    Network,
    /// The token's client is not one of the route's.
    #[error("the token is of a client that the route does not accept")]
    Client,
    /// A claim of the token is not as the route asks.
    #[error("a claim of the token is not what the route asks for")]
    Claim,
    /// The route's expression says no.
    #[error("the condition of the route is not met")]
    Condition,
    /// The route's expression says neither yes nor no of this token and request.
    #[error("the condition of the route cannot be evaluated: {why}")]
    ConditionFailed {
        /// Without values of the token.
        why: String,
    },
    /// The sign-in behind the token is too old or too weak (RFC 9470).
    #[error("the user must sign in again, or more strongly")]
    StepUp {
        /// How old it may be at most.
        max_age: Option<Duration>,
        /// The ways to sign in, separated by spaces; empty: any.
        acr_values: String,
    },
    /// A WebSocket was asked for in a way that is none.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// A WebSocket on a route that has none.
    #[error("the route has no WebSockets")]
    NoWebSockets,
    /// A WebSocket for a page from elsewhere (RFC 6455 §10.2).
    #[error("pages of this origin may not open a WebSocket here")]
    ForeignOrigin,
    /// The subject has as many tunnels open as one may have.
    #[error("the subject has too many WebSockets open")]
    TooManyTunnels,
    /// A page from elsewhere asked for what it may not.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
    /// A limit of the route is used up.
    #[error(transparent)]
    Exceeded(#[from] Exceeded),
    /// The body is larger than the endpoint or route takes.
    #[error("the request body is too large")]
    BodyTooLarge,
    /// The body did not arrive in time.
    #[error("the request body did not arrive in time")]
    BodyTimeout,
    /// The body's framing is broken.
    #[error("the request body is malformed")]
    BodyMalformed,
    /// The upstream serves as many requests as it may.
    #[error("the upstream serves as many requests as it may")]
    UpstreamFull,
    /// No server of the upstream is known to be up.
    #[error("no server of the upstream is up")]
    NoServer,
    /// No connection to the upstream.
    #[error("the upstream cannot be reached")]
    Unreachable,
    /// The upstream did not answer in time.
    #[error("the upstream did not answer in time")]
    UpstreamTimeout(Late),
    /// The upstream's answer is broken.
    #[error("the upstream's answer is broken")]
    UpstreamBroken,
    /// Downstream is gone; nobody is left to be told.
    #[error("downstream closed the connection")]
    Gone,
    /// A fault of ours.
    #[error("internal fault: {0}")]
    Fault(&'static str),
}

/// Why a password that came with a request opens nothing.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum PasswordError {
    /// It is wrong, or its user may not sign in.
    #[error("the password was not accepted")]
    Wrong,
    /// It is good, but its user has no session at the upstream at the moment.
    #[error("the user of the password has no session at the upstream")]
    NoSession,
    /// Too many passwords of the login or the address were wrong.
    #[error("too many passwords were wrong")]
    Throttled {
        /// How long to wait.
        wait: Duration,
    },
    /// Nobody can say at the moment whether it is right.
    #[error("the password cannot be checked now")]
    Unchecked {
        /// How long to wait.
        wait: Duration,
    },
}

impl Rejection {
    /// The reason as one word, for logs and metrics.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Head(error) => head_reason(error),
            Self::Canonical(error) => canonical_reason(error),
            Self::Headers(error) => headers_reason(error),
            Self::Forwarded(error) => forwarded_reason(*error),
            Self::Description(error) => description_reason(error),
            Self::ForwardedElsewhere => "forwarded_elsewhere",
            Self::NoRoute => "no_route",
            Self::RefusedHere => "route_refuses",
            Self::UserAgent => "user_agent",
            Self::NeedsTls => "needs_tls",
            Self::Certificate(error) => error.reason(),
            Self::MethodNotAllowed { .. } => "method_not_allowed",
            Self::EncodedSlash => "encoded_slash",
            Self::NoCredential => "no_credential",
            Self::SessionEnded => "session_ended",
            Self::SignIn(_) => "sign_in",
            Self::OtherScheme => "other_scheme",
            Self::EmptyCredential => "empty_credential",
            Self::MalformedCredential => "malformed_credential",
            Self::TokenInQuery => "token_in_query",
            Self::Token(_) => "invalid_token",
            Self::Inactive => "inactive",
            Self::IssuerUnavailable { .. } => "issuer_unavailable",
            Self::NoUpstreamUser => "no_upstream_user",
            Self::UpstreamSessionEnded => "upstream_session_ended",
            Self::StateUnavailable => "state_unavailable",
            Self::UpstreamSessionAway { .. } => "upstream_session_away",
            Self::GivesUpstreamTokens => "gives_upstream_tokens",
            Self::Signature => "signature",
            Self::Password(error) => password_reason(*error),
            Self::CrossSite => "cross_site",
            Self::Revoked => "revoked",
            Self::TooManyFailures { .. } => "too_many_failures",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Scope { .. } => "insufficient_scope",
            Self::Network => "network",
            Self::Client => "client",
            Self::Claim => "claim",
            Self::Condition => "condition",
            Self::ConditionFailed { .. } => "condition_failed",
            Self::StepUp { .. } => "insufficient_user_authentication",
            Self::Handshake(error) => handshake_reason(error),
            Self::NoWebSockets => "no_websockets",
            Self::ForeignOrigin => "foreign_origin",
            Self::TooManyTunnels => "too_many_tunnels",
            Self::Preflight(error) => error.reason(),
            Self::Exceeded(exceeded) => exceeded.as_str(),
            Self::BodyTooLarge => "body_too_large",
            Self::BodyTimeout => "body_timeout",
            Self::BodyMalformed => "body_malformed",
            Self::UpstreamFull => "upstream_full",
            Self::NoServer => "no_server",
            Self::Unreachable => "unreachable",
            Self::UpstreamTimeout(late) => late.reason(),
            Self::UpstreamBroken => "upstream_broken",
            Self::Gone => "downstream_gone",
            Self::Fault(_) => "fault",
        }
    }

    /// What the peer is told besides the status, where it has to know to mend it.
    pub(super) const fn detail(&self) -> Option<&'static str> {
        match self {
            Self::Certificate(error) => Some(error.detail()),
            _ => None,
        }
    }

    /// The limit of a route that is used up.
    pub(super) const fn limit(&self) -> Option<&'static str> {
        match self {
            Self::Exceeded(exceeded) => Some(exceeded.as_str()),
            Self::BodyTooLarge => Some("max_body_bytes"),
            _ => None,
        }
    }

    /// Whether a route's policy refused somebody whose token is good.
    pub(super) const fn is_of_policy(&self) -> bool {
        matches!(
            self,
            Self::Issuer
                | Self::Audience
                | Self::Scope { .. }
                | Self::Client
                | Self::Claim
                | Self::Condition
                | Self::ConditionFailed { .. }
                | Self::StepUp { .. }
                | Self::NoUpstreamUser
                | Self::UpstreamSessionEnded
                | Self::Password(PasswordError::NoSession)
                | Self::GivesUpstreamTokens
        )
    }

    /// Whether a credential was refused, or was good but not enough; that is counted apart.
    pub(super) const fn is_about_credential(&self) -> bool {
        !matches!(self.wire().challenge, Challenge::Absent)
            || matches!(self, Self::TooManyFailures { .. })
            || self.is_of_policy()
    }
}
