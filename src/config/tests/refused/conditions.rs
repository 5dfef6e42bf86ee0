//! What routes ask beside issuer, audience and scope.

use std::path::Path;
use std::time::Duration;

use super::{Row, assert_refused, whole};
use crate::config::Config;
use crate::gateway::{ClaimValue, Conditions};

#[test]
fn conditions_that_cannot_be_meant_are_refused() {
    assert_refused(CONDITIONS);
}

const CONDITIONS: &[Row] = &[
    (
        "networks that never match, or not as written",
        "routes:\n  - name: a\n    path: /\n    whoami: true\n    authentication: anonymous\n    networks: [10.1.2.3/8, '::ffff:10.0.0.0/104', localhost, 2001:db8::1/32, 192.0.2.7]",
        &[
            ("routes[0].networks[0]", 7, "Write `10.0.0.0/8`"),
            ("routes[0].networks[1]", 7, "known by their IPv4 address"),
            (
                "routes[0].networks[2]",
                7,
                "is neither an IP address nor a network",
            ),
            ("routes[0].networks[3]", 7, "Write `2001:db8::/32`"),
        ],
    ),
    (
        "R01 lists with nothing in them",
        "routes:\n  - name: a\n    path: /\n    whoami: true\n    authentication: anonymous\n    networks: []\n    clients: ['']\n    claims: {groups: {any: ['']}}",
        &[
            ("routes[0].networks", 7, "is an empty list"),
            ("routes[0].clients", 8, "on an anonymous route"),
            ("routes[0].clients[0]", 8, "is an empty text"),
            ("routes[0].claims", 9, "on an anonymous route"),
            ("routes[0].claims.groups.any[0]", 9, "is an empty text"),
        ],
    ),
    (
        "claims that ask nothing or too much",
        "trusted_issuers: []\nroutes:\n  - name: a\n    path: /\n    whoami: true\n    claims:\n      groups: {}\n      /a//b: {any: [x]}\n      roles: {all: [x], none: [y, x]}",
        &[
            ("routes[0].authentication", 4, "there is no issuer"),
            ("routes[0].claims.groups", 8, "asks nothing"),
            ("routes[0].claims./a//b", 9, "has an empty name in it"),
            (
                "routes[0].claims.roles.none[1]",
                10,
                "is in `all` as well, so nobody could pass",
            ),
        ],
    ),
    (
        "values that no claim is compared with",
        "routes:\n  - name: a\n    path: /\n    whoami: true\n    authentication: anonymous\n    claims: {groups: {any: [1.5, [x], {y: z}]}}",
        &[
            ("routes[0].claims", 7, "on an anonymous route"),
            (
                "routes[0].claims.groups.any[0]",
                7,
                "is a number, not a text, a whole number, `true` or `false`",
            ),
            ("routes[0].claims.groups.any[1]", 7, "is a list, not a text"),
            (
                "routes[0].claims.groups.any[2]",
                7,
                "is a mapping, not a text",
            ),
        ],
    ),
    (
        "a sign-in that cannot be asked for",
        "routes:\n  - name: a\n    path: /\n    whoami: true\n    authentication: anonymous\n    step_up: {max_age_s: 0, acr: ['a b']}",
        &[
            ("routes[0].step_up", 7, "on an anonymous route"),
            ("routes[0].step_up.max_age_s", 7, "from 1 to"),
            ("routes[0].step_up.acr[0]", 7, "has a space"),
        ],
    ),
    (
        "an expression with a slip in it",
        "routes:\n  - {name: a, path: /a, whoami: true, authentication: anonymous, condition: \"request.metod == 'GET'\"}\n  - {name: b, path: /b, whoami: true, authentication: anonymous, condition: \"request.method == \"}",
        &[
            (
                "routes[0].condition",
                3,
                "There are method, scheme, host, path, source.",
            ),
            (
                "routes[1].condition",
                4,
                "cannot be understood at character",
            ),
        ],
    ),
    (
        "metadata without a resource",
        "routes: [{name: a, path: /, whoami: true, authentication: anonymous, resource_metadata: true}]",
        &[(
            "routes[0].resource_metadata",
            2,
            "no audience is a URL at or above this route",
        )],
    ),
    (
        "a condition on a token where there is none",
        "routes: [{name: a, path: /, whoami: true, authentication: anonymous, condition: token == null}]",
        &[(
            "routes[0].condition",
            2,
            "on an anonymous route tokens are not looked at",
        )],
    ),
];

fn conditions(route: &str) -> Option<Conditions> {
    let text = whole(&format!(
        "routes: [{{name: a, path: /, whoami: true, authentication: anonymous{route}}}]"
    ));
    let config = Config::parse(&text, Path::new("")).unwrap();
    let conditions = config.gateway.routes[0].policy.conditions.clone();
    conditions.map(|conditions| (*conditions).clone())
}

/// A route without conditions pays nothing for those that there could be.
#[test]
fn a_route_that_asks_nothing_more_has_no_conditions() {
    assert!(conditions("").is_none());
    assert!(conditions(", step_up: {}, claims: {}").is_none());
}

#[test]
fn networks_and_expressions_are_for_anonymous_routes_too() {
    let conditions =
        conditions(", networks: [192.0.2.7, '2001:db8::/32'], condition: now > 5").unwrap();
    let networks: Vec<String> = conditions
        .networks
        .iter()
        .map(ToString::to_string)
        .collect();

    assert_eq!(networks, ["192.0.2.7/32", "2001:db8::/32"]);
    assert_eq!(conditions.expression.unwrap().to_string(), "now > 5");
}

#[test]
fn conditions_on_a_token_are_taken_as_written() {
    let jwks = tempfile::tempdir().unwrap();
    std::fs::write(
        jwks.path().join("keys.json"),
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
    )
    .unwrap();
    let text = whole(
        "trusted_issuers: [{issuer: 'https://op.example', jwks_file: keys.json, algorithms: [EdDSA]}]
routes:
  - name: a
    path: /
    whoami: true
    audience: [https://api.example/]
    clients: [app]
    claims: {email_verified: {any: [true]}, level: {all: [3, '3'], none: [-1]}}
    step_up: {max_age_s: 300, acr: [mfa]}",
    );

    let config = Config::parse(&text, jwks.path()).unwrap();

    let conditions = config.gateway.routes[0].policy.conditions.as_ref().unwrap();
    assert_eq!(conditions.clients[0].as_str(), "app");
    assert_eq!(conditions.claims[0].any, [ClaimValue::Flag(true)]);
    let three = ClaimValue::Text("3".to_owned());
    assert_eq!(conditions.claims[1].all, [ClaimValue::Number(3), three]);
    assert_eq!(conditions.claims[1].none, [ClaimValue::Number(-1)]);
    let step_up = conditions.step_up.as_ref().unwrap();
    assert_eq!(step_up.max_age, Some(Duration::from_secs(300)));
    assert_eq!(step_up.acr, ["mfa"]);
}
