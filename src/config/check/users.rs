//! `users`, and how often a password may be tried.

use std::time::Duration;

use url::Url;

use super::name::Names;
use super::secret::{self, Place};
use super::{Checker, cells_client, host, pem, user_details, users_api};
use crate::config::defaults;
use crate::config::file::{CellsTable, SignInTable, StaticUserTable, UsersTable};
use crate::config::key_path::KeyPath;
use crate::model::{Login, SecretHash, Subject, UserDetails, UserProfile};
use crate::secret::Secret;
use crate::store::AttemptLimits;
use crate::users::{CellsSettings, Settings, SignInLimits, StaticUser};

/// How often a password may be tried, and how many at once.
pub(super) fn attempts(
    checker: &mut Checker,
    sign_in: Option<&SignInTable>,
    users: Option<&UsersTable>,
) -> SignInLimits {
    let written = SignInTable::default();
    let table = sign_in.unwrap_or(&written);
    let with_cells = users.is_some_and(|users| users.cells.is_some());
    let at = KeyPath::root().key("provider").key("sign_in");
    let ceiling = table
        .ceiling
        .or(with_cells.then_some(defaults::CELLS_CEILING));
    let locks_at = defaults::CELLS_LOCKS_AT;
    if with_cells && ceiling.is_some_and(|ceiling| ceiling >= locks_at) {
        checker.refuse(
            &at.key("ceiling"),
            format!(
                "lets a stranger lock users: Cells locks for good at {locks_at} wrong passwords"
            ),
            format!(
                "Write at most {}, or leave it out for {}.",
                locks_at - 1,
                defaults::CELLS_CEILING
            ),
        );
    }
    if ceiling.is_some_and(|ceiling| ceiling < table.failures_before_pause) {
        checker.refuse(
            &at.key("failures_before_pause"),
            "is more than `ceiling`, so there would never be a pause",
            "Write a number up to `ceiling` (8 with `users.cells` unless given).",
        );
    }
    let reserved = table.reserved_for_known_devices;
    if ceiling.is_some_and(|ceiling| ceiling <= reserved) {
        checker.refuse(
            &at.key("reserved_for_known_devices"),
            "leaves nothing of `ceiling`, so nobody could sign in for the first time",
            "Write a smaller number.",
        );
    }
    SignInLimits {
        attempts: AttemptLimits {
            failures_before_pause: table.failures_before_pause,
            pause: Duration::from_secs(table.pause_s),
            ceiling,
            reserved_for_known_devices: reserved,
        },
        failures_per_address: table.failures_per_address,
        address_window: Duration::from_secs(table.address_window_s),
        checks_at_once: table.checks_at_once,
        checks_waiting: table.checks_waiting,
        refusal_step: Duration::from_millis(table.refusal_step_ms),
    }
}

/// The users' backend.
pub(super) fn users(checker: &mut Checker, table: UsersTable) -> Option<Settings> {
    let at = KeyPath::root().key("users");
    match (table.listed, table.cells, table.http) {
        (None, None, None) => {
            checker.refuse(
                &at,
                "has neither `static` nor `cells` nor `http`",
                "Write `cells: {url: https://cells.internal:8080/}`, list users under `static:`, or \
                 say under `http:` what to ask.",
            );
            None
        }
        (Some(listed), None, None) => {
            static_users(checker, listed, &at.key("static")).map(Settings::Static)
        }
        (None, Some(cells), None) => {
            self::cells(checker, &cells, &at.key("cells")).map(Settings::Cells)
        }
        (None, None, Some(api)) => {
            let api = users_api::users_api(checker, api, &at.key("http"));
            api.map(Box::new).map(Settings::Api)
        }
        (listed, cells, _) => {
            let both = match (listed, cells) {
                (Some(_), Some(_)) => "has both `static` and `cells`",
                (Some(_), None) => "has both `static` and `http`",
                (None, _) => "has both `cells` and `http`",
            };
            checker.refuse(&at, both, "Keep one: a login must mean one user.");
            None
        }
    }
}

fn static_users(
    checker: &mut Checker,
    tables: Vec<StaticUserTable>,
    at: &KeyPath,
) -> Option<Vec<StaticUser>> {
    let mut logins = Names::default();
    let mut subjects = Names::default();
    let users = tables.into_iter().enumerate().map(|(n, table)| {
        let at = at.item(n);
        let password = password(checker, table.password_hash.as_deref(), &at);
        let login = login(checker, table.login.as_deref(), &at)?;
        // Attempts are counted under this key, so two users must not share it.
        logins.take(checker, &login.counting_key(), &at.key("login"));
        let subject = subject(checker, table.subject.as_deref(), &login, &at)?;
        subjects.take(checker, subject.as_str(), &at.key("subject"));
        check_email(checker, table.email.as_deref(), &at);
        let details = user_details::details(
            checker,
            table.details.unwrap_or_default(),
            &at.key("details"),
        );
        Some(StaticUser {
            profile: UserProfile {
                subject,
                login: login.as_str().to_owned(),
                name: table.name,
                email: table.email,
                email_verified: table.email_verified,
                groups: table.groups,
                roles: table.roles,
                details: UserDetails {
                    attributes: table.attributes,
                    ..details
                },
            },
            password: password?,
        })
    });
    // Every user is checked before one that cannot be used ends it.
    users.collect::<Vec<_>>().into_iter().collect()
}

