//! Clients that register themselves (RFC 7591) and manage it (RFC 7592).

mod admission;
mod management;
mod metadata;
mod sector;

use http::{Method, header};
use serde_json::{Value, json};

use super::support::{Answer, Authorize, TestProvider, basic};
use crate::provider::RegistrationAccess;

const ENDPOINT: &str = "/oidc/oauth2/register";

async fn open() -> TestProvider {
    with_access(RegistrationAccess::Open).await
}

async fn with_access(access: RegistrationAccess) -> TestProvider {
    TestProvider::start_with(|settings| settings.registration.access = access).await
}

async fn send(
    op: &TestProvider,
    method: Method,
    target: &str,
    token: Option<&str>,
    body: &str,
) -> Answer {
    let mut request = http::Request::builder()
        .method(method)
        .uri(target)
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    op.send(request.body(body.to_owned().into()).unwrap()).await
}

async fn register(op: &TestProvider, metadata: &Value) -> Answer {
    send(op, Method::POST, ENDPOINT, None, &metadata.to_string()).await
}

fn app() -> Value {
    json!({
        "client_name": "Grafana",
        "redirect_uris": ["https://grafana.example/login"],
        "grant_types": ["authorization_code", "refresh_token"],
    })
}

/// Where and with what the client of an answer is managed.
fn management(answer: &Answer) -> (String, String) {
    let body = answer.json();
    let uri = body["registration_client_uri"].as_str().unwrap();
    let path = uri.strip_prefix("https://op.example").unwrap();
    let token = body["registration_access_token"].as_str().unwrap();
    (path.to_owned(), token.to_owned())
}

#[track_caller]
fn assert_error(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.json()["error"], code, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

/// RFC 7591 §3.2.1: 201, with everything that is registered, defaults included.
#[tokio::test]
async fn a_client_that_registers_itself_is_told_everything_that_is_registered() {
    let op = open().await;

    let answer = register(&op, &app()).await;

    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = answer.json();
    assert_eq!(body["client_secret"].as_str().unwrap().len(), 43);
    assert_eq!(body["client_secret_expires_at"], 0);
    assert_eq!(body["client_id_issued_at"], op.now());
    for (name, expected) in [
        ("client_name", json!("Grafana")),
        ("redirect_uris", json!(["https://grafana.example/login"])),
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("response_types", json!(["code"])),
        (
            "grant_types",
            json!(["authorization_code", "refresh_token"]),
        ),
        ("application_type", json!("web")),
        ("subject_type", json!("public")),
        ("id_token_signed_response_alg", json!("RS256")),
        ("scope", json!("email offline_access openid profile")),
    ] {
        assert_eq!(body[name], expected, "{name}");
    }
}

#[tokio::test]
async fn a_client_that_registered_itself_signs_its_users_in() {
    let op = open().await;
    let body = register(
        &op,
        &json!({
            "redirect_uris": ["https://grafana.example/login"], "scope": "openid"
        }),
    )
    .await
    .json();
    let id = body["client_id"].as_str().unwrap();

    let request = Authorize::app()
        .with("client_id", id)
        .with("redirect_uri", "https://grafana.example/login");
    let page = request.send(&op).await;

    page.assert_sign_in_page();
    let secret = body["client_secret"].as_str().unwrap();
    // The secret is good: what is refused is the code.
    op.post(
        "/oidc/oauth2/token",
        Some(&basic(id, secret)),
        &[
            ("grant_type", "authorization_code"),
            ("code", "x"),
            ("redirect_uri", "https://grafana.example/login"),
        ],
    )
    .await
    .assert_refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_public_client_gets_no_secret() {
    let op = open().await;

    let answer = register(
        &op,
        &json!({
            "redirect_uris": ["http://127.0.0.1/cb", "com.example.app:/cb"],
            "application_type": "native", "token_endpoint_auth_method": "none",
        }),
    )
    .await;

    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.json().get("client_secret"), None);
    assert_eq!(answer.json().get("client_secret_expires_at"), None);
    let id = answer.json()["client_id"].as_str().unwrap().to_owned();
    Authorize::app()
        .with("client_id", &id)
        .with("redirect_uri", "http://127.0.0.1:51004/cb")
        .send(&op)
        .await
        .assert_sign_in_page();
}

#[tokio::test]
async fn there_is_no_registration_unless_it_is_on() {
    let op = TestProvider::start().await;

    assert_eq!(register(&op, &app()).await.status, 404);
    let document = op
        .get("/oidc/.well-known/openid-configuration")
        .await
        .json();
    assert_eq!(document.get("registration_endpoint"), None);

    let op = open().await;
    let document = op
        .get("/oidc/.well-known/openid-configuration")
        .await
        .json();
    let expected = "https://op.example/oidc/oauth2/register";
    assert_eq!(document["registration_endpoint"], expected);
}
