//! Browser sign-in for applications that know nothing of OpenID Connect.
//!
//! On a route with `authentication: sign_in` somebody who is not signed in and came to read a page is
//! sent to the provider and back to that page; everybody else gets the challenge that they would get
//! on any route. In between nothing is stored: what has to come back travels in `state`, sealed and
//! bound to the browser.
//!
//! 1. [`needed`]: whether a refusal is one that signing in helps against, and whether whoever was
//!    refused is a browser that can be sent anywhere (`navigation`);
//! 2. `begin`: the way to the provider, with a sealed `state`;
//! 3. `callback`: the way back, which begins a session under a new cookie;
//! 4. `sessions`: who a request with that cookie is of, asked on every request;
//! 5. `sign_out`: the end, at the provider too.
//!
//! Where another issuer signs users in, `elsewhere` has what is different: the same steps, with an
//! issuer that has to be asked and may be down, and sessions that hold what it gave.
//!
//! What belongs to these steps on an application's host is below [`RESERVED`]: an upstream never sees
//! a request for it.
//!
//! *Invariants:* a cookie is worth something on the host it was set for and nowhere else; a session
//! rests on a grant and ends with it; where a browser is sent back to was sealed in here.

mod application;
mod begin;
mod callback;
mod cookies;
mod elsewhere;
mod endpoint;
mod navigation;
mod needed;
mod pages;
mod seal;
mod sessions;
mod sign_out;
mod state;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;

use crate::entropy::EntropyError;
use crate::issuers::{Issuers, RelyingPartyError};
use crate::jose::TokenVerifier;
use crate::model::Issuer;
use crate::provider::Provider;
use crate::store::{Store, StoreError};

use super::rejection::Rejection;
use elsewhere::Refreshes;
use seal::Seal;
use sessions::Sessions;

pub(super) use application::Application;
pub(super) use cookies::{
    Kind as CookieKind, clear as clear_cookie, opaque as opaque_cookie, session_cookie,
    set as set_cookie,
};
pub(super) use endpoint::Called;
pub use endpoint::{CALLBACK_PATH, RESERVED};
pub(super) use navigation::is_navigation;
pub use needed::SignInNeeded;
pub(super) use needed::or_sign_in;
pub(super) use pages::see_other;
pub(super) use sessions::{Recalled, SessionKey};

/// What browser sign-in runs on.
#[derive(Clone, Debug)]
pub struct SignInSettings {
    /// The hosts of routes with `authentication: sign_in`, in canonical form.
    pub hosts: Vec<String>,
    /// Those whose users another issuer signs in.
    pub elsewhere: Vec<SignInElsewhere>,
    /// How long a session lives whatever happens (default 12 h).
    pub lifetime: Duration,
    /// How long it lives without being used (default 1 h).
    pub idle_lifetime: Duration,
    /// How long a sign-in may take (default 30 min).
    pub sign_in_lifetime: Duration,
}

/// An application whose users another issuer signs in.
#[derive(Clone, Debug)]
pub struct SignInElsewhere {
    /// Its host, in canonical form.
    pub host: String,
    /// An address that browsers have, of which scheme and port are the application's too.
    pub reached_as: Issuer,
    /// What we are at the issuer, by the name that the configuration has for it.
    pub client: String,
    /// `aud` of what sessions are good for.
    pub audience: Vec<String>,
}

impl Default for SignInSettings {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            elsewhere: Vec::new(),
            lifetime: Duration::from_secs(12 * 3600),
            idle_lifetime: Duration::from_secs(3600),
            sign_in_lifetime: Duration::from_secs(1800),
        }
    }
}

/// All applications whose users sign in here, and their sessions.
#[derive(Debug)]
pub(super) struct SignIns {
    applications: HashMap<Box<str>, Arc<Application>>,
    /// `None` where nobody can sign in; then there are no applications.
    parts: Option<Parts>,
    settings: SignInSettings,
}

