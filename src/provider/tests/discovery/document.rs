//! The whole document, word for word, and the tables that the endpoints work by held against it:
//! a row without its place in the document is found, and so is a promise without a row.

use serde_json::{Map, Value, json};

use super::{member, metadata, set, start};
use crate::model::{AuthenticationContext, GrantType, SigningAlgorithm};
use crate::provider::authorization::{PromptValue, ResponseMode};
use crate::provider::claims::CLAIMS_BY_SCOPE;
use crate::provider::clients::AuthenticationMethod;
use crate::provider::endpoint::Endpoint;
use crate::provider::tests::support::{Authorize, Tokens, read_jwt};

/// The document, without the lists of [`LISTS`].
fn places_and_flags() -> Value {
    json!({
        "issuer": "https://op.example/oidc/",
        "authorization_endpoint": "https://op.example/oidc/oauth2/auth",
        "token_endpoint": "https://op.example/oidc/oauth2/token",
        "userinfo_endpoint": "https://op.example/oidc/userinfo",
        "jwks_uri": "https://op.example/oidc/.well-known/jwks.json",
        "revocation_endpoint": "https://op.example/oidc/oauth2/revoke",
        "introspection_endpoint": "https://op.example/oidc/oauth2/introspect",
        "registration_endpoint": "https://op.example/oidc/oauth2/register",
        "end_session_endpoint": "https://op.example/oidc/oauth2/sessions/logout",
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "frontchannel_logout_supported": true,
        "frontchannel_logout_session_supported": true,
        "claims_parameter_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "authorization_response_iss_parameter_supported": true,
    })
}

/// What each list has, in any order.
const LISTS: [(&str, &[&str]); 20] = [
    (
        "scopes_supported",
        &[
            "address",
            "demo.read",
            "demo.write",
            "email",
            "groups",
            "offline_access",
            "openid",
            "phone",
            "profile",
            "roles",
        ],
    ),
    ("response_types_supported", &["code"]),
    (
        "response_modes_supported",
        &["query", "fragment", "form_post"],
    ),
    (
        "grant_types_supported",
        &["authorization_code", "refresh_token", "client_credentials"],
    ),
    (
        "prompt_values_supported",
        &["none", "login", "consent", "select_account"],
    ),
    (
        "acr_values_supported",
        &["urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"],
    ),
    ("subject_types_supported", &["public", "pairwise"]),
    ("id_token_signing_alg_values_supported", SIGNATURES),
    ("userinfo_signing_alg_values_supported", SIGNATURES),
    ("introspection_signing_alg_values_supported", &["RS256"]),
    ("token_endpoint_auth_methods_supported", METHODS),
    ("revocation_endpoint_auth_methods_supported", METHODS),
    (
        "introspection_endpoint_auth_methods_supported",
        &[
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
            "client_secret_jwt",
        ],
    ),
    (
        "token_endpoint_auth_signing_alg_values_supported",
        ASSERTIONS,
    ),
    (
        "revocation_endpoint_auth_signing_alg_values_supported",
        ASSERTIONS,
    ),
    (
        "introspection_endpoint_auth_signing_alg_values_supported",
        ASSERTIONS,
    ),
    ("claim_types_supported", &["normal"]),
    (
        "claims_supported",
        &[
            "iss",
            "sub",
            "aud",
            "exp",
            "iat",
            "auth_time",
            "nonce",
            "at_hash",
            "acr",
            "amr",
            "sid",
            "address",
            "birthdate",
            "email",
            "email_verified",
            "family_name",
            "gender",
            "given_name",
            "groups",
            "locale",
            "memberOf",
            "middle_name",
            "name",
            "nickname",
            "phone_number",
            "phone_number_verified",
            "picture",
            "preferred_username",
            "profile",
            "roles",
            "updated_at",
            "website",
            "zoneinfo",
        ],
    ),
    ("ui_locales_supported", &["en", "fr", "de", "es", "it"]),
    ("code_challenge_methods_supported", &["S256"]),
];

const SIGNATURES: &[&str] = &["ES256", "RS256", "PS256", "EdDSA"];
const ASSERTIONS: &[&str] = &["ES256", "RS256", "PS256", "EdDSA", "HS256"];
const METHODS: &[&str] = &[
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    "client_secret_jwt",
    "none",
];

/// The lists that a row of a table has its place in, and its name there. A new row does not compile
/// until somebody has thought of that here.
trait Listed: Copy {
    fn place(self) -> (&'static [&'static str], &'static str);
}

