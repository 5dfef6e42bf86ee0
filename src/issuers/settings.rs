//! What trusted issuers run on: plain values that the configuration has already checked.

use std::time::Duration;

use url::Url;

use super::relying_party::SignInClient;
use crate::jose::{Terms, VerificationAlgorithm};
use crate::secret::Secret;

/// An issuer whose access tokens are accepted besides our own.
#[derive(Clone, Debug)]
pub struct TrustedIssuer {
    /// `iss`, compared byte by byte.
    pub issuer: String,
    /// Algorithms its tokens may be signed with.
    pub algorithms: Vec<VerificationAlgorithm>,
    /// What its tokens must be like.
    pub terms: Terms,
    /// Where its keys come from.
    pub keys: KeySource,
    /// Who says what its opaque tokens are.
    pub introspection: Option<IntrospectionEndpoint>,
    /// What we are there, where browsers sign in at it.
    pub sign_in_clients: Vec<SignInClient>,
    /// How it is called.
    pub transport: Transport,
}

/// Where the keys of an issuer come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// Nowhere: every token of it is introspected.
    Absent,
    /// The configuration has them, as the text of a JWK Set.
    Written(String),
    /// The configuration names a file that has this text, a JWK Set.
    File(String),
    /// They are fetched, again and again.
    Fetched(FetchedKeys),
}

/// Keys that are fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedKeys {
    /// Where from.
    pub location: KeyLocation,
    /// The longest until they are fetched again; less if the answer says so (default 15 min).
    pub interval: Duration,
    /// The shortest between two fetches, however many tokens name keys nobody knows
    /// (default 10 s).
    pub min_interval: Duration,
    /// How long fetched keys are believed when they cannot be fetched again (default 24 h).
    pub outage_grace: Duration,
}

/// What is fetched to find keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyLocation {
    /// The JWK Set itself; the operator wrote its address down.
    Jwks(Url),
    /// A metadata document that must name the issuer exactly and says where its keys are.
    Metadata(Url),
}

/// An introspection endpoint (RFC 7662). Always one that the operator wrote down: our secret goes
/// there, and every opaque token that anybody shows us.
#[derive(Clone, Debug)]
pub struct IntrospectionEndpoint {
    /// Where it is.
    pub url: Url,
    /// Who we are there.
    pub client_id: String,
    /// Our secret there.
    pub client_secret: Secret,
    /// How we show it.
    pub authentication: ClientAuthentication,
    /// `aud` of answers that have none; empty: they are refused.
    pub audience: Vec<String>,
    /// The longest that an answer about an active token counts (default 30 s).
    pub remember: Duration,
    /// How long an answer about an inactive one does (default 5 s).
    pub remember_inactive: Duration,
}

/// How a client shows its secret (RFC 6749 §2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// In `Authorization: Basic`.
    SecretBasic,
    /// In the form.
    SecretPost,
}

/// How an issuer is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transport {
    /// For each whole answer (default 5 s).
    pub timeout: Duration,
    /// PEM of a CA of its own, besides the system's.
    pub ca_pem: Option<Vec<u8>>,
}

impl TrustedIssuer {
    /// Whether the keys of `other` are the keys of this one.
    pub(super) fn has_same_keys(&self, other: &Self) -> bool {
        self.issuer == other.issuer
            && self.keys == other.keys
            && self.algorithms == other.algorithms
            && self.transport == other.transport
    }

    /// Whether what `other` says of a token is what this one says.
    pub(super) fn has_same_word(&self, other: &Self) -> bool {
        let is_same = |endpoint: &IntrospectionEndpoint, other: &IntrospectionEndpoint| {
            let secrets = [&endpoint.client_secret, &other.client_secret];
            let [secret, others] = secrets.map(Secret::digest);
            secret.matches(&others)
                && endpoint.url == other.url
                && endpoint.client_id == other.client_id
                && endpoint.authentication == other.authentication
                && endpoint.audience == other.audience
                && endpoint.remember == other.remember
                && endpoint.remember_inactive == other.remember_inactive
        };
        let endpoints = self
            .introspection
            .as_ref()
            .zip(other.introspection.as_ref());
        self.issuer == other.issuer
            && self.terms == other.terms
            && self.transport == other.transport
            && endpoints.is_some_and(|(endpoint, other)| is_same(endpoint, other))
    }
}
