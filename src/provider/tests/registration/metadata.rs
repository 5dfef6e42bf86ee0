//! What a client may say about itself (RFC 7591 §2).

use http::Method;
use serde_json::{Value, json};

use super::{ENDPOINT, app, assert_error, management, open, register, send, with_access};
use crate::provider::RegistrationAccess;
use crate::secret::Secret;

/// RFC 7591 §2: what is not understood is ignored, and not echoed; nobody gives itself audiences,
/// spares its users the question, or exceeds the configured scope.
#[tokio::test]
async fn what_a_client_may_not_say_is_not_registered() {
    let op = open().await;
    let mut metadata = app();
    metadata["scope"] = json!("openid admin");
    metadata["audience"] = json!(["https://bank.example"]);
    metadata["consent"] = json!("never");
    metadata["unheard_of"] = json!({"x": 1});

    let body = register(&op, &metadata).await.json();

    assert_eq!(body["scope"], "openid");
    for name in ["audience", "consent", "unheard_of"] {
        assert_eq!(body.get(name), None, "{name}");
    }
}

#[tokio::test]
async fn redirect_uris_that_lead_astray_are_refused() {
    let op = open().await;
    for (application_type, uri) in [
        ("web", "http://app.example/cb"),
        ("web", "https://*.example/cb"),
        ("web", "https://app.example/cb#x"),
        ("web", "https://app.example/cb#"),
        ("web", "https://user@app.example/cb"),
        ("web", "javascript:alert(1)"),
        ("web", "JavaScript:alert(1)"),
        ("web", "data:text/html,x"),
        ("web", "vbscript:x"),
        ("web", "file:///etc/passwd"),
        ("web", "/cb"),
        ("web", ""),
        ("web", "https://app.example/\\evil"),
        ("web", "com.example.app:/cb"),
        ("web", "http://localhost:[1-9]/cb"),
        ("native", "http://app.example/cb"),
        ("native", "cellsauth://cb"),
        ("native", "javascript:alert(1)"),
        ("native", "mailto:x@example.com"),
    ] {
        let metadata = json!({"redirect_uris": [uri], "application_type": application_type});
        let answer = register(&op, &metadata).await;
        assert_error(&answer, 400, "invalid_redirect_uri");
        let metadata = json!({
            "redirect_uris": ["https://app.example/cb"], "application_type": application_type,
            "post_logout_redirect_uris": [uri],
        });
        assert_error(&register(&op, &metadata).await, 400, "invalid_redirect_uri");
    }
    assert_error(
        &register(&op, &json!({})).await,
        400,
        "invalid_redirect_uri",
    );
}

#[tokio::test]
async fn metadata_that_contradict_themselves_or_us_are_refused() {
    let op = open().await;
    for (name, value) in [
        ("grant_types", json!(["password"])),
        ("grant_types", json!(["refresh_token"])),
        ("grant_types", json!([])),
        ("grant_types", json!("authorization_code")),
        ("response_types", json!(["token"])),
        ("response_types", json!([])),
        ("token_endpoint_auth_method", json!("tls_client_auth")),
        ("application_type", json!("service")),
        ("token_endpoint_auth_method", json!("private_key_jwt")),
        ("token_endpoint_auth_method", json!("client_secret_jwt")),
        ("subject_type", json!("private")),
        ("id_token_signed_response_alg", json!("none")),
        ("id_token_signed_response_alg", json!("HS256")),
        ("scope", json!("admin")),
        ("scope", json!("a  b")),
        ("logo_uri", json!("javascript:alert(1)")),
        ("policy_uri", json!("http://app.example/")),
        ("client_name", json!("")),
        ("client_name", json!("x".repeat(81))),
        ("client_name", json!("Cells \u{202e}")),
        ("client_name", json!("Cells \u{061c}")),
        ("contacts", json!(["a\nb"])),
        ("default_max_age", json!(-1)),
        ("redirect_uris", json!("https://app.example/")),
    ] {
        let mut metadata = app();
        metadata[name] = value.clone();
        let answer = register(&op, &metadata).await;
        assert_error(&answer, 400, "invalid_client_metadata");
    }
    let mut signed = app();
    signed["software_statement"] = json!("eyJ.eyJ.sig");
    assert_error(
        &register(&op, &signed).await,
        400,
        "invalid_software_statement",
    );
    for (body, code) in [
        ("", "invalid_request"),
        ("[]", "invalid_request"),
        ("null", "invalid_request"),
        ("{", "invalid_client_metadata"),
        ("{\"a\":1}x", "invalid_client_metadata"),
        (
            "{\"client_name\":\"a\",\"client_name\":\"b\"}",
            "invalid_client_metadata",
        ),
    ] {
        let answer = send(&op, Method::POST, ENDPOINT, None, body).await;
        assert_error(&answer, 400, code);
    }
    let form = op.post(ENDPOINT, None, &[("redirect_uris", "x")]).await;
    assert_error(&form, 400, "invalid_request");
}

