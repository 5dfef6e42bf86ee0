//! Which claims about the user a scope grants (OpenID Connect Core §5.4).
//!
//! One table feeds the userinfo endpoint, the access tokens and what the discovery document
//! says, so that they cannot disagree.

use serde_json::{Map, Value};

use crate::model::{Scope, UserProfile};

/// Scope values with the claims they grant. `groups` and `roles` are ours.
pub(crate) const CLAIMS_BY_SCOPE: [(&str, &[IdentityClaim]); 4] = [
    (
        "profile",
        &[IdentityClaim::PreferredUsername, IdentityClaim::Name],
    ),
    (
        "email",
        &[IdentityClaim::Email, IdentityClaim::EmailVerified],
    ),
    ("groups", &[IdentityClaim::Groups]),
    ("roles", &[IdentityClaim::Roles]),
];

/// A claim about who the user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdentityClaim {
    PreferredUsername,
    Name,
    Email,
    EmailVerified,
    Groups,
    Roles,
}

impl IdentityClaim {
    /// Its name in tokens and documents.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::PreferredUsername => "preferred_username",
            Self::Name => "name",
            Self::Email => "email",
            Self::EmailVerified => "email_verified",
            Self::Groups => "groups",
            Self::Roles => "roles",
        }
    }

    /// What is known of `user`; a claim without a value is left out (§5.3.2).
    fn value(self, user: &UserProfile) -> Option<Value> {
        match self {
            Self::PreferredUsername => Some(Value::from(user.login.as_str())),
            Self::Name => user.name.as_deref().map(Value::from),
            Self::Email => user.email.as_deref().map(Value::from),
            // Says something about `email` and nothing without it.
            Self::EmailVerified => user
                .email
                .as_ref()
                .and(user.email_verified)
                .map(Value::from),
            Self::Groups => Some(Value::from(user.groups.clone())),
            Self::Roles => Some(Value::from(user.roles.clone())),
        }
    }
}

/// The claims about `user` that `scope` grants.
pub(crate) fn granted(scope: &Scope, user: &UserProfile) -> Map<String, Value> {
    CLAIMS_BY_SCOPE
        .iter()
        .filter(|(value, _)| scope.contains(value))
        .flat_map(|(_, claims)| claims.iter())
        .filter_map(|claim| Some((claim.as_str().to_owned(), claim.value(user)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Subject;

    fn alice() -> UserProfile {
        UserProfile {
            subject: Subject::parse("a1").unwrap(),
            login: "alice".to_owned(),
            name: Some("Alice".to_owned()),
            email: Some("alice@example.test".to_owned()),
            email_verified: Some(true),
            groups: vec!["staff".to_owned()],
            roles: Vec::new(),
        }
    }

    fn granted_json(scope: &str, user: &UserProfile) -> Value {
        Value::Object(granted(&Scope::parse(scope).unwrap(), user))
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
}