/// What signing in needs.
#[derive(Debug)]
struct Parts {
    /// `None` where only other issuers sign users in.
    provider: Option<Arc<Provider>>,
    store: Store,
    sessions: Sessions,
    refreshes: Refreshes,
    /// Counts those who send what was never signed.
    verifier: Arc<TokenVerifier>,
    seal: OnceCell<Seal>,
}

/// What the rest of the gateway lends to browser sign-in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lent<'a> {
    pub(super) provider: Option<&'a Arc<Provider>>,
    pub(super) issuers: &'a Issuers,
    pub(super) verifier: &'a Arc<TokenVerifier>,
    pub(super) store: Option<&'a Store>,
    /// How many sessions are kept in memory.
    pub(super) remembered: u64,
}

/// A fault of ours on the way of a sign-in.
#[derive(Debug, thiserror::Error)]
enum SignInFault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    #[error("nobody can sign in here")]
    NoProvider,
    #[error("the sign-in cannot be sealed")]
    Sealing,
    #[error("the claims of a session cannot be made")]
    Claims,
    #[error("a session cannot be refreshed")]
    NotRefreshed,
    #[error(transparent)]
    Issuer(#[from] RelyingPartyError),
}

impl From<SignInFault> for Rejection {
    fn from(fault: SignInFault) -> Self {
        tracing::error!(error = %fault, "browser sign-in failed");
        match fault {
            SignInFault::Store(_) | SignInFault::NotRefreshed => Self::StateUnavailable,
            SignInFault::Issuer(_) => Self::IssuerUnavailable {
                wait: COME_BACK_AFTER,
            },
            _ => Self::Fault("browser sign-in"),
        }
    }
}

impl SignIns {
    /// The applications of `settings`, if there is somebody who signs their users in.
    pub(super) fn new(settings: &SignInSettings, lent: &Lent<'_>) -> Self {
        let parts = lent.store.map(|store| Parts {
            provider: lent.provider.map(Arc::clone),
            store: store.clone(),
            sessions: Sessions::new(settings, lent.remembered),
            refreshes: Refreshes::new(store),
            verifier: Arc::clone(lent.verifier),
            seal: OnceCell::new(),
        });
        let own = lent.provider.iter().flat_map(|provider| {
            let issuer = provider.issuer();
            let hosts = settings.hosts.iter();
            hosts.map(|host| Application::new(host, issuer))
        });
        let elsewhere = settings.elsewhere.iter().filter_map(|it| {
            let party = lent.issuers.relying_party(&it.client)?;
            let application = Application::new(&it.host, &it.reached_as);
            Some(application.elsewhere(party, &it.audience))
        });
        let applications = own.chain(elsewhere).filter(|_| parts.is_some());
        Self {
            applications: applications
                .map(|application| (application.host.as_str().into(), Arc::new(application)))
                .collect(),
            parts,
            settings: settings.clone(),
        }
    }

    /// The application at `host`, in canonical form.
    pub(super) fn application(&self, host: &str) -> Option<&Arc<Application>> {
        self.applications.get(host)
    }

    fn parts(&self) -> Result<&Parts, SignInFault> {
        self.parts.as_ref().ok_or(SignInFault::NoProvider)
    }
}

/// When to come back while an issuer cannot tell.
const COME_BACK_AFTER: Duration = Duration::from_secs(10);

impl Parts {
    /// The provider, where it signs users in.
    fn provider(&self) -> Result<&Arc<Provider>, SignInFault> {
        self.provider.as_ref().ok_or(SignInFault::NoProvider)
    }

    /// What seals. Its key is kept in the store, so that a sign-in outlives a restart and can come
    /// back to another process.
    async fn seal(&self) -> Result<&Seal, SignInFault> {
        let made = self.seal.get_or_try_init(|| async {
            let secret = self.store.secret("application-sign-in").await?;
            Ok::<_, StoreError>(Seal::new(&secret))
        });
        Ok(made.await?)
    }
}
