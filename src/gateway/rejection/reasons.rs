//! The reasons for which a form is refused, each as a word for the log.

use crate::gateway::canonical::{CanonicalError, PathError};
use crate::gateway::edge::HeadError;
use crate::gateway::forward_auth::DescriptionError;
use crate::gateway::headers::HeaderError;
use crate::gateway::trusted_proxies::ForwardedError;
use crate::gateway::tunnel::HandshakeError;

use super::PasswordError;

pub(super) const fn head_reason(error: &HeadError) -> &'static str {
    match error {
        HeadError::LineEnd => "line_end",
        HeadError::RequestLine => "request_line",
        HeadError::Version => "http_version",
        HeadError::Field => "field",
        HeadError::Timeout => "head_timeout",
    }
}

pub(super) const fn canonical_reason(error: &CanonicalError) -> &'static str {
    match error {
        CanonicalError::TargetTooLong => "target_too_long",
        CanonicalError::TargetForm => "target_form",
        CanonicalError::RawByte => "target_raw_byte",
        CanonicalError::Authority(_) => "host",
        CanonicalError::Method => "method",
        CanonicalError::Path(error) => match error {
            PathError::MalformedEscape => "path_malformed_escape",
            PathError::ControlCharacter => "path_control_character",
            PathError::Backslash => "path_backslash",
            PathError::DotSegment => "path_dot_segment",
            PathError::EmptySegment => "path_empty_segment",
            PathError::DoubleEscape => "path_double_escape",
            PathError::NotUtf8 => "path_not_utf8",
        },
    }
}

pub(super) const fn headers_reason(error: &HeaderError) -> &'static str {
    match error {
        HeaderError::TooManyFields => "too_many_fields",
        HeaderError::TooLarge => "fields_too_large",
        HeaderError::Duplicate => "duplicate_field",
        HeaderError::ContentLength => "content_length",
        HeaderError::TransferEncoding => "transfer_encoding",
        HeaderError::Connection => "connection_field",
        HeaderError::Expectation => "expectation",
    }
}

pub(super) const fn description_reason(error: &DescriptionError) -> &'static str {
    match error {
        DescriptionError::Stranger => "forward_auth_stranger",
        DescriptionError::Field(_) => "forward_auth_field",
        DescriptionError::Method => "forward_auth_method",
        DescriptionError::Origin(_) => "forward_auth_origin",
        DescriptionError::Swapped => "forward_auth_swapped",
        DescriptionError::OwnEndpoint => "forward_auth_own_endpoint",
    }
}

pub(super) const fn handshake_reason(error: &HandshakeError) -> &'static str {
    match error {
        HandshakeError::Method => "websocket_method",
        HandshakeError::Body => "websocket_body",
        HandshakeError::Protocols => "websocket_protocols",
        HandshakeError::Version => "websocket_version",
        HandshakeError::Key => "websocket_key",
        HandshakeError::Subprotocols => "websocket_subprotocols",
    }
}

pub(super) const fn password_reason(error: PasswordError) -> &'static str {
    match error {
        PasswordError::Wrong => "wrong_password",
        PasswordError::NoSession => "no_upstream_session",
        PasswordError::Throttled { .. } => "passwords_throttled",
        PasswordError::Unchecked { .. } => "passwords_unchecked",
    }
}

pub(super) const fn forwarded_reason(error: ForwardedError) -> &'static str {
    match error {
        ForwardedError::Address => "forwarded_for",
        ForwardedError::Proto => "forwarded_proto",
    }
}
