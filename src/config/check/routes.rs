//! `routes`: each, and against each other.

use http::Method;

use super::name::Names;
use super::policy::{self, Accepted};
use super::{
    Checker, application_passwords, assertion, client_certificate, cors, host, path_change,
    route_limits, route_log, route_path, route_timeouts, token_places, token_use, upstreams,
    websockets,
};
use crate::config::document::nearest;
use crate::config::file::RouteTable;
use crate::config::key_path::KeyPath;
use crate::gateway::{Action, IdentityHeaders, Policy, Resource, Route};
use crate::users;

/// What routes refer to.
pub(super) struct Around<'a> {
    pub(super) upstreams: &'a upstreams::Checked,
    /// Whose tokens can be accepted.
    pub(super) accepted: &'a Accepted,
    /// Whose users there are; `None` when that is not known, or there are none.
    pub(super) users: Option<&'a users::Settings>,
    /// What upstreams are told of whoever asks, and no request may bring.
    pub(super) identity: &'a IdentityHeaders,
    /// Whether a listener asks for client certificates.
    pub(super) asks_clients: bool,
}

/// Checks the routes.
pub(super) fn routes(
    checker: &mut Checker,
    (written, of_cells): (Option<Vec<RouteTable>>, Option<Vec<RouteTable>>),
    around: &Around<'_>,
) -> Vec<Route> {
    let tables = located(checker, written, of_cells);
    let mut names = Names::default();
    let mut matches = Vec::new();
    let mut routes = Vec::new();
    let credentials = route_log::credentials(tables.iter().map(|(_, table)| table));
    for (at, table) in &tables {
        let name = checker.required(table.name.as_deref(), &at.key("name"), "name: api-read");
        if let Some(name) = name {
            names.take_label(checker, name, &at.key("name"));
        }
        let matched = route_match(checker, table, at);
        if let Some(matched) = &matched {
            check_reachable(checker, matched, &matches);
        }
        let log_fields = route_log::route_log(checker, table, &credentials, at);
        let route = route(checker, (table, matched.as_ref()), around, at);
        routes.extend(route.map(|route| Route {
            log_fields,
            ..route
        }));
        matches.extend(matched);
    }
    warn_of_unused(checker, &tables, around.upstreams);
    routes
}

/// Checks everything of a route but what it matches and logs; `None` when it has no name, match or action.
fn route(
    checker: &mut Checker,
    (table, matched): (&RouteTable, Option<&Match>),
    around: &Around<'_>,
    at: &KeyPath,
) -> Option<Route> {
    let action = action(checker, table, around.upstreams, at);
    let policy = policy::policy(checker, table, around.accepted, at);
    let token_places = token_places::token_places(checker, table, around.identity, at);
    let token_use = token_use::token_use(checker, table, around, at);
    let passwords = token_use::passwords(checker, table, (token_use, around), at);
    let application_passwords =
        application_passwords::of_route(checker, table, (&policy, around.accepted), at);
    let assertion = assertion::of_route(checker, table, around, at);
    let websockets = websockets::websockets(checker, table, at);
    let path_change = path_change::path_change(checker, table, at);
    let methods = matched.map_or(&[][..], |matched| &matched.methods);
    let cors = cors::cors(checker, table, methods, at);
    let client_certificate =
        client_certificate::client_certificate(checker, table, around.asks_clients, at);
    let limits = route_limits::route_limits(checker, table, at);
    let timeouts = route_timeouts::route_timeouts(checker, table, at);
    let resource = resource(checker, table, &policy, at);
    let matched = matched?;
    Some(Route {
        name: table.name.clone()?,
        host: matched.host.clone(),
        path: matched.path.clone(),
        methods: matched.methods.clone(),
        grpc: table.grpc,
        policy,
        action: action?,
        token_places,
        token_use,
        passwords,
        application_passwords,
        assertion,
        refused_user_agents: refused_user_agents(table),
        allow_encoded_slash: table.allow_encoded_slash,
        resource,
        outlives_token: table.outlives_token,
        websockets,
        path_change,
        cors,
        limits,
        client_certificate,
        sign_in_client: table.sign_in_client.clone(),
        timeouts,
        log_fields: None,
    })
}

