//! Pingora's errors, in our words.

use std::io;

use pingora::{Error, ErrorSource, ErrorType};

use super::edge::BrokenChunk;
use super::rejection::Rejection;
use super::timing::Late;

/// Whose fault a failed exchange is, and what downstream is told of it.
pub(super) fn of_exchange(error: &Error) -> Rejection {
    match error.esource() {
        ErrorSource::Upstream => of_upstream(error),
        ErrorSource::Downstream => of_body(error),
        ErrorSource::Internal | ErrorSource::Unset => Rejection::Fault("the exchange failed"),
    }
}

fn of_upstream(error: &Error) -> Rejection {
    match error.etype() {
        ErrorType::ConnectTimedout
        | ErrorType::TLSHandshakeTimedout
        | ErrorType::ReadTimedout
        | ErrorType::WriteTimedout => Rejection::UpstreamTimeout(Late::Pause),
        ErrorType::ConnectRefused
        | ErrorType::ConnectNoRoute
        | ErrorType::ConnectError
        | ErrorType::ConnectProxyFailure
        | ErrorType::SocketError
        | ErrorType::BindError
        | ErrorType::TLSHandshakeFailure
        | ErrorType::TLSWantX509Lookup
        | ErrorType::InvalidCert
        | ErrorType::HandshakeError => Rejection::Unreachable,
        _ => Rejection::UpstreamBroken,
    }
}

/// What a request body that cannot be read comes to.
pub(super) fn of_body(error: &Error) -> Rejection {
    match error.etype() {
        ErrorType::ReadTimedout => Rejection::BodyTimeout,
        ErrorType::ReadError if is_broken_chunk(error) => Rejection::BodyMalformed,
        ErrorType::ReadError
        | ErrorType::WriteError
        | ErrorType::WriteTimedout
        | ErrorType::ConnectionClosed
        | ErrorType::H2Error => Rejection::Gone,
        _ => Rejection::BodyMalformed,
    }
}

/// Whether a read failed because the edge refused what came.
fn is_broken_chunk(error: &Error) -> bool {
    error
        .root_cause()
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
        .is_some_and(|inner| inner.is::<BrokenChunk>())
}
