//! `users.http`.

use std::time::Duration;

use url::Url;

use super::name::Names;
use super::user_standing::user_standing;
use super::users::check_transport;
use super::{Checker, host, pem};
use crate::config::file::{CredentialsName, UserPointersTable, UsersApiTable};
use crate::config::key_path::KeyPath;
use crate::users::{ApiSettings, CredentialsForm, UserPointers};

/// How an application is asked about passwords.
pub(super) fn users_api(
    checker: &mut Checker,
    table: UsersApiTable,
    at: &KeyPath,
) -> Option<ApiSettings> {
    let example = "url: https://app.internal/api/login";
    let at_url = at.key("url");
    let url = checker.required(table.url.as_deref(), &at_url, example);
    let url = url.and_then(|text| self::url(checker, text, &at_url));
    if let Some(url) = &url {
        check_transport(checker, url, table.danger_plain_http, at);
    }
    if let Some(Err(error)) = table.host.as_deref().map(host::check_authority) {
        checker.refuse(&at.key("host"), error.to_string(), "");
    }
    let at_ca = at.key("ca_file");
    let ca_pem = table.ca_file.as_deref();
    let ca_pem = ca_pem.map(|file| pem::certificates(checker, file, &at_ca));
    if table.timeout_s < table.connect_timeout_s {
        checker.refuse(
            &at.key("timeout_s"),
            "is less than `connect_timeout_s`, which it includes",
            "Write a larger number.",
        );
    }
    check_statuses(checker, &table, at);
    let user = pointers(checker, &table.user, &at.key("user"));
    let standing = table.standing.as_ref();
    let standing = standing.map(|asked| user_standing(checker, asked, url.as_ref(), at));
    Some(ApiSettings {
        credentials: credentials(checker, &table, at),
        url: url?,
        host: table.host,
        ca_pem: super::settled(ca_pem)?,
        constants: table.constants,
        denied: table.denied_statuses,
        locked: table.locked_statuses,
        user,
        standing: super::settled(standing)?,
        connect_timeout: Duration::from_secs(table.connect_timeout_s),
        timeout: Duration::from_secs(table.timeout_s),
    })
}

fn url(checker: &mut Checker, text: &str, at: &KeyPath) -> Option<Url> {
    let url = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    });
    if url.is_none() {
        checker.refuse(
            at,
            "is not the address of an endpoint",
            "Write, for example, `https://app.internal/api/login`.",
        );
    }
    url
}

fn credentials(checker: &mut Checker, table: &UsersApiTable, at: &KeyPath) -> CredentialsForm {
    let (login, password) = (table.login_field.clone(), table.password_field.clone());
    if table.credentials == CredentialsName::Basic && !table.constants.is_empty() {
        checker.refuse(
            &at.key("constants"),
            "is of no use with `credentials: basic`, which sends no body",
            "Remove it, or put it into the query of `url`.",
        );
    }
    let own = [("login_field", &login), ("password_field", &password)];
    for (key, name) in own {
        if table.constants.contains_key(name) {
            checker.refuse(
                &at.key(key),
                "is the name of one of `constants`",
                "Write another name.",
            );
        }
    }
    if login == password {
        checker.refuse(
            &at.key("password_field"),
            "is the same as `login_field`",
            "Write the name that the application has for the password.",
        );
    }
    match table.credentials {
        CredentialsName::Json => CredentialsForm::Json { login, password },
        CredentialsName::Form => CredentialsForm::Form { login, password },
        CredentialsName::Basic => CredentialsForm::Basic,
    }
}

/// A success, a fault of the application and its rate limit are never about the user.
fn check_statuses(checker: &mut Checker, table: &UsersApiTable, at: &KeyPath) {
    if table.denied_statuses.is_empty() {
        checker.refuse(
            &at.key("denied_statuses"),
            "is empty, so that no password would ever be wrong and none counted",
            "Write the statuses of a wrong password, for example `[401]`.",
        );
    }
    let mut seen = Names::default();
    for (key, statuses) in [
        ("denied_statuses", &table.denied_statuses),
        ("locked_statuses", &table.locked_statuses),
    ] {
        check_are_about_users(checker, statuses, &mut seen, &at.key(key));
    }
}

/// Checks that each of `statuses` can be about a user, and none is among those `seen`.
pub(super) fn check_are_about_users(
    checker: &mut Checker,
    statuses: &[u16],
    seen: &mut Names,
    at: &KeyPath,
) {
    for (n, status) in statuses.iter().enumerate() {
        let at = at.item(n);
        seen.take(checker, &status.to_string(), &at);
        if !(300..500).contains(status) || *status == 429 {
            checker.refuse(
                &at,
                "says nothing about a user: a success, a fault of the application or its rate limit",
                "Write statuses from 300 to 499, without 429.",
            );
        }
    }
}

pub(super) fn pointers(
    checker: &mut Checker,
    table: &UserPointersTable,
    at: &KeyPath,
) -> UserPointers {
    for (key, pointer) in [
        ("subject", &table.subject),
        ("login", &table.login),
        ("name", &table.name),
        ("email", &table.email),
        ("email_verified", &table.email_verified),
        ("groups", &table.groups),
        ("roles", &table.roles),
    ] {
        check_pointer(checker, pointer.as_deref(), &at.key(key));
    }
    UserPointers {
        subject: table.subject.clone(),
        login: table.login.clone(),
        name: table.name.clone(),
        email: table.email.clone(),
        email_verified: table.email_verified.clone(),
        groups: table.groups.clone(),
        roles: table.roles.clone(),
    }
}

/// Checks that what is written is a pointer.
pub(super) fn check_pointer(checker: &mut Checker, pointer: Option<&str>, at: &KeyPath) {
    if pointer.is_some_and(|it| !is_pointer(it)) {
        checker.refuse(
            at,
            "is no JSON pointer (RFC 6901)",
            "Write the way to the value, for example `/user/id`; `~1` is a slash in a name, `~0` a tilde.",
        );
    }
}

/// RFC 6901 §3.
fn is_pointer(text: &str) -> bool {
    let mut escapes = text.split('~').skip(1);
    text.starts_with('/') && escapes.all(|rest| rest.starts_with(['0', '1']))
}
