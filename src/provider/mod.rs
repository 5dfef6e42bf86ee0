//! The OpenID Provider: `http::Request<Bytes>` in, `http::Response<Bytes>` out, no Pingora.
//! CONTRACT STUB: bodies to be written.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::clock::Clock;
use crate::jose::{KeyRing, SigningAlgorithm, TokenVerifier};
use crate::model::{Client, Issuer};
use crate::store::Store;
use crate::telemetry::Metrics;
use crate::users::SignIn;

/// What the provider runs on.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who we are.
    pub issuer: Issuer,
    /// Who may ask.
    pub clients: Vec<Client>,
    /// Signs access tokens (default ES256).
    pub access_token_algorithm: SigningAlgorithm,
    /// Default 10 min.
    pub access_token_lifetime: Duration,
    /// Signs ID tokens (default RS256).
    pub id_token_algorithm: SigningAlgorithm,
    /// Default 1 h.
    pub id_token_lifetime: Duration,
    /// Default 30 days, anew at each rotation.
    pub refresh_token_lifetime: Duration,
    /// Default 60 s.
    pub code_lifetime: Duration,
    /// Default 12 h.
    pub session_lifetime: Duration,
    /// Default 1 h.
    pub session_idle_lifetime: Duration,
    /// A sign-in page is good for this long (default 30 min).
    pub interaction_lifetime: Duration,
    /// What users read as the name of the place (default "Cellgate").
    pub display_name: String,
    /// A folder whose files replace the built-in templates.
    pub templates: Option<PathBuf>,
}

/// The parts the provider works with.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Reads the present once per request.
    pub clock: Arc<dyn Clock>,
    /// Keeps state.
    pub store: Store,
    /// Signs.
    pub keys: Arc<KeyRing>,
    /// Remembers the access tokens minted here, verifies those presented at userinfo.
    pub verifier: Arc<TokenVerifier>,
    /// Tries passwords.
    pub sign_in: SignIn,
    /// Counts.
    pub metrics: Arc<Metrics>,
}

/// The OpenID Provider.
#[derive(Debug)]
pub struct Provider {}

/// Why the provider cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// A template cannot be read or parsed.
    #[error("template {name}: {message}")]
    Template {
        /// file
        name: String,
        /// what
        message: String,
    },
}

impl Provider {
    /// Puts a provider together; parses all templates.
    pub fn new(_settings: Settings, _parts: Parts) -> Result<Self, ProviderError> {
        todo!()
    }
    /// Whether `path` (canonical) is an endpoint of ours, so that the gateway hands the request over.
    pub fn serves(&self, _path: &str) -> bool {
        todo!()
    }
    /// The host (canonical) the endpoints are served on; the gateway compares.
    pub fn host(&self) -> &str {
        todo!()
    }
    /// Answers a request to one of the endpoints. The body is complete (at most 64 KiB).
    pub async fn answer(
        &self,
        _request: http::Request<Bytes>,
        _peer: IpAddr,
    ) -> http::Response<Bytes> {
        todo!()
    }
}
