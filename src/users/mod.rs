//! Who checks passwords and knows profiles. CONTRACT STUB: bodies to be written.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use url::Url;

use crate::model::{Login, SecretHash, Timestamp, UserProfile};
use crate::secret::Secret;
use crate::store::{AttemptLimits, Store, StoreError};

/// Which users' backend, and how it is reached.
#[derive(Clone, Debug)]
pub enum Settings {
    /// Users listed in the configuration.
    Static(Vec<StaticUser>),
    /// Pydio Cells' user API.
    Cells(CellsSettings),
}

/// A user of the static list.
#[derive(Clone, Debug)]
pub struct StaticUser {
    /// What the user is.
    pub profile: UserProfile,
    /// argon2id of the password.
    pub password: SecretHash,
}

/// How Cells is reached.
#[derive(Clone, Debug)]
pub struct CellsSettings {
    /// Root of the site, `https://cells.internal:8080/`.
    pub url: Url,
    /// `Host` to send when it differs from the URL's (Cells chooses its site by it).
    pub host: Option<String>,
    /// PEM file with the CA that signed Cells' certificate, besides the system's.
    pub ca_pem: Option<Vec<u8>>,
    /// Until the connection stands.
    pub connect_timeout: Duration,
    /// For a whole answer; a login connector of Cells may take 5 s (default 12 s).
    pub timeout: Duration,
}

/// A backend that checks passwords.
#[async_trait]
pub trait UserDirectory: std::fmt::Debug + Send + Sync {
    /// Checks a password once, with no retry: each wrong one counts towards the backend's lock.
    async fn check_password(
        &self,
        login: &Login,
        password: &Secret,
    ) -> Result<UserProfile, SignInError>;
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Wrong password, unknown, hidden or disabled user: all the same to the peer.
    #[error("user name or password is wrong")]
    Denied,
    /// The backend has locked the user (peer: as `Denied`; audit: as is).
    #[error("the user is locked by the backend")]
    Locked,
    /// Password right so far, but the backend asks for a further step we cannot show.
    #[error("the backend asks for a second factor")]
    StepUpRequired,
    /// Too many attempts; `None`: until an administrator acts.
    #[error("too many attempts")]
    Throttled {
        /// When to come back.
        until: Option<Timestamp>,
    },
    /// The backend is down, slow or talks nonsense. Never "wrong password".
    #[error("the users' backend cannot answer: {0}")]
    Unavailable(&'static str),
    /// Our store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The one place where a password is tried, whichever way it came: counts under the canonical
/// login, asks the directory, clears or keeps the count.
#[derive(Clone, Debug)]
pub struct SignIn {
    _directory: Arc<dyn UserDirectory>,
    _store: Store,
    _limits: AttemptLimits,
}

impl SignIn {
    /// The sign-in over `directory`.
    pub fn new(_directory: Arc<dyn UserDirectory>, _store: Store, _limits: AttemptLimits) -> Self {
        todo!()
    }
    /// Tries `password` for `login`.
    pub async fn try_password(
        &self,
        _login: &Login,
        _password: &Secret,
        _now: Timestamp,
    ) -> Result<UserProfile, SignInError> {
        todo!()
    }
}

/// The directory that `settings` describe.
pub fn directory(_settings: &Settings) -> Result<Arc<dyn UserDirectory>, SignInError> {
    todo!()
}
