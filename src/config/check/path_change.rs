//! `routes[].strip_prefix` and `routes[].replace_prefix`.

use super::{Checker, route_path};
use crate::config::file::RouteTable;
use crate::config::key_path::KeyPath;
use crate::gateway::PathChange;

/// What is changed of paths on the way upstream.
pub(super) fn path_change(
    checker: &mut Checker,
    table: &RouteTable,
    at: &KeyPath,
) -> Option<PathChange> {
    let (at_strip, at_replace) = (at.key("strip_prefix"), at.key("replace_prefix"));
    let (at, change, at_from) = match (&table.strip_prefix, &table.replace_prefix) {
        (None, None) => return None,
        (Some(_), Some(_)) => {
            let advice = "Remove one of the two.";
            checker.refuse(&at_replace, "excludes `strip_prefix`", advice);
            return None;
        }
        (Some(from), None) => {
            check(checker, from, &at_strip)?;
            (at_strip.clone(), PathChange::new(from, "/"), at_strip)
        }
        (None, Some(replace)) => {
            let (at_from, at_to) = (at_replace.key("from"), at_replace.key("to"));
            let from = checker.required(replace.from.as_deref(), &at_from, "from: /api");
            let to = checker.required(replace.to.as_deref(), &at_to, "to: /internal");
            let (from, to) = (from?, to?);
            let from_is_path = check(checker, from, &at_from);
            check(checker, to, &at_to).and(from_is_path)?;
            (at_replace, PathChange::new(from, to), at_from)
        }
    };
    if table.whoami || table.forward_auth {
        let reason = "is of no use without `upstream`: nothing is sent on";
        checker.refuse(&at, reason, "Remove it.");
    }
    if change.is_void() {
        checker.refuse(
            &at,
            "changes nothing",
            "Remove it, or name more of the path.",
        );
    } else if let Some(path) = &table.path
        && !change.covers(path)
    {
        checker.refuse(
            &at_from,
            "is not at or above the route's path, so that it would not stand in every request",
            format!(
                "Write `{}`, or whole segments of its beginning.",
                path.trim_end_matches('/')
            ),
        );
    }
    Some(change)
}

/// Notes a path that no request could have; `None` then.
fn check(checker: &mut Checker, path: &str, at: &KeyPath) -> Option<()> {
    route_path::check(path)
        .map_err(|error| checker.refuse(at, error.to_string(), ""))
        .ok()
}
