//! The OpenID Provider: `http::Request<Bytes>` in, `http::Response<Bytes>` out.
//!
//! It knows nothing of sockets, proxies and Pingora, and reads the present once for each
//! request. Everything it must remember is in the store, under digests where it is a secret;
//! everything it must not is nowhere.
//!
//! *Invariant:* a one-time artefact is redeemed by one atomic statement of the store, before
//! anything else about it is looked at. *Invariant:* where an answer may go is a value of type
//! `Destination`, and only the check of client and redirection URI makes one. *Invariant:* an
//! error of ours is a 5xx; it never reads as a wrong password or an invalid token.

mod settings;

mod endpoint;
mod params;
mod request;

mod discovery;
mod keys;

mod authorization;
mod interaction;
mod session;
mod shield;

mod token;

mod claims;
mod introspection;
mod registration;
mod resources;
mod revocation;
mod subjects;
mod userinfo;

mod account;
mod application_passwords;
mod applications;
mod assertions;
mod interface;
mod logout;
mod out_of_band;

mod audit;
mod client_memory;
pub(crate) mod clients;
mod cookies;
mod cors;
mod error;
mod pages;
mod reader;
mod reply;

#[cfg(test)]
pub(crate) mod tests;

pub use application_passwords::{
    ApplicationPasswordError, PasswordPlace, PresentedPassword, RecalledPassword,
};
pub use applications::{
    Application, ApplicationError, ReturnedCode, SignedOut, application_client,
};
pub use assertions::{ASSERTION_TYPE, AssertionError, AssertionSigner};
pub use client_memory::ClientMemory;
pub use discovery::DiscoveryError;
pub use interface::{InterfaceError, InterfaceGrant, InterfaceTokens};
pub use keys::{Handover, KeyKeeper, KeyRotation};
pub use logout::LogoutCourier;
pub use pages::built_in_languages;
pub use settings::{
    ApplicationPasswords, BackChannelLogout, ClientAuthenticationPolicy, Interactions, Parts,
    RefreshTokenPolicy, Registration, RegistrationAccess, Settings,
};

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode, header};
use tokio::sync::OnceCell;

use application_passwords::KnownPasswords;
use clients::Clients;
use endpoint::{Endpoint, Found};
use error::PageError;
use interaction::{Asked, DeviceSeal, Tickets};
use keys::SigningKeys;
use pages::Pages;
use reply::Response;
use request::Request;
use subjects::PairwiseKey;
use token::SecretChecks;

use crate::failures::FailureLimiter;
use crate::store::{Counted, SharedLimiter};
use crate::users::BasicSignIn;

/// In which registrations are counted.
const HOUR: Duration = Duration::from_secs(3600);

/// The OpenID Provider.
#[derive(Debug)]
pub struct Provider {
    settings: Settings,
    parts: Parts,
    clients: Clients,
    pages: Pages,
    discovery: Bytes,
    secret_checks: SecretChecks,
    /// How often each address wrote metadata of clients within the hour.
    registrations: SharedLimiter,
    client_failures: SharedLimiter,
    tickets: OnceCell<Tickets>,
    device_seal: OnceCell<DeviceSeal>,
    signing_keys: SigningKeys,
    pairwise_key: OnceCell<PairwiseKey>,
    basic: BasicSignIn,
    application_passwords: KnownPasswords,
    /// How often a wrong application password came for each login within the window.
    password_failures: FailureLimiter,
}

