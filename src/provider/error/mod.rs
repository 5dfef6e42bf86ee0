//! Why the provider refuses: one enum for each way of saying so.
//!
//! A variant is a reason in our words, for the log; what the peer is told follows from it beside
//! the enum, and only here does it become HTTP. Whether an error may go to a redirection URI is
//! its type: a [`PageError`] has none, an [`AuthorizationError`] needs a destination.

mod authorization;
mod bearer;
mod page;
mod registration;
mod token;

pub(crate) use authorization::AuthorizationError;
pub(crate) use bearer::BearerError;
pub(crate) use page::PageError;
pub(crate) use registration::RegistrationError;
pub(crate) use token::{AttemptedMethod, TokenError};

/// How long a client waits before it asks again after a failure of ours.
pub(crate) const RETRY_AFTER_S: &str = "10";
