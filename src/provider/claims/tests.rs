//! What each scope value, rule and reader gets.

use serde_json::json;

use super::*;
use crate::model::{ClaimName, ClientAuthentication, ClientId, Subject, Timestamp, UserDetails};

fn alice() -> UserProfile {
    UserProfile {
        subject: Subject::parse("a1").unwrap(),
        login: "alice".to_owned(),
        name: Some("Alice".to_owned()),
        email: Some("alice@example.test".to_owned()),
        email_verified: Some(true),
        groups: vec!["staff".to_owned()],
        roles: Vec::new(),
        details: UserDetails::default(),
    }
}

fn granted_json(scope: &str, user: &UserProfile) -> Value {
    let scope = Scope::parse(scope).unwrap();
    Value::Object(for_userinfo(
        &client(vec![]),
        &scope,
        &RequestedClaims::default(),
        user,
    ))
}

fn client(claims: Vec<ClaimRule>) -> Client {
    let id = ClientId::parse("c").unwrap();
    Client {
        claims,
        ..Client::new(id, ClientAuthentication::None)
    }
}

fn rule(name: &str, source: ClaimSource) -> ClaimRule {
    ClaimRule {
        name: ClaimName::parse(name).unwrap(),
        source,
        in_id_token: false,
    }
}

#[test]
fn each_scope_value_grants_its_own_claims_and_no_others() {
    let alice = alice();

    assert_eq!(granted_json("openid", &alice), json!({}));
    assert_eq!(
        granted_json("openid profile", &alice),
        json!({"preferred_username": "alice", "name": "Alice"})
    );
    assert_eq!(
        granted_json("email", &alice),
        json!({"email": "alice@example.test", "email_verified": true})
    );
    assert_eq!(
        granted_json("groups roles", &alice),
        json!({"groups": ["staff"], "roles": []})
    );
}

#[test]
fn what_is_not_known_is_left_out() {
    let nobody = UserProfile {
        name: None,
        email: None,
        ..alice()
    };

    assert_eq!(
        granted_json("profile email", &nobody),
        json!({"preferred_username": "alice"})
    );
}

/// OpenID Connect Core §5.1: texts, booleans, one number, one object.
#[test]
fn details_have_the_types_of_the_standard() {
    let detailed = UserProfile {
        details: UserDetails {
            texts: [
                (UserText::Birthdate, "0000-12-31".to_owned()),
                (UserText::PhoneNumber, "+33 1".to_owned()),
            ]
            .into(),
            phone_number_verified: Some(false),
            address: [(AddressPart::Locality, "Paris".to_owned())].into(),
            updated_at: Some(Timestamp::from_secs(17)),
            attributes: [("department".to_owned(), "ops".to_owned())].into(),
        },
        ..alice()
    };

    assert_eq!(
        granted_json("profile", &detailed),
        json!({
            "preferred_username": "alice", "name": "Alice",
            "birthdate": "0000-12-31", "updated_at": 17,
        })
    );
    assert_eq!(
        granted_json("address phone", &detailed),
        json!({
            "address": {"locality": "Paris"},
            "phone_number": "+33 1", "phone_number_verified": false,
        })
    );
    assert_eq!(granted_json("address phone", &alice()), json!({}));
}

#[test]
fn access_tokens_tell_what_resource_servers_decide_by() {
    let scope = Scope::parse("openid profile email phone address groups").unwrap();
    let detailed = UserProfile {
        details: UserDetails {
            texts: UserText::ALL.map(|claim| (claim, "text".to_owned())).into(),
            ..UserDetails::default()
        },
        ..alice()
    };

    assert_eq!(
        Value::Object(for_access_token(&client(vec![]), &scope, &detailed)),
        granted_json("profile email groups", &alice())
    );
}