/// Why the provider cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// Templates cannot be read, parsed or used.
    #[error("templates: {}", list(.0))]
    Templates(Vec<TemplateProblem>),
    /// No HTTP client can be made to call clients with.
    #[error("requests to clients: {0}")]
    Outbound(#[from] reqwest::Error),
    /// The discovery document cannot be written.
    #[error("discovery document: {0}")]
    Discovery(#[from] DiscoveryError),
}

/// A template, or a file of texts, that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {message}")]
pub struct TemplateProblem {
    /// Which one.
    pub name: String,
    /// What is wrong with it.
    pub message: String,
}

impl TemplateProblem {
    pub(crate) fn new(name: &str, message: &impl ToString) -> Self {
        Self {
            name: name.to_owned(),
            message: message.to_string(),
        }
    }
}

fn list(problems: &[TemplateProblem]) -> String {
    let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
    problems.join("; ")
}

impl Provider {
    /// Puts a provider together; reads and tries out all templates.
    ///
    /// # Errors
    ///
    /// [`ProviderError`] says what it cannot start with.
    pub fn new(settings: Settings, parts: Parts) -> Result<Self, ProviderError> {
        let clients = Clients::new(&settings, parts.store.clone());
        let policy = &settings.client_authentication;
        let pages = Pages::load(&settings).map_err(ProviderError::Templates)?;
        Ok(Self {
            discovery: discovery::document(&settings, pages.languages())?,
            pages,
            secret_checks: SecretChecks::new(clients.slow_hash()),
            registrations: SharedLimiter::new(
                &parts.store,
                Counted::Registrations,
                Arc::clone(&parts.clients.registrations),
                (settings.registration.per_hour, HOUR),
            ),
            client_failures: SharedLimiter::new(
                &parts.store,
                Counted::Clients,
                Arc::clone(&parts.clients.failures),
                (policy.failures_per_address, policy.address_window),
            ),
            password_failures: parts
                .sign_in
                .limiter_over(Arc::clone(&parts.clients.passwords)),
            application_passwords: KnownPasswords::default(),
            tickets: OnceCell::new(),
            device_seal: OnceCell::new(),
            signing_keys: SigningKeys::new(Arc::clone(&parts.keys), parts.store.clone()),
            pairwise_key: OnceCell::new(),
            basic: parts.sign_in.basic(),
            clients,
            settings,
            parts,
        })
    }

    /// Reads and tries out all templates, as [`Self::new`] does, and names those that cannot be
    /// used.
    pub fn check_templates(settings: &Settings) -> Vec<TemplateProblem> {
        Pages::load(settings).err().unwrap_or_default()
    }

    /// Whether `path`, in canonical form, is ours to answer.
    pub fn serves(&self, path: &str) -> bool {
        Endpoint::covers(&self.settings.issuer, path) || self.is_out_of_band(path)
    }

    /// The host the endpoints are served on, in canonical form.
    pub fn host(&self) -> &str {
        self.settings.issuer.host()
    }

    /// Whether the issuer, and so every endpoint, is an `https` URL.
    pub fn is_https(&self) -> bool {
        self.settings.issuer.is_https()
    }

    /// Answers a request. Its path is canonical and its body complete, at most 64 KiB.
    pub async fn answer(
        &self,
        request: http::Request<Bytes>,
        peer: IpAddr,
    ) -> http::Response<Bytes> {
        let now = self.parts.clock.now();
        let found = self.find_endpoint(request.uri().path(), request.method());
        let request = Request::new(request, peer, now);
        let mut response = match found {
            Found::Endpoint(endpoint) => self.answer_at(endpoint, &request).await,
            Found::WrongMethod(endpoint) => wrong_method(endpoint),
            Found::Nothing => self.error_page(&PageError::NotFound, &request),
        };
        reply::harden(&mut response);
        if request.method == Method::HEAD {
            *response.body_mut() = Bytes::new();
        }
        response
    }

    async fn answer_at(&self, endpoint: Endpoint, request: &Request) -> Response {
        let mut response = if request.method == Method::OPTIONS {
            self.preflight(endpoint, request).await
        } else {
            // Boxed: one future for the whole provider would be as large as the largest of them.
            Box::pin(self.dispatch(endpoint, request)).await
        };
        self.open_to_scripts(endpoint, request, &mut response).await;
        response
    }

    async fn dispatch(&self, endpoint: Endpoint, request: &Request) -> Response {
        match endpoint {
            Endpoint::Discovery => self.describe(),
            Endpoint::Jwks => self.publish_keys(request.now).await,
            Endpoint::Authorization => self.authorize(request).await,
            Endpoint::Token => self.token(request).await,
            Endpoint::UserInfo => self.userinfo(request).await,
            Endpoint::Revocation => self.revoke(request).await,
            Endpoint::Introspection => self.introspect(request).await,
            Endpoint::Registration => self.register(request).await,
            Endpoint::EndSession => self.end_session(request).await,
            // Somebody opened the address that a form is sent to.
            Endpoint::SignIn | Endpoint::SelectAccount | Endpoint::Consent
                if request.method != Method::POST =>
            {
                self.error_page(&PageError::NoInteraction, request)
            }
            Endpoint::SignIn => self.submit(Asked::SignIn, request).await,
            Endpoint::SelectAccount => self.submit(Asked::Account, request).await,
            Endpoint::Consent => self.submit(Asked::Consent, request).await,
            Endpoint::Continue => self.resume(request).await,
            Endpoint::SignOut => self.submit_sign_out(request).await,
            Endpoint::Account if request.method == Method::POST => {
                self.submit_account(request).await
            }
            Endpoint::Account => self.account(request).await,
            Endpoint::AccountSignIn => self.submit_account_sign_in(request).await,
            Endpoint::Stylesheet => self.pages.stylesheet(),
            Endpoint::OutOfBand => self.show_code(request),
        }
    }
}

/// RFC 9110 §15.5.6.
fn wrong_method(endpoint: Endpoint) -> Response {
    let mut response = reply::empty(StatusCode::METHOD_NOT_ALLOWED);
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, endpoint.allow());
    response
}
