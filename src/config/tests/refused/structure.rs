//! Syntax, keys, types and bounds.

use std::path::Path;

use super::{Row, assert_refused, assert_refused_at, whole};
use crate::config::Config;

#[test]
fn wrong_keys_and_types_are_refused_with_what_to_write() {
    assert_refused(KEYS_AND_TYPES);
}

const KEYS_AND_TYPES: &[Row] = &[
    (
        "an unknown key",
        "trustedissuers: []",
        &[("trustedissuers", 2, "Did you mean `trusted_issuers`?")],
    ),
    (
        "an unknown key that resembles none",
        "log: {colour: true}",
        &[("log.colour", 2, "Possible here: `access`, `filter`.")],
    ),
    (
        "a key written twice",
        "log:\n  access: true\n  filter: info\n  access: false",
        &[("log.access", 5, "is written twice (first in line 3)")],
    ),
    (
        "a section written twice",
        "log: {access: true}\nlimits: {}\nlog: {access: false}",
        &[("log", 4, "is written twice (first in line 2)")],
    ),
    (
        "a value under a misspelt key is checked as well, where it stands",
        "upstreams:\n  - name: app\n    sevrers: [x]",
        &[
            ("upstreams[0].sevrers", 4, "Did you mean `servers`?"),
            (
                "upstreams[0].servers[0]",
                4,
                "does not begin with `http://`",
            ),
        ],
    ),
    (
        "a key without a value",
        "limits:\nlog:\n  filter: info",
        &[("limits", 2, "has no value")],
    ),
    (
        "a number for a text",
        "log: {filter: 5}",
        &[(
            "log.filter",
            2,
            "is a number, not a text. Write it in quotes.",
        )],
    ),
    (
        "a text for a number",
        "limits: {head_timeout_s: 10s}",
        &[(
            "limits.head_timeout_s",
            2,
            "without quotes and without a unit",
        )],
    ),
    (
        "a text for a list",
        "upstreams: app",
        &[("upstreams", 2, "is a text, not a list")],
    ),
    (
        "a list for a mapping",
        "admin: [127.0.0.1]",
        &[("admin", 2, "is a list, not a mapping")],
    ),
    (
        "a key that is no text",
        "log: {1: x}",
        &[("log", 2, "has a key that is a number")],
    ),
    (
        "a value that is none of the choices",
        "routes: [{name: r, path: /, whoami: true, authentication: anonymos}]",
        &[("routes[0].authentication", 2, "Did you mean `anonymous`?")],
    ),
    (
        "an item of the wrong type shifts no other item",
        "upstreams:\n  - 5\n  - {name: b, servers: [x]}",
        &[
            ("upstreams[0]", 3, "is a number, not a mapping"),
            (
                "upstreams[1].servers[0]",
                4,
                "does not begin with `http://`",
            ),
        ],
    ),
    (
        "a hash that falls apart between braces",
        "log: {filter: $argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA}",
        &[
            ("log.filter", 2, "is not a log filter"),
            ("log", 2, "put a text with a comma in quotes"),
            ("log", 2, "put a text with a comma in quotes"),
        ],
    ),
    (
        "a tag",
        "log: {filter: !secret info}",
        &[("log.filter", 2, "has a YAML tag")],
    ),
    (
        "an empty list where one item is the least",
        "routes: []",
        &[("routes", 2, "is an empty list")],
    ),
];

#[test]
fn zero_and_absurd_numbers_are_refused_with_their_bounds() {
    assert_refused(&[
        (
            "zero",
            "limits: {head_timeout_s: 0, connections: 0}",
            &[
                (
                    "limits.head_timeout_s",
                    2,
                    "is not a whole number from 1 to 120",
                ),
                ("limits.connections", 2, "from 1 to 1000000"),
            ],
        ),
        (
            "too much",
            "server: {drain_timeout_s: 3601, drain_delay_s: 301, threads: 5000}",
            &[
                ("server.drain_timeout_s", 2, "from 0 to 3600"),
                ("server.drain_delay_s", 2, "from 0 to 300"),
                ("server.threads", 2, "from 1 to 1024"),
            ],
        ),
        (
            "negative, broken and huge numbers",
            "limits: {keepalive_s: -1, head_fields: 99.5, head_bytes: 99999999999999999999}",
            &[
                ("limits.keepalive_s", 2, "from 1 to 3600"),
                ("limits.head_fields", 2, "from 16 to 1000"),
                ("limits.head_bytes", 2, "from 1024 to 1048576"),
            ],
        ),
    ]);
}

