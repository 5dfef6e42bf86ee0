//! Application passwords: only of our own users, and where one could meet what the route asks.

use std::path::Path;

use super::{Row, assert_refused, whole};
use crate::config::Config;

#[test]
fn passwords_that_would_open_nothing_are_refused() {
    assert_refused(ROWS);
}

/// Lines 2 to 4.
macro_rules! with_provider {
    ($routes:literal) => {
        concat!(
            "state: {path: s, key_file: k}\n",
            "provider: {issuer: 'https://op.example/', access_tokens: {audience: [x]}}\n",
            "users: {static: [{login: a, password_hash: '$argon2id$v=19$m=19456,t=2,p=1$Y2VsbGdhdGUtbm9ib2R5$ANmNo4dUQ5FtnTd5b1xkkW1y7l9F7lS3mYd0sB3o2pY'}]}\n",
            $routes
        )
    };
}

const ROWS: &[Row] = &[
    (
        "nobody here who could make one",
        "trusted_issuers: [{issuer: 'https://a.example/', discovery: openid, algorithms: [RS256], audience: [x]}]
routes: [{name: r, path: /, whoami: true, application_passwords: {}}]",
        &[(
            "routes[0].application_passwords",
            3,
            "needs a provider here",
        )],
    ),
    (
        "routes that do not look, or ask for what no password has",
        with_provider!(
            "routes:
  - {name: a, path: /a, whoami: true, authentication: anonymous, application_passwords: {}}
  - {name: b, path: /b, whoami: true, token_from: {authorization: false, header: X-Token}, application_passwords: {}}
  - {name: c, path: /c, whoami: true, step_up: {max_age_s: 60}, application_passwords: {}}
  - {name: d, path: /d, refuse: true, application_passwords: {}}"
        ),
        &[
            ("routes[0].application_passwords", 6, "is of no use"),
            (
                "routes[1].application_passwords",
                7,
                "contradicts `token_from.authorization: false`",
            ),
            ("routes[2].application_passwords", 8, "contradicts `step_up`"),
            ("routes[3].application_passwords", 9, "is of no use"),
        ],
    ),
    (
        "a scope that is none",
        with_provider!(
            "routes: [{name: a, path: /a, whoami: true, application_passwords: {scope: ['a b']}}]"
        ),
        &[(
            "routes[0].application_passwords.scope[0]",
            5,
            "is not a scope value",
        )],
    ),
    (
        "less than all that the route asks for",
        with_provider!(
            "routes: [{name: b, path: /b, whoami: true, scopes: {all: [read]}, application_passwords: {scope: [write]}}]"
        ),
        &[(
            "routes[0].application_passwords.scope",
            5,
            "lacks what `scopes` of the route asks for",
        )],
    ),
    (
        "none of what the route asks for",
        with_provider!(
            "routes: [{name: c, path: /c, whoami: true, scopes: {any: [read]}, application_passwords: {scope: [write]}}]"
        ),
        &[(
            "routes[0].application_passwords.scope",
            5,
            "lacks what `scopes` of the route asks for",
        )],
    ),
];

#[test]
fn what_a_password_is_for_comes_from_the_route() {
    let text = whole(with_provider!(
        "routes:
  - {name: a, path: /a, whoami: true, scopes: {all: [one], any: [two]}, application_passwords: {}}
  - {name: b, path: /b, whoami: true, application_passwords: {title: Files, scope: [three]}}
  - {name: c, path: /c, whoami: true}"
    ));
    let config = Config::parse(&text, Path::new("")).unwrap();

    let offered = config.provider.unwrap().application_passwords;
    let told: Vec<_> = offered
        .places
        .iter()
        .map(|place| (place.title.as_str(), place.scope.to_string()))
        .collect();
    assert_eq!(
        told,
        [("a", "one two".to_owned()), ("Files", "three".to_owned())]
    );
    assert!(offered.places.iter().all(|place| place.audience == ["x"]));
    assert_eq!((offered.max_per_user, offered.lifetime), (20, None));
    assert!(config.gateway.routes[2].application_passwords.is_none());
}
