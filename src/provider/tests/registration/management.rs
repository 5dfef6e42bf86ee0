//! A client reads, replaces and removes what it registered (RFC 7592 §2).

use http::Method;
use serde_json::{Value, json};

use super::{ENDPOINT, app, assert_error, management, open, register, send};
use crate::provider::tests::support::Authorize;

/// RFC 7592 §2.1.
#[tokio::test]
async fn a_client_reads_its_own_registration_and_nobody_elses() {
    let op = open().await;
    let registered = register(&op, &app()).await;
    let (path, token) = management(&registered);
    let (other_path, other_token) = management(&register(&op, &app()).await);

    let answer = send(&op, Method::GET, &path, Some(&token), "").await;

    assert_eq!(answer.status, 200, "{answer:?}");
    let mut expected = registered.json();
    expected.as_object_mut().unwrap().remove("client_secret");
    assert_eq!(answer.json(), expected);
    for (path, token) in [
        (path.as_str(), Some(other_token.as_str())),
        (&other_path, Some(&token)),
        (ENDPOINT, Some(&token)),
        ("/oidc/oauth2/register?client_id=app", Some(&token)),
        ("/oidc/oauth2/register?client_id=nobody", Some(&token)),
    ] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let answer = send(&op, method, path, token, &app().to_string()).await;
            answer.assert_challenged(401, Some("invalid_token"));
        }
    }
    let nobody = send(&op, Method::GET, &path, None, "").await;
    nobody.assert_challenged(401, None);
}

/// RFC 7592 §2.2.
#[tokio::test]
async fn a_client_replaces_what_it_registered() {
    let op = open().await;
    let registered = register(&op, &app()).await;
    let (path, token) = management(&registered);
    let id = registered.json()["client_id"].clone();
    let change = json!({
        "client_id": id, "redirect_uris": ["https://new.example/cb"],
        "client_secret": registered.json()["client_secret"],
    });

    let answer = send(&op, Method::PUT, &path, Some(&token), &change.to_string()).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        answer.json()["redirect_uris"],
        json!(["https://new.example/cb"])
    );
    assert_eq!(answer.json().get("client_name"), None);
    let request = Authorize::app().with("client_id", id.as_str().unwrap());
    let new = request
        .clone()
        .with("redirect_uri", "https://new.example/cb");
    let old = request.with("redirect_uri", "https://grafana.example/login");
    new.send(&op).await.assert_sign_in_page();
    old.send(&op).await.assert_page(400, "not known here");
}

/// RFC 7592 §2.2.
#[tokio::test]
async fn a_replacement_that_says_what_it_must_not_is_refused() {
    let op = open().await;
    let registered = register(&op, &app()).await;
    let (path, token) = management(&registered);
    let good = json!({
        "client_id": registered.json()["client_id"],
        "redirect_uris": ["https://new.example/cb"],
    });
    for (name, value) in [
        ("client_id", json!("another")),
        ("client_id", Value::Null),
        ("client_secret", json!("chosen by me")),
        ("registration_access_token", json!("x")),
        ("registration_client_uri", json!("https://op.example/")),
        ("client_secret_expires_at", json!(0)),
        ("client_id_issued_at", json!(0)),
        ("scope", json!("admin")),
    ] {
        let mut change = good.clone();
        change[name] = value;
        let answer = send(&op, Method::PUT, &path, Some(&token), &change.to_string()).await;
        assert_error(&answer, 400, "invalid_client_metadata");
    }
    let unchanged = send(&op, Method::GET, &path, Some(&token), "").await;
    assert_eq!(unchanged.json()["client_name"], "Grafana");
}

/// RFC 7592 §2.3.
#[tokio::test]
async fn a_client_that_removes_itself_is_gone_at_once() {
    let op = open().await;
    let registered = register(&op, &app()).await;
    let (path, token) = management(&registered);
    let id = registered.json()["client_id"].as_str().unwrap().to_owned();
    let request = Authorize::app()
        .with("client_id", &id)
        .with("redirect_uri", "https://grafana.example/login");
    request.send(&op).await.assert_sign_in_page();

    let answer = send(&op, Method::DELETE, &path, Some(&token), "").await;

    assert_eq!(answer.status, 204, "{answer:?}");
    request.send(&op).await.assert_page(400, "not known here");
    let again = send(&op, Method::GET, &path, Some(&token), "").await;
    again.assert_challenged(401, Some("invalid_token"));
}
