//! The routes, in the order they decide, with everything that stands in the file or follows from
//! what does not.

use std::io::{self, Write};

use http::Method;
use serde_json::{Value, json};

use super::super::check::by_specificity;
use crate::gateway::{
    Action, Authentication, CertificateUse, OtherTokens, Passwords, Route, TokenPlaces, TokenUse,
};

/// Writes the routes.
pub(super) fn show(out: &mut impl Write, routes: &[Route], as_json: bool) -> io::Result<()> {
    let sorted = by_specificity(routes);
    if as_json {
        let documents: Vec<Value> = sorted.into_iter().map(document).collect();
        return writeln!(out, "{:#}", Value::from(documents));
    }
    for route in sorted {
        let place = [route.host.as_deref().unwrap_or("*"), &route.path].concat();
        let kind = if route.grpc { " (gRPC)" } else { "" };
        let methods = methods(route).join(",");
        writeln!(out, "{}  {methods} {place}{kind}", route.name)?;
        writeln!(out, "    {}", action(route))?;
        if route.action == Action::Refuse {
            continue;
        }
        writeln!(out, "    authentication: {}", authentication(route))?;
        if route.token_use != TokenUse::Strip {
            writeln!(out, "    token: {}", token_use(route))?;
        }
        for line in more(route) {
            writeln!(out, "    {line}")?;
        }
        for condition in route.policy.described() {
            writeln!(out, "    {condition}")?;
        }
        if let Some(certificate) = certificate(route) {
            writeln!(out, "    client certificate: {certificate}")?;
        }
        if let Some(resource) = &route.resource {
            writeln!(out, "    metadata: {}", resource.metadata_url())?;
        }
    }
    writeln!(out, "\nwhat none of these matches is refused")
}

/// What is not on every route.
fn more(route: &Route) -> Vec<String> {
    let mut lines = Vec::new();
    if route.policy.authentication != Authentication::Anonymous {
        let places = places(&route.token_places);
        if places != ["Authorization"] {
            lines.push(format!("token from: {}", places.join(", ")));
        }
    }
    let subscribes = route.websockets.as_ref().is_some_and(|it| it.subscribe);
    for (is_so, line) in [
        (
            route.websockets.is_some() && !subscribes,
            "websockets: allow",
        ),
        (
            subscribes,
            "websockets: subscribe (a token of ours in a message is swapped)",
        ),
        (route.allow_encoded_slash, "takes %2F in paths"),
        (route.outlives_token, "goes on when its token expires"),
    ] {
        if is_so {
            lines.push(line.to_owned());
        }
    }
    match route.passwords {
        Passwords::Unseen => {}
        Passwords::Session => lines.push("passwords: session".to_owned()),
        Passwords::Basic => lines.push("passwords: basic".to_owned()),
        Passwords::Page => lines.push(
            "passwords: page (browsers that open the interface sign in at the provider)".to_owned(),
        ),
    }
    if !route.refused_user_agents.is_empty() {
        let agents = route.refused_user_agents.join(", ");
        lines.push(format!("refused user agents: {agents}"));
    }
    lines
}

/// Where a token may be.
fn places(places: &TokenPlaces) -> Vec<String> {
    let authorization = places.authorization.then(|| "Authorization".to_owned());
    let cookie = places.cookie.iter().map(|name| format!("cookie {name}"));
    let header = places.header.iter().map(ToString::to_string);
    let query = places.query.iter().map(|name| format!("?{name}="));
    let named = cookie.chain(header).chain(query);
    authorization.into_iter().chain(named).collect()
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
        "client_certificate": certificate(route),
        "token": token_use(route),
        "token_from": places(&route.token_places),
        "grpc": route.grpc,
        "websockets": route.websockets.is_some(),
        "subscribe": route.websockets.as_ref().is_some_and(|it| it.subscribe),
        "outlives_token": route.outlives_token,
        "refused_user_agents": route.refused_user_agents,
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
        Action::Refuse => "refuse".to_owned(),
    }
}

/// What is asked of client certificates; `None` where they are not looked at.
fn certificate(route: &Route) -> Option<String> {
    match &route.client_certificate {
        CertificateUse::Ignore => None,
        CertificateUse::Optional => Some("optional".to_owned()),
        CertificateUse::Required(conditions) => Some(conditions.to_string()),
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
