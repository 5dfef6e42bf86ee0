//! From file structs to [`Config`]: what the values mean, each and together.
//!
//! One file for each section, each a function from tables to the settings its part declares. A
//! section that has a problem reports it and goes on, so a check never stops at the first one.

mod host;
mod name;
mod network;
mod pem;
mod route_path;
mod secret;

mod acme;
mod application_passwords;
mod assertion;
mod cells;
mod cells_client;
mod cells_clients;
mod client_certificate;
mod client_keys;
mod client_logout;
mod client_secret;
mod client_users;
mod clients;
mod conditions;
mod cors;
mod forward_auth;
mod identity;
mod interface;
mod introspection;
mod issuer_keys;
mod listeners;
mod path_change;
mod policy;
mod process;
mod provider;
mod registration;
mod route_limits;
mod route_log;
mod route_timeouts;
mod routes;
mod server_address;
mod sign_in;
mod sign_in_clients;
mod state;
mod token_places;
mod token_use;
mod traces;
mod transport_security;
mod trusted_issuers;
mod trusted_proxies;
mod upstreams;
mod user_details;
mod user_standing;
mod users;
mod users_api;
mod websockets;

use std::path::PathBuf;

use super::Config;
use super::file::File;
use super::files::Files;
use super::key_path::KeyPath;
use super::problem::{ConfigError, Problems};
use crate::server::Listener;
use crate::telemetry::traces::IS_BUILT_IN;

/// Checks `file` and everything it names.
pub(crate) fn check(file: File, problems: Problems, files: Files) -> Result<Config, ConfigError> {
    let mut checker = Checker {
        problems,
        files,
        warnings: Vec::new(),
        dangers: Vec::new(),
    };
    let mut file = file;
    let traces = traces::traces(&mut checker, file.traces.take(), IS_BUILT_IN);
    match checker.config(file) {
        Some(config) if checker.problems.is_empty() => Ok(Config {
            warnings: checker.warnings,
            dangers: checker.dangers,
            traces,
            ..config
        }),
        _ => Err(checker.problems.into_error()),
    }
}

/// What has come to light so far.
struct Checker {
    problems: Problems,
    files: Files,
    warnings: Vec<String>,
    dangers: Vec<String>,
}

impl Checker {
    /// The sections in the order they need each other; `None` when one of them could not be made.
    fn config(&mut self, file: File) -> Option<Config> {
        process::check_belonging(self, &file);
        let admin = process::admin(self, file.admin, &KeyPath::root().key("admin"));
        let listeners = listeners::listeners(self, file.listeners, admin.clone());
        let trusted_proxies = trusted_proxies::trusted_proxies(self, file.trusted_proxies);

        let sign_in = file.provider.as_ref().map(|provider| &provider.sign_in);
        let attempts = users::attempts(self, sign_in, file.users.as_ref());
        let users = file.users.map(|users| users::users(self, users));
        let mut provider = file.provider.map(|table| provider::provider(self, table));
        let known = provider.as_ref().and_then(Option::as_ref);
        cells_clients::check_users(self, known, users.as_ref().and_then(Option::as_ref));
        let trusted_issuers = trusted_issuers::trusted_issuers(self, file.trusted_issuers, known);

        let own = known.map(|provider| &provider.settings.issuer);
        let routes = file.routes.as_deref().unwrap_or_default();
        let forward_auth = forward_auth::forward_auth(self, file.forward_auth, own, routes);

        let mut upstreams = upstreams::upstreams(self, &file.upstreams);
        let known_users = users.as_ref().and_then(Option::as_ref);
        let around = (own, known_users, routes);
        let of_cells = cells::routes(self, file.cells.as_ref(), around, &mut upstreams);
        let identity = identity::identity(self, file.identity, assertion::headers(routes));
        let around = routes::Around {
            upstreams: &upstreams,
            accepted: &policy::Accepted::new(provider.as_ref(), &trusted_issuers),
            users: known_users,
            identity: &identity,
            asks_clients: listeners.iter().any(asks_clients),
        };
        let routes = routes::routes(self, (file.routes, of_cells), &around);
        let sign_in = sign_in::sign_in(self, &file.browser_sessions, &routes, &mut provider);
        let has_tls = listeners.iter().any(|listener| listener.tls.is_some());
        let told = file.strict_transport_security.as_ref();
        let told = transport_security::check(self, told, has_tls, &trusted_proxies);
        Some(Config {
            acme: acme::acme(self, file.acme, &listeners, file.state.as_ref()),
            listeners,
            admin: admin.map(|(_, address)| address),
            threads: file.server.threads,
            drain: process::drain(&file.server),
            control_socket: file.server.control_socket.map(PathBuf::from),
            log_filter: process::log_filter(self, &file.log),
            traces: None,
            store: settled(file.state.map(|table| state::state(self, table)))?,
            provider: settled(provider)?.map(|it| it.around(&routes, file.cells.as_ref())),
            users: settled(users)?,
            sign_in: attempts,
            trusted_issuers: trusted_issuers::settings(trusted_issuers)?,
            gateway: crate::gateway::Settings {
                routes,
                upstreams: upstreams.settings,
                identity,
                limits: process::limits(&file.limits),
                trusted_proxies,
                forward_auth,
                sign_in,
                access_log: file.log.access,
                transport_security: told,
                has_tls,
            },
            dangers: Vec::new(),
            warnings: Vec::new(),
        })
    }

    /// Notes a problem of the value at `at`.
    fn refuse(&mut self, at: &KeyPath, reason: impl Into<String>, advice: impl Into<String>) {
        self.problems.add(at, reason, advice);
    }

    /// The value of a key that must be there; `example` is what to write.
    fn required<T>(&mut self, value: Option<T>, at: &KeyPath, example: &str) -> Option<T> {
        if value.is_none() {
            self.refuse(
                at,
                "is missing",
                format!("Write, for example, `{example}`."),
            );
        }
        value
    }

    /// Notes what is allowed but probably not meant.
    fn warn(&mut self, at: &KeyPath, text: &str) {
        let line = self.problems.line(at);
        self.warnings.push(format!("line {line}: {at}: {text}"));
    }
}

/// Whether those who connect to `listener` are asked for a certificate.
fn asks_clients(listener: &Listener) -> bool {
    let tls = listener.tls.as_ref();
    tls.is_some_and(|tls| tls.client_certificates.is_some())
}

/// Turns "there, but not usable" into `None`: the problem has been noted.
fn settled<T>(section: Option<Option<T>>) -> Option<Option<T>> {
    match section {
        None => Some(None),
        Some(None) => None,
        Some(settings) => Some(settings),
    }
}
