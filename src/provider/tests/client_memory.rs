//! What is known of clients stays known when a new configuration comes into force.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use serde_json::json;

use super::support::clients::client;
use super::support::{Answer, Ground, ISSUER, START, TestProvider, basic, settings};
use crate::jose::{SigningAlgorithm, SigningKey};
use crate::model::{ClientAuthentication, ClientEndpoint, ClientKeys, KeySource, Reach};
use crate::outbound::{DocumentFetcher, OutboundError};
use crate::provider::{RegistrationAccess, Settings};

/// The server of a client, which may be down.
#[derive(Debug)]
struct Server(Mutex<Result<String, OutboundError>>);

#[async_trait]
impl DocumentFetcher for Server {
    async fn fetch(&self, _: &ClientEndpoint, _: Reach) -> Result<String, OutboundError> {
        self.0.lock().unwrap().clone()
    }
}

/// A provider that goes on from `op` under the configuration that `change` makes.
fn reload(op: &TestProvider, change: impl FnOnce(&mut Settings)) -> TestProvider {
    let ground = Ground {
        store: op.store.clone(),
        clock: Arc::clone(&op.clock),
        users: Arc::clone(&op.users),
        clients: Arc::clone(&op.provider.parts.clients),
    };
    let mut settings = settings();
    change(&mut settings);
    TestProvider::over(ground, settings, u32::MAX)
}

#[tokio::test]
async fn keys_that_cannot_be_fetched_any_more_are_still_known() {
    let key = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
    let keys = json!({"keys": [key.public_jwk()]}).to_string();
    let server = Arc::new(Server(Mutex::new(Ok(keys))));
    let with_signer = |settings: &mut Settings| {
        let uri = ClientEndpoint::register("https://signer.example/jwks").unwrap();
        let keys = ClientKeys {
            source: KeySource::Uri(uri, Reach::Public),
            algorithm: None,
        };
        settings.clients.push(client(
            "signer",
            ClientAuthentication::PrivateKeyJwt(keys),
            "https://signer.example/callback",
        ));
    };
    let ask = async |op: &TestProvider, jti: &str| -> Answer {
        let claims = json!({
            "iss": "signer", "sub": "signer", "aud": ISSUER, "jti": jti,
            "exp": START.as_secs() + 3000,
        });
        let assertion = key.sign_jwt("JWT", &claims).unwrap();
        let form = [
            ("grant_type", "client_credentials"),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("client_assertion", assertion.as_str()),
        ];
        op.post("/oidc/oauth2/token", None, &form).await
    };
    let op = TestProvider::start_in(Arc::<Server>::clone(&server), with_signer).await;
    assert_eq!(ask(&op, "1").await.status, 200);

    *server.0.lock().unwrap() = Err(OutboundError::Connect);
    let op = reload(&op, with_signer);

    assert_eq!(ask(&op, "2").await.status, 200);
    op.advance_s(600);
    assert_eq!(ask(&op, "3").await.status, 200, "old, and not to be had");
}

#[tokio::test]
async fn who_failed_too_often_or_registered_too_much_goes_on_waiting() {
    let limited = |settings: &mut Settings| {
        settings.client_authentication.failures_per_address = 2;
        settings.client_authentication.address_window = Duration::from_secs(600);
        settings.registration.access = RegistrationAccess::Open;
        settings.registration.per_hour = 2;
    };
    let guess = async |op: &TestProvider| {
        let header = basic("service", "wrong");
        op.post("/oidc/oauth2/token", Some(&header), &[("grant_type", "x")])
            .await
    };
    let register = async |op: &TestProvider| {
        let request = http::Request::builder()
            .method(Method::POST)
            .uri("/oidc/oauth2/register")
            .body("{}".into());
        op.send(request.unwrap()).await
    };
    let op = TestProvider::start_with(limited).await;
    guess(&op).await.assert_refused(401, "invalid_client");
    assert_eq!(register(&op).await.status, 400);

    let op = reload(&op, limited);
    guess(&op).await.assert_refused(401, "invalid_client");
    assert_eq!(register(&op).await.status, 400);
    let op = reload(&op, limited);

    guess(&op)
        .await
        .assert_refused(429, "temporarily_unavailable");
    assert_eq!(register(&op).await.status, 429);
    // The operator may let them go on earlier.
    let op = reload(&op, |settings| {
        limited(settings);
        settings.client_authentication.failures_per_address = 3;
    });
    guess(&op).await.assert_refused(401, "invalid_client");
}
