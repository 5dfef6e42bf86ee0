//! `trusted_issuers`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SignInClientTable;
use crate::config::defaults;
use crate::jose::VerificationAlgorithm;

/// An issuer whose access tokens are accepted besides our own. Its keys come from one of
/// `discovery`, `jwks_url`, `jwks_file` and `jwks`; without any, `introspection` reads all its
/// tokens.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TrustedIssuerTable {
    /// `iss` of its tokens, compared character by character.
    #[schemars(extend("x-required" = true), length(min = 1, max = 2048))]
    pub(crate) issuer: Option<String>,
    /// Finds its keys by its metadata, which must name it exactly.
    pub(crate) discovery: Option<DiscoveryName>,
    /// Address of its public keys, a JSON Web Key Set (RFC 7517 §5).
    #[schemars(length(min = 1))]
    pub(crate) jwks_url: Option<String>,
    /// File with its public keys.
    #[schemars(length(min = 1))]
    pub(crate) jwks_file: Option<String>,
    /// Its public keys, as text.
    #[schemars(length(min = 1))]
    pub(crate) jwks: Option<String>,
    /// When keys are fetched again.
    pub(crate) key_refresh: KeyRefreshTable,
    /// Algorithms its tokens may be signed with; needed where there are keys.
    #[schemars(length(min = 1))]
    pub(crate) algorithms: Option<Vec<AlgorithmName>>,
    /// `typ` values its tokens may have; the empty text stands for a token without `typ`.
    #[schemars(length(min = 1))]
    pub(crate) types: Vec<String>,
    /// Audiences it is trusted for: a token must name one, whatever the route; left out: those of
    /// the route alone.
    #[schemars(length(min = 1), inner(length(min = 1)))]
    pub(crate) audience: Option<Vec<String>>,
    /// Seconds that its clock may differ from ours.
    #[schemars(range(min = 0, max = 300))]
    pub(crate) leeway_s: u64,
    /// Claims that it has under other names: ours, and where it has them, from the outside in.
    #[schemars(inner(length(min = 1, max = 8)))]
    pub(crate) claims: BTreeMap<String, Vec<String>>,
    /// Says what its opaque tokens are.
    pub(crate) introspection: Option<TokenIntrospectionTable>,
    /// What Cellgate is at this issuer, for routes with `sign_in_client` whose users sign in there;
    /// needs `discovery`.
    pub(crate) sign_in_clients: Vec<SignInClientTable>,
    /// PEM file with the CA that signed its certificate; left out: the system's CAs.
    #[schemars(length(min = 1))]
    pub(crate) ca_file: Option<String>,
    /// Seconds for a whole answer of it.
    #[schemars(range(min = 1, max = 60))]
    pub(crate) timeout_s: u64,
}

impl Default for TrustedIssuerTable {
    fn default() -> Self {
        Self {
            issuer: None,
            discovery: None,
            jwks_url: None,
            jwks_file: None,
            jwks: None,
            key_refresh: KeyRefreshTable::default(),
            algorithms: None,
            types: vec![defaults::TRUSTED_TYPE.to_owned()],
            audience: None,
            leeway_s: defaults::LEEWAY_S,
            claims: BTreeMap::new(),
            introspection: None,
            sign_in_clients: Vec::new(),
            ca_file: None,
            timeout_s: defaults::ISSUER_TIMEOUT_S,
        }
    }
}

/// Where an issuer has its metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DiscoveryName {
    /// `/.well-known/openid-configuration` after the issuer (OpenID Connect Discovery).
    Openid,
    /// `/.well-known/oauth-authorization-server` between its host and its path (RFC 8414).
    Oauth,
}

/// When the keys of an issuer are fetched again.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct KeyRefreshTable {
    /// Seconds after which keys are fetched again; sooner if `max-age` of the answer says so, but
    /// not within a minute.
    #[schemars(range(min = 10, max = 86400))]
    pub(crate) interval_s: u64,
    /// Seconds between two fetches, however many tokens name keys that nobody knows.
    #[schemars(range(min = 1, max = 3600))]
    pub(crate) min_interval_s: u64,
    /// Seconds that keys are believed while the issuer does not show any.
    #[schemars(range(min = 60, max = 604800))]
    pub(crate) outage_grace_s: u64,
}

