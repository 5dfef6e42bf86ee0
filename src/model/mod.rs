//! The words of the domain: no I/O, no HTTP, no serialisation.
//!
//! A value of one of these types has been checked; whoever holds one need not check it again.

mod client;
mod grant;
mod issuer;
mod redirect_uri;
mod scope;
mod time;
mod user;

pub use client::{
    Client, ClientAuthentication, ClientId, ClientIdError, GrantType, SecretHash, SecretHashError,
};
pub use grant::{
    AuthorizationCode, CodeChallenge, Grant, GrantId, RefreshToken, Session, SessionId,
};
pub use issuer::{Issuer, IssuerError};
pub use redirect_uri::{RedirectUri, RedirectUriError};
pub use scope::{Scope, ScopeError};
pub use time::Timestamp;
pub use user::{Login, LoginError, Subject, SubjectError, UserProfile};
