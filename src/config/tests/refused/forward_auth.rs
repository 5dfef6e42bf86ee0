//! Proxies that ask, and routes that are theirs.

use super::{Row, assert_refused};

#[test]
fn proxies_that_could_be_anybody_or_routes_that_nobody_reaches_are_refused() {
    assert_refused(ROWS);
}

const ROWS: &[Row] = &[
    (
        "nobody may ask",
        "forward_auth: {}",
        &[("forward_auth.proxies", 2, "is missing")],
    ),
    (
        "a proxy of no kind, anywhere",
        "forward_auth: {proxies: [{networks: [0.0.0.0/0]}]}",
        &[
            ("forward_auth.proxies[0].kind", 2, "is missing"),
            ("forward_auth.proxies[0].networks[0]", 2, "is everybody"),
        ],
    ),
    (
        "one address of two kinds",
        "forward_auth: {proxies: [{networks: [10.0.0.0/8], kind: nginx}, {networks: [10.0.0.7], kind: caddy}]}",
        &[(
            "forward_auth.proxies[1].networks[0]",
            2,
            "overlaps forward_auth.proxies[0].networks[0]",
        )],
    ),
    (
        "an unknown kind",
        "forward_auth: {proxies: [{networks: [10.0.0.7], kind: apache}]}",
        &[("forward_auth.proxies[0].kind", 2, "nginx")],
    ),
    (
        "a path that is none",
        "forward_auth: {path: auth, proxies: [{networks: [10.0.0.7], kind: nginx}]}",
        &[("forward_auth.path", 2, "does not begin with `/`")],
    ),
    (
        "a path that ends in a slash",
        "forward_auth: {path: /auth/, proxies: [{networks: [10.0.0.7], kind: nginx}]}",
        &[("forward_auth.path", 2, "Write `/auth`")],
    ),
    (
        "a route that nobody reaches",
        "forward_auth: {proxies: [{networks: [10.0.0.7], kind: nginx}]}\nroutes: [{name: r, path: /.forward-auth/x, whoami: true, authentication: anonymous}]",
        &[("routes[0].path", 3, "would never match")],
    ),
    (
        "a route that nobody asks about",
        "routes: [{name: r, path: /, forward_auth: true, authentication: anonymous}]",
        &[("routes[0].forward_auth", 2, "is of no use")],
    ),
    (
        "a route that is forwarded twice",
        "forward_auth: {proxies: [{networks: [10.0.0.7], kind: nginx}]}\nroutes: [{name: r, path: /, whoami: true, forward_auth: true, authentication: anonymous}]",
        &[(
            "routes[0].forward_auth",
            3,
            "excludes `upstream` and `whoami`",
        )],
    ),
    (
        "the path of the issuer",
        "state: {}\nusers: {cells: {url: 'https://cells.internal/'}}\nprovider: {issuer: https://files.example/oidc/, access_tokens: {audience: ['https://api.example/']}, clients: []}\nforward_auth: {path: /oidc, proxies: [{networks: [10.0.0.7], kind: nginx}]}",
        &[("forward_auth.path", 5, "at or above the path of the issuer")],
    ),
];
