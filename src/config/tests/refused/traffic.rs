//! Limits of routes.

use super::{Row, assert_refused};

#[test]
fn limits_that_count_nobody_or_are_never_reached_are_refused() {
    assert_refused(LIMITS);
}

const LIMITS: &[Row] = &[
    (
        "limits of those whom a token names, where none is looked at",
        "routes:\n  - name: r\n    path: /\n    whoami: true\n    authentication: anonymous\n    limits:\n      per_client: {requests: 1}\n      per_subject: {requests: 1}\n      at_once_per_subject: 1\n      per_address: {requests: 1}",
        &[
            ("routes[0].limits.per_client", 8, "would count nobody"),
            ("routes[0].limits.per_subject", 9, "would count nobody"),
            (
                "routes[0].limits.at_once_per_subject",
                10,
                "would count nobody",
            ),
        ],
    ),
    (
        "a rate without a number, and numbers out of bounds",
        "routes:\n  - name: r\n    path: /\n    whoami: true\n    authentication: anonymous\n    limits:\n      per_address: {period_s: 60}\n      at_once: 0",
        &[
            ("routes[0].limits.per_address.requests", 8, "is missing"),
            ("routes[0].limits.at_once", 9, "from 1 to 1000000"),
        ],
    ),
    (
        "a period and a burst out of bounds",
        "routes: [{name: r, path: /, whoami: true, authentication: anonymous, limits: {per_address: {requests: 1, period_s: 0, burst: 0}}}]",
        &[
            (
                "routes[0].limits.per_address.period_s",
                2,
                "from 1 to 86400",
            ),
            ("routes[0].limits.per_address.burst", 2, "from 1 to 1000000"),
        ],
    ),
    (
        "more for one than for all",
        "routes: [{name: r, path: /, whoami: true, authentication: anonymous, limits: {at_once: 5, at_once_per_address: 6}}]",
        &[(
            "routes[0].limits.at_once_per_address",
            2,
            "would never be reached",
        )],
    ),
];
