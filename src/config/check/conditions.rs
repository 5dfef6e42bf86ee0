//! What a route asks beside issuer, audience and scope.

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;

use super::Checker;
use super::network::network;
use super::policy::Accepted;
use crate::config::document::nearest;
use crate::config::file::{
    AuthenticationMode, ClaimConditionTable, ClaimValueTable, RouteTable, StepUpTable,
};
use crate::config::key_path::KeyPath;
use crate::gateway::{ClaimCondition, ClaimPath, ClaimValue, Conditions, Expression, StepUp};
use crate::model::{AuthenticationContext, ClientId};

/// Checks the further conditions of a route; `None` when it has none.
pub(super) fn conditions(
    checker: &mut Checker,
    table: &RouteTable,
    accepted: &Accepted,
    at: &KeyPath,
) -> Option<Arc<Conditions>> {
    let conditions = Conditions {
        networks: networks(checker, table, &at.key("networks")),
        clients: clients(checker, table, accepted, &at.key("clients")),
        claims: claims(checker, table, &at.key("claims")),
        expression: expression(checker, table, &at.key("condition")),
        step_up: step_up(checker, &table.step_up, accepted, &at.key("step_up")),
    };
    let is_asked = !conditions.networks.is_empty()
        || !conditions.clients.is_empty()
        || !conditions.claims.is_empty()
        || conditions.expression.is_some()
        || conditions.step_up.is_some();
    is_asked.then(|| Arc::new(conditions))
}

/// Whether `step_up` asks anything.
pub(super) const fn is_asked(table: &StepUpTable) -> bool {
    table.max_age_s.is_some() || table.acr.is_some()
}

fn networks(checker: &mut Checker, table: &RouteTable, at: &KeyPath) -> Vec<IpNet> {
    let texts = table.networks.iter().flatten().enumerate();
    texts
        .filter_map(|(n, text)| network(checker, text, &at.item(n)))
        .collect()
}

fn clients(
    checker: &mut Checker,
    table: &RouteTable,
    accepted: &Accepted,
    at: &KeyPath,
) -> Vec<ClientId> {
    let mut clients = Vec::new();
    for (n, text) in table.clients.iter().flatten().enumerate() {
        match ClientId::parse(text) {
            Ok(id) => clients.push(id),
            Err(error) => {
                let advice = "Write the `client_id` as the tokens have it.";
                checker.refuse(&at.item(n), error.to_string(), advice);
            }
        }
        // Not refused: clients can be registered while it runs, and trusted issuers have others.
        if !accepted.own_clients.contains(text)
            && let Some(meant) = nearest(text, accepted.own_clients.iter().map(String::as_str))
        {
            let text = format!("there is no such client here; did you mean `{meant}`?");
            checker.warn(&at.item(n), &text);
        }
    }
    clients
}

fn claims(checker: &mut Checker, table: &RouteTable, at: &KeyPath) -> Vec<ClaimCondition> {
    let conditions = table.claims.iter().map(|(name, table)| {
        let at = at.key(name);
        check_asks(checker, table, &at);
        match ClaimPath::parse(name) {
            Ok(claim) => Some(ClaimCondition {
                claim,
                any: values(&table.any),
                all: values(&table.all),
                none: values(&table.none),
            }),
            Err(error) => {
                let advice = "Write a name, as `groups`, or the way to a claim inside of another \
                              one, as `/realm_access/roles`.";
                checker.refuse(&at, error.to_string(), advice);
                None
            }
        }
    });
    // Every condition is checked, whatever became of those before it.
    conditions
        .collect::<Vec<_>>()
        .into_iter()
        .flatten()
        .collect()
}

/// A condition that asks nothing lets everybody pass, and one that contradicts itself nobody.
fn check_asks(checker: &mut Checker, table: &ClaimConditionTable, at: &KeyPath) {
    if table.any.is_empty() && table.all.is_empty() && table.none.is_empty() {
        checker.refuse(
            at,
            "asks nothing",
            "Write, for example, `any: [admins]`; or remove the claim.",
        );
    }
    let (all, none) = (values(&table.all), values(&table.none));
    for (n, value) in none.iter().enumerate() {
        if all.contains(value) {
            checker.refuse(
                &at.key("none").item(n),
                "is in `all` as well, so nobody could pass",
                "Remove it from one of the two lists.",
            );
        }
    }
}

fn values(tables: &[ClaimValueTable]) -> Vec<ClaimValue> {
    let values = tables.iter().cloned().map(|table| match table {
        ClaimValueTable::Flag(flag) => ClaimValue::Flag(flag),
        ClaimValueTable::Number(number) => ClaimValue::Number(number),
        ClaimValueTable::Text(text) => ClaimValue::Text(text),
    });
    values.collect()
}

fn expression(checker: &mut Checker, table: &RouteTable, at: &KeyPath) -> Option<Expression> {
    let expression = match Expression::parse(table.condition.as_deref()?) {
        Ok(expression) => expression,
        Err(error) => {
            checker.refuse(at, error.to_string(), error.advice());
            return None;
        }
    };
    if table.authentication == AuthenticationMode::Anonymous && expression.asks_of_token() {
        checker.refuse(
            at,
            "names `token` or `claims`, but on an anonymous route tokens are not looked at",
            "Use `request` and `now` alone, or write `authentication: required`.",
        );
    }
    Some(expression)
}

fn step_up(
    checker: &mut Checker,
    table: &StepUpTable,
    accepted: &Accepted,
    at: &KeyPath,
) -> Option<StepUp> {
    let acr = table.acr.clone().unwrap_or_default();
    for (n, value) in acr.iter().enumerate() {
        // It stands in a challenge, among others (RFC 9470 §3).
        let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        if !value.bytes().all(is_plain) {
            checker.refuse(
                &at.key("acr").item(n),
                "has a space or another character that cannot stand in a challenge",
                "Write each value as an item of its own, for example `mfa`.",
            );
        }
    }
    let ours = AuthenticationContext::ALL.map(AuthenticationContext::as_str);
    let is_ours = |value: &String| ours.contains(&value.as_str());
    if !acr.is_empty() && accepted.is_own_alone() && !acr.iter().any(is_ours) {
        let text = format!("the provider here states only {}", ours.join(", "));
        checker.warn(&at.key("acr"), &format!("{text}, so nobody can pass"));
    }
    is_asked(table).then(|| StepUp {
        max_age: table.max_age_s.map(Duration::from_secs),
        acr,
    })
}
