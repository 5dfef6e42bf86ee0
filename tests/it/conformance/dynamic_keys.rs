//! The modules of `oidcc-dynamic-certification-test-plan` in which a client proves who it is by a
//! key of its own (`private_key_jwt`), which it publishes for the provider to fetch.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKeyId, PrivateSigningKey as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::common_path::check_token_response;
use super::suite::FIRST;
use super::{Delivery, Suite};
use crate::support::Answer;

/// A relying party that signs, with the JOSE of the `openidconnect` crate.
struct Signer {
    address: SocketAddr,
    /// The key set that it publishes.
    published: Arc<Mutex<String>>,
    assertions: AtomicU32,
}

/// A key, and its name in the key set.
struct Key {
    name: &'static str,
    key: CoreEdDsaPrivateSigningKey,
}

impl Key {
    /// The Ed25519 key of 32 times `seed`.
    fn new(name: &'static str, seed: u8) -> Self {
        // PKCS #8 (RFC 8410 §7), up to the 32 bytes of the key.
        let mut der = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
        der.extend([seed; 32]);
        let der = STANDARD.encode(der);
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n");
        let kid = JsonWebKeyId::new(name.to_owned());
        let key = CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(kid));
        Self {
            name,
            key: key.expect("a key"),
        }
    }
}

impl Signer {
    /// One that publishes `key`.
    async fn publishing(key: &Key) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let signer = Self {
            address: listener.local_addr().expect("it is bound"),
            published: Arc::default(),
            assertions: AtomicU32::new(0),
        };
        signer.publish(key);
        let published = Arc::clone(&signer.published);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let body = published.lock().unwrap_or_else(PoisonError::into_inner);
                let body = body.clone();
                tokio::spawn(answer(stream, body));
            }
        });
        signer
    }

    /// Puts `key` in the place of what was published.
    fn publish(&self, key: &Key) {
        let set = json!({ "keys": [key.key.as_verification_key()] });
        let mut published = self.published.lock();
        let published = published.as_mut().expect("nobody panics with it");
        **published = set.to_string();
    }

    /// A provider at which [`FIRST`] is registered with the address of the keys.
    async fn provider(&self) -> Suite {
        let registration = json!({
            "authentication": "private_key_jwt",
            "secret_hash": Value::Null,
            "jwks_uri": format!("http://{}/jwks", self.address),
        });
        let suite = Suite::start_registered(Delivery::Query, &registration).await;
        let method = "private_key_jwt";
        assert!(suite.lists("token_endpoint_auth_methods_supported", method));
        suite
    }

    /// A token request with an assertion for `audience`, signed by `key`.
    async fn post(
        &self,
        suite: &Suite,
        (key, audience): (&Key, &str),
        form: &[(&str, &str)],
    ) -> Answer {
        let n = self.assertions.fetch_add(1, Ordering::Relaxed);
        let header = json!({ "alg": "EdDSA", "kid": key.name });
        let claims = json!({
            "iss": FIRST.id, "sub": FIRST.id, "aud": audience, "jti": format!("assertion-{n}"),
            "iat": suite.now(), "exp": suite.now() + 60,
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let algorithm = CoreJwsSigningAlgorithm::EdDsa;
        let signature = key.key.sign(&algorithm, signed.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.expect("it signs"));
        let assertion = format!("{signed}.{signature}");
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .append_pair("client_assertion_type", kind)
            .append_pair("client_assertion", &assertion)
            .finish();
        let request = suite.edge().http.post(suite.endpoint("token_endpoint"));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        suite.edge().send(request.body(body)).await
    }

    /// The form that redeems `code`.
    fn redeeming(code: &str) -> [(&'static str, &str); 3] {
        [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", FIRST.redirect_uri),
        ]
    }
}

/// Answers one request, whatever it is, with the key set.
async fn answer(mut stream: TcpStream, body: String) {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(n) if n > 0 => head.extend_from_slice(&buffer[..n]),
            _ => return,
        }
    }
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    // Whoever asked may have gone.
    drop(stream.write_all(answer.as_bytes()).await);
}

/// The common path with an assertion whose key is found at the registered address; one by a key
/// that is not published there is refused.
#[tokio::test]
async fn oidcc_registration_jwks_uri() {
    let (key, stranger) = (Key::new("first", 1), Key::new("first", 2));
    let signer = Signer::publishing(&key).await;
    let suite = signer.provider().await;
    let endpoint = suite.endpoint("token_endpoint");
    let request = suite.request();
    let landing = suite.user().follow(&request).await;
    let code = suite.code(landing, &request);
    let form = Signer::redeeming(&code);

    let refused = signer.post(&suite, (&stranger, endpoint), &form).await;
    let answer = signer.post(&suite, (&key, endpoint), &form).await;

    refused.assert_refused(401, "invalid_client");
    suite.redeemed(code.clone(), &answer, &request).await;
}

/// A client publishes another key; a minute later a refresh that the new one signs succeeds, and
/// one by the old key does not.
#[tokio::test]
async fn oidcc_refresh_token_rp_key_rotation() {
    let (old, new) = (Key::new("old", 1), Key::new("new", 2));
    let signer = Signer::publishing(&old).await;
    let suite = signer.provider().await;
    let issuer = suite.issuer();
    let scope = "openid offline_access";
    let request = suite.request().with("scope", scope);
    let request = request.with("prompt", "consent");
    let landing = suite.user().follow(&request).await;
    let code = suite.code(landing, &request);
    let form = Signer::redeeming(&code);
    let tokens = check_token_response(&signer.post(&suite, (&old, issuer), &form).await);
    let refresh_token = tokens["refresh_token"].as_str().expect("a refresh token");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token),
    ];

    signer.publish(&new);
    suite.let_pass(60);

    let answer = signer.post(&suite, (&new, issuer), &form).await;
    let by_the_old = signer.post(&suite, (&old, issuer), &form).await;
    check_token_response(&answer);
    by_the_old.assert_refused(401, "invalid_client");
}
