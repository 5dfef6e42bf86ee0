//! `authentication: sign_in`, and `browser_sessions`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::policy::Accepted;
use super::{Checker, provider};
use crate::config::file::{BrowserSessionsTable, RouteTable};
use crate::config::key_path::KeyPath;
use crate::gateway::{Authentication, CALLBACK_PATH, RESERVED, Route, SignInSettings};
use crate::model::{Issuer, Scope};
use crate::provider::{Application, application_client};

/// What the sessions of every application tell it of their users: everything there is. The operator
/// chooses by `identity` what the application sees.
const SCOPE: &str = "openid profile email address phone groups roles";

/// Checks a route that browsers sign in on. `issuers` are those that it accepts.
pub(super) fn check_route(
    checker: &mut Checker,
    table: &RouteTable,
    (accepted, issuers): (&Accepted, &[String]),
    at: &KeyPath,
) {
    if accepted.some_unknown {
        return;
    }
    let Some(own) = accepted.own.as_ref().filter(|own| issuers.contains(own)) else {
        checker.refuse(
            &at.key("authentication"),
            "is `sign_in`, but there is no provider here to sign in at whose tokens the route accepts",
            "Add `provider:`, or write `authentication: required`; if the route has `issuers`, add \
             `provider.issuer` to them.",
        );
        return;
    };
    check_path(checker, table, at);
    let at = at.key("host");
    let host = table.host.as_deref().filter(|host| !host.starts_with('*'));
    let Some(host) = host else {
        checker.refuse(
            &at,
            "must be one host where `authentication` is `sign_in`: browsers are sent back there",
            "Write, for example, `host: wiki.example`, and a route for each host.",
        );
        return;
    };
    let application = application(host);
    let client = Issuer::parse(own).map(|issuer| application_client(&application, &issuer));
    if let Ok(Err(error)) = client {
        checker.refuse(
            &at,
            format!(
                "cannot be signed in to: with the scheme and port of `provider.issuer`, the address \
                 that browsers are sent back to {error}"
            ),
            "With an `http://` issuer, write a loopback address or `localhost`.",
        );
    }
}

fn check_path(checker: &mut Checker, table: &RouteTable, at: &KeyPath) {
    let path = table.path.as_deref().unwrap_or_default();
    let is_below = path
        .strip_prefix(RESERVED)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if is_below {
        checker.refuse(
            &at.key("path"),
            format!("is below `{RESERVED}`, where browser sign-in answers: it would never match"),
            "Write another path.",
        );
    }
}

/// What browser sign-in runs on; the applications of `routes` become clients of the provider.
pub(super) fn sign_in(
    checker: &mut Checker,
    table: &BrowserSessionsTable,
    routes: &[Route],
    provider: &mut Option<Option<provider::Checked>>,
) -> SignInSettings {
    if table.idle_lifetime_s > table.lifetime_s {
        checker.refuse(
            &KeyPath::root()
                .key("browser_sessions")
                .key("idle_lifetime_s"),
            "is more than `browser_sessions.lifetime_s`, so it would never end a session",
            "Write a smaller number.",
        );
    }
    let applications = applications(routes);
    if let Some(Some(provider)) = provider {
        for application in applications.values() {
            register(checker, application, provider);
        }
        if provider.settings.clients.is_empty() {
            let at = KeyPath::root().key("provider").key("clients");
            checker.warn(&at, "nobody is registered, so nobody can sign in");
        }
    }
    SignInSettings {
        hosts: applications.into_keys().collect(),
        lifetime: Duration::from_secs(table.lifetime_s),
        idle_lifetime: Duration::from_secs(table.idle_lifetime_s),
        sign_in_lifetime: Duration::from_secs(table.sign_in_lifetime_s),
    }
}

/// The applications, by their hosts: each is what all of its routes together ask for.
fn applications(routes: &[Route]) -> BTreeMap<String, Application> {
    let mut applications = BTreeMap::new();
    for route in routes {
        let policy = &route.policy;
        let Some(host) = &route.host else { continue };
        if policy.authentication != Authentication::SignIn {
            continue;
        }
        let known = applications
            .entry(host.clone())
            .or_insert_with(|| application(host));
        let asked = [&known.scope, &policy.all_scopes, &policy.any_scope];
        let asked: Vec<String> = asked.iter().map(ToString::to_string).collect();
        known.scope = Scope::parse(asked.join(" ").trim()).unwrap_or_default();
        for audience in &policy.audience {
            if !known.audience.contains(audience) {
                known.audience.push(audience.clone());
            }
        }
    }
    applications
}

fn application(host: &str) -> Application {
    Application {
        host: host.to_owned(),
        callback_path: CALLBACK_PATH,
        audience: Vec::new(),
        scope: Scope::parse(SCOPE).unwrap_or_default(),
    }
}

fn register(checker: &mut Checker, application: &Application, provider: &mut provider::Checked) {
    let settings = &mut provider.settings;
    // Why it cannot be one was said of its route.
    let Ok(client) = application_client(application, &settings.issuer) else {
        return;
    };
    if let Some(n) = settings.clients.iter().position(|it| it.id == client.id) {
        let at = KeyPath::root().key("provider").key("clients").item(n);
        checker.refuse(
            &at.key("id"),
            format!(
                "is what the provider calls {}, on which browsers sign in",
                application.host
            ),
            "Choose another.",
        );
        return;
    }
    settings.clients.push(client);
}