#[test]
fn what_is_no_yaml_is_refused_where_it_breaks() {
    for (sentence, text, line) in [
        (
            "a bracket that is not closed",
            "listeners: [\nroutes: []\n",
            2,
        ),
        ("a tab for indentation", "log:\n\tfilter: info\n", 2),
        ("a value after a value", "log: a: b\n", 1),
        ("a second document", "log: {}\n---\nlog: {}\n", 2),
        ("an unknown anchor", "log: *nobody\n", 1),
    ] {
        let error = Config::parse(text, Path::new("")).unwrap_err();
        let problem = error.problems.first().unwrap();
        assert!(
            problem.reason.starts_with("is not YAML: "),
            "{sentence}: {error}"
        );
        assert!(
            problem
                .place
                .is_none_or(|place| place.line.abs_diff(line) <= 1),
            "{sentence}: {error}"
        );
    }
}

#[test]
fn an_empty_file_is_refused() {
    for text in ["", "# nothing\n", "~\n"] {
        let error = Config::parse(text, Path::new("")).unwrap_err().to_string();
        assert!(error.contains("the file is empty"), "{error}");
    }
}

#[test]
fn a_huge_file_is_refused_unread() {
    let error = Config::parse(&"#".repeat(8 * 1024 * 1024 + 1), Path::new("")).unwrap_err();

    assert!(error.to_string().contains("larger than"), "{error}");
}

/// Nine levels of ten aliases each are a billion items in 300 bytes.
#[test]
fn an_alias_bomb_is_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..10 {
        let alias = format!("*a{}", n - 1);
        text.push_str(&format!(
            "a{n}: &a{n} [{}]\n",
            [alias.as_str(); 10].join(", ")
        ));
    }

    let error = Config::parse(&text, Path::new("")).unwrap_err().to_string();

    assert!(error.contains("is not YAML"), "{error}");
}

#[test]
fn deep_nesting_is_refused() {
    let text = format!("log: {}{}", "[".repeat(50_000), "]".repeat(50_000));

    assert!(Config::parse(&text, Path::new("")).is_err());
}

#[test]
fn anchors_and_merges_may_be_used() {
    let text = whole(
        "upstreams:\n  - &defaults {name: a, servers: ['http://127.0.0.1:1'], retries: 2}\n  - {<<: *defaults, name: b}",
    );

    let config = Config::parse(&text, Path::new("")).unwrap();

    let retries: Vec<_> = config
        .gateway
        .upstreams
        .iter()
        .map(|up| (up.name.as_str(), up.retries))
        .collect();
    assert_eq!(retries, [("a", 2), ("b", 2)]);
}

/// Ten problems of ten kinds, one run.
#[test]
fn every_problem_is_shown_at_once() {
    let text = "\
listeners:
  - name: edge
    address: 127.0.0.1
admin: {adress: '127.0.0.1:0'}
limits:
  head_timeout_s: 0
provider:
  issuer: http://files.example/oidc/
upstreams:
  - name: app
    servers: ['https://10.0.0.1:8443']
routes:
  - name: a
    path: /a/../b
    upstream: ap
    authentication: anonymous
  - name: a
    path: /c/
    whoami: yess
    authentication: anonymous
";
    assert_refused_at(
        "ten different problems",
        text,
        Path::new(""),
        &[
            (
                "state",
                1,
                "is missing: with `provider`, codes, sessions and keys must be kept",
            ),
            (
                "users",
                1,
                "is missing: with `provider`, somebody must check passwords",
            ),
            (
                "listeners[0].address",
                3,
                "is not an IP address with a port",
            ),
            ("admin.adress", 4, "Did you mean `address`?"),
            ("limits.head_timeout_s", 6, "from 1 to 120"),
            ("provider.issuer", 8, "must begin with https://"),
            ("upstreams[0].server_name", 10, "is missing"),
            ("routes[0].path", 14, "has a dot segment"),
            ("routes[0].upstream", 15, "Did you mean `app`?"),
            (
                "routes[1].name",
                17,
                "is the same as routes[0].name in line 13",
            ),
            ("routes[1].whoami", 19, "not `true` or `false`"),
        ],
    );
}
