//! Assertions: signed by a key of ours, for somebody who checks it, in a header of their own.

use std::path::Path;

use super::{Row, assert_refused, whole};
use crate::config::Config;

#[test]
fn assertions_that_nobody_signs_or_reads_are_refused() {
    assert_refused(ROWS);
}

/// Lines 2 to 4.
macro_rules! with_provider {
    ($routes:literal) => {
        concat!(
            "state: {path: s, key_file: k}\n",
            "provider: {issuer: 'https://op.example/', access_tokens: {audience: [x], algorithm: RS256}}\n",
            "users: {static: [{login: a, password_hash: '$argon2id$v=19$m=19456,t=2,p=1$Y2VsbGdhdGUtbm9ib2R5$ANmNo4dUQ5FtnTd5b1xkkW1y7l9F7lS3mYd0sB3o2pY'}]}\n",
            $routes
        )
    };
}

const ROWS: &[Row] = &[
    (
        "no keys of ours",
        "upstreams: [{name: a, servers: ['http://127.0.0.1:1']}]
trusted_issuers: [{issuer: 'https://a.example/', discovery: openid, algorithms: [RS256], audience: [x]}]
routes: [{name: r, path: /, upstream: a, assertion: {}}]",
        &[("routes[0].assertion", 4, "needs a provider")],
    ),
    (
        "nobody to tell of, nobody to tell, and no header for it",
        with_provider!(
            "routes:
  - {name: a, path: /a, whoami: true, authentication: anonymous, assertion: {audience: x}}
  - {name: b, path: /b, whoami: true, assertion: {}}
  - {name: c, path: /c, whoami: true, assertion: {audience: x, header: 'X_Y'}}
  - {name: d, path: /d, whoami: true, assertion: {audience: x, header: Authorization}}
  - {name: e, path: /e, whoami: true, assertion: {audience: x, header: X-Auth-Request-User}}
  - {name: f, path: /f, whoami: true, assertion: {audience: x, lifetime_s: 5}}
  - {name: g, path: /g, whoami: true, assertion: {audience: x, claims: [email, aud, email]}}"
        ),
        &[
            ("routes[0].assertion", 6, "has nobody to tell of"),
            ("routes[1].assertion.audience", 7, "is missing"),
            ("routes[2].assertion.header", 8, "is not a header name"),
            ("routes[3].assertion.header", 9, "is a header that HTTP"),
            (
                "routes[4].assertion.header",
                10,
                "is one of the headers under `identity`",
            ),
            ("routes[5].assertion.lifetime_s", 11, "is"),
            ("routes[6].assertion.claims[1]", 12, "is one that an assertion has"),
            ("routes[6].assertion.claims[2]", 12, "is the same as"),
        ],
    ),
    (
        "a token where every request loses it",
        with_provider!(
            "routes:
  - {name: a, path: /a, whoami: true, assertion: {audience: x}}
  - {name: b, path: /b, whoami: true, token_from: {header: X-Cellgate-Assertion}}"
        ),
        &[(
            "routes[1].token_from.header",
            7,
            "is a header that is removed from every request",
        )],
    ),
];

#[test]
fn an_assertion_is_for_the_upstream_unless_it_says_otherwise() {
    let text = whole(with_provider!(
        "upstreams: [{name: files, servers: ['http://127.0.0.1:1']}]
routes:
  - {name: a, path: /a, upstream: files, assertion: {}}
  - {name: b, path: /b, upstream: files, assertion: {audience: 'https://b.internal/', header: X-B, lifetime_s: 300, claims: [roles]}}"
    ));
    let config = Config::parse(&text, Path::new("")).unwrap();

    let told: Vec<_> = config
        .gateway
        .routes
        .iter()
        .map(|route| {
            let assertion = route.assertion.as_ref().unwrap();
            let seconds = assertion.lifetime.as_secs();
            let claims = assertion.claims.join(" ");
            (
                assertion.header.as_str(),
                assertion.audience.as_str(),
                seconds,
                claims,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                "x-cellgate-assertion",
                "files",
                60,
                "email groups preferred_username".to_owned()
            ),
            ("x-b", "https://b.internal/", 300, "roles".to_owned())
        ]
    );
    let stripped = &config.gateway.identity.also_strip;
    for name in ["x-cellgate-assertion", "x-b"] {
        assert!(stripped.iter().any(|it| it == name), "{stripped:?}");
    }
}
