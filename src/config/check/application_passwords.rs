//! `routes[].application_passwords`, and `provider.application_passwords`.

use std::sync::Arc;
use std::time::Duration;

use super::Checker;
use super::policy::Accepted;
use crate::config::file::{ApplicationPasswordsTable, AuthenticationMode, RouteTable};
use crate::config::key_path::KeyPath;
use crate::gateway::Policy;
use crate::model::Scope;
use crate::provider::{ApplicationPasswords, PasswordPlace};

/// What application passwords are for on the route, if it takes any.
pub(super) fn of_route(
    checker: &mut Checker,
    table: &RouteTable,
    (policy, accepted): (&Policy, &Accepted),
    at: &KeyPath,
) -> Option<Arc<PasswordPlace>> {
    let at_passwords = at.key("application_passwords");
    let written = table.application_passwords.as_ref()?;
    let is_looked_at = table.authentication != AuthenticationMode::Anonymous && !table.refuse;
    if !is_looked_at {
        checker.refuse(
            &at_passwords,
            "is of no use: on this route no passwords are looked at",
            "Write `authentication: required` and an upstream, or remove it.",
        );
    }
    if !table.token_from.authorization {
        checker.refuse(
            &at_passwords,
            "contradicts `token_from.authorization: false`: passwords come in `Authorization`",
            "Remove one of the two.",
        );
    }
    let own = accepted.own.as_deref();
    let takes_own = own.is_some_and(|own| policy.issuers.iter().any(|it| **it == *own));
    if is_looked_at && !takes_own && !accepted.some_unknown {
        checker.refuse(
            &at_passwords,
            "needs a provider here, whose tokens the route accepts: its users make the passwords",
            "Add `provider:`; if the route has `issuers`, add `provider.issuer` to them.",
        );
    }
    check_conditions(checker, table, &at_passwords);
    let scope = scope(checker, written.scope.as_deref(), policy, &at_passwords)?;
    let route = table.name.clone()?;
    Some(Arc::new(PasswordPlace {
        title: written.title.clone().unwrap_or_else(|| route.clone()),
        route,
        scope,
        audience: policy.audience.clone(),
    }))
}

/// What a password cannot meet.
fn check_conditions(checker: &mut Checker, table: &RouteTable, at: &KeyPath) {
    let step_up = &table.step_up;
    if step_up.max_age_s.is_some() || step_up.acr.is_some() {
        checker.refuse(
            at,
            "contradicts `step_up`: a password that a program keeps says nothing of a sign-in",
            "Remove one of the two.",
        );
    }
    if table.clients.is_some() {
        checker.refuse(
            at,
            "contradicts `clients`: no client stands behind a password",
            "Remove one of the two.",
        );
    }
}

/// What passwords may on the route: what is written, or just what the route asks for.
fn scope(
    checker: &mut Checker,
    written: Option<&[String]>,
    policy: &Policy,
    at: &KeyPath,
) -> Option<Scope> {
    let at = at.key("scope");
    let Some(values) = written else {
        return Some(policy.all_scopes.union(&policy.any_scope));
    };
    let is_value = |value: &String| !value.contains(' ') && Scope::parse(value).is_ok();
    if let Some(n) = values.iter().position(|value| !is_value(value)) {
        checker.refuse(
            &at.item(n),
            "is not a scope value",
            "Write one value, for example `files.read`.",
        );
        return None;
    }
    let scope = Scope::parse(&values.join(" ")).unwrap_or_default();
    let is_enough = scope.includes(&policy.all_scopes)
        && (policy.any_scope.is_empty() || scope.intersects(&policy.any_scope));
    if !is_enough {
        checker.refuse(
            &at,
            "lacks what `scopes` of the route asks for, so that no password would be good for it",
            "Add it, or remove `scope`.",
        );
    }
    Some(scope)
}

/// What the provider knows of application passwords, before routes are.
pub(super) fn of_provider(table: &ApplicationPasswordsTable) -> ApplicationPasswords {
    ApplicationPasswords {
        places: Vec::new(),
        max_per_user: table.max_per_user,
        lifetime: table.lifetime_s.map(Duration::from_secs),
    }
}
