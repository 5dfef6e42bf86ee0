//! Claims asked for one by one (OpenID Connect Core §5.5): what is told, and what is allowed.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::support::{Authorize, TestProvider, Tokens, read_jwt};
use crate::model::{ClaimName, ClaimRule, ClaimSource, ConsentPolicy, IdentityClaim, Scope};

/// The request of `app` that asks for `claims`.
fn asking(claims: &Value) -> Authorize {
    Authorize::app().with("claims", &claims.to_string())
}

/// What Alice's tokens for `request` are.
async fn tokens(op: &TestProvider, request: &Authorize) -> Tokens {
    let code = request.code(op, "alice").await;
    Tokens::of(&op.exchange(&code).await)
}

async fn userinfo(op: &TestProvider, tokens: &Tokens) -> Value {
    op.userinfo(tokens.access_token()).await.json()
}

/// The claims in an ID token that are about the user.
fn told(tokens: &Tokens) -> Value {
    let (_, claims) = read_jwt(tokens.id_token());
    let about = |name: &str| IdentityClaim::parse(name).is_some() || name == "memberOf";
    claims.into_iter().filter(|(name, _)| about(name)).collect()
}

#[tokio::test]
async fn a_claim_is_told_where_it_was_asked_for() {
    let op = TestProvider::start().await;
    let request = asking(&json!({
        "userinfo": {"name": {"essential": true}, "email_verified": null},
        "id_token": {"email": null, "groups": {"essential": false}},
    }));

    let tokens = tokens(&op, &request).await;

    assert_eq!(
        userinfo(&op, &tokens).await,
        json!({"sub": "uuid-of-alice", "name": "The user alice", "email_verified": true})
    );
    let expected = json!({"email": "alice@example.test", "groups": ["/staff"]});
    assert_eq!(told(&tokens), expected);
    let (_, access) = read_jwt(tokens.access_token());
    assert!(!access.contains_key("name") && !access.contains_key("email"));
}

/// What the scope brings stays at the userinfo endpoint, unless it is asked for in the ID token.
#[tokio::test]
async fn a_claim_of_the_scope_may_be_asked_for_in_the_id_token() {
    let op = TestProvider::start().await;
    let request = asking(&json!({"id_token": {"email": null}})).with("scope", "openid email");

    let tokens = tokens(&op, &request).await;

    assert_eq!(told(&tokens), json!({"email": "alice@example.test"}));
    assert_eq!(userinfo(&op, &tokens).await["email_verified"], true);
}

#[tokio::test]
async fn a_refresh_tells_the_same_claims() {
    let op = TestProvider::start().await;
    let claims = json!({"userinfo": {"name": null}, "id_token": {"email": null}});
    let request = asking(&claims).with("scope", "openid offline_access");
    let first = tokens(&op, &request).await;

    let answer = op.refresh_with(first.refresh_token(), &[("scope", "openid")]);
    let second = Tokens::of(&answer.await);

    assert_eq!(told(&second), told(&first));
    assert_eq!(userinfo(&op, &second).await["name"], "The user alice");
}

/// OpenID Connect Core §5.5.1: not an error, essential or not.
#[tokio::test]
async fn what_a_client_is_not_registered_for_is_not_told() {
    let op = TestProvider::start_with(|settings| {
        let scope = &settings.clients[0].scope;
        settings.clients[0].scope = scope.without(&["groups", "email"]);
    })
    .await;
    let wishes = json!({
        "groups": {"essential": true}, "email": null, "shoe_size": {"essential": true},
        "phone_number": null, "iss": null, "name": null,
    });

    let tokens = tokens(
        &op,
        &asking(&json!({"userinfo": wishes, "id_token": wishes})),
    )
    .await;

    assert_eq!(told(&tokens), json!({"name": "The user alice"}));
    assert_eq!(
        userinfo(&op, &tokens).await,
        json!({"sub": "uuid-of-alice", "name": "The user alice"})
    );
}

/// A rule that is told at the userinfo endpoint comes in the ID token too when it is asked for,
/// but only with the scope that grants what it is made of.
#[tokio::test]
async fn a_claim_of_the_clients_own_may_be_asked_for_in_the_id_token() {
    let op = TestProvider::start_with(|settings| {
        settings.clients[0].claims.push(ClaimRule {
            name: ClaimName::parse("memberOf").unwrap(),
            source: ClaimSource::Claim(IdentityClaim::Groups),
            in_id_token: false,
        });
    })
    .await;
    let request = asking(&json!({"id_token": {"memberOf": null}}));

    let with_scope = tokens(&op, &request.clone().with("scope", "openid groups")).await;
    let without = tokens(&op, &request).await;

    assert_eq!(told(&with_scope), json!({"memberOf": ["/staff"]}));
    assert_eq!(told(&without), json!({}));
}

#[tokio::test]
async fn a_request_without_openid_has_no_claims_to_ask_for() {
    let op = TestProvider::start().await;
    let request = asking(&json!("not even an object")).with("scope", "demo.read");

    let tokens = tokens(&op, &request).await;

    assert!(tokens.body.get("id_token").is_none());
}

