//! `authentication: sign_in`, and `browser_sessions`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::interface::interface;
use super::policy::Accepted;
use super::{Checker, provider};
use crate::config::document::nearest;
use crate::config::file::{AuthenticationMode, BrowserSessionsTable, RouteTable};
use crate::config::key_path::KeyPath;
use crate::gateway::{
    Authentication, CALLBACK_PATH, RESERVED, Route, SignInElsewhere, SignInSettings,
};
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
    if table.sign_in_client.is_some() {
        check_elsewhere(checker, table, (accepted, issuers), at);
        return;
    }
    let Some(own) = accepted.own.as_ref().filter(|own| issuers.contains(own)) else {
        checker.refuse(
            &at.key("authentication"),
            "is `sign_in`, but there is no provider here to sign in at whose tokens the route accepts",
            "Add `provider:`, or write `authentication: required`; if the route has `issuers`, add \
             `provider.issuer` to them. Or name a `sign_in_client` at another issuer.",
        );
        return;
    };
    check_path(checker, table, at);
    let Some(host) = check_host(checker, table, at) else {
        return;
    };
    let at = at.key("host");
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

/// The one host of a route that browsers sign in on.
fn check_host<'t>(checker: &mut Checker, table: &'t RouteTable, at: &KeyPath) -> Option<&'t str> {
    let host = table.host.as_deref().filter(|host| !host.starts_with('*'));
    if host.is_none() {
        checker.refuse(
            &at.key("host"),
            "must be one host where `authentication` is `sign_in`: browsers are sent back there",
            "Write, for example, `host: wiki.example`, and a route for each host.",
        );
    }
    host
}

/// Checks that a route with `sign_in_client` is one that browsers sign in on, and that the client is
/// known.
pub(super) fn check_client(
    checker: &mut Checker,
    table: &RouteTable,
    accepted: &Accepted,
    at: &KeyPath,
) {
    let at = at.key("sign_in_client");
    let Some(name) = &table.sign_in_client else {
        return;
    };
    if table.authentication != AuthenticationMode::SignIn {
        checker.refuse(
            &at,
            "is of no use: nobody signs in on this route",
            "Write `authentication: sign_in`, or remove it.",
        );
    }
    if accepted.sign_in_client(table).is_none() && !accepted.some_unknown {
        let names = accepted
            .sign_in_clients
            .iter()
            .map(|known| known.name.as_str());
        let advice = match nearest(name, names) {
            Some(meant) => format!("Did you mean `{meant}`?"),
            None => "Add it under `trusted_issuers[].sign_in_clients`.".to_owned(),
        };
        checker.refuse(&at, "is no sign-in client of any trusted issuer", advice);
    }
}

/// Checks a route whose users sign in at another issuer.
fn check_elsewhere(
    checker: &mut Checker,
    table: &RouteTable,
    (accepted, issuers): (&Accepted, &[String]),
    at: &KeyPath,
) {
    check_path(checker, table, at);
    check_host(checker, table, at);
    if let Some(client) = accepted.sign_in_client(table)
        && !issuers.contains(&client.issuer)
    {
        checker.refuse(
            &at.key("issuers"),
            format!(
                "does not have {}, at which users of this route sign in",
                client.issuer
            ),
            "Add it, or remove `issuers`.",
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

/// What browser sign-in runs on; the applications of `routes`, and the interface of Cells that they lead
/// browsers into, become clients of the provider.
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
    let reached_as = reached_as(checker, table, provider.as_ref());
    let elsewhere = elsewhere(checker, routes, reached_as.as_ref());
    interface(checker, routes, provider);
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
        elsewhere,
        lifetime: Duration::from_secs(table.lifetime_s),
        idle_lifetime: Duration::from_secs(table.idle_lifetime_s),
        sign_in_lifetime: Duration::from_secs(table.sign_in_lifetime_s),
    }
}

/// An address of the site as browsers have it; `None` when the one that is written is none.
fn reached_as(
    checker: &mut Checker,
    table: &BrowserSessionsTable,
    provider: Option<&Option<provider::Checked>>,
) -> Option<Issuer> {
    let at = KeyPath::root().key("browser_sessions").key("reached_as");
    let own = provider.and_then(Option::as_ref);
    let own = own.map(|own| &own.settings.issuer);
    let Some(text) = &table.reached_as else {
        // The host is not looked at.
        return own
            .cloned()
            .or_else(|| Issuer::parse("https://any.invalid").ok());
    };
    if own.is_some() {
        checker.refuse(
            &at,
            "is of no use: with `provider`, its `issuer` says how browsers reach the site",
            "Remove it.",
        );
        return None;
    }
    let parsed = Issuer::parse(text);
    if let Err(error) = &parsed {
        checker.refuse(
            &at,
            error.to_string(),
            "Write, for example, `https://wiki.example:8443`.",
        );
    }
    parsed.ok()
}

/// The applications whose users sign in at other issuers, each with what all of its routes together
/// ask for.
fn elsewhere(
    checker: &mut Checker,
    routes: &[Route],
    reached_as: Option<&Issuer>,
) -> Vec<SignInElsewhere> {
    let mut applications: BTreeMap<&str, SignInElsewhere> = BTreeMap::new();
    let signing_in = |route: &&Route| route.policy.authentication == Authentication::SignIn;
    for route in routes.iter().filter(signing_in) {
        let Some((host, reached_as)) = route.host.as_deref().zip(reached_as) else {
            continue;
        };
        let same_host = |other: &&Route| other.host.as_deref() == Some(host);
        let mut others = routes.iter().filter(signing_in).filter(same_host);
        if let Some(other) = others.find(|other| other.sign_in_client != route.sign_in_client) {
            checker.refuse(
                &KeyPath::root().key("routes"),
                format!(
                    "has two ways to sign in at {host}, on {} and {}: a host has one",
                    other.name, route.name
                ),
                "Write the same `sign_in_client` for all routes of the host, or other hosts.",
            );
            return Vec::new();
        }
        let Some(client) = &route.sign_in_client else {
            continue;
        };
        let known = applications.entry(host).or_insert_with(|| SignInElsewhere {
            host: host.to_owned(),
            reached_as: reached_as.clone(),
            client: client.clone(),
            audience: Vec::new(),
        });
        for audience in &route.policy.audience {
            if !known.audience.contains(audience) {
                known.audience.push(audience.clone());
            }
        }
    }
    applications.into_values().collect()
}

/// The applications whose users sign in here, by their hosts: each is what all of its routes together
/// ask for.
fn applications(routes: &[Route]) -> BTreeMap<String, Application> {
    let mut applications = BTreeMap::new();
    for route in routes {
        let policy = &route.policy;
        let Some(host) = &route.host else { continue };
        if policy.authentication != Authentication::SignIn || route.sign_in_client.is_some() {
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
