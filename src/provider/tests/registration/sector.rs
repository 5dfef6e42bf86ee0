//! Clients whose users have names of their own there (OpenID Connect Core §8, Registration §5).

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::StatusCode;
use serde_json::{Value, json};

use super::{app, assert_error, management, register, send};
use crate::model::{ClientEndpoint, Reach};
use crate::outbound::{DocumentFetcher, OutboundError};
use crate::provider::tests::support::{Answer, Authorize, TestProvider, Tokens, basic, read_jwt};
use crate::provider::{RegistrationAccess, Settings};

const LIST: &str = "https://sector.example/redirect-uris.json";

/// A web that has one document everywhere, and remembers who came for it.
#[derive(Debug)]
struct Web {
    document: Result<String, OutboundError>,
    fetched: Mutex<Vec<(String, Reach)>>,
}

#[async_trait]
impl DocumentFetcher for Web {
    async fn fetch(&self, from: &ClientEndpoint, reach: Reach) -> Result<String, OutboundError> {
        let call = (from.as_str().to_owned(), reach);
        self.fetched.lock().unwrap().push(call);
        self.document.clone()
    }
}

/// An open provider to which the web has `document`.
async fn op_with(document: Result<&str, OutboundError>) -> (TestProvider, Arc<Web>) {
    let web = Arc::new(Web {
        document: document.map(str::to_owned),
        fetched: Mutex::default(),
    });
    let open = |settings: &mut Settings| settings.registration.access = RegistrationAccess::Open;
    let op = TestProvider::start_in(Arc::<Web>::clone(&web), open).await;
    (op, web)
}

/// The application, of the sector whose list is at [`LIST`].
fn of_sector() -> Value {
    let mut metadata = app();
    metadata["subject_type"] = json!("pairwise");
    metadata["sector_identifier_uri"] = json!(LIST);
    metadata
}

/// `sub` of alice, as the client of `registered` is told it.
async fn sub_at(op: &TestProvider, registered: &Answer) -> String {
    let body = registered.json();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    let (id, secret) = (text("client_id"), text("client_secret"));
    let request = Authorize::app()
        .with("client_id", &id)
        .with("redirect_uri", body["redirect_uris"][0].as_str().unwrap());
    let mut browser = op.browser();
    let page = browser.get(&request.target()).await;
    let page = browser.sign_in(&page, "alice").await;
    page.assert_consent_page();
    let answer = browser.decide(&page, "allow").await;
    let code = request.code_of(&answer);
    let mut form = code.form();
    form.push(("client_id", &id));
    let authorization = basic(&id, &secret);
    let answer = op
        .post("/oidc/oauth2/token", Some(&authorization), &form)
        .await;
    let tokens = Tokens::of(&answer);
    let (_, claims) = read_jwt(tokens.id_token());
    claims["sub"].as_str().unwrap().to_owned()
}

/// OpenID Connect Registration §5.
#[tokio::test]
async fn a_client_in_the_list_of_its_sector_is_told_other_subjects() {
    let list = r#"["https://other.example/", "https://grafana.example/login"]"#;
    let (op, web) = op_with(Ok(list)).await;

    let of_sector = register(&op, &of_sector()).await;

    assert_eq!(of_sector.status, 201, "{of_sector:?}");
    assert_eq!(of_sector.json()["subject_type"], "pairwise");
    assert_eq!(of_sector.json()["sector_identifier_uri"], LIST);
    let fetched = web.fetched.lock().unwrap().clone();
    assert_eq!(fetched, [(LIST.to_owned(), Reach::Public)]);
    let public = register(&op, &app()).await;
    assert_ne!(sub_at(&op, &of_sector).await, sub_at(&op, &public).await);
}

#[tokio::test]
async fn clients_of_one_sector_are_told_the_same_subjects() {
    let (op, _) = op_with(Ok(r#"["https://grafana.example/login"]"#)).await;
    let first = register(&op, &of_sector()).await;
    let second = register(&op, &of_sector()).await;
    // Without a list, the sector is the host of the redirect URIs.
    let mut metadata = app();
    metadata["subject_type"] = json!("pairwise");
    let other = register(&op, &metadata).await;

    let sub = sub_at(&op, &first).await;

    assert_eq!(sub, sub_at(&op, &second).await);
    assert_ne!(sub, sub_at(&op, &other).await);
}

#[tokio::test]
async fn a_client_outside_the_list_of_its_sector_is_refused() {
    for (row, document) in [
        ("another", Ok(r#"["https://other.example/login"]"#)),
        ("a longer one", Ok(r#"["https://grafana.example/login/"]"#)),
        ("none", Ok("[]")),
        (
            "an object",
            Ok(r#"{"redirect_uris": ["https://grafana.example/login"]}"#),
        ),
        ("no JSON", Ok("https://grafana.example/login")),
        (
            "not there",
            Err(OutboundError::Status(StatusCode::NOT_FOUND)),
        ),
        ("inside our network", Err(OutboundError::NotPublic)),
    ] {
        let (op, _) = op_with(document).await;

        let answer = register(&op, &of_sector()).await;

        assert_eq!(answer.status, 400, "{row}: {answer:?}");
        assert_error(&answer, 400, "invalid_client_metadata");
        assert!(!answer.body.contains("404"), "{row}: {answer:?}");
    }
}

/// The list is asked for whenever it is named (Registration §5: "MUST"), also by a replacement.
#[tokio::test]
async fn a_replacement_is_held_to_the_list_too() {
    let (op, web) = op_with(Ok(r#"["https://grafana.example/login"]"#)).await;
    let registered = register(&op, &of_sector()).await;
    let (path, token) = management(&registered);
    let mut change = of_sector();
    change["client_id"] = registered.json()["client_id"].clone();
    change["subject_type"] = json!("public");
    change["redirect_uris"] = json!(["https://elsewhere.example/"]);

    let answer = send(
        &op,
        http::Method::PUT,
        &path,
        Some(&token),
        &change.to_string(),
    )
    .await;

    assert_error(&answer, 400, "invalid_client_metadata");
    assert_eq!(web.fetched.lock().unwrap().len(), 2);
}

/// OpenID Connect Core §8.1.
#[tokio::test]
async fn a_client_without_one_sector_is_not_pairwise() {
    let (op, web) = op_with(Ok("[]")).await;
    for (row, name, value) in [
        (
            "two hosts",
            "redirect_uris",
            json!(["https://a.example/", "https://b.example/"]),
        ),
        (
            "this machine",
            "redirect_uris",
            json!(["http://127.0.0.1/cb"]),
        ),
        (
            "no TLS",
            "sector_identifier_uri",
            json!("http://127.0.0.1/list.json"),
        ),
        (
            "no address",
            "sector_identifier_uri",
            json!("sector.example"),
        ),
        (
            "a fragment",
            "sector_identifier_uri",
            json!("https://sector.example/#x"),
        ),
        (
            "a user",
            "sector_identifier_uri",
            json!("https://u@sector.example/"),
        ),
        ("no type", "subject_type", json!("private")),
    ] {
        let mut metadata = app();
        metadata["subject_type"] = json!("pairwise");
        metadata[name] = value;

        let answer = register(&op, &metadata).await;

        assert_eq!(answer.status, 400, "{row}: {answer:?}");
        assert_error(&answer, 400, "invalid_client_metadata");
    }
    assert!(web.fetched.lock().unwrap().is_empty());
}
