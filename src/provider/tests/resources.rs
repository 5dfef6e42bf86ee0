//! Resource indicators (RFC 8707).

use serde_json::json;

use super::support::{Answer, Authorize, SERVICE_SECRET, TestProvider, Tokens, basic, read_jwt};
use crate::model::Resource;

const FILES: &str = "https://files.example/";
const MAIL: &str = "urn:example:mail";
const OTHER: &str = "https://other.example/";

/// Every client may reach the files and the mail besides its usual audience.
async fn start() -> TestProvider {
    TestProvider::start_with(|settings| {
        for client in &mut settings.clients {
            client.resources = [FILES, MAIL].map(|r| Resource::parse(r).unwrap()).to_vec();
        }
    })
    .await
}

#[track_caller]
fn audience(answer: &Answer) -> serde_json::Value {
    read_jwt(Tokens::of(answer).access_token()).1["aud"].clone()
}

/// The tokens for a grant of `resources`.
async fn granted(op: &TestProvider, resources: &[&str]) -> Answer {
    let request = Authorize::app().with("scope", "openid offline_access");
    let request = resources.iter().fold(request, |request, resource| {
        request.and("resource", resource)
    });
    let code = request.code(op, "alice").await;
    op.exchange(&code).await
}

/// §2.2: the access token is for the resources that were asked for.
#[tokio::test]
async fn the_audience_is_what_was_asked_for() {
    let op = start().await;

    for (row, asked, aud) in [
        ("nothing", &[][..], json!("https://api.example")),
        ("one", &[FILES], json!(FILES)),
        (
            "the usual one",
            &["https://api.example"],
            json!("https://api.example"),
        ),
        ("two", &[FILES, MAIL], json!([FILES, MAIL])),
        ("one twice", &[MAIL, MAIL], json!(MAIL)),
    ] {
        assert_eq!(audience(&granted(&op, asked).await), aud, "{row}");
    }
}

/// §2: `invalid_target`, told to the client.
#[tokio::test]
async fn a_resource_that_is_not_the_clients_is_refused_at_authorization() {
    let op = start().await;

    for resource in [OTHER, "/files", "https://files.example/#top", "files"] {
        Authorize::app()
            .with("resource", FILES)
            .and("resource", resource)
            .send(&op)
            .await
            .assert_sent_back("invalid_target");
    }
}

/// §2.2: less than was granted, but never more; and the grant stays what it was.
#[tokio::test]
async fn a_token_request_narrows_the_audience_and_never_widens_it() {
    let op = start().await;
    let first = Tokens::of(&granted(&op, &[FILES, MAIL]).await);
    let token = first.refresh_token().to_owned();

    for resource in [OTHER, "https://api.example", "mail"] {
        op.refresh_with(&token, &[("resource", resource)])
            .await
            .assert_refused(400, "invalid_target");
    }
    let narrow = op.refresh_with(&token, &[("resource", MAIL)]).await;
    let wide = op.refresh(Tokens::of(&narrow).refresh_token()).await;

    assert_eq!(audience(&narrow), json!(MAIL));
    assert_eq!(audience(&wide), json!([FILES, MAIL]));
}

#[tokio::test]
async fn a_code_is_exchanged_for_a_token_of_less() {
    let op = start().await;
    let request = Authorize::app()
        .with("resource", FILES)
        .and("resource", MAIL);
    let code = request.code(&op, "alice").await;
    let mut form = code.form();
    form.extend([("client_id", "app"), ("resource", FILES)]);

    let answer = op.post("/oidc/oauth2/token", None, &form).await;

    assert_eq!(audience(&answer), json!(FILES));
}

/// A grant that was made without a resource is one for the usual audience.
#[tokio::test]
async fn a_grant_for_nothing_in_particular_is_not_widened() {
    let op = start().await;
    let tokens = Tokens::of(&granted(&op, &[]).await);

    op.refresh_with(tokens.refresh_token(), &[("resource", FILES)])
        .await
        .assert_refused(400, "invalid_target");
}

#[tokio::test]
async fn a_client_asks_for_itself_at_its_own_resources_only() {
    let op = start().await;
    let service = basic("service", SERVICE_SECRET);
    let ask = async |resources: &[&str]| {
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend(resources.iter().map(|resource| ("resource", *resource)));
        op.post("/oidc/oauth2/token", Some(&service), &form).await
    };

    assert_eq!(audience(&ask(&[FILES, MAIL]).await), json!([FILES, MAIL]));
    ask(&[FILES, OTHER])
        .await
        .assert_refused(400, "invalid_target");
}

/// What waits in the sign-in page is the whole request.
#[tokio::test]
async fn resources_survive_the_sign_in_page() {
    let op = start().await;
    let mut browser = op.browser();
    let request = Authorize::app()
        .with("resource", FILES)
        .and("resource", MAIL);
    let page = browser.get(&request.target()).await;
    browser.submit(&page, "alice", "wrong").await;

    let code = request.code_in(&mut browser, "alice").await;

    assert_eq!(audience(&op.exchange(&code).await), json!([FILES, MAIL]));
}
