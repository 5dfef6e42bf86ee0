//! `routes[].token_from`.

use super::{Checker, identity};
use crate::config::file::{AuthenticationMode, RouteTable, TokenMode, TokenPlacesTable};
use crate::config::key_path::KeyPath;
use crate::gateway::{HeaderRules, IdentityHeaders, TokenPlaces};

/// Checks where the token of a route may be.
pub(super) fn token_places(
    checker: &mut Checker,
    table: &RouteTable,
    identity: &IdentityHeaders,
    at: &KeyPath,
) -> TokenPlaces {
    let at_places = at.key("token_from");
    let places = &table.token_from;
    check_belonging(checker, table, &at_places);
    let header = places.header.as_deref().and_then(|text| {
        let at = at_places.key("header");
        let name = identity::header_name(checker, text, &at)?;
        if HeaderRules::new(identity).is_removed(&name) {
            checker.refuse(
                &at,
                "is a header that is removed from every request before a token is looked for",
                "Choose another, such as `X-Api-Token`, and do not map it under `identity`.",
            );
        }
        Some(name)
    });
    if let Some(name) = &places.cookie {
        check_cookie(checker, name, &at_places.key("cookie"));
    }
    TokenPlaces {
        authorization: places.authorization,
        cookie: places.cookie.clone(),
        header,
        query: places.query.clone(),
    }
}

/// Places that nobody looks at, or that contradict what becomes of the token.
fn check_belonging(checker: &mut Checker, table: &RouteTable, at: &KeyPath) {
    let TokenPlacesTable {
        authorization,
        cookie,
        header,
        query,
    } = &table.token_from;
    let others = [("cookie", cookie), ("header", header), ("query", query)];
    let written = others.into_iter().find(|(_, value)| value.is_some());
    if table.authentication == AuthenticationMode::Anonymous {
        if let Some((key, _)) = written {
            checker.refuse(
                &at.key(key),
                "is of no use: on an anonymous route tokens are not looked at",
                "Remove it, or write `authentication: required`.",
            );
        }
        return;
    }
    if !authorization && written.is_none() {
        checker.refuse(
            &at.key("authorization"),
            "leaves no place for a token, so that nobody can pass",
            "Name a `cookie`, a `header` or a parameter of the `query`, or remove it.",
        );
    }
    if query.is_some() && table.token == TokenMode::Pass {
        checker.refuse(
            &at.key("query"),
            "contradicts `token: pass`: a token from the query never goes on",
            "Remove one of the two.",
        );
    }
}

/// RFC 6265 §4.1.1: a token; ours are not an application's.
fn check_cookie(checker: &mut Checker, name: &str, at: &KeyPath) {
    let is_token = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    if !is_token {
        checker.refuse(
            at,
            "is not the name of a cookie",
            "Write, for example, `app_token`.",
        );
    }
    if name.to_ascii_lowercase().contains("cellgate-") {
        checker.refuse(
            at,
            "is a name that only cookies of Cellgate itself have",
            "Choose another, such as `app_token`.",
        );
    }
}
