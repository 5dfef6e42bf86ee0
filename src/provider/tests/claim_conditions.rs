//! Claims that are conditions (OpenID Connect Core §5.5.1): which user, and how signed in.

use serde_json::{Value, json};

use super::support::{Authorize, Browser, TestProvider, Tokens, read_jwt};
use crate::model::{AuthenticationContext, Sector, SubjectType};

/// The request of `app` that asks for `claims`.
fn asking(claims: &Value) -> Authorize {
    Authorize::app().with("claims", &claims.to_string())
}

async fn signed_in_as<'a>(op: &'a TestProvider, login: &str) -> Browser<'a> {
    let mut browser = op.browser();
    Authorize::app().code_in(&mut browser, login).await;
    browser
}

/// OpenID Connect Core §3.1.2.2: no token for another user, whatever session there is.
#[tokio::test]
async fn somebody_else_than_the_named_user_is_refused() {
    let op = TestProvider::start().await;
    for place in ["id_token", "userinfo"] {
        for wish in [
            json!({"value": "uuid-of-alice"}),
            json!({"essential": true, "values": ["uuid-of-alice", "uuid-of-carol"]}),
        ] {
            let request = asking(&json!({place: {"sub": wish}}));
            let silent = request.clone().with("prompt", "none");
            let mut bobs = signed_in_as(&op, "bob").await;

            bobs.get(&silent.target())
                .await
                .assert_sent_back("login_required");
            let page = bobs.get(&request.target()).await;
            page.assert_sign_in_page();
            let still_bob = bobs.sign_in(&page, "bob").await;
            still_bob.assert_sent_back("login_required");
            let page = bobs.get(&request.target()).await;
            let now_alice = bobs.sign_in(&page, "alice").await;

            request.code_of(&now_alice);
            request.code_of(&bobs.get(&silent.target()).await);
        }
    }
}

#[tokio::test]
async fn a_hint_and_a_name_must_both_be_met() {
    let op = TestProvider::start().await;
    let of_alice = op.tokens("alice", "openid").await;
    let mut browser = signed_in_as(&op, "alice").await;
    for (name, is_met) in [("uuid-of-alice", true), ("uuid-of-bob", false)] {
        let request = asking(&json!({"id_token": {"sub": {"value": name}}}))
            .with("id_token_hint", of_alice.id_token())
            .with("prompt", "none");
        let answer = browser.get(&request.target()).await;
        assert_eq!(answer.params().contains_key("code"), is_met, "{name}");
    }
}

/// OpenID Connect Core §8: to this client its users have names that nobody else knows.
#[tokio::test]
async fn a_pairwise_client_names_its_user_by_its_own_name() {
    let op = TestProvider::start_with(|settings| {
        let sector = Sector::of_identifier("https://app.example/").unwrap();
        settings.clients[0].subject_type = SubjectType::Pairwise(sector);
    })
    .await;
    let mut browser = op.browser();
    let code = Authorize::app().code_in(&mut browser, "alice").await;
    let tokens = Tokens::of(&op.exchange(&code).await);
    let (_, claims) = read_jwt(tokens.id_token());
    for (name, is_met) in [
        (claims["sub"].as_str().unwrap(), true),
        ("uuid-of-alice", false),
    ] {
        let request = asking(&json!({"id_token": {"sub": {"value": name}}})).with("prompt", "none");
        let answer = browser.get(&request.target()).await;
        assert_eq!(answer.params().contains_key("code"), is_met, "{name}");
    }
}

/// OpenID Connect Core §2: what is stated is what was asked of the user, whatever was wished for.
#[tokio::test]
async fn an_id_token_states_how_the_user_signed_in() {
    let op = TestProvider::start().await;
    let ours = AuthenticationContext::Password.as_str();
    let wished = |wish: Value| asking(&json!({"id_token": {"acr": wish}}));
    for (row, request) in [
        ("nothing asked", Authorize::app()),
        (
            "asked for",
            Authorize::app().with("acr_values", &format!("other {ours}")),
        ),
        (
            "something else wished for",
            Authorize::app().with("acr_values", "2"),
        ),
        ("wished for by claim", wished(json!({"values": ["2"]}))),
        (
            "essential by claim",
            wished(json!({"essential": true, "values": ["2", ours]})),
        ),
        (
            "essential, whatever it is",
            wished(json!({"essential": true})),
        ),
    ] {
        let code = request.code(&op, "alice").await;
        let tokens = Tokens::of(&op.exchange(&code).await);
        let (_, claims) = read_jwt(tokens.id_token());
        assert_eq!(claims["acr"], ours, "{row}");
        assert_eq!(claims["amr"], json!(["pwd"]), "{row}");
    }
}

/// OpenID Connect Core §5.5.1.1: to be treated as a failed attempt to authenticate; here without
/// asking the user for a password that could not help.
#[tokio::test]
async fn an_essential_context_that_nobody_can_have_is_refused() {
    let op = TestProvider::start().await;
    let mut browser = signed_in_as(&op, "alice").await;
    for wish in [
        json!({"essential": true, "value": "urn:example:two-factors"}),
        json!({"essential": true, "values": ["2", "3"]}),
    ] {
        let request = asking(&json!({"id_token": {"acr": wish}}));
        for request in [request.clone(), request.with("prompt", "none")] {
            let answer = browser.get(&request.target()).await;
            answer.assert_sent_back("unmet_authentication_requirements");
        }
    }
}
