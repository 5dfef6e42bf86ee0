//! `routes[].timeouts`.

use std::sync::Arc;
use std::time::Duration;

use super::Checker;
use crate::config::file::RouteTable;
use crate::config::key_path::KeyPath;
use crate::gateway::RouteTimeouts;

/// Checks how long the upstream of a route may take; `None`: as long as it says itself.
pub(super) fn route_timeouts(
    checker: &mut Checker,
    table: &RouteTable,
    at: &KeyPath,
) -> Option<Arc<RouteTimeouts>> {
    let at = at.key("timeouts");
    let seconds = |time: Option<u64>| time.map(Duration::from_secs);
    let timeouts = RouteTimeouts {
        connect: table.timeouts.connect_ms.map(Duration::from_millis),
        read: seconds(table.timeouts.read_s),
        write: seconds(table.timeouts.write_s),
        idle: seconds(table.timeouts.idle_s),
        total: seconds(table.timeouts.total_s),
    };
    if timeouts.is_empty() {
        return None;
    }
    if table.upstream.is_none() && !checker.problems.is_broken(&at) {
        checker.refuse(
            &at,
            "is about an upstream, and this route has none",
            "Remove it, or write the `upstream` that requests go to.",
        );
    }
    for (key, time) in [
        ("connect_ms", timeouts.connect),
        ("read_s", timeouts.read),
        ("write_s", timeouts.write),
    ] {
        if let (Some(time), Some(total)) = (time, timeouts.total)
            && time > total
        {
            checker.refuse(
                &at.key(key),
                format!(
                    "would never be reached: `total_s` gives {} s for everything together",
                    total.as_secs()
                ),
                "Write less than `total_s`, or remove one of the two.",
            );
        }
    }
    Some(Arc::new(timeouts))
}
