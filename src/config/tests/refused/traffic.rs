//! Limits and timeouts of routes, and what they do to paths on the way.

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

#[test]
fn timeouts_that_are_never_reached_or_of_nobody_are_refused() {
    assert_refused(TIMEOUTS);
}

const TIMEOUTS: &[Row] = &[
    (
        "times of an upstream on a route without one",
        "routes: [{name: r, path: /, whoami: true, authentication: anonymous, timeouts: {read_s: 5}}]",
        &[("routes[0].timeouts", 2, "this route has none")],
    ),
    (
        "pauses longer than everything together",
        "upstreams: [{name: a, servers: ['http://a']}]\nroutes:\n  - name: r\n    path: /\n    upstream: a\n    authentication: anonymous\n    timeouts:\n      total_s: 2\n      connect_ms: 2500\n      read_s: 3\n      write_s: 3\n      idle_s: 60",
        &[
            (
                "routes[0].timeouts.connect_ms",
                10,
                "`total_s` gives 2 s for everything",
            ),
            ("routes[0].timeouts.read_s", 11, "would never be reached"),
            ("routes[0].timeouts.write_s", 12, "would never be reached"),
        ],
    ),
    (
        "out of bounds, and another spelling",
        "upstreams: [{name: a, servers: ['http://a']}]\nroutes:\n  - name: r\n    path: /\n    upstream: a\n    authentication: anonymous\n    timeouts:\n      connect_ms: 5\n      read_s: 0\n      idle_s: 3601\n      total_s: 86401\n      answer_s: 1",
        &[
            ("routes[0].timeouts.connect_ms", 9, "from 10 to 60000"),
            ("routes[0].timeouts.read_s", 10, "from 1 to 86400"),
            ("routes[0].timeouts.idle_s", 11, "from 1 to 3600"),
            ("routes[0].timeouts.total_s", 12, "from 1 to 86400"),
            ("routes[0].timeouts.answer_s", 13, "is not a key"),
        ],
    ),
];

#[test]
fn changes_of_paths_that_miss_the_route_or_change_nothing_are_refused() {
    assert_refused(PATHS);
}

const PATHS: &[Row] = &[
    (
        "not at or above the route, not canonical, no path",
        "upstreams: [{name: a, servers: ['http://a']}]\nroutes:\n  - {name: b, path: /b, upstream: a, authentication: anonymous, strip_prefix: /b/c}\n  - {name: c, path: /cc/, upstream: a, authentication: anonymous, strip_prefix: /c}\n  - {name: d, path: /d, upstream: a, authentication: anonymous, strip_prefix: /d/../d}\n  - {name: e, path: /e, upstream: a, authentication: anonymous, replace_prefix: {from: /e, to: 'http://b/'}}",
        &[
            (
                "routes[0].strip_prefix",
                4,
                "is not at or above the route's path",
            ),
            (
                "routes[1].strip_prefix",
                5,
                "is not at or above the route's path",
            ),
            ("routes[2].strip_prefix", 6, "has a dot segment"),
            ("routes[3].replace_prefix.to", 7, "does not begin with `/`"),
        ],
    ),
    (
        "changes that change nothing, or say two things",
        "upstreams: [{name: a, servers: ['http://a']}]\nroutes:\n  - {name: b, path: /b, upstream: a, authentication: anonymous, strip_prefix: /}\n  - {name: c, path: /c, upstream: a, authentication: anonymous, replace_prefix: {from: /c, to: /c/}}\n  - {name: d, path: /d, upstream: a, authentication: anonymous, strip_prefix: /d, replace_prefix: {from: /d, to: /e}}\n  - {name: e, path: /e, upstream: a, authentication: anonymous, replace_prefix: {to: /x}}",
        &[
            ("routes[0].strip_prefix", 4, "changes nothing"),
            ("routes[1].replace_prefix", 5, "changes nothing"),
            ("routes[2].replace_prefix", 6, "excludes `strip_prefix`"),
            ("routes[3].replace_prefix.from", 7, "is missing"),
        ],
    ),
    (
        "nobody to send it to",
        "routes: [{name: b, path: /b, whoami: true, authentication: anonymous, strip_prefix: /b}]",
        &[(
            "routes[0].strip_prefix",
            2,
            "is of no use without `upstream`",
        )],
    ),
];

#[test]
fn pages_from_elsewhere_that_could_do_anything_or_nothing_are_refused() {
    assert_refused(CORS);
}

const CORS: &[Row] = &[
    (
        "everybody's pages with cookies, and beside others",
        "routes:\n  - {name: a, path: /a, whoami: true, authentication: anonymous, cors: {origins: ['*'], credentials: true}}\n  - {name: b, path: /b, whoami: true, authentication: anonymous, cors: {origins: ['*', 'https://b.example']}}",
        &[
            ("routes[0].cors.credentials", 3, "any page could act"),
            ("routes[1].cors.origins", 4, "has `*` and others"),
        ],
    ),
    (
        "no origins, and what is none",
        "routes:\n  - {name: a, path: /a, whoami: true, authentication: anonymous, cors: {credentials: true}}\n  - {name: b, path: /b, whoami: true, authentication: anonymous, cors: {origins: ['https://b.example/', 'null']}}",
        &[
            ("routes[0].cors.origins", 3, "is missing"),
            ("routes[1].cors.origins[0]", 4, "is not an origin"),
            ("routes[1].cors.origins[1]", 4, "is not an origin"),
        ],
    ),
    (
        "methods and names that never match",
        "routes: [{name: a, path: /a, methods: [GET], whoami: true, authentication: anonymous, cors: {origins: ['https://a.example'], methods: [get, PUT, 'A B'], headers: ['*', 'a b'], exposed_headers: ['ä'], max_age_s: 86401}}]",
        &[
            ("routes[0].cors.methods[0]", 2, "Write `GET`."),
            (
                "routes[0].cors.methods[1]",
                2,
                "is not a method of the route",
            ),
            ("routes[0].cors.methods[2]", 2, "is not a method"),
            ("routes[0].cors.headers[0]", 2, "is no name"),
            (
                "routes[0].cors.headers[1]",
                2,
                "is not the name of a header",
            ),
            (
                "routes[0].cors.exposed_headers[0]",
                2,
                "is not the name of a header",
            ),
            ("routes[0].cors.max_age_s", 2, "from 0 to 86400"),
        ],
    ),
];

#[test]
fn transport_security_that_is_never_told_or_promises_too_little_is_refused() {
    assert_refused(TRANSPORT_SECURITY);
}

const TRANSPORT_SECURITY: &[Row] = &[
    (
        "without TLS anywhere",
        "strict_transport_security: {}",
        &[("strict_transport_security", 2, "would never be sent")],
    ),
    (
        "behind proxies that cannot say how a request came",
        "trusted_proxies: [{networks: [10.0.0.1], told_by: proxy_protocol}]\nstrict_transport_security: {}",
        &[("strict_transport_security", 3, "would never be sent")],
    ),
    (
        "a list of browsers that would not take it",
        "trusted_proxies: [{networks: [10.0.0.1], told_by: x_forwarded}]\nstrict_transport_security: {preload: true, max_age_s: 315360001}",
        &[
            (
                "strict_transport_security.preload",
                3,
                "needs `include_subdomains: true`",
            ),
            (
                "strict_transport_security.max_age_s",
                3,
                "from 0 to 315360000",
            ),
        ],
    ),
];
