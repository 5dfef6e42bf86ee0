//! What the provider says of itself (OpenID Connect Discovery §3 and §4, RFC 8414, RFC 9207 §3).

use serde_json::json;

use super::support::{ISSUER, TestProvider};

#[tokio::test]
async fn the_metadata_says_what_is_true() {
    let op = TestProvider::start().await;

    let answer = op.get("/oidc/.well-known/openid-configuration").await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(
        answer.json(),
        json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://op.example/oidc/oauth2/auth",
            "token_endpoint": "https://op.example/oidc/oauth2/token",
            "userinfo_endpoint": "https://op.example/oidc/userinfo",
            "jwks_uri": "https://op.example/oidc/.well-known/jwks.json",
            "revocation_endpoint": "https://op.example/oidc/oauth2/revoke",
            "introspection_endpoint": "https://op.example/oidc/oauth2/introspect",
            "end_session_endpoint": "https://op.example/oidc/oauth2/sessions/logout",
            "backchannel_logout_supported": true,
            "backchannel_logout_session_supported": true,
            "frontchannel_logout_supported": true,
            "frontchannel_logout_session_supported": true,
            "scopes_supported": [
                "demo.read", "demo.write", "email", "groups", "offline_access", "openid",
                "profile", "roles",
            ],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "subject_types_supported": ["public", "pairwise"],
            "id_token_signing_alg_values_supported": ["ES256", "RS256", "PS256", "EdDSA"],
            "userinfo_signing_alg_values_supported": ["ES256", "RS256", "PS256", "EdDSA"],
            "token_endpoint_auth_methods_supported":
                ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
            "token_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256", "PS256", "EdDSA"],
            "revocation_endpoint_auth_methods_supported":
                ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
            "revocation_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256", "PS256", "EdDSA"],
            "introspection_endpoint_auth_methods_supported":
                ["client_secret_basic", "client_secret_post", "private_key_jwt"],
            "introspection_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256", "PS256", "EdDSA"],
            "introspection_signing_alg_values_supported": ["RS256"],
            "claim_types_supported": ["normal"],
            "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "amr", "sid", "birthdate", "email", "email_verified", "family_name", "gender", "given_name", "groups", "locale", "middle_name", "name", "nickname", "picture", "preferred_username", "profile", "roles", "updated_at", "website", "zoneinfo"],
            "ui_locales_supported": ["en"],
            "claims_parameter_supported": false,
            "request_parameter_supported": false,
            "request_uri_parameter_supported": false,
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        })
    );
}

/// RFC 8414 §3.
#[tokio::test]
async fn the_metadata_is_the_same_at_the_place_of_rfc_8414() {
    let op = TestProvider::start().await;
    let here = op.get("/oidc/.well-known/openid-configuration").await;

    for path in [
        "/.well-known/oauth-authorization-server/oidc",
        "/.well-known/oauth-authorization-server/oidc/",
    ] {
        assert_eq!(op.get(path).await.body, here.body, "{path}");
    }
}

/// RFC 7517 §4: every key has a name, a use and an algorithm, and nothing private.
#[tokio::test]
async fn the_keys_are_public_and_each_has_a_name() {
    let op = TestProvider::start().await;

    let answer = op.get("/oidc/.well-known/jwks.json").await;

    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body = answer.json();
    let keys = body["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    for key in keys {
        assert!(key["kid"].is_string() && key["alg"].is_string(), "{key}");
        assert_eq!(key["use"], "sig");
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(key.get(private).is_none(), "{private}");
        }
    }
}

/// The keys for less long than a new one is published before it signs.
#[tokio::test]
async fn documents_may_be_kept_for_a_while() {
    let op = TestProvider::start().await;

    for (path, expected) in [
        (
            "/oidc/.well-known/openid-configuration",
            "public, max-age=300",
        ),
        ("/oidc/.well-known/jwks.json", "public, max-age=20"),
    ] {
        let answer = op.get(path).await;
        assert_eq!(answer.header("cache-control"), Some(expected), "{path}");
    }
}
