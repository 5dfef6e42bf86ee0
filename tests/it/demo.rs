//! What `config/demo.yaml` promises, to a user, an application and an API.

use serde_json::{Value, json};

use crate::support::{Edge, claims};

const CALLBACK: &str = "http://127.0.0.1:9482/callback";

#[tokio::test]
async fn the_start_says_where_to_go() {
    let edge = Edge::demo();

    let log = edge.log();
    assert!(log.contains("curl"), "{log}");
    assert!(log.contains(&edge.url("/")), "{log}");
}

#[tokio::test]
async fn the_public_route_answers_everybody() {
    let edge = Edge::demo();

    let answer = edge.get("/public/hello?x=1").await.assert_status(200);

    let seen = answer.json();
    assert_eq!(seen["method"], "GET");
    assert_eq!(seen["path"], "/public/hello");
    assert_eq!(seen["principal"], Value::Null);
    assert_ne!(answer.header("server").to_ascii_lowercase(), "pingora");
}

/// RFC 6750 §3.1: without a credential the challenge has no error code.
#[tokio::test]
async fn a_protected_route_challenges_who_has_no_token() {
    let edge = Edge::demo();

    edge.get("/api/hello").await.assert_challenged(401, None);
}

#[tokio::test]
async fn a_signed_in_user_reaches_the_api_with_their_identity() {
    let edge = Edge::demo();
    let tokens = edge.sign_in("alice").tokens().await;

    let seen = edge
        .get_with("/api/hello", &tokens.access_token)
        .await
        .assert_status(200)
        .json();

    assert_eq!(
        seen["principal"]["subject"],
        claims(&tokens.access_token)["sub"]
    );
    let headers = &seen["headers"];
    assert_eq!(headers["x-auth-request-user"], seen["principal"]["subject"]);
    assert_eq!(headers["x-auth-request-preferred-username"], "alice");
    assert!(
        headers["x-auth-request-email"]
            .as_str()
            .unwrap()
            .contains('@'),
        "{headers}"
    );
    assert_eq!(headers["x-forwarded-user"], "alice");
    assert_eq!(
        headers["authorization"],
        Value::Null,
        "the token is not for the upstream"
    );
}

#[tokio::test]
async fn the_identity_is_as_wide_as_the_scope() {
    let edge = Edge::demo();
    let tokens = edge
        .sign_in("alice")
        .scope("openid demo.read")
        .tokens()
        .await;

    let seen = edge
        .get_with("/api/hello", &tokens.access_token)
        .await
        .assert_status(200)
        .json();

    assert_eq!(seen["headers"]["x-auth-request-email"], Value::Null);
    assert_eq!(seen["headers"]["x-auth-request-groups"], Value::Null);
}

/// RFC 6750 §3.1: 403 `insufficient_scope`, with the scope that would do.
#[tokio::test]
async fn writing_wants_the_scope_for_writing() {
    let edge = Edge::demo();
    let reader = edge
        .sign_in("alice")
        .scope("openid demo.read")
        .tokens()
        .await;
    let writer = edge
        .sign_in("bob")
        .scope("openid demo.write")
        .tokens()
        .await;
    let post = |token: &str| {
        edge.send(
            edge.http
                .post(edge.url("/api/notes"))
                .bearer_auth(token)
                .body("{}"),
        )
    };

    let refused = post(&reader.access_token).await;
    refused.assert_challenged(403, Some("insufficient_scope"));
    assert!(
        refused
            .header("www-authenticate")
            .contains("scope=\"demo.write\""),
        "{refused:?}"
    );
    post(&writer.access_token).await.assert_status(200);
    edge.get_with("/api/notes", &writer.access_token)
        .await
        .assert_challenged(403, Some("insufficient_scope"));
    let head = edge
        .send(
            edge.http
                .head(edge.url("/api/notes"))
                .bearer_auth(&reader.access_token),
        )
        .await;
    head.assert_status(200);
}

#[tokio::test]
async fn a_route_that_nobody_configured_is_not_there() {
    let edge = Edge::demo();

    edge.get("/elsewhere").await.assert_status(404);
    edge.get("/").await.assert_status(404);
}

/// RFC 6750 §2: one credential, in one place.
#[tokio::test]
async fn two_credentials_at_once_are_refused() {
    let edge = Edge::demo();
    let tokens = edge.sign_in("alice").tokens().await;
    let url = edge.url(&format!("/api/hello?access_token={}", tokens.access_token));

    let answer = edge
        .send(edge.http.get(url).bearer_auth(&tokens.access_token))
        .await;

    answer.assert_challenged(400, Some("invalid_request"));
}