impl Default for KeyRefreshTable {
    fn default() -> Self {
        Self {
            interval_s: defaults::KEY_REFRESH_INTERVAL_S,
            min_interval_s: defaults::KEY_REFRESH_MIN_INTERVAL_S,
            outage_grace_s: defaults::KEY_REFRESH_OUTAGE_GRACE_S,
        }
    }
}

/// An introspection endpoint (RFC 7662).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TokenIntrospectionTable {
    /// Its address.
    #[schemars(extend("x-required" = true), length(min = 1))]
    pub(crate) url: Option<String>,
    /// What Cellgate is called there.
    #[schemars(extend("x-required" = true), length(min = 1))]
    pub(crate) client_id: Option<String>,
    /// How it shows its secret there.
    pub(crate) authentication: SecretPlaceName,
    /// File with that secret; a newline at the end does not count.
    #[schemars(length(min = 1))]
    pub(crate) client_secret_file: Option<String>,
    /// Environment variable with that secret.
    #[schemars(length(min = 1))]
    pub(crate) client_secret_env: Option<String>,
    /// `aud` of tokens for which the answer has none; left out: they are refused.
    #[schemars(length(min = 1), inner(length(min = 1)))]
    pub(crate) assumed_audience: Option<Vec<String>>,
    /// Seconds that an answer about a good token counts, at most until it expires.
    #[schemars(range(min = 0, max = 3600))]
    pub(crate) remember_s: u64,
    /// Seconds that an answer about a bad one counts.
    #[schemars(range(min = 0, max = 60))]
    pub(crate) remember_inactive_s: u64,
}

impl Default for TokenIntrospectionTable {
    fn default() -> Self {
        Self {
            url: None,
            client_id: None,
            authentication: SecretPlaceName::ClientSecretBasic,
            client_secret_file: None,
            client_secret_env: None,
            assumed_audience: None,
            remember_s: defaults::INTROSPECTION_REMEMBER_S,
            remember_inactive_s: defaults::INTROSPECTION_REMEMBER_INACTIVE_S,
        }
    }
}

/// How Cellgate shows its secret to an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SecretPlaceName {
    /// In the `Authorization` header.
    ClientSecretBasic,
    /// In the form.
    ClientSecretPost,
}

/// A signature algorithm that tokens of others are verified with; never a shared secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum AlgorithmName {
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// ECDSA with P-384 and SHA-384.
    Es384,
    /// RSA PKCS#1 v1.5 with SHA-256.
    Rs256,
    /// RSA PKCS#1 v1.5 with SHA-384.
    Rs384,
    /// RSA PKCS#1 v1.5 with SHA-512.
    Rs512,
    /// RSA-PSS with SHA-256.
    Ps256,
    /// RSA-PSS with SHA-384.
    Ps384,
    /// RSA-PSS with SHA-512.
    Ps512,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl AlgorithmName {
    /// The algorithm of this name; what it is called on the wire is known there alone.
    pub(crate) const fn meant(self) -> VerificationAlgorithm {
        match self {
            Self::Es256 => VerificationAlgorithm::Es256,
            Self::Es384 => VerificationAlgorithm::Es384,
            Self::Rs256 => VerificationAlgorithm::Rs256,
            Self::Rs384 => VerificationAlgorithm::Rs384,
            Self::Rs512 => VerificationAlgorithm::Rs512,
            Self::Ps256 => VerificationAlgorithm::Ps256,
            Self::Ps384 => VerificationAlgorithm::Ps384,
            Self::Ps512 => VerificationAlgorithm::Ps512,
            Self::EdDsa => VerificationAlgorithm::EdDsa,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An algorithm that tokens can be verified with must be one that can be configured.
    #[test]
    fn every_algorithm_is_written_as_on_the_wire_and_means_itself() {
        for algorithm in VerificationAlgorithm::ALL {
            let written = format!("\"{}\"", algorithm.as_str());
            let read: AlgorithmName = serde_json::from_str(&written).unwrap();
            assert_eq!(read.meant(), algorithm);
        }
    }
}
