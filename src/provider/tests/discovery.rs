//! What the provider says of itself (OpenID Connect Discovery §3 and §4, RFC 8414, RFC 9207 §3).
//!
//! The whole document is compared with the tables that the endpoints work by, and what it lists is
//! then tried: a row without its place in the document is found, and so is a promise without a row.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::support::{Authorize, ISSUER, TestProvider, Tokens, read_jwt};
use crate::model::{
    AuthenticationContext, ClaimName, ClaimRule, ClaimSource, GrantType, IdentityClaim, Issuer,
    Scope, SigningAlgorithm,
};
use crate::provider::authorization::{PromptValue, ResponseMode};
use crate::provider::claims::CLAIMS_BY_SCOPE;
use crate::provider::clients::AuthenticationMethod;
use crate::provider::endpoint::Endpoint;
use crate::provider::{RegistrationAccess, Settings, built_in_languages};

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
        | Endpoint::Stylesheet => None,
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

/// What the tables of the code list, by the member that has to list it.
fn lists(settings: &Settings) -> Vec<(&'static str, BTreeSet<&str>)> {
    let algorithms = BTreeSet::from(SigningAlgorithm::ALL.map(SigningAlgorithm::as_str));
    let assertions: BTreeSet<_> = algorithms.iter().copied().chain(["HS256"]).collect();
    let scopes = settings
        .clients
        .iter()
        .flat_map(|client| client.scope.iter());
    let methods = BTreeSet::from(AuthenticationMethod::ALL.map(AuthenticationMethod::as_str));
    let mut confidential = methods.clone();
    confidential.remove("none");
    vec![
        ("scopes_supported", scopes.chain(["openid"]).collect()),
        (
            "response_modes_supported",
            ResponseMode::ALL.map(ResponseMode::as_str).into(),
        ),
        (
            "grant_types_supported",
            GrantType::ALL.map(GrantType::as_str).into(),
        ),
        (
            "prompt_values_supported",
            PromptValue::ALL.map(PromptValue::as_str).into(),
        ),
        (
            "acr_values_supported",
            AuthenticationContext::ALL
                .map(AuthenticationContext::as_str)
                .into(),
        ),
        ("id_token_signing_alg_values_supported", algorithms.clone()),
        (
            "token_endpoint_auth_signing_alg_values_supported",
            assertions.clone(),
        ),
        (
            "revocation_endpoint_auth_signing_alg_values_supported",
            assertions.clone(),
        ),
        (
            "introspection_endpoint_auth_signing_alg_values_supported",
            assertions,
        ),
        ("userinfo_signing_alg_values_supported", algorithms),
        (
            "introspection_signing_alg_values_supported",
            [settings.id_token_algorithm.as_str()].into(),
        ),
        (
            "introspection_endpoint_auth_methods_supported",
            confidential,
        ),
        ("token_endpoint_auth_methods_supported", methods.clone()),
        ("revocation_endpoint_auth_methods_supported", methods),
        ("response_types_supported", ["code"].into()),
        ("subject_types_supported", ["public", "pairwise"].into()),
        ("claim_types_supported", ["normal"].into()),
        ("ui_locales_supported", built_in_languages().into()),
        ("code_challenge_methods_supported", ["S256"].into()),
    ]
}

#[tokio::test]
async fn the_metadata_is_what_the_tables_say_and_nothing_else() {
    let op = start().await;
    let mut metadata = metadata(&op).await;
    let mut take = |name: &str| metadata.remove(name).unwrap_or_else(|| panic!("no {name}"));

    assert_eq!(take("issuer"), ISSUER);
    let issuer = Issuer::parse(ISSUER).unwrap();
    for endpoint in Endpoint::ALL {
        if let Some(name) = member(endpoint) {
            assert_eq!(take(name), issuer.endpoint(endpoint.path()), "{name}");
        }
    }
    for (name, listed) in lists(&op.provider.settings) {
        assert_eq!(set(&take(name)), listed, "{name}");
    }
    let claims = take("claims_supported");
    assert_eq!(
        set(&claims),
        told_by_tokens(&op)
            .await
            .iter()
            .map(String::as_str)
            .collect()
    );
    assert_eq!(
        Value::Object(metadata),
        json!({
            "backchannel_logout_supported": true,
            "backchannel_logout_session_supported": true,
            "frontchannel_logout_supported": true,
            "frontchannel_logout_session_supported": true,
            "claims_parameter_supported": true,
            "request_parameter_supported": false,
            "request_uri_parameter_supported": false,
            "authorization_response_iss_parameter_supported": true,
        })
    );
}

/// The names of all claims of an ID token, and of those that the userinfo endpoint can tell.
async fn told_by_tokens(op: &TestProvider) -> BTreeSet<String> {
    let request = Authorize::app().with("nonce", "n");
    let tokens = Tokens::of(&op.exchange(&request.code(op, "alice").await).await);
    let (_, id_token) = read_jwt(tokens.id_token());
    let about_users = CLAIMS_BY_SCOPE.iter().flat_map(|(_, claims)| claims.iter());
    let names = about_users.map(|claim| claim.as_str().to_owned());
    names
        .chain(id_token.into_iter().map(|(name, _)| name))
        .chain(["memberOf".to_owned()])
        .collect()
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
            let is_taken = answer.status == 200 || value == "none";
            assert!(is_taken, "{parameter}={value}: {answer:?}");
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
