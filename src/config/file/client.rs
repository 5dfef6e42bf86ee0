//! `provider.clients`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SigningAlgorithmName;
use super::client_users::{AccessTable, ClaimTable, SubjectTypeName};
use crate::config::defaults;

/// An application that may ask for tokens.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ClientTable {
    /// `client_id`: unique, printable ASCII.
    #[schemars(extend("x-required" = true), length(min = 1, max = 255))]
    pub(crate) id: Option<String>,
    /// What users read on the sign-in page; left out: the id.
    #[schemars(length(min = 1, max = 80))]
    pub(crate) name: Option<String>,
    /// How it proves at the token endpoint who it is.
    pub(crate) authentication: AuthenticationName,
    /// Hash of its secret, as `cellgate hash-secret` prints it.
    #[schemars(length(min = 1))]
    pub(crate) secret_hash: Option<String>,
    /// File with its secret; a newline at the end does not count.
    #[schemars(length(min = 1))]
    pub(crate) secret_file: Option<String>,
    /// Environment variable with its secret.
    #[schemars(length(min = 1))]
    pub(crate) secret_env: Option<String>,
    /// With `private_key_jwt`: JSON file with its public keys, as a JWK Set.
    #[schemars(length(min = 1))]
    pub(crate) jwks_file: Option<String>,
    /// With `private_key_jwt`: where it publishes them, instead; they are fetched when needed.
    #[schemars(length(min = 1))]
    pub(crate) jwks_uri: Option<String>,
    /// With `private_key_jwt`: what it signs its assertions with; left out: what each key says.
    pub(crate) token_endpoint_auth_signing_alg: Option<SigningAlgorithmName>,
    /// Where answers may go, compared character by character.
    #[schemars(length(min = 1), inner(length(min = 1)))]
    pub(crate) redirect_uris: Option<Vec<String>>,
    /// Where a user may be sent after signing out, compared character by character.
    #[schemars(length(min = 1), inner(length(min = 1)))]
    pub(crate) post_logout_redirect_uris: Option<Vec<String>>,
    /// Where it is told, by us, that its user signed out: a POST with a logout token (OpenID
    /// Connect Back-Channel Logout).
    #[schemars(length(min = 1))]
    pub(crate) backchannel_logout_uri: Option<String>,
    /// Whether a logout token must name the session; ours do in any case.
    pub(crate) backchannel_logout_session_required: bool,
    /// Where it is told, in a frame of the user's browser, that its user signed out (OpenID
    /// Connect Front-Channel Logout). On the same origin as one of `redirect_uris`.
    #[schemars(length(min = 1))]
    pub(crate) frontchannel_logout_uri: Option<String>,
    /// Whether that address gets `iss` and `sid`.
    pub(crate) frontchannel_logout_session_required: bool,
    /// Where a sign-in to it can be begun from the account page: https.
    #[schemars(length(min = 1))]
    pub(crate) initiate_login_uri: Option<String>,
    /// Scope values it may ask for, a space apart; it gets them all when it asks for none.
    #[schemars(length(min = 1))]
    pub(crate) scope: String,
    /// Grant types it may use.
    #[schemars(length(min = 1))]
    pub(crate) grant_types: Vec<GrantTypeName>,
    /// `aud` of its access tokens; left out: `provider.access_tokens.audience`.
    #[schemars(length(min = 1), inner(length(min = 1)))]
    pub(crate) audience: Option<Vec<String>>,
    /// What else it may ask to reach, with the parameter `resource` (RFC 8707): absolute URIs.
    #[schemars(inner(length(min = 1)))]
    pub(crate) resources: Vec<String>,
    /// Web origins whose scripts may call the token, revocation and userinfo endpoints, besides
    /// those of `redirect_uris`.
    #[schemars(inner(length(min = 1)))]
    pub(crate) allowed_origins: Vec<String>,
    /// What its ID tokens and logout tokens are signed with; left out:
    /// `provider.id_tokens.algorithm`.
    pub(crate) id_token_signed_response_alg: Option<SigningAlgorithmName>,
    /// What its userinfo is signed with; left out: it is plain JSON.
    pub(crate) userinfo_signed_response_alg: Option<SigningAlgorithmName>,
    /// Which users may use it.
    pub(crate) access: AccessTable,
    /// Claims of its own, beside the standard ones.
    pub(crate) claims: Vec<ClaimTable>,
    /// Whether it can tell that its users are those of another client.
    pub(crate) subject_type: SubjectTypeName,
    /// With `pairwise`: https, and its host is what clients have in common that may know each
    /// other's users; left out: the one host of `redirect_uris`.
    #[schemars(length(min = 1))]
    pub(crate) sector_identifier_uri: Option<String>,
    /// Which access tokens it may ask about; those issued to itself in any case.
    pub(crate) introspection: IntrospectionTable,
    /// When its users are asked whether it may have what it asks for.
    pub(crate) consent: ConsentPolicyName,
    /// Its logo on the consent page; https.
    #[schemars(length(min = 1))]
    pub(crate) logo_uri: Option<String>,
    /// Its home page, linked on the consent page.
    #[schemars(length(min = 1))]
    pub(crate) client_uri: Option<String>,
    /// What it does with what it is told, linked on the consent page.
    #[schemars(length(min = 1))]
    pub(crate) policy_uri: Option<String>,
    /// Its terms of service, linked on the consent page.
    #[schemars(length(min = 1))]
    pub(crate) tos_uri: Option<String>,
    /// Seconds ago that a password may have been checked when a request does not say; left out:
    /// as long as the session lives.
    #[schemars(range(min = 0, max = 31_536_000))]
    pub(crate) default_max_age_s: Option<u64>,
}

