//! Which claims about the user a scope grants (OpenID Connect Core §5.4), and what a client may
//! have beside them.
//!
//! One table feeds the userinfo endpoint, the access tokens and what the discovery document
//! says, so that they cannot disagree.

mod request;

#[cfg(test)]
mod tests;

pub(crate) use request::{ClaimsRequest, ClaimsRequestError};

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::model::{
    AddressPart, ClaimName, ClaimRule, ClaimSource, Client, ConstantClaim, IdentityClaim,
    RequestedClaims, Scope, UserProfile, UserText,
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

/// What the userinfo endpoint tells `client` of `user`: the claims that `scope` grants, those that
/// were asked for by name, and those of the client's own rules.
pub(crate) fn for_userinfo(
    client: &Client,
    scope: &Scope,
    requested: &RequestedClaims,
    user: &UserProfile,
) -> Map<String, Value> {
    let named = named(&requested.userinfo, client);
    let mut claims = standard(of_scope(scope).chain(named), user);
    claims.extend(as_cells_tells(client, scope, user));
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

/// What ID tokens of `client` tell of `user`: what was asked for by name, and what the operator
/// wrote so. They travel through browsers, and the userinfo endpoint has the rest (§5.4).
pub(crate) fn for_id_token(
    client: &Client,
    scope: &Scope,
    requested: &RequestedClaims,
    user: &UserProfile,
) -> Map<String, Value> {
    let asked = &requested.id_token;
    let mut claims = standard(named(asked, client), user);
    claims.extend(as_cells_tells(client, scope, user));
    let is_told = |rule: &&ClaimRule| rule.in_id_token || asked.contains(&rule.name);
    claims.extend(by_rules(client.claims.iter().filter(is_told), scope, user));
    claims
}

/// What an application of Cells reads in ID tokens and userinfo: `name` is the login there, and
/// `cells-sync` takes it for the user of its accounts. It asks nobody else, so the ID token says it.
fn as_cells_tells(
    client: &Client,
    scope: &Scope,
    user: &UserProfile,
) -> impl Iterator<Item = (String, Value)> {
    let told = [
        (IdentityClaim::Name, Some(Value::from(user.login.as_str()))),
        (IdentityClaim::Email, value(IdentityClaim::Email, user)),
    ];
    let told = told.into_iter().filter(|_| client.of_cells.is_some());
    told.filter(|(claim, _)| grants(scope, *claim))
        .filter_map(|(claim, value)| Some((claim.as_str().to_owned(), value?)))
}

/// The claims among `requested` that no value of `scope` grants: what a user has to allow beside
/// the scope.
pub(crate) fn beside_scope(requested: &RequestedClaims, scope: &Scope) -> BTreeSet<IdentityClaim> {
    let names = requested.names().into_iter();
    names
        .filter_map(|name| IdentityClaim::parse(name.as_str()))
        .filter(|claim| !grants(scope, *claim))
        .collect()
}

/// Whether `client` may ask for the claim of this name at all.
fn may_be_told(name: &ClaimName, client: &Client) -> bool {
    let standard = IdentityClaim::parse(name.as_str());
    standard.is_some_and(|claim| grants(&client.scope, claim))
        || client.claims.iter().any(|rule| rule.name == *name)
}

/// Standard claims that were asked for by name. The client may have been deprived of a scope value
/// since.
fn named<'a>(
    requested: &'a BTreeSet<ClaimName>,
    client: &'a Client,
) -> impl Iterator<Item = IdentityClaim> + 'a {
    let claims = requested.iter();
    claims
        .filter_map(|name| IdentityClaim::parse(name.as_str()))
        .filter(|claim| grants(&client.scope, *claim))
}

/// `preferred_username`, where the scope grants it.
pub(crate) fn username(scope: &Scope, user: &UserProfile) -> Option<Value> {
    grants(scope, IdentityClaim::PreferredUsername).then(|| user.login.as_str().into())
}

fn grants(scope: &Scope, claim: IdentityClaim) -> bool {
    of_scope(scope).any(|granted| granted == claim)
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
            ClaimSource::Claim(claim) => value(*claim, user).filter(|_| grants(scope, *claim))?,
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
