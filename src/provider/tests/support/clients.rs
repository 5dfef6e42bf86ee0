//! The clients of these tests.

use argon2::password_hash::SaltString;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};

use super::SERVICE_SECRET;
use crate::model::{
    Client, ClientAuthentication, ClientId, ConsentPolicy, GrantType, RedirectUri, Scope,
    SecretHash,
};
use crate::secret::Secret;

/// argon2id of `secret`, with the least cost there is.
pub(crate) fn slow_hash(secret: &str) -> SecretHash {
    let params = Params::new(8, 1, 1, None).unwrap();
    let salt = SaltString::from_b64("c2FsdHNhbHRzYWx0").unwrap();
    let hash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password(secret.as_bytes(), &salt)
        .unwrap();
    SecretHash::parse(&hash.to_string()).unwrap()
}

pub(super) fn all() -> Vec<Client> {
    let service = SecretHash::Sha256(Secret::new(SERVICE_SECRET).digest());
    let poster = slow_hash("poster-secret");
    vec![
        client(
            "app",
            ClientAuthentication::None,
            "https://app.example/callback",
        ),
        client(
            "service",
            ClientAuthentication::SecretBasic(service),
            "https://service.example/callback?tenant=1",
        ),
        client(
            "poster",
            ClientAuthentication::SecretPost(poster),
            "https://poster.example/callback",
        ),
        client("mobile", ClientAuthentication::None, "cellsauth://callback"),
        Client {
            grant_types: vec![GrantType::RefreshToken],
            ..client("idle", ClientAuthentication::None, "https://idle.example/")
        },
    ]
}

/// A client that may do everything.
pub(crate) fn client(id: &str, authentication: ClientAuthentication, redirect_uri: &str) -> Client {
    Client {
        name: format!("The {id}"),
        redirect_uris: vec![RedirectUri::register(redirect_uri).unwrap()],
        post_logout_redirect_uris: vec![
            RedirectUri::register(&format!("https://{id}.example/signed-out")).unwrap(),
        ],
        scope: Scope::parse(
            "openid profile email groups roles offline_access demo.read demo.write",
        )
        .unwrap(),
        grant_types: GrantType::ALL.to_vec(),
        audience: vec!["https://api.example".to_owned()],
        consent: ConsentPolicy::Implicit,
        ..Client::new(ClientId::parse(id).unwrap(), authentication)
    }
}
