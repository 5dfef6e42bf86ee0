//! Which claims go where (OpenID Connect Core §5), and those of a client's own.

use serde_json::{Value, json};

use super::support::{Authorize, Browser, TestProvider, Tokens, profile, read_jwt};
use crate::model::{
    AddressPart, ClaimName, ClaimRule, ClaimSource, ConstantClaim, IdentityClaim, Scope, Timestamp,
    UserDetails, UserProfile, UserText,
};
use crate::users::Standing;

const EVERYTHING: &str = "openid profile email address phone groups offline_access";

fn detailed() -> UserProfile {
    UserProfile {
        details: UserDetails {
            texts: [
                (UserText::Locale, "fr-CA".to_owned()),
                (UserText::PhoneNumber, "+33 1 23".to_owned()),
            ]
            .into(),
            phone_number_verified: Some(true),
            address: [
                (AddressPart::Locality, "Paris".to_owned()),
                (AddressPart::Country, "France".to_owned()),
            ]
            .into(),
            updated_at: Some(Timestamp::from_secs(1_700_000_000)),
            attributes: [("department".to_owned(), "operations".to_owned())].into(),
        },
        ..profile("alice")
    }
}

/// Tokens of a user of whom the backend knows more by now than at the sign-in.
async fn tokens_of_detailed(rules: Vec<ClaimRule>) -> (TestProvider, Tokens) {
    let op = TestProvider::start_with(|settings| {
        let app = &mut settings.clients[0];
        app.scope = Scope::parse(EVERYTHING).unwrap();
        app.claims = rules;
    })
    .await;
    let first = op.tokens("alice", EVERYTHING).await;
    op.users.say(Some(Ok(Standing::Active(detailed()))));
    let tokens = Tokens::of(&op.refresh(first.refresh_token()).await);
    (op, tokens)
}

fn rule(name: &str, source: ClaimSource, in_id_token: bool) -> ClaimRule {
    ClaimRule {
        name: ClaimName::parse(name).unwrap(),
        source,
        in_id_token,
    }
}

/// §5.1 and §5.1.1: texts, booleans, a number, an object. They survive the store.
#[tokio::test]
async fn userinfo_tells_all_that_is_granted_in_the_types_of_the_standard() {
    let (op, tokens) = tokens_of_detailed(vec![]).await;

    let userinfo = op.userinfo(tokens.access_token()).await.json();

    assert_eq!(
        userinfo,
        json!({
            "sub": "uuid-of-alice",
            "preferred_username": "alice",
            "name": "The user alice",
            "email": "alice@example.test",
            "email_verified": true,
            "groups": ["/staff"],
            "locale": "fr-CA",
            "phone_number": "+33 1 23",
            "phone_number_verified": true,
            "address": {"locality": "Paris", "country": "France"},
            "updated_at": 1_700_000_000,
        })
    );
}

/// §5.4: with the code flow, the userinfo endpoint tells them. Access tokens are seen by many.
#[tokio::test]
async fn tokens_tell_less_than_userinfo() {
    let (_, tokens) = tokens_of_detailed(vec![]).await;
    let (_, id_token) = read_jwt(tokens.id_token());
    let (_, access_token) = read_jwt(tokens.access_token());

    for claim in [
        "name",
        "email",
        "locale",
        "address",
        "phone_number",
        "groups",
    ] {
        assert!(!id_token.contains_key(claim), "{claim}");
    }
    for (claim, told) in [("email", true), ("groups", true), ("address", false)] {
        assert_eq!(access_token.contains_key(claim), told, "{claim}");
    }
    assert!(!access_token.contains_key("phone_number") && !access_token.contains_key("locale"));
}

#[tokio::test]
async fn the_rules_of_a_client_rename_add_and_replace() {
    let constant = ConstantClaim::Texts(vec!["a".to_owned(), "b".to_owned()]);
    let rules = vec![
        rule("memberOf", ClaimSource::Claim(IdentityClaim::Groups), true),
        rule("name", ClaimSource::Claim(IdentityClaim::Email), false),
        rule(
            "dept",
            ClaimSource::Attribute("department".to_owned()),
            true,
        ),
        rule("tenants", ClaimSource::Constant(constant), false),
    ];
    let (op, tokens) = tokens_of_detailed(rules).await;

    let userinfo = op.userinfo(tokens.access_token()).await.json();
    let (_, access_token) = read_jwt(tokens.access_token());
    let (_, id_token) = read_jwt(tokens.id_token());

    for (claim, value) in [
        ("memberOf", json!(["/staff"])),
        ("name", json!("alice@example.test")),
        ("dept", json!("operations")),
        ("tenants", json!(["a", "b"])),
    ] {
        assert_eq!(userinfo[claim], value, "{claim}");
        assert_eq!(access_token[claim], value, "{claim}");
    }
    assert_eq!(id_token["memberOf"], json!(["/staff"]));
    assert_eq!(id_token["dept"], json!("operations"));
    assert!(!id_token.contains_key("name") && !id_token.contains_key("tenants"));
}

/// A rule changes what a claim is called, not what the user granted.
#[tokio::test]
async fn a_rule_tells_nothing_that_the_scope_does_not_grant() {
    let op = TestProvider::start_with(|settings| {
        settings.clients[0].claims = vec![
            rule("mail", ClaimSource::Claim(IdentityClaim::Email), true),
            rule(
                "dept",
                ClaimSource::Attribute("department".to_owned()),
                true,
            ),
        ];
    })
    .await;

    let tokens = op.tokens("alice", "openid groups").await;

    let (_, id_token) = read_jwt(tokens.id_token());
    let userinfo = op.userinfo(tokens.access_token()).await.json();
    for claim in ["mail", "dept", "email"] {
        assert_eq!(userinfo.get(claim), None::<&Value>, "{claim}");
        assert!(!id_token.contains_key(claim), "{claim}");
    }
}

/// What rules put into an ID token does not keep it from being a hint.
#[tokio::test]
async fn an_id_token_with_claims_of_its_own_is_a_hint() {
    let op = TestProvider::start_with(|settings| {
        settings.clients[0].claims = vec![
            rule("memberOf", ClaimSource::Claim(IdentityClaim::Groups), true),
            rule("name", ClaimSource::Claim(IdentityClaim::Email), true),
        ];
    })
    .await;
    let mut browser: Browser<'_> = op.browser();
    let request = Authorize::app().with("scope", "openid email groups");
    let code = request.code_in(&mut browser, "alice").await;
    let tokens = Tokens::of(&op.exchange(&code).await);

    let again = request
        .with("prompt", "none")
        .with("id_token_hint", tokens.id_token());

    again.code_of(&browser.get(&again.target()).await);
}

/// The discovery document says what the tables say.
#[tokio::test]
async fn metadata_list_the_claims_of_the_rules_and_both_subject_types() {
    let op = TestProvider::start_with(|settings| {
        let rule = rule("memberOf", ClaimSource::Claim(IdentityClaim::Groups), false);
        settings.clients[0].claims = vec![rule];
    })
    .await;

    let metadata = op
        .get("/oidc/.well-known/openid-configuration")
        .await
        .json();

    let claims = metadata["claims_supported"].as_array().unwrap();
    for (claim, listed) in [("memberOf", true), ("locale", true), ("address", false)] {
        assert_eq!(claims.contains(&json!(claim)), listed, "{claim}");
    }
    assert_eq!(
        metadata["subject_types_supported"],
        json!(["public", "pairwise"])
    );
}
