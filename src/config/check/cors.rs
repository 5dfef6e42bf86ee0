//! `routes[].cors`.

use std::sync::Arc;

use http::{HeaderName, Method};

use super::Checker;
use crate::config::file::{CorsTable, RouteTable};
use crate::config::key_path::KeyPath;
use crate::gateway::{Cors, CorsOrigins};
use crate::model::WebOrigin;

/// Which pages from elsewhere may read what the route answers; `None`: none, unless the upstream says
/// so itself.
pub(super) fn cors(
    checker: &mut Checker,
    table: &RouteTable,
    methods: &[Method],
    at: &KeyPath,
) -> Option<Arc<Cors>> {
    let cors = table.cors.as_ref()?;
    let at = at.key("cors");
    if table.forward_auth {
        let reason = "excludes `forward_auth`: the proxy in front writes the answers";
        checker.refuse(&at, reason, "Let that proxy answer pages from elsewhere.");
    }
    Some(Arc::new(Cors {
        origins: origins(checker, cors, &at)?,
        methods: self::methods(checker, cors, methods, &at),
        headers: names(checker, &cors.headers, &at.key("headers")),
        exposed_headers: names(checker, &cors.exposed_headers, &at.key("exposed_headers")),
        credentials: cors.credentials,
        max_age_s: cors.max_age_s,
    }))
}

fn origins(checker: &mut Checker, cors: &CorsTable, at: &KeyPath) -> Option<CorsOrigins> {
    let at_origins = at.key("origins");
    let example = "origins: [https://app.example]";
    let texts = checker.required(cors.origins.as_deref(), &at_origins, example)?;
    if texts.iter().any(|text| text == "*") {
        if texts.len() > 1 {
            let advice = "Write `[\"*\"]`, or the origins alone.";
            checker.refuse(&at_origins, "has `*` and others, which it includes", advice);
        }
        if cors.credentials {
            let reason =
                "excludes `origins: [\"*\"]`: any page could act with its visitor's cookies";
            checker.refuse(
                &at.key("credentials"),
                reason,
                "Write the origins that may.",
            );
        }
        return Some(CorsOrigins::Any);
    }
    let mut origins = Vec::new();
    for (n, text) in texts.iter().enumerate() {
        match WebOrigin::parse(text) {
            Ok(origin) => origins.push(origin),
            Err(error) => {
                let advice = "Write, for example, `https://app.example`.";
                checker.refuse(&at_origins.item(n), error.to_string(), advice);
            }
        }
    }
    Some(CorsOrigins::These(origins))
}

/// The methods; one that the route does not take would be promised in vain.
fn methods(
    checker: &mut Checker,
    cors: &CorsTable,
    of_route: &[Method],
    at: &KeyPath,
) -> Vec<Method> {
    let at = at.key("methods");
    let mut methods = Vec::new();
    for (n, text) in cors.methods.iter().flatten().enumerate() {
        match Method::from_bytes(text.as_bytes()) {
            Ok(method) if text.bytes().any(|byte| byte.is_ascii_lowercase()) => {
                let advice = format!("Write `{}`.", method.as_str().to_ascii_uppercase());
                let reason = "would never match: methods are compared exactly";
                checker.refuse(&at.item(n), reason, advice);
            }
            Ok(method) if of_route.is_empty() || of_route.contains(&method) => methods.push(method),
            Ok(_) => {
                let advice = "Remove it, or add it to the route's `methods`.";
                checker.refuse(&at.item(n), "is not a method of the route", advice);
            }
            Err(_) => {
                let advice = "Write, for example, `GET`.";
                checker.refuse(&at.item(n), "is not a method", advice);
            }
        }
    }
    methods
}

fn names(checker: &mut Checker, texts: &[String], at: &KeyPath) -> Vec<HeaderName> {
    let mut names = Vec::new();
    for (n, text) in texts.iter().enumerate() {
        match HeaderName::from_bytes(text.as_bytes()) {
            // Not a wildcard with credentials, and otherwise one that does not mean Authorization.
            Ok(_) if text == "*" => {
                checker.refuse(&at.item(n), "is no name", "Name each header.");
            }
            Ok(name) => names.push(name),
            Err(_) => {
                let advice = "Write, for example, `Authorization`.";
                checker.refuse(&at.item(n), "is not the name of a header", advice);
            }
        }
    }
    names
}
