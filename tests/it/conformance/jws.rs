//! Signatures checked by an implementation of JOSE that is not the product's: that of the
//! `openidconnect` crate, on the pure Rust crates `rsa`, `p256` and `ed25519-dalek`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreJsonWebKey, CoreJwsSigningAlgorithm};
use openidconnect::{
    AccessToken, AccessTokenHash, JsonWebKey as _, JsonWebKeyId, PrivateSigningKey as _,
};
use serde_json::{Value, json};

/// A published key set.
#[derive(Debug)]
pub(super) struct Keys(Vec<CoreJsonWebKey>);

/// A token whose signature is good.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) header: Value,
    pub(super) claims: Value,
    algorithm: CoreJwsSigningAlgorithm,
    key: CoreJsonWebKey,
}

impl Keys {
    /// Reads a key set: every key has a name of its own, and nothing in it is private.
    #[track_caller]
    pub(super) fn parse(document: &Value) -> Self {
        let keys = document["keys"].as_array().expect("keys").clone();
        assert!(!keys.is_empty(), "{document:#}");
        let mut names: Vec<_> = keys.iter().map(|key| key["kid"].as_str()).collect();
        assert!(
            names.iter().all(|name| name.is_some_and(|n| !n.is_empty())),
            "{document:#}"
        );
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), keys.len(), "a name twice: {document:#}");
        for key in &keys {
            for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
                assert!(key.get(private).is_none(), "{private} in {document:#}");
            }
        }
        let read = |key| serde_json::from_value(key).expect("a key of a known kind");
        Self(keys.into_iter().map(read).collect())
    }

    /// The names of the keys.
    pub(super) fn names(&self) -> Vec<&str> {
        let names = self.0.iter().filter_map(|key| key.key_id());
        names.map(|name| name.as_str()).collect()
    }

    /// Verifies `token` under the published key that its header names.
    #[track_caller]
    pub(super) fn verify(&self, token: &str) -> Verified {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts[..] else {
            panic!("not a compact JWS: {token}");
        };
        let signed = format!("{header}.{claims}");
        let (header, claims) = (decoded(header), decoded(claims));
        let kid = header["kid"].as_str().expect("the header names its key");
        let key = self
            .0
            .iter()
            .find(|key| key.key_id().is_some_and(|id| id.as_str() == kid))
            .unwrap_or_else(|| panic!("{kid} is not published"))
            .clone();
        let algorithm: CoreJwsSigningAlgorithm =
            serde_json::from_value(header["alg"].clone()).expect("an algorithm");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        key.verify_signature(&algorithm, signed.as_bytes(), &signature)
            .unwrap_or_else(|error| panic!("{error}: {header}"));
        Verified {
            header,
            claims,
            algorithm,
            key,
        }
    }
}

impl Verified {
    /// What `at_hash` has to be for `access_token` (OpenID Connect Core §3.1.3.6).
    pub(super) fn hash_of(&self, access_token: &str) -> String {
        let token = AccessToken::new(access_token.to_owned());
        AccessTokenHash::from_token(&token, &self.algorithm, &self.key)
            .expect("the algorithm has a hash")
            .as_str()
            .to_owned()
    }
}

/// A key that a relying party signs with, by the same implementation: the example of RFC 8410
/// §10.3.
pub(super) struct Signer(CoreEdDsaPrivateSigningKey);

const SIGNER: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";

impl Signer {
    pub(super) fn new() -> Self {
        let name = JsonWebKeyId::new("signer".to_owned());
        let key = CoreEdDsaPrivateSigningKey::from_ed25519_pem(SIGNER, Some(name));
        Self(key.expect("a key"))
    }

    /// What the relying party registers as `jwks`.
    pub(super) fn key_set(&self) -> Value {
        json!({ "keys": [self.0.as_verification_key()] })
    }

    /// What proves at `now` that `client_id` sends it (OpenID Connect Core §9), made for
    /// `audience`.
    pub(super) fn assertion(&self, client_id: &str, audience: &str, now: i64) -> String {
        let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({ "alg": "EdDSA", "kid": "signer" });
        let claims = json!({
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "jti": format!("{audience} {now}"),
            "iat": now,
            "exp": now + 60,
        });
        let signed = format!("{}.{}", encode(header), encode(claims));
        let algorithm = CoreJwsSigningAlgorithm::EdDsa;
        let signature = self.0.sign(&algorithm, signed.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.expect("it signs"));
        format!("{signed}.{signature}")
    }
}

fn decoded(part: &str) -> Value {
    let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}
