//! What went wrong, in the words of the store.

use deadpool_postgres::PoolError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::store::StoreError;

/// How a batch ended that did not succeed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Another batch came in between: nothing has changed, and it may be tried again.
    Overtaken,
    /// The server said no: nothing has changed.
    Refused(StoreError),
    /// The connection is of no use any more. What became of the batch is not known.
    Lost(StoreError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let Some(said) = error.as_db_error() else {
            return Self::Lost(StoreError::Unreachable(cause(&error)));
        };
        let state = said.code();
        if matches!(
            *state,
            SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED
        ) {
            return Self::Overtaken;
        }
        match state.code() {
            // Shutdowns, and whatever else ends a session.
            code if code.starts_with("57P") || code.starts_with("08") || code == "25P03" => {
                Self::Lost(StoreError::Unreachable(said.message().to_owned()))
            }
            code => Self::Refused(refusal(code, said.message())),
        }
    }
}

fn refusal(code: &str, message: &str) -> StoreError {
    match code {
        // Lock and statement timeouts.
        "55P03" | "57014" => StoreError::Busy,
        "53100" => StoreError::DiskFull,
        "53300" | "53200" => StoreError::Overloaded,
        "25006" => StoreError::ReadOnly,
        "XX001" | "XX002" => StoreError::Damaged,
        _ if code.starts_with("23") => StoreError::Conflict,
        _ => StoreError::Engine {
            code: code.to_owned(),
            message: message.to_owned(),
        },
    }
}

/// Why there is no connection.
pub(super) fn no_connection(error: &PoolError) -> StoreError {
    match error {
        PoolError::Timeout(deadpool_postgres::TimeoutType::Wait) => StoreError::Overloaded,
        PoolError::Backend(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
            StoreError::Taken
        }
        PoolError::Backend(error) => StoreError::Unreachable(cause(error)),
        PoolError::Closed => StoreError::Stopped,
        other => StoreError::Unreachable(other.to_string()),
    }
}

/// Why a start cannot go on.
pub(super) fn stop(error: Error) -> StoreError {
    match Failure::from(error) {
        Failure::Refused(error) | Failure::Lost(error) => error,
        Failure::Overtaken => StoreError::Busy,
    }
}

/// The error with what caused it: by itself it says `error connecting to server`.
pub(super) fn cause(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        let reason = error.to_string();
        if !text.contains(&reason) {
            text.push_str(": ");
            text.push_str(&reason);
        }
        source = error.source();
    }
    text
}
