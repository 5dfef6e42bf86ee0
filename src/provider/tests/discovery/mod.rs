//! What the provider says of itself (OpenID Connect Discovery §3 and §4, RFC 8414, RFC 9207 §3).
//!
//! `document` has it word for word; what it lists is tried here.

mod document;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::support::{Authorize, TestProvider};
use crate::model::{ClaimName, ClaimRule, ClaimSource, IdentityClaim, Scope};
use crate::provider::RegistrationAccess;
use crate::provider::claims::CLAIMS_BY_SCOPE;
use crate::provider::endpoint::Endpoint;

const PATH: &str = "/oidc/.well-known/openid-configuration";

/// The member that says where an endpoint is; none for those that only our own pages lead to, and
/// for the document itself.
const fn member(endpoint: Endpoint) -> Option<&'static str> {
    match endpoint {
        Endpoint::Jwks => Some("jwks_uri"),
        Endpoint::Authorization => Some("authorization_endpoint"),
        Endpoint::Token => Some("token_endpoint"),
        Endpoint::UserInfo => Some("userinfo_endpoint"),
        Endpoint::Revocation => Some("revocation_endpoint"),
        Endpoint::Introspection => Some("introspection_endpoint"),
        Endpoint::Registration => Some("registration_endpoint"),
        Endpoint::EndSession => Some("end_session_endpoint"),
        Endpoint::Discovery
        | Endpoint::SignIn
        | Endpoint::SelectAccount
        | Endpoint::Consent
        | Endpoint::Continue
        | Endpoint::SignOut
        | Endpoint::Account
        | Endpoint::AccountSignIn
        | Endpoint::Stylesheet
        | Endpoint::OutOfBand => None,
    }
}

/// A provider whose clients may be told every claim there is, and one of a rule of their own, and
/// where anybody registers more of them, which may authenticate by every method.
async fn start() -> TestProvider {
    TestProvider::start_with(|settings| {
        settings.registration.access = RegistrationAccess::Open;
        settings.client_authentication.secret_jwt = true;
        let everything: Vec<&str> = CLAIMS_BY_SCOPE.iter().map(|(value, _)| *value).collect();
        let app = &mut settings.clients[0];
        app.scope = app
            .scope
            .union(&Scope::parse(&everything.join(" ")).unwrap());
        app.claims.push(ClaimRule {
            name: ClaimName::parse("memberOf").unwrap(),
            source: ClaimSource::Claim(IdentityClaim::Groups),
            in_id_token: false,
        });
    })
    .await
}

async fn metadata(op: &TestProvider) -> Map<String, Value> {
    let answer = op.get(PATH).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    serde_json::from_str(&answer.body).unwrap()
}

/// The texts of a list; their order has no meaning.
#[track_caller]
fn set(list: &Value) -> BTreeSet<&str> {
    let list = list.as_array().unwrap();
    let set: BTreeSet<_> = list.iter().map(|text| text.as_str().unwrap()).collect();
    assert_eq!(set.len(), list.len(), "one of {list:?} is there twice");
    set
}

/// Only the claims that some client may be told, and only the scope values that some client has.
#[tokio::test]
async fn what_no_client_may_have_is_not_listed() {
    let op = TestProvider::start_with(|settings| {
        for client in &mut settings.clients {
            client.scope = Scope::parse("email").unwrap();
        }
    })
    .await;

    let metadata = metadata(&op).await;

    assert_eq!(
        set(&metadata["scopes_supported"]),
        ["email", "openid"].into()
    );
    let claims = set(&metadata["claims_supported"]);
    assert!(
        claims.contains("email") && claims.contains("sub"),
        "{claims:?}"
    );
    for absent in ["name", "groups", "address", "memberOf"] {
        assert!(!claims.contains(absent), "{absent}");
    }
}

/// Each endpoint is there, and takes one of the methods that its clients use.
#[tokio::test]
async fn every_endpoint_of_the_metadata_answers() {
    let op = start().await;
    let metadata = metadata(&op).await;

    for endpoint in Endpoint::ALL {
        let Some(name) = member(endpoint) else {
            continue;
        };
        let url = metadata[name].as_str().unwrap();
        let path = url.strip_prefix("https://op.example").unwrap();
        let (get, post) = (op.get(path).await, op.post(path, None, &[]).await);
        assert_ne!(get.status, 404, "{name}");
        assert!(get.status != 405 || post.status != 405, "{name}");
    }
}

