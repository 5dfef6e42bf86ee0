//! `trusted_issuers[].sign_in_clients`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SigningAlgorithmName;
use crate::config::defaults;

/// A client of the issuer that Cellgate is, a relying party.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SignInClientTable {
    /// Unique name, for `sign_in_client` of routes.
    #[schemars(extend("x-required" = true), length(min = 1, max = 64))]
    pub(crate) name: Option<String>,
    /// What Cellgate is called there.
    #[schemars(extend("x-required" = true), length(min = 1, max = 255))]
    pub(crate) client_id: Option<String>,
    /// How it shows there who it is.
    pub(crate) authentication: SignInAuthenticationName,
    /// File with its secret there; a newline at the end does not count.
    #[schemars(length(min = 1))]
    pub(crate) client_secret_file: Option<String>,
    /// Environment variable with that secret.
    #[schemars(length(min = 1))]
    pub(crate) client_secret_env: Option<String>,
    /// PEM file with the private key for `private_key_jwt`, a PKCS#8 document: RSA of 2048 bits or more,
    /// P-256 or Ed25519.
    #[schemars(length(min = 1))]
    pub(crate) private_key_file: Option<String>,
    /// What the issuer calls this key (`kid`); left out: its thumbprint (RFC 7638), as
    /// `cellgate keys public` prints it.
    #[schemars(length(min = 1, max = 255))]
    pub(crate) private_key_id: Option<String>,
    /// What is signed with; left out: `ES256`, `EdDSA` or `RS256`, by the key.
    pub(crate) token_endpoint_auth_signing_alg: Option<SigningAlgorithmName>,
    /// What the assertions of `private_key_jwt` name the issuer by (`aud`).
    pub(crate) assertion_audience: AssertionAudienceName,
    /// What is asked for; `openid` must be among it. With `offline_access` most issuers give a
    /// refresh token, by which they are asked again while a session is used.
    #[schemars(length(min = 1), inner(length(min = 1)))]
    pub(crate) scopes: Vec<String>,
    /// Whether its userinfo endpoint is asked for more claims at each sign-in and refresh.
    pub(crate) userinfo: bool,
    /// Whether `/.cellgate/signed-out` of each application is registered there as a page to come back
    /// to after signing out.
    pub(crate) returns_after_sign_out: bool,
}

impl Default for SignInClientTable {
    fn default() -> Self {
        Self {
            name: None,
            client_id: None,
            authentication: SignInAuthenticationName::ClientSecretBasic,
            client_secret_file: None,
            client_secret_env: None,
            private_key_file: None,
            private_key_id: None,
            token_endpoint_auth_signing_alg: None,
            assertion_audience: AssertionAudienceName::Issuer,
            scopes: defaults::SIGN_IN_SCOPES.map(str::to_owned).to_vec(),
            userinfo: false,
            returns_after_sign_out: false,
        }
    }
}

/// How Cellgate shows an issuer that it is its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SignInAuthenticationName {
    /// By a secret in the `Authorization` header.
    ClientSecretBasic,
    /// By a secret in the form.
    ClientSecretPost,
    /// By a signature (RFC 7523 §2.2); there is no secret that the issuer has too.
    PrivateKeyJwt,
}

/// What an assertion names its issuer by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AssertionAudienceName {
    /// Its `iss`, as newer profiles want it.
    Issuer,
    /// The address of its token endpoint, as OpenID Connect Core §9 has it; for an issuer that takes
    /// nothing else.
    TokenEndpoint,
}