/// They are compared whatever the case of letters.
fn refused_user_agents(table: &RouteTable) -> Vec<String> {
    let agents = table.refused_user_agents.iter();
    agents.map(|agent| agent.to_ascii_lowercase()).collect()
}

/// The tables with the places that they are written at, or come of.
fn located(
    checker: &mut Checker,
    written: Option<Vec<RouteTable>>,
    of_cells: Option<Vec<RouteTable>>,
) -> Vec<(KeyPath, RouteTable)> {
    let (at, at_cells) = (KeyPath::root().key("routes"), KeyPath::root().key("cells"));
    let example = "routes: [{name: site, path: /, upstream: app}]";
    let written = match &of_cells {
        Some(_) => written,
        None => checker.required(written, &at, example),
    };
    let written = written.unwrap_or_default().into_iter().enumerate();
    let written = written.map(|(n, table)| (at.item(n), table));
    let of_cells = of_cells.unwrap_or_default().into_iter();
    let of_cells = of_cells.map(|table| (at_cells.clone(), table));
    written.chain(of_cells).collect()
}

/// What a route matches, and where it is written.
struct Match {
    at: KeyPath,
    host: Option<String>,
    path: String,
    methods: Vec<Method>,
    grpc: bool,
}

fn route_match(checker: &mut Checker, table: &RouteTable, at: &KeyPath) -> Option<Match> {
    if let Some(Err(error)) = table.host.as_deref().map(host::check_pattern) {
        checker.refuse(&at.key("host"), error.to_string(), "");
    }
    let methods = methods(checker, table, at);
    let at_path = at.key("path");
    let path = checker.required(table.path.clone(), &at_path, "path: /api/")?;
    if let Err(error) = route_path::check(&path) {
        checker.refuse(&at_path, error.to_string(), "");
    }
    Some(Match {
        at: at.clone(),
        host: table.host.clone(),
        path,
        methods,
        grpc: table.grpc,
    })
}

fn methods(checker: &mut Checker, table: &RouteTable, at: &KeyPath) -> Vec<Method> {
    let at = at.key("methods");
    let mut seen = Names::default();
    let mut methods = Vec::new();
    for (n, text) in table.methods.iter().flatten().enumerate() {
        let at = at.item(n);
        seen.take(checker, text, &at);
        let is_upper = !text.bytes().any(|byte| byte.is_ascii_lowercase());
        match Method::from_bytes(text.as_bytes()) {
            Ok(method) if is_upper => methods.push(method),
            Ok(_) => checker.refuse(
                &at,
                "would never match: methods are compared exactly",
                format!("Write `{}`.", text.to_ascii_uppercase()),
            ),
            Err(_) => checker.refuse(&at, "is not a method", "Write, for example, `GET`."),
        }
    }
    methods
}

/// Refuses a route that another one with the same host and path leaves nothing to.
///
/// With different hosts or paths the more specific one decides and the other keeps the rest; the
/// same goes for a route that names methods beside one that names none.
fn check_reachable(checker: &mut Checker, matched: &Match, earlier: &[Match]) {
    let same_place = |other: &&Match| {
        other.host == matched.host && other.path == matched.path && other.grpc == matched.grpc
    };
    for other in earlier.iter().filter(same_place) {
        let line = checker.problems.line(&other.at);
        if matched.methods.is_empty() && other.methods.is_empty() {
            checker.refuse(
                &matched.at,
                format!("matches the same requests as {} in line {line}", other.at),
                "Give one of them `methods`, another `path` or another `host`, or remove it.",
            );
        }
        for (n, method) in matched.methods.iter().enumerate() {
            if other.methods.contains(method) {
                checker.refuse(
                    &matched.at.key("methods").item(n),
                    format!("{method} belongs to {} in line {line} already", other.at),
                    "Name each method in one route of the same host and path.",
                );
            }
        }
    }
}

