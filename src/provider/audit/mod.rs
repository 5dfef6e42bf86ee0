//! The audit lines of the provider: one for each decision of consequence.
//!
//! Who, to whom, from where, and what came of it; never a secret, a code, a token, or what
//! somebody typed as a user name, since people type passwords there.

mod client;
mod grant;
mod key;
mod password;
mod session;
mod token;

pub(crate) use client::{
    client_ended, client_refused, registered, registration_changed, registration_refused,
};
pub(crate) use grant::{access_withdrawn, consented, grant_refused, granted, user_not_admitted};
pub(crate) use key::{key_replaced, key_retired};
pub(crate) use password::{
    application_password_ended, application_password_made, application_passwords_ended,
};
pub(crate) use session::{
    client_not_told, client_told, sign_in_refused, signed_in, signed_out, user_ended,
};
pub(crate) use token::{
    client_token_issued, introspected, refresh_repeated, replayed, revoked, tokens_issued,
    tokens_refused, user_unconfirmed,
};
