//! `users.http.standing`.

use url::Url;

use super::Checker;
use super::name::Names;
use super::secret::{self, Place};
use super::users_api::{check_are_about_users, check_pointer, pointers};
use crate::config::file::UserStandingTable;
use crate::config::key_path::KeyPath;
use crate::secret::Secret;
use crate::users::ApiStanding;

/// How an application, which is asked for passwords at `asked`, is asked whether a user may go on.
pub(super) fn user_standing(
    checker: &mut Checker,
    table: &UserStandingTable,
    asked: Option<&Url>,
    at: &KeyPath,
) -> Option<ApiStanding> {
    let at = at.key("standing");
    let at_url = at.key("url");
    let example = "url: https://app.internal/api/users/{subject}";
    let url = checker.required(table.url.as_deref(), &at_url, example);
    let url = url.filter(|text| check_url(checker, text, asked, &at_url));
    let at_ended = at.key("ended_statuses");
    check_are_about_users(
        checker,
        &table.ended_statuses,
        &mut Names::default(),
        &at_ended,
    );
    check_pointer(checker, table.active.as_deref(), &at.key("active"));
    if table.ended_statuses.is_empty() && table.active.is_none() {
        checker.refuse(
            &at,
            "says nothing by which a user would be gone",
            "Write `ended_statuses`, for example `[404]`, or `active`, for example `/user/active`.",
        );
    }
    let user = pointers(checker, &table.user, &at.key("user"));
    let token = token(checker, table, &at);
    Some(ApiStanding {
        url: url?.to_owned(),
        token: super::settled(token)?,
        ended: table.ended_statuses.clone(),
        active: table.active.clone(),
        user,
    })
}

/// The token goes where passwords go, and nowhere else.
fn check_url(checker: &mut Checker, text: &str, asked: Option<&Url>, at: &KeyPath) -> bool {
    let names_user = ["{login}", "{subject}"]
        .into_iter()
        .any(|it| text.contains(it));
    let url = text.replace("{login}", "x").replace("{subject}", "x");
    let url = Url::parse(&url).ok().filter(|url| {
        url.fragment().is_none() && url.username().is_empty() && url.password().is_none()
    });
    let Some(url) = url.filter(|_| names_user) else {
        checker.refuse(
            at,
            "is not the address of a user",
            "Write, for example, `https://app.internal/api/users/{subject}`; `{login}` stands for the login.",
        );
        return false;
    };
    if asked.is_some_and(|asked| asked.origin() != url.origin()) {
        checker.refuse(
            at,
            "is not at the host of `users.http.url`",
            "Write an address of the same application.",
        );
        return false;
    }
    true
}

/// `Some(None)` when it cannot be read.
fn token(checker: &mut Checker, table: &UserStandingTable, at: &KeyPath) -> Option<Option<Secret>> {
    let at_env = at.key("token_env");
    match (&table.token_file, &table.token_env) {
        (None, None) => None,
        (Some(_), Some(_)) => {
            checker.refuse(&at_env, "is a second token", "Keep one of them.");
            Some(None)
        }
        (Some(file), None) => {
            let at = at.key("token_file");
            Some(secret::read(checker, Place::File(file), &at))
        }
        (None, Some(name)) => Some(secret::read(checker, Place::Variable(name), &at_env)),
    }
}
