//! Reason → what the peer is told: the one table of statuses and challenges.

use http::StatusCode;

use super::{PasswordError, Rejection};
use crate::gateway::canonical::CanonicalError;
use crate::gateway::client_certificate::CertificateError;
use crate::gateway::edge::HeadError;
use crate::gateway::forward_auth::DescriptionError;
use crate::gateway::headers::HeaderError;
use crate::gateway::traffic::Exceeded;

/// What the peer is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Wire {
    /// The status.
    pub(in crate::gateway) status: StatusCode,
    /// Whether a `WWW-Authenticate: Bearer` goes with it.
    pub(in crate::gateway) challenge: Challenge,
    /// Whether the connection may serve another request; not after framing that was in doubt.
    pub(in crate::gateway) keeps_connection: bool,
}

/// The challenge of RFC 6750 §3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Challenge {
    /// None.
    Absent,
    /// Without an error code: no credential of ours was presented (§3.1, last paragraph).
    Bare,
    /// For a login and a password (RFC 7617 §2).
    Basic,
    /// With `error` and `error_description`.
    Error(&'static str, &'static str),
}

/// RFC 6750 §3.1.
const INVALID_TOKEN: Challenge = Challenge::Error(
    "invalid_token",
    "The access token is expired, revoked, malformed or not for this resource",
);
const NOT_ONE_TOKEN: Challenge =
    Challenge::Error("invalid_request", "Exactly one bearer token is expected");
const TOKEN_IN_QUERY: Challenge = Challenge::Error(
    "invalid_request",
    "The access token belongs in the Authorization field",
);
const INSUFFICIENT_SCOPE: Challenge = Challenge::Error(
    "insufficient_scope",
    "The access token lacks a needed scope",
);
/// RFC 9470 §3.
const STEP_UP: Challenge = Challenge::Error(
    "insufficient_user_authentication",
    "A more recent or stronger sign-in is needed",
);