#[tokio::test]
async fn a_malformed_parameter_is_refused() {
    let op = TestProvider::start().await;
    let long = json!({"userinfo": {"a".repeat(4096): null}}).to_string();
    let deep = format!("{}{}", "{\"userinfo\":".repeat(1000), "}".repeat(1000));
    for (row, claims) in [
        ("not JSON", "name"),
        ("not an object", "[\"name\"]"),
        ("a place that is no object", "{\"userinfo\":\"name\"}"),
        ("a claim that is no object", "{\"userinfo\":{\"name\":1}}"),
        (
            "a claim that is there twice",
            "{\"userinfo\":{\"name\":null,\"name\":null}}",
        ),
        ("too long", &long),
        ("too deep", &deep),
    ] {
        let answer = Authorize::app().with("claims", claims).send(&op).await;
        let error = answer.params().remove("error_description").unwrap();
        answer.assert_sent_back("invalid_request");
        assert!(error.contains("claims"), "{row}: {error}");
    }
}

/// An ID token with every claim there is can be read by who issued it.
#[tokio::test]
async fn an_id_token_full_of_claims_is_a_hint_like_any_other() {
    let op = TestProvider::start().await;
    let names = [
        "name",
        "preferred_username",
        "email",
        "email_verified",
        "groups",
        "roles",
    ];
    let wishes: Value = names
        .map(|name| (name.to_owned(), Value::Null))
        .into_iter()
        .collect();
    let mut browser = op.browser();
    let request = asking(&json!({"id_token": wishes}));
    let code = request.code_in(&mut browser, "alice").await;
    let tokens = Tokens::of(&op.exchange(&code).await);

    let silent = Authorize::app()
        .with("prompt", "none")
        .with("id_token_hint", tokens.id_token());
    let answer = browser.get(&silent.target()).await;

    silent.code_of(&answer);
}

async fn start_asking(policy: ConsentPolicy) -> TestProvider {
    TestProvider::start_with(|settings| settings.clients[0].consent = policy).await
}

#[tokio::test]
async fn the_user_is_asked_in_words() {
    let op = start_asking(ConsentPolicy::Required).await;
    let claims =
        json!({"userinfo": {"birthdate": null}, "id_token": {"email": null, "roles": null}});
    let request = asking(&claims).with("scope", "openid email");
    let mut browser = op.browser();

    let page = browser.get(&request.target()).await;
    let page = browser.sign_in(&page, "alice").await;

    page.assert_consent_page();
    for words in [
        "your date of birth",
        "which roles you have",
        "See your email address",
    ] {
        assert_eq!(
            page.body.matches(words).count(),
            1,
            "{words}: {}",
            page.body
        );
    }
}

/// Every claim that can be asked for has words of its own.
#[tokio::test]
async fn no_claim_is_asked_for_by_its_technical_name() {
    let op = TestProvider::start_with(|settings| {
        let app = &mut settings.clients[0];
        app.consent = ConsentPolicy::Required;
        app.scope = Scope::parse("openid profile email address phone groups roles").unwrap();
    })
    .await;
    let names: BTreeSet<&str> = super::super::claims::CLAIMS_BY_SCOPE
        .iter()
        .flat_map(|(_, claims)| claims.iter())
        .map(|claim| claim.as_str())
        .collect();
    let wishes: Value = names
        .iter()
        .map(|name| ((*name).to_owned(), Value::Null))
        .collect();
    let mut browser = op.browser();
    let page = browser
        .get(&asking(&json!({"userinfo": wishes})).target())
        .await;

    let page = browser.sign_in(&page, "alice").await;

    assert_eq!(
        page.body.matches("<li>See ").count(),
        names.len(),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn a_remembered_consent_covers_the_claims_that_were_on_the_page() {
    let op = start_asking(ConsentPolicy::Remembered).await;
    let mut browser = op.browser();
    let request = asking(&json!({"userinfo": {"name": null}}));
    let page = browser.get(&request.target()).await;
    let page = browser.sign_in(&page, "alice").await;
    let answer = browser.decide(&page, "allow").await;
    request.code_of(&answer);

    let in_the_id_token = asking(&json!({"id_token": {"name": null}}));
    for covered in [request, in_the_id_token, Authorize::app()] {
        let silent = covered.with("prompt", "none");
        silent.code_of(&browser.get(&silent.target()).await);
    }
    for more in [
        asking(&json!({"userinfo": {"name": null, "email": null}})),
        Authorize::app().with("scope", "openid profile"),
    ] {
        let silent = more.with("prompt", "none");
        let answer = browser.get(&silent.target()).await;
        answer.assert_sent_back("consent_required");
    }
}

/// The user allowed more than that.
#[tokio::test]
async fn a_consent_to_a_scope_value_covers_each_claim_that_it_grants() {
    let op = start_asking(ConsentPolicy::Remembered).await;
    let mut browser = op.browser();
    let request = Authorize::app().with("scope", "openid profile");
    let page = browser.get(&request.target()).await;
    let page = browser.sign_in(&page, "alice").await;
    request.code_of(&browser.decide(&page, "allow").await);

    let less = asking(&json!({"userinfo": {"name": null}})).with("prompt", "none");
    let answer = browser.get(&less.target()).await;

    less.code_of(&answer);
}

#[tokio::test]
async fn the_account_page_shows_the_claims_an_application_may_see() {
    let op = start_asking(ConsentPolicy::Implicit).await;
    let mut browser = op.browser();
    let request = asking(&json!({"userinfo": {"email": null}}));
    request.code_in(&mut browser, "alice").await;

    let page = browser.get("/oidc/account").await;

    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("See your email address"),
        "{}",
        page.body
    );
}