/// What is listed is taken, and a value that is not listed is refused for that reason.
#[tokio::test]
async fn what_is_listed_is_taken_and_nothing_else() {
    let op = start().await;
    let metadata = metadata(&op).await;
    for (list, parameter, unlisted, refusal) in [
        (
            "response_modes_supported",
            "response_mode",
            "jwt",
            "invalid_request",
        ),
        (
            "response_types_supported",
            "response_type",
            "id_token",
            "unsupported_response_type",
        ),
        (
            "prompt_values_supported",
            "prompt",
            "create",
            "invalid_request",
        ),
        (
            "code_challenge_methods_supported",
            "code_challenge_method",
            "plain",
            "invalid_request",
        ),
    ] {
        for value in set(&metadata[list]) {
            let answer = Authorize::app().with(parameter, value).send(&op).await;
            if (parameter, value) == ("prompt", "none") {
                // Nobody is signed in, and no page may ask.
                answer.assert_sent_back("login_required");
            } else {
                assert_eq!(answer.status, 200, "{parameter}={value}: {answer:?}");
            }
        }
        let answer = Authorize::app().with(parameter, unlisted).send(&op).await;
        answer.assert_sent_back(refusal);
    }
    for grant_type in set(&metadata["grant_types_supported"])
        .into_iter()
        .chain(["password"])
    {
        let form = [("grant_type", grant_type), ("client_id", "app")];
        let answer = op.post("/oidc/oauth2/token", None, &form).await;
        let is_known = answer.json()["error"] != "unsupported_grant_type";
        assert_eq!(
            is_known,
            grant_type != "password",
            "{grant_type}: {answer:?}"
        );
    }
}

/// The flags: what a request with the parameter gets.
#[tokio::test]
async fn what_is_not_supported_is_refused_by_name() {
    let op = start().await;
    let metadata = metadata(&op).await;
    for (flag, parameter, value, refusal) in [
        (
            "request_parameter_supported",
            "request",
            "e30.e30.",
            "request_not_supported",
        ),
        (
            "request_uri_parameter_supported",
            "request_uri",
            "https://app.example/r",
            "request_uri_not_supported",
        ),
        ("claims_parameter_supported", "claims", "{}", ""),
    ] {
        let answer = Authorize::app().with(parameter, value).send(&op).await;
        if metadata[flag] == true {
            answer.assert_sign_in_page();
        } else {
            answer.assert_sent_back(refusal);
        }
    }
}

/// RFC 8414 §3.
#[tokio::test]
async fn the_metadata_is_the_same_at_the_place_of_rfc_8414() {
    let op = TestProvider::start().await;
    let here = op.get("/oidc/.well-known/openid-configuration").await;

    for path in [
        "/.well-known/oauth-authorization-server/oidc",
        "/.well-known/oauth-authorization-server/oidc/",
    ] {
        assert_eq!(op.get(path).await.body, here.body, "{path}");
    }
}

/// RFC 7517 §4: every key has a name, a use and an algorithm, and nothing private.
#[tokio::test]
async fn the_keys_are_public_and_each_has_a_name() {
    let op = TestProvider::start().await;

    let answer = op.get("/oidc/.well-known/jwks.json").await;

    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body = answer.json();
    let keys = body["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    for key in keys {
        assert!(key["kid"].is_string() && key["alg"].is_string(), "{key}");
        assert_eq!(key["use"], "sig");
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(key.get(private).is_none(), "{private}");
        }
    }
}

/// The keys for less long than a new one is published before it signs.
#[tokio::test]
async fn documents_may_be_kept_for_a_while() {
    let op = TestProvider::start().await;

    for (path, expected) in [
        (
            "/oidc/.well-known/openid-configuration",
            "public, max-age=300",
        ),
        ("/oidc/.well-known/jwks.json", "public, max-age=20"),
    ] {
        let answer = op.get(path).await;
        assert_eq!(answer.header("cache-control"), Some(expected), "{path}");
    }
}
