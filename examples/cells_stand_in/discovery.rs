//! What Cells' own OpenID Provider says of itself (fact sheet A.2), with what is wrong with it (A.8).

use serde_json::{Value, json};

use super::Version;

/// `iss` of ID tokens: with a slash in all versions, whatever the document says (A.2).
pub(super) fn issuer_of_tokens(host: &str) -> String {
    format!("http://{host}/oidc/")
}

/// The document at `/oidc/.well-known/openid-configuration`.
///
/// Version 2 has a relative address, nothing that it supports, and the root of the site for a
/// registration that does not exist. Version 5 has an issuer without the slash that its tokens have, and
/// offers a challenge that it forgets.
pub(super) fn document(version: Version, host: &str) -> Value {
    let root = format!("http://{host}/oidc");
    let mut document = json!({
        "issuer": issuer_of_tokens(host),
        "authorization_endpoint": format!("{root}/oauth2/auth"),
        "token_endpoint": format!("{root}/oauth2/token"),
        "jwks_uri": format!("{root}/.well-known/jwks.json"),
        "revocation_endpoint": format!("{root}/oauth2/revoke"),
        "end_session_endpoint": format!("{root}/oauth2/sessions/logout"),
        "userinfo_endpoint": "/oauth2/userinfo",
        "registration_endpoint": format!("http://{host}"),
        "subject_types_supported": ["public"],
        "response_types_supported":
            ["code", "code id_token", "id_token", "token id_token", "token", "token id_token code"],
        "grant_types_supported":
            ["authorization_code", "implicit", "client_credentials", "refresh_token"],
        "response_modes_supported": ["query", "fragment"],
        "token_endpoint_auth_methods_supported":
            ["client_secret_post", "client_secret_basic", "private_key_jwt", "none"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "userinfo_signing_alg_values_supported": ["none", "RS256"],
        "request_parameter_supported": true,
        "request_uri_parameter_supported": true,
        "require_request_uri_registration": true,
        "claims_parameter_supported": false,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "frontchannel_logout_supported": true,
        "frontchannel_logout_session_supported": true,
    });
    if version == Version::V5
        && let (Some(members), Value::Object(newer)) = (document.as_object_mut(), newer(&root))
    {
        members.extend(newer);
    }
    document
}

/// What hydra 2 says, in the place of what was there or besides it.
fn newer(root: &str) -> Value {
    json!({
        "issuer": root,
        "userinfo_endpoint": format!("{root}/userinfo"),
        "code_challenge_methods_supported": ["plain", "S256"],
        "claims_supported": ["sub"],
        "scopes_supported": ["offline_access", "offline", "openid"],
        "credentials_endpoint_draft_00": format!("{root}/credentials"),
    })
}