/// Which access tokens a confidential client may introspect (RFC 7662).
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct IntrospectionTable {
    /// All of this provider.
    pub(crate) any: bool,
    /// Those for one of these audiences: of the resource servers it stands for.
    #[schemars(inner(length(min = 1)))]
    pub(crate) audiences: Vec<String>,
}

impl Default for ClientTable {
    fn default() -> Self {
        Self {
            id: None,
            name: None,
            authentication: AuthenticationName::ClientSecretBasic,
            secret_hash: None,
            secret_file: None,
            secret_env: None,
            jwks_file: None,
            jwks_uri: None,
            token_endpoint_auth_signing_alg: None,
            redirect_uris: None,
            post_logout_redirect_uris: None,
            backchannel_logout_uri: None,
            backchannel_logout_session_required: false,
            frontchannel_logout_uri: None,
            frontchannel_logout_session_required: false,
            initiate_login_uri: None,
            scope: defaults::CLIENT_SCOPE.to_owned(),
            grant_types: vec![
                GrantTypeName::AuthorizationCode,
                GrantTypeName::RefreshToken,
            ],
            audience: None,
            resources: Vec::new(),
            allowed_origins: Vec::new(),
            id_token_signed_response_alg: None,
            userinfo_signed_response_alg: None,
            access: AccessTable::default(),
            claims: Vec::new(),
            subject_type: SubjectTypeName::default(),
            sector_identifier_uri: None,
            introspection: IntrospectionTable::default(),
            consent: ConsentPolicyName::Implicit,
            logo_uri: None,
            client_uri: None,
            policy_uri: None,
            tos_uri: None,
            default_max_age_s: None,
        }
    }
}

/// How a client authenticates at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuthenticationName {
    /// Not at all: a public client (in a browser, on a phone, on a desktop). PKCE is required.
    None,
    /// Secret in the `Authorization` header.
    ClientSecretBasic,
    /// Secret in the form.
    ClientSecretPost,
    /// An assertion signed with a key that only the application has.
    PrivateKeyJwt,
    /// An assertion under a MAC with its secret, where
    /// `provider.client_authentication.client_secret_jwt` allows it.
    ClientSecretJwt,
}

/// A grant type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GrantTypeName {
    /// A user signs in.
    AuthorizationCode,
    /// Tokens are renewed without the user; asked for with scope `offline_access`.
    RefreshToken,
    /// The application asks for itself, without a user; it must be able to prove who it
    /// is.
    ClientCredentials,
}

/// When users are asked for consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ConsentPolicyName {
    /// At every sign-in to it.
    Required,
    /// Until they said yes, and again when it asks for more or says `prompt=consent`.
    Remembered,
    /// Never: a first-party application.
    Implicit,
}