fn login(checker: &mut Checker, text: Option<&str>, at: &KeyPath) -> Option<Login> {
    let at = at.key("login");
    let text = checker.required(text, &at, "login: alice")?;
    match Login::parse(text) {
        Ok(login) if login.as_str() == text => Some(login),
        Ok(_) => {
            checker.refuse(&at, "has white space around it", "Remove it.");
            None
        }
        Err(error) => {
            checker.refuse(&at, error.to_string(), "Write what the user types.");
            None
        }
    }
}

fn password(checker: &mut Checker, text: Option<&str>, at: &KeyPath) -> Option<SecretHash> {
    const ADVICE: &str =
        "`cellgate hash-secret` reads a password and prints what to write, `$argon2id$…`.";
    let at = at.key("password_hash");
    let text = checker.required(text, &at, "password_hash: $argon2id$…")?;
    match SecretHash::parse(text) {
        Ok(hash @ SecretHash::Argon2id(_)) => Some(hash),
        Ok(SecretHash::Sha256(_)) => {
            checker.refuse(
                &at,
                "is a SHA-256, which is for generated secrets: that of a password is found by trying",
                ADVICE,
            );
            None
        }
        Err(_) => {
            checker.refuse(&at, "is not an argon2id hash", ADVICE);
            None
        }
    }
}

fn subject(
    checker: &mut Checker,
    text: Option<&str>,
    login: &Login,
    at: &KeyPath,
) -> Option<Subject> {
    Subject::parse(text.unwrap_or(login.as_str()))
        .map_err(|error| {
            let reason = match text {
                Some(_) => error.to_string(),
                None => format!("must be given when the login cannot serve: {error}"),
            };
            checker.refuse(&at.key("subject"), reason, "Write, for example, a UUID.");
        })
        .ok()
}

fn check_email(checker: &mut Checker, email: Option<&str>, at: &KeyPath) {
    let is_address = |text: &str| {
        let mut parts = text.split('@');
        let has_two = [parts.next(), parts.next()]
            .into_iter()
            .all(|part| part.is_some_and(|part| !part.is_empty()));
        has_two && parts.next().is_none() && !text.contains(char::is_whitespace)
    };
    if email.is_some_and(|email| !is_address(email)) {
        checker.refuse(
            &at.key("email"),
            "is not an e-mail address",
            "Write `alice@example.com`, or remove the key.",
        );
    }
}

fn cells(checker: &mut Checker, table: &CellsTable, at: &KeyPath) -> Option<CellsSettings> {
    let at_url = at.key("url");
    let url = checker
        .required(
            table.url.as_deref(),
            &at_url,
            "url: https://cells.internal:8080/",
        )
        .and_then(|text| cells_url(checker, text, &at_url));
    if let Some(url) = &url {
        check_transport(checker, url, table.danger_plain_http, at);
    }
    if let Some(Err(error)) = table.host.as_deref().map(host::check_authority) {
        checker.refuse(&at.key("host"), error.to_string(), "");
    }
    let at_ca = at.key("ca_file");
    let ca_pem = table
        .ca_file
        .as_deref()
        .map(|file| pem::certificates(checker, file, &at_ca));
    let service_token = service_token(checker, table, at);
    let client = cells_client::client(checker, table, at);
    if table.timeout_s < table.connect_timeout_s {
        checker.refuse(
            &at.key("timeout_s"),
            "is less than `connect_timeout_s`, which it includes",
            "Write a larger number.",
        );
    }
    Some(CellsSettings {
        url: url?,
        host: table.host.clone(),
        ca_pem: super::settled(ca_pem)?,
        service_token: super::settled(service_token)?,
        client: super::settled(client)?.map(Box::new),
        connect_timeout: Duration::from_secs(table.connect_timeout_s),
        timeout: Duration::from_secs(table.timeout_s),
    })
}

/// The administrator's token; `Some(None)` when it cannot be read.
fn service_token(
    checker: &mut Checker,
    table: &CellsTable,
    at: &KeyPath,
) -> Option<Option<Secret>> {
    let at_env = at.key("service_token_env");
    match (&table.service_token_file, &table.service_token_env) {
        (None, None) => None,
        (Some(_), Some(_)) => {
            checker.refuse(&at_env, "is a second token", "Keep one of them.");
            Some(None)
        }
        (Some(file), None) => {
            let at = at.key("service_token_file");
            Some(secret::read(checker, Place::File(file), &at))
        }
        (None, Some(name)) => Some(secret::read(checker, Place::Variable(name), &at_env)),
    }
}

fn cells_url(checker: &mut Checker, text: &str, at: &KeyPath) -> Option<Url> {
    let url = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    });
    if url.is_none() {
        checker.refuse(
            at,
            "is not the root of a site",
            "Write scheme, host and port only: `https://cells.internal:8080/`.",
        );
    }
    url
}

/// Passwords travel on this connection.
pub(super) fn check_transport(checker: &mut Checker, url: &Url, is_allowed: bool, at: &KeyPath) {
    let is_plain = url.scheme() == "http" && !is_loopback(url);
    if is_plain && !is_allowed {
        checker.refuse(
            &at.key("url"),
            "sends passwords over plain http to another machine",
            "Write `https://`, or add `danger_plain_http: true` if nobody can listen on the way.",
        );
    }
    if is_plain && is_allowed {
        checker.dangers.push(format!(
            "{}: passwords travel over plain http to {}",
            at.key("danger_plain_http"),
            url.host_str().unwrap_or_default(),
        ));
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
