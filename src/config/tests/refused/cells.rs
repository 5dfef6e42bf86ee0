//! `cells`, and the keys of routes that it needs.

use super::{Row, assert_refused};

#[test]
fn a_site_that_is_not_the_users_cells_is_refused() {
    assert_refused(ROWS);
}

const ROWS: &[Row] = &[
    (
        "no Cells whose users sign in",
        "cells: {}",
        &[("cells", 2, "needs a provider with `users.cells`")],
    ),
    (
        "users of a list",
        "state: {path: s, key_file: k}
provider: {issuer: 'https://op.example/', access_tokens: {audience: [x]}}
users: {static: [{login: a, password_hash: '$argon2id$v=19$m=19456,t=2,p=1$Y2VsbGdhdGUtbm9ib2R5$ANmNo4dUQ5FtnTd5b1xkkW1y7l9F7lS3mYd0sB3o2pY'}]}
cells: {}",
        &[("cells", 5, "needs a provider with `users.cells`")],
    ),
    (
        "a host that is none",
        "state: {path: s, key_file: k}
provider: {issuer: 'https://op.example/', access_tokens: {audience: [x]}}
users: {cells: {url: 'http://127.0.0.1:8080/'}}
cells: {host: 'Files.Example'}",
        &[("cells.host", 5, "would never match")],
    ),
    (
        "an address that no certificate can be verified against",
        "state: {path: s, key_file: k}
provider: {issuer: 'https://op.example/', access_tokens: {audience: [x]}}
users: {cells: {url: 'https://192.0.2.7:8080/'}}
cells: {}",
        &[("cells", 5, "cannot make an upstream of `users.cells`")],
    ),
    (
        "the name of a route that is made",
        "state: {path: s, key_file: k}
provider: {issuer: 'https://op.example/', access_tokens: {audience: [x]}}
users: {cells: {url: 'http://127.0.0.1:8080/'}}
cells: {}
routes: [{name: cells-api, path: /x, whoami: true}]",
        &[("cells.name", 5, "is the same as routes[0].name")],
    ),
    (
        "passwords where Cells does not judge",
        "upstreams: [{name: a, servers: ['http://127.0.0.1:8080']}]
state: {path: s, key_file: k}
provider: {issuer: 'https://op.example/', access_tokens: {audience: [x]}}
users: {cells: {url: 'http://127.0.0.1:8080/'}}
routes:
  - {name: a, path: /a, upstream: a, authentication: anonymous, passwords: basic}
  - {name: b, path: /b, upstream: a, token: swap, passwords: session}
  - {name: c, path: /c, upstream: a, token: swap, other_tokens: pass, authentication: optional, passwords: basic}",
        &[
            ("routes[0].passwords", 7, "is for routes to Cells"),
            ("routes[1].passwords", 8, "is for routes to Cells"),
        ],
    ),
    (
        "a client that is called like the web interface",
        "state: {path: s, key_file: k}
provider: {issuer: 'https://op.example/', access_tokens: {audience: [x]}, clients: [{id: cells-frontend, authentication: none, redirect_uris: ['https://op.example/auth/callback']}]}
users: {cells: {url: 'http://127.0.0.1:8080/'}}
cells: {}",
        &[(
            "provider.clients[0].id",
            3,
            "is that of Cells' web interface",
        )],
    ),
    (
        "an interface on two hosts, and one that is not Cells",
        "upstreams: [{name: a, servers: ['http://127.0.0.1:8080']}, {name: b, servers: ['http://b']}]
state: {path: s, key_file: k}
provider: {issuer: 'https://op.example/', access_tokens: {audience: [x]}}
users: {cells: {url: 'http://127.0.0.1:8080/'}}
routes:
  - {name: a, host: a.example, path: /, upstream: a, authentication: anonymous, passwords: page}
  - {name: b, host: b.example, path: /, upstream: b, authentication: anonymous, passwords: page}",
        &[
            ("routes", 7, "one and the same `host`"),
            ("routes[1].passwords", 8, "which is not the Cells"),
        ],
    ),
    (
        "an interface on any host",
        "upstreams: [{name: a, servers: ['http://127.0.0.1:8080']}]
state: {path: s, key_file: k}
provider: {issuer: 'https://op.example/', access_tokens: {audience: [x]}}
users: {cells: {url: 'http://127.0.0.1:8080/'}}
routes: [{name: a, path: /, upstream: a, authentication: anonymous, passwords: page}]",
        &[("routes", 6, "one and the same `host`")],
    ),
    (
        "a route that refuses and has an action",
        "upstreams: [{name: a, servers: ['http://a']}]
routes:
  - {name: a, path: /a, upstream: a, refuse: true, authentication: anonymous}
  - {name: b, path: /b, whoami: true, refuse: true, authentication: anonymous}
  - {name: c, path: /c, refuse: true, authentication: anonymous}",
        &[
            ("routes[0].refuse", 4, "excludes `upstream`"),
            ("routes[1].refuse", 5, "excludes `upstream`"),
        ],
    ),
];