impl Rejection {
    /// Reason → what the peer is told.
    pub(in crate::gateway) const fn wire(&self) -> Wire {
        match self {
            Self::Head(error) => head_wire(error),
            Self::Canonical(error) => canonical_wire(error),
            Self::Headers(error) => headers_wire(error),
            Self::NoWebSockets | Self::ForeignOrigin => Wire::closing(StatusCode::FORBIDDEN),
            Self::TooManyTunnels => Wire::closing(StatusCode::TOO_MANY_REQUESTS),
            Self::NeedsTls => Wire::closing(StatusCode::MISDIRECTED_REQUEST),
            Self::Description(error) => description_wire(error),
            Self::Certificate(error) => certificate_wire(*error),
            Self::NoRoute | Self::RefusedHere | Self::ForwardedElsewhere => {
                Wire::plain(StatusCode::NOT_FOUND)
            }
            Self::MethodNotAllowed { .. } => Wire::plain(StatusCode::METHOD_NOT_ALLOWED),
            Self::SignIn(_) => Wire::plain(StatusCode::SEE_OTHER),
            Self::NoCredential | Self::SessionEnded | Self::OtherScheme | Self::EmptyCredential => {
                Wire::challenge(StatusCode::UNAUTHORIZED, Challenge::Bare)
            }
            Self::MalformedCredential => Wire::challenge(StatusCode::BAD_REQUEST, NOT_ONE_TOKEN),
            Self::TokenInQuery => Wire::challenge(StatusCode::BAD_REQUEST, TOKEN_IN_QUERY),
            Self::Token(_)
            | Self::Inactive
            | Self::Revoked
            | Self::UpstreamSessionEnded
            | Self::Issuer
            | Self::Audience => Wire::challenge(StatusCode::UNAUTHORIZED, INVALID_TOKEN),
            Self::Scope { .. } => Wire::challenge(StatusCode::FORBIDDEN, INSUFFICIENT_SCOPE),
            // No other token of this caller would do, so there is nothing to challenge for.
            Self::Password(error) => password_wire(*error),
            Self::CrossSite
            | Self::Signature
            | Self::Preflight(_)
            | Self::NoUpstreamUser
            | Self::GivesUpstreamTokens
            | Self::Network
            | Self::UserAgent
            | Self::Client
            | Self::Claim
            | Self::Condition
            | Self::ConditionFailed { .. } => Wire::plain(StatusCode::FORBIDDEN),
            Self::StepUp { .. } => Wire::challenge(StatusCode::UNAUTHORIZED, STEP_UP),
            Self::TooManyFailures { .. } => Wire::plain(StatusCode::TOO_MANY_REQUESTS),
            Self::Exceeded(exceeded) => exceeded_wire(*exceeded),
            Self::BodyTooLarge => Wire::closing(StatusCode::PAYLOAD_TOO_LARGE),
            Self::BodyTimeout => Wire::closing(StatusCode::REQUEST_TIMEOUT),
            Self::EncodedSlash
            | Self::Forwarded(_)
            | Self::Handshake(_)
            | Self::BodyMalformed
            | Self::Gone => Wire::closing(StatusCode::BAD_REQUEST),
            Self::NoServer
            | Self::UpstreamFull
            | Self::IssuerUnavailable { .. }
            | Self::StateUnavailable
            | Self::UpstreamSessionAway { .. } => Wire::plain(StatusCode::SERVICE_UNAVAILABLE),
            Self::Unreachable | Self::UpstreamBroken => Wire::plain(StatusCode::BAD_GATEWAY),
            Self::UpstreamTimeout(_) => Wire::plain(StatusCode::GATEWAY_TIMEOUT),
            Self::Fault(_) => Wire::closing(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

impl Wire {
    const fn plain(status: StatusCode) -> Self {
        Self {
            status,
            challenge: Challenge::Absent,
            keeps_connection: true,
        }
    }

    const fn closing(status: StatusCode) -> Self {
        Self {
            status,
            challenge: Challenge::Absent,
            keeps_connection: false,
        }
    }

    const fn challenge(status: StatusCode, challenge: Challenge) -> Self {
        Self {
            status,
            challenge,
            keeps_connection: true,
        }
    }
}

const fn password_wire(error: PasswordError) -> Wire {
    match error {
        PasswordError::Wrong => Wire::challenge(StatusCode::UNAUTHORIZED, Challenge::Basic),
        // Another password would do no more.
        PasswordError::NoSession => Wire::plain(StatusCode::FORBIDDEN),
        PasswordError::Throttled { .. } => Wire::plain(StatusCode::TOO_MANY_REQUESTS),
        PasswordError::Unchecked { .. } => Wire::plain(StatusCode::SERVICE_UNAVAILABLE),
    }
}

const fn head_wire(error: &HeadError) -> Wire {
    match error {
        HeadError::Version => Wire::closing(StatusCode::HTTP_VERSION_NOT_SUPPORTED),
        HeadError::Timeout => Wire::closing(StatusCode::REQUEST_TIMEOUT),
        HeadError::LineEnd | HeadError::RequestLine | HeadError::Field => {
            Wire::closing(StatusCode::BAD_REQUEST)
        }
    }
}

/// Whoever has another certificate can show it on another connection only.
const fn certificate_wire(error: CertificateError) -> Wire {
    Wire::closing(match error {
        CertificateError::OtherHost => StatusCode::MISDIRECTED_REQUEST,
        CertificateError::Missing | CertificateError::Ended | CertificateError::NotListed => {
            StatusCode::FORBIDDEN
        }
    })
}

const fn description_wire(error: &DescriptionError) -> Wire {
    Wire::plain(match error {
        DescriptionError::Stranger | DescriptionError::OwnEndpoint | DescriptionError::Swapped => {
            StatusCode::FORBIDDEN
        }
        DescriptionError::Field(_) | DescriptionError::Method | DescriptionError::Origin(_) => {
            StatusCode::BAD_REQUEST
        }
    })
}

/// RFC 6585 §4 for who takes too much; 503 when it is nobody's fault.
const fn exceeded_wire(exceeded: Exceeded) -> Wire {
    Wire::plain(match exceeded {
        Exceeded::Rate { .. } | Exceeded::AtOnce { .. } => StatusCode::TOO_MANY_REQUESTS,
        Exceeded::Full => StatusCode::SERVICE_UNAVAILABLE,
    })
}

const fn canonical_wire(error: &CanonicalError) -> Wire {
    match error {
        CanonicalError::TargetTooLong => Wire::closing(StatusCode::URI_TOO_LONG),
        CanonicalError::Method => Wire::plain(StatusCode::METHOD_NOT_ALLOWED),
        CanonicalError::TargetForm
        | CanonicalError::RawByte
        | CanonicalError::Path(_)
        | CanonicalError::Authority(_) => Wire::closing(StatusCode::BAD_REQUEST),
    }
}

const fn headers_wire(error: &HeaderError) -> Wire {
    match error {
        HeaderError::TooManyFields | HeaderError::TooLarge => {
            Wire::closing(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
        }
        HeaderError::Expectation => Wire::closing(StatusCode::EXPECTATION_FAILED),
        HeaderError::Duplicate
        | HeaderError::ContentLength
        | HeaderError::TransferEncoding
        | HeaderError::Connection => Wire::closing(StatusCode::BAD_REQUEST),
    }
}
