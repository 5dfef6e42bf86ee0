//! `routes[].limits`.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::Checker;
use crate::config::file::{AuthenticationMode, RateTable, RouteTable};
use crate::config::key_path::KeyPath;
use crate::gateway::{Rate, RouteLimits};

/// Checks how much of a route anybody may take; `None`: as much as there is.
pub(super) fn route_limits(
    checker: &mut Checker,
    table: &RouteTable,
    at: &KeyPath,
) -> Option<Arc<RouteLimits>> {
    let at = at.key("limits");
    let limits = &table.limits;
    let mut rate = |key, table| rate(checker, table, &at.key(key));
    let checked = RouteLimits {
        per_address: rate("per_address", limits.per_address.as_ref()),
        per_client: rate("per_client", limits.per_client.as_ref()),
        per_subject: rate("per_subject", limits.per_subject.as_ref()),
        at_once: limits.at_once,
        at_once_per_address: limits.at_once_per_address,
        at_once_per_subject: limits.at_once_per_subject,
        max_body_bytes: limits.max_body_bytes,
    };
    check_belonging(checker, table, &at);
    for (key, of_one) in [
        ("at_once_per_address", limits.at_once_per_address),
        ("at_once_per_subject", limits.at_once_per_subject),
    ] {
        if let (Some(of_one), Some(all)) = (of_one, limits.at_once)
            && of_one > all
        {
            checker.refuse(
                &at.key(key),
                format!("would never be reached: `at_once` is {all} for all together"),
                "Write less than `at_once`, or remove it.",
            );
        }
    }
    (!checked.is_empty()).then(|| Arc::new(checked))
}

/// Limits of those whom a token names, on a route that looks at none.
fn check_belonging(checker: &mut Checker, table: &RouteTable, at: &KeyPath) {
    if table.authentication != AuthenticationMode::Anonymous {
        return;
    }
    let limits = &table.limits;
    for (key, is_there) in [
        ("per_client", limits.per_client.is_some()),
        ("per_subject", limits.per_subject.is_some()),
        ("at_once_per_subject", limits.at_once_per_subject.is_some()),
    ] {
        if is_there {
            checker.refuse(
                &at.key(key),
                "would count nobody: on an anonymous route tokens are not looked at",
                "Remove `authentication: anonymous`, or limit by address.",
            );
        }
    }
}

fn rate(checker: &mut Checker, table: Option<&RateTable>, at: &KeyPath) -> Option<Rate> {
    let table = table?;
    let requests = checker.required(table.requests, &at.key("requests"), "requests: 100")?;
    // Out of bounds was noted where the shape was checked.
    let requests = NonZeroU32::new(requests)?;
    Some(Rate {
        requests,
        period: Duration::from_secs(table.period_s),
        burst: table.burst.map_or(Some(requests), NonZeroU32::new)?,
    })
}