fn action(
    checker: &mut Checker,
    table: &RouteTable,
    upstreams: &upstreams::Checked,
    at: &KeyPath,
) -> Option<Action> {
    let at_upstream = at.key("upstream");
    if table.refuse {
        if table.upstream.is_some() || table.whoami || table.forward_auth {
            checker.refuse(
                &at.key("refuse"),
                "excludes `upstream`, `whoami` and `forward_auth`: nobody passes",
                "Remove one of the two.",
            );
            return None;
        }
        return Some(Action::Refuse);
    }
    match (&table.upstream, table.whoami, table.forward_auth) {
        (None, true, false) => Some(Action::Whoami),
        (None, false, true) => Some(Action::ForwardAuth),
        (Some(_), true, _) => {
            checker.refuse(
                &at.key("whoami"),
                "excludes `upstream`: a request is answered here or forwarded",
                "Remove one of the two.",
            );
            None
        }
        (_, _, true) => {
            checker.refuse(
                &at.key("forward_auth"),
                "excludes `upstream` and `whoami`: a proxy in front forwards",
                "Remove one of the two. A proxy may ask about every route, whatever its action.",
            );
            None
        }
        (None, false, false) => {
            let is_broken = |key| checker.problems.is_broken(&at.key(key));
            let others = ["whoami", "forward_auth", "refuse"];
            if !others.into_iter().any(is_broken) {
                checker.refuse(
                    &at_upstream,
                    "is missing: nothing says where requests go",
                    "Write the name of an upstream, or `whoami: true` to try things out.",
                );
            }
            None
        }
        (Some(name), false, false) => {
            check_upstream(checker, name, upstreams, &at_upstream);
            Some(Action::Upstream(name.clone()))
        }
    }
}

/// The protected resource that the route belongs to: the first audience that is a URL at or above
/// it. Only an audience will do, since a token that names anything else is refused.
fn resource(
    checker: &mut Checker,
    table: &RouteTable,
    policy: &Policy,
    at: &KeyPath,
) -> Option<Resource> {
    let path = table.path.as_deref()?;
    if table.resource_metadata == Some(false) {
        return None;
    }
    let audience = policy.audience.iter();
    let found = audience
        .filter_map(|text| Resource::parse(text))
        .find(|resource| resource.covers(table.host.as_deref(), path));
    if found.is_none() && table.resource_metadata == Some(true) {
        checker.refuse(
            &at.key("resource_metadata"),
            "has no resource to describe: no audience is a URL at or above this route",
            "Write, for example, `audience: [https://api.example/files/]` for a route with \
             `host: api.example` and `path: /files/`.",
        );
    }
    found
}

fn check_upstream(checker: &mut Checker, name: &str, upstreams: &upstreams::Checked, at: &KeyPath) {
    let is_known = upstreams.names.iter().any(|known| known == name);
    if is_known || upstreams.some_unnamed {
        return;
    }
    let advice = match nearest(name, upstreams.names.iter()) {
        Some(meant) => format!("Did you mean `{meant}`?"),
        None => format!(
            "Add it under `upstreams:`, `{{name: {name}, servers: [http://127.0.0.1:8080]}}`."
        ),
    };
    checker.refuse(at, format!("no upstream is called `{name}`"), advice);
}

fn warn_of_unused(
    checker: &mut Checker,
    routes: &[(KeyPath, RouteTable)],
    upstreams: &upstreams::Checked,
) {
    for (n, upstream) in upstreams.settings.iter().enumerate() {
        let is_used = |(_, route): &(_, RouteTable)| {
            let name = route.upstream.as_ref();
            name.is_some_and(|name| *name == upstream.name)
        };
        if !routes.iter().any(is_used) {
            let at = KeyPath::root().key("upstreams").item(n);
            checker.warn(&at, "no route leads to this upstream");
        }
    }
}
