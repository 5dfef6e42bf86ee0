//! `routes[].log`.

use std::sync::Arc;

use http::HeaderName;

use super::Checker;
use super::name::Names;
use crate::config::file::{AuthenticationMode, RouteLogTable, RouteTable};
use crate::config::key_path::KeyPath;
use crate::gateway::{ClaimPath, LogFields};

/// Fields that hold credentials, or addresses with credentials in them.
const SECRET: [&str; 20] = [
    "authentication-info",
    "authorization",
    "content-location",
    "cookie",
    "cookie2",
    "dpop",
    "location",
    "proxy-authentication-info",
    "proxy-authorization",
    "referer",
    "refresh",
    "sec-websocket-protocol",
    "set-cookie",
    "set-cookie2",
    "ssl-session-id",
    "x-forwarded-uri",
    "x-original-uri",
    "x-original-url",
    "x-rewrite-url",
    "x-sendfile",
];

/// Parts of the names of fields that others gave to their secrets.
const SECRET_PARTS: [&str; 19] = [
    "access-key",
    "api-key",
    "apikey",
    "assertion",
    "auth-key",
    "bearer",
    "credential",
    "csrf",
    "jwt",
    "master-key",
    "passphrase",
    "password",
    "passwd",
    "secret",
    "session",
    "signature",
    "subscription-key",
    "token",
    "xsrf",
];

/// The headers in which tokens and assertions stand on any route: a client that sends a token to a
/// route of the file may send it to the next as well.
pub(super) fn credentials<'a>(routes: impl Iterator<Item = &'a RouteTable>) -> Vec<HeaderName> {
    let headers = routes.flat_map(|table| {
        let assertion = table.assertion.as_ref().map(|it| it.header.as_str());
        [table.token_from.header.as_deref(), assertion]
    });
    headers.filter_map(|text| text?.parse().ok()).collect()
}

/// Checks what the lines of a route have besides; `None`: nothing. `credentials`: headers that
/// hold some by this configuration.
pub(super) fn route_log(
    checker: &mut Checker,
    table: &RouteTable,
    credentials: &[HeaderName],
    at: &KeyPath,
) -> Option<Arc<LogFields>> {
    let at = at.key("log");
    let log = &table.log;
    let mut headers = |key, names| headers(checker, names, credentials, &at.key(key));
    let request = headers("request_headers", &log.request_headers);
    let response = headers("response_headers", &log.response_headers);
    let checked = LogFields {
        request,
        response,
        claims: claims(checker, log, &at),
    };
    if !log.claims.is_empty() && table.authentication == AuthenticationMode::Anonymous {
        checker.refuse(
            &at.key("claims"),
            "would never be there: on an anonymous route tokens are not looked at",
            "Remove it, or `authentication: anonymous`.",
        );
    }
    (!checked.is_empty()).then(|| Arc::new(checked))
}

fn headers(
    checker: &mut Checker,
    names: &[String],
    credentials: &[HeaderName],
    at: &KeyPath,
) -> Vec<HeaderName> {
    let mut seen = Names::default();
    let mut found = Vec::new();
    for (n, text) in names.iter().enumerate() {
        let at = at.item(n);
        let Ok(name) = text.parse::<HeaderName>() else {
            let advice = "Write, for example, `X-Tenant`.";
            checker.refuse(&at, "is not the name of a header", advice);
            continue;
        };
        seen.take(checker, name.as_str(), &at);
        if is_secret(&name) || credentials.contains(&name) {
            checker.refuse(
                &at,
                "is a header that holds credentials, and whoever reads the log would have them",
                "Remove it. Who asks is told by `claims`, or by the headers under `identity`.",
            );
        }
        found.push(name);
    }
    found
}

fn is_secret(name: &HeaderName) -> bool {
    let name = name.as_str().replace('_', "-");
    SECRET.contains(&name.as_str()) || SECRET_PARTS.iter().any(|part| name.contains(part))
}

fn claims(checker: &mut Checker, log: &RouteLogTable, at: &KeyPath) -> Vec<ClaimPath> {
    let at = at.key("claims");
    let mut seen = Names::default();
    let mut found = Vec::new();
    for (n, text) in log.claims.iter().enumerate() {
        let at = at.item(n);
        seen.take(checker, text, &at);
        match ClaimPath::parse(text) {
            Ok(path) => found.push(path),
            Err(error) => {
                let advice = "Write a name, as `groups`, or the way to a claim inside of another \
                              one, as `/realm_access/roles`.";
                checker.refuse(&at, error.to_string(), advice);
            }
        }
    }
    found
}
