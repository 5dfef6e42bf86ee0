//! Upstreams and identity headers.

use super::{Row, assert_refused};

#[test]
fn upstreams_that_cannot_be_reached_safely_are_refused() {
    assert_refused(UPSTREAMS);
}

const UPSTREAMS: &[Row] = &[
    (
        "no server",
        "upstreams: [{name: a}]",
        &[("upstreams[0].servers", 2, "is missing")],
    ),
    (
        "two of one name",
        "upstreams:\n  - {name: a, servers: ['http://h:1']}\n  - {name: a, servers: ['http://h:2']}",
        &[(
            "upstreams[1].name",
            4,
            "is the same as upstreams[0].name in line 3",
        )],
    ),
    (
        "one server twice",
        "upstreams: [{name: a, servers: ['http://h', 'http://h:80/']}]",
        &[("upstreams[0].servers[1]", 2, "is the same as")],
    ),
    (
        "a mixture of http and https",
        "upstreams: [{name: a, server_name: h, servers: ['http://h:1', 'https://h:2']}]",
        &[("upstreams[0].servers[1]", 2, "has another scheme")],
    ),
    (
        "https to an address without a name to verify",
        "upstreams: [{name: a, servers: ['https://[::1]:1']}]",
        &[("upstreams[0].server_name", 2, "is missing")],
    ),
    (
        "https to several names without one to verify",
        "upstreams: [{name: a, servers: ['https://a:1', 'https://b:1']}]",
        &[("upstreams[0].server_name", 2, "is missing")],
    ),
    (
        "an address for the name in the certificate",
        "upstreams: [{name: a, server_name: 10.0.0.1, servers: ['https://a:1']}]",
        &[(
            "upstreams[0].server_name",
            2,
            "is not a lower-case host name",
        )],
    ),
    (
        "a name to verify without https",
        "upstreams: [{name: a, server_name: a, ca_file: x, servers: ['http://a:1']}]",
        &[
            ("upstreams[0].server_name", 2, "is for `https` servers only"),
            ("upstreams[0].ca_file", 2, "is for `https` servers only"),
        ],
    ),
    (
        "a certificate without https",
        "upstreams: [{name: a, client_certificate_file: x, client_private_key_file: y, servers: ['http://a:1']}]",
        &[
            (
                "upstreams[0].client_certificate_file",
                2,
                "is for `https` servers only",
            ),
            (
                "upstreams[0].client_private_key_file",
                2,
                "is for `https` servers only",
            ),
        ],
    ),
    (
        "a certificate without its key",
        "upstreams: [{name: a, client_certificate_file: no.pem, servers: ['https://a:1']}]",
        &[
            ("upstreams[0].client_private_key_file", 2, "is missing"),
            ("upstreams[0].client_certificate_file", 2, "cannot be read"),
        ],
    ),
    (
        "a path in a server, too many retries, a health check elsewhere",
        "upstreams:\n  - name: a\n    servers: ['http://a/base']\n    retries: 3\n  - name: b\n    servers: ['http://b']\n    host: http://b\n    health_check: {path: health, interval_s: 0}",
        &[
            (
                "upstreams[0].servers[0]",
                4,
                "has more than scheme, host and port",
            ),
            ("upstreams[0].retries", 5, "from 0 to 2"),
            ("upstreams[1].host", 8, "has a port that is not a number"),
            (
                "upstreams[1].health_check.path",
                9,
                "does not begin with `/`",
            ),
            ("upstreams[1].health_check.interval_s", 9, "from 1 to 3600"),
        ],
    ),
    (
        "pools without bounds",
        "upstreams: [{name: a, servers: ['http://a'], balance: random, max_in_flight: 0, passive_health: {failures: 0, pause_s: 3601}}]",
        &[
            ("upstreams[0].balance", 2, "round_robin"),
            ("upstreams[0].max_in_flight", 2, "from 1 to 1000000"),
            ("upstreams[0].passive_health.failures", 2, "from 1 to 1000"),
            ("upstreams[0].passive_health.pause_s", 2, "from 1 to 3600"),
        ],
    ),
];
