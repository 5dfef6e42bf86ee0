//! Which claims about the user a scope grants (OpenID Connect Core §5.4).
//!
//! One table feeds the userinfo endpoint, the access tokens and what the discovery document
//! says, so that they cannot disagree.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::model::{
    AddressPart, ClaimRule, ClaimSource, Client, ConstantClaim, IdentityClaim, Scope, UserProfile,
    UserText,
};

/// Scope values with the claims they grant. `groups` and `roles` are ours.
pub(crate) const CLAIMS_BY_SCOPE: [(&str, &[IdentityClaim]); 6] = [
    (
        "profile",
        &[
            IdentityClaim::PreferredUsername,
            IdentityClaim::Name,
            IdentityClaim::Text(UserText::GivenName),
            IdentityClaim::Text(UserText::FamilyName),
            IdentityClaim::Text(UserText::MiddleName),
            IdentityClaim::Text(UserText::Nickname),
            IdentityClaim::Text(UserText::Profile),
            IdentityClaim::Text(UserText::Picture),
            IdentityClaim::Text(UserText::Website),
            IdentityClaim::Text(UserText::Gender),
            IdentityClaim::Text(UserText::Birthdate),
            IdentityClaim::Text(UserText::Zoneinfo),
            IdentityClaim::Text(UserText::Locale),
            IdentityClaim::UpdatedAt,
        ],
    ),
    (
        "email",
        &[IdentityClaim::Email, IdentityClaim::EmailVerified],
    ),
    ("address", &[IdentityClaim::Address]),
    (
        "phone",
        &[
            IdentityClaim::Text(UserText::PhoneNumber),
            IdentityClaim::PhoneNumberVerified,
        ],
    ),
    ("groups", &[IdentityClaim::Groups]),
    ("roles", &[IdentityClaim::Roles]),
];

/// What is known of `user`, in the type of OpenID Connect Core §5.1; a claim without a value
/// is left out (§5.3.2).
fn value(claim: IdentityClaim, user: &UserProfile) -> Option<Value> {
    let details = &user.details;
    match claim {
        IdentityClaim::PreferredUsername => Some(Value::from(user.login.as_str())),
        IdentityClaim::Name => user.name.as_deref().map(Value::from),
        IdentityClaim::Email => user.email.as_deref().map(Value::from),
        // Says something about `email` and nothing without it.
        IdentityClaim::EmailVerified => user
            .email
            .as_ref()
            .and(user.email_verified)
            .map(Value::from),
        IdentityClaim::Groups => Some(Value::from(user.groups.clone())),
        IdentityClaim::Roles => Some(Value::from(user.roles.clone())),
        IdentityClaim::Text(text) => details.texts.get(&text).map(|text| Value::from(&**text)),
        IdentityClaim::PhoneNumberVerified => details
            .texts
            .get(&UserText::PhoneNumber)
            .and(details.phone_number_verified)
            .map(Value::from),
        IdentityClaim::Address => address(&details.address),
        IdentityClaim::UpdatedAt => details.updated_at.map(|moment| moment.as_secs().into()),
    }
}

/// The address as an object (§5.1.1).
fn address(parts: &BTreeMap<AddressPart, String>) -> Option<Value> {
    let members: Map<String, Value> = parts
        .iter()
        .map(|(part, text)| (part.as_str().to_owned(), Value::from(&**text)))
        .collect();
    (!members.is_empty()).then_some(Value::Object(members))
}

/// What the userinfo endpoint tells `client` of `user`: the claims that `scope` grants, and those
/// of the client's own rules.
pub(crate) fn for_userinfo(
    client: &Client,
    scope: &Scope,
    user: &UserProfile,
) -> Map<String, Value> {
    let mut claims = standard(of_scope(scope), user);
    claims.extend(by_rules(client.claims.iter(), scope, user));
    claims
}

/// What access tokens of `client` tell of `user`.
pub(crate) fn for_access_token(
    client: &Client,
    scope: &Scope,
    user: &UserProfile,
) -> Map<String, Value> {
    let told = of_scope(scope).filter(|claim| claim.is_for_resource_servers());
    let mut claims = standard(told, user);
    claims.extend(by_rules(client.claims.iter(), scope, user));
    claims
}

/// What ID tokens of `client` tell of `user` without being asked: only what the operator wrote so.
/// They travel through browsers, and the userinfo endpoint has the rest (§5.4).
pub(crate) fn for_id_token(
    client: &Client,
    scope: &Scope,
    user: &UserProfile,
) -> Map<String, Value> {
    let rules = client.claims.iter().filter(|rule| rule.in_id_token);
    by_rules(rules, scope, user).collect()
}

/// `preferred_username`, where the scope grants it.
pub(crate) fn username(scope: &Scope, user: &UserProfile) -> Option<Value> {
    let mut granted = of_scope(scope);
    let is_granted = granted.any(|claim| claim == IdentityClaim::PreferredUsername);
    is_granted.then(|| user.login.as_str().into())
}

fn of_scope(scope: &Scope) -> impl Iterator<Item = IdentityClaim> {
    CLAIMS_BY_SCOPE
        .iter()
        .filter(|(value, _)| scope.contains(value))
        .flat_map(|(_, claims)| claims.iter().copied())
}

fn standard(claims: impl Iterator<Item = IdentityClaim>, user: &UserProfile) -> Map<String, Value> {
    claims
        .filter_map(|claim| Some((claim.as_str().to_owned(), value(claim, user)?)))
        .collect()
}

/// The claims of `rules`. A rule gives a claim another name, not to another reader: what its value
/// is made of must be granted by `scope`.
fn by_rules<'a>(
    rules: impl Iterator<Item = &'a ClaimRule>,
    scope: &Scope,
    user: &UserProfile,
) -> impl Iterator<Item = (String, Value)> {
    rules.filter_map(move |rule| {
        let value = match &rule.source {
            ClaimSource::Claim(claim) => {
                of_scope(scope).find(|granted| granted == claim)?;
                value(*claim, user)?
            }
            ClaimSource::Attribute(name) => {
                let attribute = user.details.attributes.get(name);
                Value::from(&**attribute.filter(|_| scope.contains("profile"))?)
            }
            ClaimSource::Constant(ConstantClaim::Text(text)) => Value::from(&**text),
            ClaimSource::Constant(ConstantClaim::Number(number)) => Value::from(*number),
            ClaimSource::Constant(ConstantClaim::Flag(flag)) => Value::from(*flag),
            ClaimSource::Constant(ConstantClaim::Texts(texts)) => Value::from(&**texts),
        };
        Some((rule.name.as_str().to_owned(), value))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{
        ClaimName, ClientAuthentication, ClientId, Subject, Timestamp, UserDetails,
    };

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
        Value::Object(for_userinfo(&client(vec![]), &scope, user))
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
            let userinfo = for_userinfo(&client, &scope, &alice);
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
                &alice(),
            ))
        };

        assert_eq!(
            told("openid profile email groups"),
            json!({"memberOf": ["staff"]})
        );
        assert_eq!(told("openid profile email"), json!({}));
    }
}
