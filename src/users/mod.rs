//! Who checks passwords and knows profiles.
//!
//! [`SignIn`] is the only place where a password is tried, whichever way it came: it counts the
//! attempt under the canonical login first, then asks a [`UserDirectory`]. A directory knows
//! nothing of counts, sessions or HTTP requests of ours; a backend that cannot answer is never
//! taken for a wrong password, and no backend is asked twice about one attempt.

mod basic;
mod relay;
mod sign_in;
mod standing;
mod turnstile;
mod upstream_sessions;

mod api;
mod cells;
mod http;
mod static_list;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use url::Url;

use self::api::ApiDirectory;
pub use self::basic::{BasicSignIn, Recognized};
use self::cells::CellsDirectory;
pub use self::relay::{CallPurpose, CalledWith, NoSessionCall, Relayed, SessionCall};
pub use self::sign_in::{PasswordAttempt, SignIn, SignInLimits, attempts_key};
pub use self::standing::{BackendError, RenewalError, SignedIn, Standing};
use self::static_list::StaticDirectory;
#[cfg(test)]
pub(crate) use self::upstream_sessions::tests::site::Site as UpstreamSite;
pub use self::upstream_sessions::{
    UpstreamKeeper, UpstreamSessions, UpstreamToken, UpstreamTokenError,
};
use crate::model::{Login, SecretHash, Timestamp, UpstreamSession, UserProfile};
use crate::secret::Secret;
use crate::store::StoreError;

/// Which users' backend, and how it is reached.
#[derive(Clone, Debug)]
pub enum Settings {
    /// Users listed in the configuration.
    Static(Vec<StaticUser>),
    /// Pydio Cells' user API.
    Cells(CellsSettings),
    /// An endpoint of any other application.
    Api(Box<ApiSettings>),
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
    /// The token of an administrator, which tells whether a user may still go on; `None`: nobody
    /// is asked.
    pub service_token: Option<Secret>,
    /// The client that we are at Cells, by whose code flow users then sign in there; `None`: they do by
    /// the session of its interface.
    pub client: Option<Box<CellsClient>>,
    /// Until the connection stands.
    pub connect_timeout: Duration,
    /// For a whole answer; a login connector of Cells may take 5 s (default 12 s). A sign-in
    /// takes two answers, and four by the code flow.
    pub timeout: Duration,
}

/// A client that is registered at Cells.
#[derive(Clone, Debug)]
pub struct CellsClient {
    /// Its name there.
    pub id: String,
    /// `None`: it is a public client.
    pub secret: Option<Secret>,
    /// One of its redirection URIs, to which nobody is ever sent; without a query.
    pub redirect_uri: String,
}

/// How an application is asked whether credentials are right, and what its answer means.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// Where it is asked.
    pub url: Url,
    /// `Host` to send when it differs from the URL's.
    pub host: Option<String>,
    /// PEM file with the CA that signed its certificate, besides the system's.
    pub ca_pem: Option<Vec<u8>>,
    /// How login and password are sent.
    pub credentials: CredentialsForm,
    /// What is sent beside them, in JSON or a form.
    pub constants: BTreeMap<String, String>,
    /// Statuses of a wrong password or an unknown user.
    pub denied: Vec<u16>,
    /// Statuses of a user who is locked.
    pub locked: Vec<u16>,
    /// Where in the answer the user is.
    pub user: UserPointers,
    /// How it is asked whether a user may still go on; `None`: it is not.
    pub standing: Option<ApiStanding>,
    /// Until the connection stands.
    pub connect_timeout: Duration,
    /// For a whole answer.
    pub timeout: Duration,
}

/// How login and password are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialsForm {
    /// POST of a JSON object, with members of these names.
    Json {
        /// Of the login.
        login: String,
        /// Of the password.
        password: String,
    },
    /// POST of a form, with fields of these names.
    Form {
        /// Of the login.
        login: String,
        /// Of the password.
        password: String,
    },
    /// GET with the header field of RFC 7617.
    Basic,
}

/// How an application is asked about a user who signed in before, and what its answer means.
#[derive(Clone, Debug)]
pub struct ApiStanding {
    /// Where, with `{login}` and `{subject}` for the user's; at the place of [`ApiSettings::url`].
    pub url: String,
    /// Sent as a bearer token; `None`: nothing.
    pub token: Option<Secret>,
    /// Statuses of a user who is gone or may not go on.
    pub ended: Vec<u16>,
    /// Where in the answer stands `true` for a user who may; `None`: a success says so.
    pub active: Option<String>,
    /// Where in the answer the user is; nothing: the user stays as at the sign-in.
    pub user: UserPointers,
}

/// Where in the JSON of an answer the user is (RFC 6901).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserPointers {
    /// What is never changed nor given to another user; `None`: the login.
    pub subject: Option<String>,
    /// The login as the application spells it.
    pub login: Option<String>,
    /// The display name.
    pub name: Option<String>,
    /// The email address.
    pub email: Option<String>,
    /// Whether it is known to be the user's.
    pub email_verified: Option<String>,
    /// A list of texts, or one.
    pub groups: Option<String>,
    /// A list of texts, or one.
    pub roles: Option<String>,
}