#[tokio::test]
async fn the_discovery_document_names_the_endpoints_at_cells_paths() {
    let edge = Edge::demo();

    let document = edge
        .get("/oidc/.well-known/openid-configuration")
        .await
        .assert_status(200)
        .json();

    let issuer = edge.url("/oidc/");
    assert_eq!(document["issuer"], issuer);
    assert_eq!(
        document["authorization_endpoint"],
        format!("{issuer}oauth2/auth")
    );
    assert_eq!(document["token_endpoint"], format!("{issuer}oauth2/token"));
    assert_eq!(document["userinfo_endpoint"], format!("{issuer}userinfo"));
    assert_eq!(
        document["revocation_endpoint"],
        format!("{issuer}oauth2/revoke")
    );
    assert_eq!(
        document["end_session_endpoint"],
        format!("{issuer}oauth2/sessions/logout")
    );
    assert_eq!(
        document["jwks_uri"],
        format!("{issuer}.well-known/jwks.json")
    );
    assert_eq!(document["response_types_supported"], json!(["code"]));
    assert_eq!(
        document["code_challenge_methods_supported"],
        json!(["S256"])
    );
    assert_eq!(
        document["authorization_response_iss_parameter_supported"],
        true
    );
}

/// RFC 8414 §3.1: the well-known part stands between host and path.
#[tokio::test]
async fn the_metadata_is_also_where_rfc_8414_puts_it() {
    let edge = Edge::demo();

    let document = edge
        .get("/.well-known/oauth-authorization-server/oidc/")
        .await
        .assert_status(200)
        .json();

    assert_eq!(
        document,
        edge.get("/oidc/.well-known/openid-configuration")
            .await
            .json()
    );
}

/// RFC 9207 §2 and RFC 6749 §4.1.2.
#[tokio::test]
async fn the_answer_carries_state_and_issuer() {
    let edge = Edge::demo();

    let answer = edge.sign_in("alice").submit().await.assert_status(303);

    assert!(
        answer
            .location()
            .as_str()
            .starts_with(&format!("{CALLBACK}?"))
    );
    assert_eq!(
        answer.location_parameter("state").as_deref(),
        Some("the-state")
    );
    assert_eq!(answer.location_parameter("iss"), Some(edge.url("/oidc/")));
}

#[tokio::test]
async fn a_wrong_password_shows_the_page_again_and_gives_nothing() {
    let edge = Edge::demo();

    let answer = edge.sign_in("alice").password("wrong").submit().await;

    assert!(!answer.status.is_redirection(), "{answer:?}");
    assert!(answer.body.contains("name=\"password\""));
    let unknown = edge.sign_in("nobody").password("wrong").submit().await;
    assert_eq!(
        unknown.status, answer.status,
        "an unknown user and a wrong password are answered alike"
    );
}

/// OpenID Connect Core §5.3.
#[tokio::test]
async fn userinfo_tells_what_the_scope_covers() {
    let edge = Edge::demo();
    let tokens = edge.sign_in("alice").tokens().await;

    let told = edge
        .get_with("/oidc/userinfo", &tokens.access_token)
        .await
        .assert_status(200)
        .json();

    assert_eq!(told["sub"], claims(&tokens.id_token.unwrap())["sub"]);
    assert_eq!(told["preferred_username"], "alice");
    assert!(
        told["email"].is_string() && told["groups"].is_array(),
        "{told}"
    );
    edge.get("/oidc/userinfo")
        .await
        .assert_challenged(401, None);
}

/// The confidential client of the demo authenticates with its secret, and only so.
#[tokio::test]
async fn the_service_authenticates_with_its_secret() {
    let edge = Edge::demo();
    let send = |secret: &'static str| {
        let request = edge
            .http
            .post(edge.url("/oidc/oauth2/token"))
            .basic_auth("demo-service", Some(secret))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(
                "grant_type=authorization_code&code=unknown&redirect_uri=http%3A%2F%2F127.0.0.1%2F",
            );
        edge.send(request)
    };

    send("wrong").await.assert_refused(401, "invalid_client");
    send("cells-demo-secret")
        .await
        .assert_refused(400, "invalid_grant");
    edge.token(&[
        ("grant_type", "authorization_code"),
        ("client_id", "demo-service"),
        ("code", "x"),
    ])
    .await
    .assert_refused(401, "invalid_client");
}