#[test]
fn a_rule_renames_what_the_scope_grants_and_nothing_else() {
    let mut alice = alice();
    alice.details.attributes = [("department".to_owned(), "ops".to_owned())].into();
    let client = client(vec![
        rule("memberOf", ClaimSource::Claim(IdentityClaim::Groups)),
        rule(
            "preferred_username",
            ClaimSource::Claim(IdentityClaim::Email),
        ),
        rule("dept", ClaimSource::Attribute("department".to_owned())),
        rule("none", ClaimSource::Attribute("other".to_owned())),
        rule(
            "nick",
            ClaimSource::Claim(IdentityClaim::Text(UserText::Nickname)),
        ),
    ]);
    let told = |scope: &str| {
        let scope = Scope::parse(scope).unwrap();
        let userinfo = for_userinfo(&client, &scope, &RequestedClaims::default(), &alice);
        assert_eq!(for_access_token(&client, &scope, &alice), userinfo);
        Value::Object(userinfo)
    };

    assert_eq!(told("openid"), json!({}));
    assert_eq!(
        told("profile"),
        json!({"preferred_username": "alice", "name": "Alice", "dept": "ops"})
    );
    assert_eq!(
        told("email groups"),
        json!({
            "email": "alice@example.test", "email_verified": true, "groups": ["staff"],
            "preferred_username": "alice@example.test", "memberOf": ["staff"],
        })
    );
}

#[test]
fn constants_keep_their_types() {
    let constant = |name, value| rule(name, ClaimSource::Constant(value));
    let client = client(vec![
        constant("text", ConstantClaim::Text("x".to_owned())),
        constant("number", ConstantClaim::Number(-7)),
        constant("flag", ConstantClaim::Flag(false)),
        constant("texts", ConstantClaim::Texts(vec!["a".to_owned()])),
    ]);

    assert_eq!(
        Value::Object(for_userinfo(
            &client,
            &Scope::parse("openid").unwrap(),
            &RequestedClaims::default(),
            &alice()
        )),
        json!({"text": "x", "number": -7, "flag": false, "texts": ["a"]})
    );
}

#[test]
fn id_tokens_tell_what_the_operator_wrote_and_nothing_else() {
    let groups = rule("memberOf", ClaimSource::Claim(IdentityClaim::Groups));
    let client = client(vec![
        ClaimRule {
            in_id_token: true,
            ..groups
        },
        rule("mail", ClaimSource::Claim(IdentityClaim::Email)),
    ]);
    let told = |scope: &str| {
        Value::Object(for_id_token(
            &client,
            &Scope::parse(scope).unwrap(),
            &RequestedClaims::default(),
            &alice(),
        ))
    };

    assert_eq!(
        told("openid profile email groups"),
        json!({"memberOf": ["staff"]})
    );
    assert_eq!(told("openid profile email"), json!({}));
}

fn names(names: &[&str]) -> BTreeSet<ClaimName> {
    let names = names.iter().map(|name| ClaimName::parse(name).unwrap());
    names.collect()
}

/// A client that lost a scope value since its grant was made is told no more by it.
#[test]
fn what_was_asked_for_is_told_while_the_client_is_registered_for_it() {
    let requested = RequestedClaims {
        userinfo: names(&["email"]),
        id_token: names(&["name", "groups"]),
    };
    let openid = Scope::parse("openid").unwrap();
    for (registered, userinfo, id_token) in [
        (
            "openid email profile groups",
            json!({"email": "alice@example.test"}),
            json!({"name": "Alice", "groups": ["staff"]}),
        ),
        ("openid profile", json!({}), json!({"name": "Alice"})),
        ("openid", json!({}), json!({})),
    ] {
        let client = Client {
            scope: Scope::parse(registered).unwrap(),
            ..client(vec![])
        };
        let told = for_userinfo(&client, &openid, &requested, &alice());
        assert_eq!(Value::Object(told), userinfo, "{registered}");
        let told = for_id_token(&client, &openid, &requested, &alice());
        assert_eq!(Value::Object(told), id_token, "{registered}");
    }
}

#[test]
fn a_user_has_to_allow_what_no_scope_value_grants() {
    let requested = RequestedClaims {
        userinfo: names(&["email", "name", "memberOf"]),
        id_token: names(&["email_verified", "groups"]),
    };
    for (scope, beside) in [
        ("openid email profile groups", [].as_slice()),
        (
            "openid email",
            &[IdentityClaim::Name, IdentityClaim::Groups],
        ),
        (
            "profile groups",
            &[IdentityClaim::Email, IdentityClaim::EmailVerified],
        ),
    ] {
        let scope = Scope::parse(scope).unwrap();
        let expected = beside.iter().copied().collect();
        assert_eq!(beside_scope(&requested, &scope), expected, "{scope}");
    }
}