impl UserPointers {
    /// Whether the body of an answer is looked at.
    pub const fn reads_anything(&self) -> bool {
        self.subject.is_some()
            || self.login.is_some()
            || self.name.is_some()
            || self.email.is_some()
            || self.email_verified.is_some()
            || self.groups.is_some()
            || self.roles.is_some()
    }
}

/// A backend that checks passwords.
#[async_trait]
pub trait UserDirectory: std::fmt::Debug + Send + Sync {
    /// Checks a password once, with no retry: each wrong one counts towards the backend's lock.
    ///
    /// # Errors
    ///
    /// [`SignInError`] says why nobody was signed in.
    async fn check_password(
        &self,
        login: &Login,
        password: &Secret,
        now: Timestamp,
    ) -> Result<SignedIn, SignInError>;

    /// Says whether a user who signed in before may go on; no password is asked for.
    ///
    /// Unless a backend has a way to know, it says [`Standing::Untold`].
    ///
    /// # Errors
    ///
    /// [`BackendError`] when it should know and cannot be asked; nothing follows from that about
    /// the user.
    async fn find_standing(&self, _user: &UserProfile) -> Result<Standing, BackendError> {
        Ok(Standing::Untold)
    }

    /// Renews a session that the backend opened at a sign-in. What it is asked with can be used
    /// once, so of the same session nobody may ask twice at a time.
    ///
    /// # Errors
    ///
    /// [`RenewalError`] when there is no renewed session.
    async fn renew(
        &self,
        _upstream: &UpstreamSession,
        _now: Timestamp,
    ) -> Result<UpstreamSession, RenewalError> {
        Err(RenewalError::Refused("the users' backend has no sessions"))
    }

    /// Hands on a call of the backend's own interface to where it signs its users in, once.
    async fn relay(&self, _call: SessionCall, _now: Timestamp) -> Relayed {
        Relayed::nowhere()
    }

    /// Says who holds a token, if it is one that the backend gave itself.
    ///
    /// # Errors
    ///
    /// [`BackendError`] when that cannot be told.
    async fn find_holder(&self, _token: &Secret) -> Result<Option<String>, BackendError> {
        Ok(None)
    }

    /// Ends a session that the backend opened, where it can be ended.
    ///
    /// # Errors
    ///
    /// [`BackendError`] when it may go on and should be ended again.
    async fn end(&self, _upstream: &UpstreamSession) -> Result<(), BackendError> {
        Ok(())
    }
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
    /// Password right so far, but the backend asks for a further step that we cannot show: a
    /// second factor.
    #[error("the backend asks for a further step")]
    StepUpRequired,
    /// The password is right, and the backend wants another one to be chosen, which is done there.
    #[error("the backend asks for a new password")]
    NewPasswordRequired,
    /// Too many attempts; `None`: until an administrator acts.
    #[error("too many attempts")]
    Throttled {
        /// When to come back.
        until: Option<Timestamp>,
    },
    /// Too many wrong passwords came from this address, whatever the login.
    #[error("too many attempts from this address")]
    AddressThrottled {
        /// When to come back.
        until: Timestamp,
    },
    /// More sign-ins than can be checked; the password was not looked at.
    #[error("too many sign-ins at the moment")]
    Busy,
    /// The backend is down, slow or talks nonsense. Never "wrong password".
    #[error("the users' backend cannot answer: {0}")]
    Unavailable(&'static str),
    /// The backend was asked and no answer came. It may have counted the attempt, so ours stays
    /// counted; to the peer as [`Self::Unavailable`].
    #[error("the users' backend did not answer: {0}")]
    Unanswered(&'static str),
    /// Our store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SignInError {
    /// The reason as one word, for audit and metrics.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Locked => "locked",
            Self::StepUpRequired => "step_up_required",
            Self::NewPasswordRequired => "new_password_required",
            Self::Throttled { .. } => "throttled",
            Self::AddressThrottled { .. } => "address_throttled",
            Self::Busy => "busy",
            Self::Unavailable(_) | Self::Unanswered(_) => "unavailable",
            Self::Store(_) => "error",
        }
    }
}

/// The directory that `settings` describe.
///
/// For Cells the process must have installed its TLS provider before.
///
/// # Errors
///
/// [`SignInError::Unavailable`] when no HTTP client can be made of the settings, as with a CA
/// file that holds no certificate.
pub fn directory(settings: &Settings) -> Result<Arc<dyn UserDirectory>, SignInError> {
    match settings {
        Settings::Static(users) => Ok(Arc::new(StaticDirectory::new(users))),
        Settings::Cells(settings) => Ok(Arc::new(CellsDirectory::new(settings)?)),
        Settings::Api(settings) => Ok(Arc::new(ApiDirectory::new(settings)?)),
    }
}