impl Listed for SigningAlgorithm {
    fn place(self) -> (&'static [&'static str], &'static str) {
        let lists = &[
            "id_token_signing_alg_values_supported",
            "userinfo_signing_alg_values_supported",
            "token_endpoint_auth_signing_alg_values_supported",
            "revocation_endpoint_auth_signing_alg_values_supported",
            "introspection_endpoint_auth_signing_alg_values_supported",
        ];
        match self {
            Self::Es256 => (lists, "ES256"),
            Self::Rs256 => (lists, "RS256"),
            Self::Ps256 => (lists, "PS256"),
            Self::EdDsa => (lists, "EdDSA"),
        }
    }
}

impl Listed for AuthenticationMethod {
    fn place(self) -> (&'static [&'static str], &'static str) {
        let lists = &[
            "token_endpoint_auth_methods_supported",
            "revocation_endpoint_auth_methods_supported",
            "introspection_endpoint_auth_methods_supported",
        ];
        match self {
            Self::ClientSecretBasic => (lists, "client_secret_basic"),
            Self::ClientSecretPost => (lists, "client_secret_post"),
            Self::PrivateKeyJwt => (lists, "private_key_jwt"),
            Self::ClientSecretJwt => (lists, "client_secret_jwt"),
            // RFC 7662 §2.1: nobody asks about tokens without proof.
            Self::None => (&lists[..2], "none"),
        }
    }
}

impl Listed for ResponseMode {
    fn place(self) -> (&'static [&'static str], &'static str) {
        let lists = &["response_modes_supported"];
        match self {
            Self::Query => (lists, "query"),
            Self::Fragment => (lists, "fragment"),
            Self::FormPost => (lists, "form_post"),
        }
    }
}

impl Listed for GrantType {
    fn place(self) -> (&'static [&'static str], &'static str) {
        let lists = &["grant_types_supported"];
        match self {
            Self::AuthorizationCode => (lists, "authorization_code"),
            Self::RefreshToken => (lists, "refresh_token"),
            Self::ClientCredentials => (lists, "client_credentials"),
        }
    }
}

impl Listed for PromptValue {
    fn place(self) -> (&'static [&'static str], &'static str) {
        let lists = &["prompt_values_supported"];
        match self {
            Self::None => (lists, "none"),
            Self::Login => (lists, "login"),
            Self::Consent => (lists, "consent"),
            Self::SelectAccount => (lists, "select_account"),
        }
    }
}

impl Listed for AuthenticationContext {
    fn place(self) -> (&'static [&'static str], &'static str) {
        match self {
            Self::Password => (
                &["acr_values_supported"],
                "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
            ),
        }
    }
}

#[tokio::test]
async fn the_metadata_is_this_and_nothing_else() {
    let op = start().await;
    let mut metadata = metadata(&op).await;

    for (name, expected) in LISTS {
        let list = metadata.remove(name).unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(set(&list), expected.iter().copied().collect(), "{name}");
    }

    assert_eq!(Value::Object(metadata), places_and_flags());
}

/// Every row of the tables has its place in the document.
#[tokio::test]
async fn every_row_of_the_tables_is_in_the_metadata() {
    #[track_caller]
    fn check<R: Listed>(metadata: &Map<String, Value>, rows: &[R]) {
        for row in rows {
            let (lists, name) = row.place();
            for list in lists {
                assert!(set(&metadata[*list]).contains(name), "{name} in {list}");
            }
        }
    }
    let op = start().await;
    let metadata = metadata(&op).await;

    check(&metadata, &SigningAlgorithm::ALL);
    check(&metadata, &AuthenticationMethod::ALL);
    check(&metadata, &ResponseMode::ALL);
    check(&metadata, &GrantType::ALL);
    check(&metadata, &PromptValue::ALL);
    check(&metadata, &AuthenticationContext::ALL);
    for endpoint in Endpoint::ALL {
        let name = member(endpoint);
        assert!(name.is_none_or(|name| metadata.contains_key(name)));
    }
}

/// Every claim of an ID token is listed, and what the userinfo endpoint can tell.
#[tokio::test]
async fn every_claim_that_is_told_is_in_the_metadata() {
    let op = start().await;
    let metadata = metadata(&op).await;
    let listed = set(&metadata["claims_supported"]);
    let request = Authorize::app().with("nonce", "n");

    let tokens = Tokens::of(&op.exchange(&request.code(&op, "alice").await).await);

    let (_, id_token) = read_jwt(tokens.id_token());
    let about_users = CLAIMS_BY_SCOPE.iter().flat_map(|(_, claims)| claims.iter());
    let told = about_users.map(|claim| claim.as_str());
    for name in told.chain(id_token.keys().map(String::as_str)) {
        assert!(listed.contains(name), "{name}");
    }
}