/// What users know under its name is not a stranger's.
#[tokio::test]
async fn the_name_of_another_is_refused() {
    let op = open().await;
    for name in [
        "The service",
        " the  SERVICE ",
        "\u{ff34}he\u{a0}service",
        "The ser\u{ad}vice",
        "Test Place",
        "TEST PLACE",
    ] {
        let mut metadata = app();
        metadata["client_name"] = json!(name);
        let answer = register(&op, &metadata).await;
        assert_error(&answer, 400, "invalid_client_metadata");
    }
    let mut metadata = app();
    metadata["client_name"] = json!("The services");
    assert_eq!(register(&op, &metadata).await.status, 201);
}

/// Whoever comes would hold a token of this provider, and many routes ask for nothing more.
#[tokio::test]
async fn a_token_without_a_user_is_not_for_strangers() {
    let initial = RegistrationAccess::InitialAccessToken(Some(Secret::new("it").digest()));
    for (access, token) in [(RegistrationAccess::Open, None), (initial, Some("it"))] {
        let op = with_access(access).await;
        for grant_types in [
            json!(["client_credentials"]),
            json!(["authorization_code", "client_credentials"]),
        ] {
            let mut metadata = app();
            metadata["grant_types"] = grant_types;
            let answer = send(&op, Method::POST, ENDPOINT, token, &metadata.to_string()).await;
            assert_error(&answer, 400, "invalid_client_metadata");
        }
        let registered = send(&op, Method::POST, ENDPOINT, token, &app().to_string()).await;
        let (path, token) = management(&registered);
        let mut change = app();
        change["client_id"] = registered.json()["client_id"].clone();
        change["grant_types"] = json!(["client_credentials"]);
        let answer = send(&op, Method::PUT, &path, Some(&token), &change.to_string()).await;
        assert_error(&answer, 400, "invalid_client_metadata");
    }
}

/// RFC 7591 §2: `jwks` or `jwks_uri`; a client that signs gets no secret.
#[tokio::test]
async fn a_client_that_signs_registers_its_keys() {
    let op = open().await;
    let key = json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    let mut private = key.clone();
    private["d"] = json!("AA");
    let uri = json!("https://app.example/jwks.json");
    for (row, jwks, jwks_uri, is_good) in [
        ("keys", json!({"keys": [key]}), Value::Null, true),
        ("their address", Value::Null, uri.clone(), true),
        ("both", json!({"keys": [key]}), uri, false),
        ("no keys", json!({"keys": []}), Value::Null, false),
        (
            "a private key",
            json!({"keys": [private]}),
            Value::Null,
            false,
        ),
        (
            "an address without TLS",
            Value::Null,
            json!("http://app.example/jwks.json"),
            false,
        ),
    ] {
        let mut metadata = app();
        metadata["token_endpoint_auth_method"] = json!("private_key_jwt");
        metadata["jwks"] = jwks;
        metadata["jwks_uri"] = jwks_uri;

        let answer = register(&op, &metadata).await;

        if is_good {
            assert_eq!(answer.status, 201, "{row}: {answer:?}");
            assert_eq!(answer.json().get("client_secret"), None, "{row}");
            assert_eq!(
                answer.json()["token_endpoint_auth_method"],
                "private_key_jwt"
            );
        } else {
            assert_eq!(answer.status, 400, "{row}: {answer:?}");
            assert_error(&answer, 400, "invalid_client_metadata");
        }
    }
}

/// RFC 7591 §3.2.2: "human-readable ASCII text".
#[tokio::test]
async fn the_description_of_an_error_is_plain_ascii() {
    let op = open().await;
    let metadata = json!({"redirect_uris": ["https://\u{e4}pp.example/\n\"<\\"]});

    let answer = register(&op, &metadata).await;

    assert_error(&answer, 400, "invalid_redirect_uri");
    let description = answer.json()["error_description"].clone();
    let allowed = |c: char| (' '..='~').contains(&c) && c != '"' && c != '\\';
    assert!(
        description.as_str().unwrap().chars().all(allowed),
        "{description}"
    );
}

/// OpenID Connect Back-Channel Logout §2.2, Front-Channel Logout §2, Core §4.
#[tokio::test]
async fn addresses_that_are_called_for_a_client_are_registered_or_refused() {
    let op = open().await;
    for (name, value, is_good) in [
        (
            "backchannel_logout_uri",
            "https://grafana.example/out",
            true,
        ),
        (
            "backchannel_logout_uri",
            "http://grafana.example/out",
            false,
        ),
        ("backchannel_logout_uri", "com.example.app:/out", false),
        (
            "frontchannel_logout_uri",
            "https://grafana.example/out",
            true,
        ),
        (
            "frontchannel_logout_uri",
            "https://other.example/out",
            false,
        ),
        ("initiate_login_uri", "https://grafana.example/begin", true),
        ("initiate_login_uri", "http://127.0.0.1/begin", false),
    ] {
        let mut metadata = app();
        metadata[name] = json!(value);
        let answer = register(&op, &metadata).await;
        if is_good {
            assert_eq!(answer.json()[name], value);
        } else {
            assert_error(&answer, 400, "invalid_client_metadata");
        }
    }
}
