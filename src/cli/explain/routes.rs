//! The routes, in the order they decide, with everything that stands in the file or follows from
//! what does not.

use std::io::{self, Write};

use http::Method;
use serde_json::{Value, json};

use super::super::check::by_specificity;
use crate::gateway::{Action, Authentication, OtherTokens, Route, TokenUse};

/// Writes the routes.
pub(super) fn show(out: &mut impl Write, routes: &[Route], as_json: bool) -> io::Result<()> {
    let sorted = by_specificity(routes);
    if as_json {
        let documents: Vec<Value> = sorted.into_iter().map(document).collect();
        return writeln!(out, "{:#}", Value::from(documents));
    }
    for route in sorted {
        let place = [route.host.as_deref().unwrap_or("*"), &route.path].concat();
        writeln!(out, "{}  {} {place}", route.name, methods(route).join(","))?;
        writeln!(out, "    {}", action(route))?;
        writeln!(out, "    authentication: {}", authentication(route))?;
        if route.token_use != TokenUse::Strip {
            writeln!(out, "    token: {}", token_use(route))?;
        }
        for condition in route.policy.described() {
            writeln!(out, "    {condition}")?;
        }
        if let Some(resource) = &route.resource {
            writeln!(out, "    metadata: {}", resource.metadata_url())?;
        }
    }
    writeln!(out, "\nwhat none of these matches is refused")
}

fn document(route: &Route) -> Value {
    json!({
        "name": route.name,
        "host": route.host,
        "path": route.path,
        "methods": route.methods.iter().map(Method::as_str).collect::<Vec<_>>(),
        "action": action(route),
        "authentication": authentication(route),
        "conditions": route.policy.described().collect::<Vec<_>>(),
        "resource_metadata": route.resource.as_ref().map(|resource| resource.metadata_url()),
        "token": token_use(route),
        "allows_encoded_slash": route.allow_encoded_slash,
    })
}

fn methods(route: &Route) -> Vec<&str> {
    if route.methods.is_empty() {
        return vec!["*"];
    }
    route.methods.iter().map(Method::as_str).collect()
}

fn action(route: &Route) -> String {
    match &route.action {
        Action::Whoami => "whoami".to_owned(),
        Action::Upstream(name) => format!("upstream: {name}"),
        Action::ForwardAuth => "forward_auth".to_owned(),
    }
}

const fn token_use(route: &Route) -> &'static str {
    match route.token_use {
        TokenUse::Strip => "strip",
        TokenUse::Pass => "pass",
        TokenUse::Swap(OtherTokens::Refuse) => "swap",
        TokenUse::Swap(OtherTokens::Pass) => "swap, others pass",
    }
}

const fn authentication(route: &Route) -> &'static str {
    match route.policy.authentication {
        Authentication::Anonymous => "anonymous",
        Authentication::Optional => "optional",
        Authentication::Required => "required",
        Authentication::SignIn => "sign_in",
    }
}
