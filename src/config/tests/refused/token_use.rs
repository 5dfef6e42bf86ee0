//! `token: swap`: only of our own users' tokens, and only for the Cells that they signed in at.

use super::{Row, assert_refused};

#[test]
fn tokens_are_swapped_for_the_users_cells_only() {
    assert_refused(ROWS);
}

const ROWS: &[Row] = &[
    (
        "no Cells to have tokens of",
        "upstreams: [{name: a, servers: ['http://127.0.0.1:8080']}]
trusted_issuers: [{issuer: 'https://a.example/', discovery: openid, algorithms: [RS256], audience: [x]}]
routes: [{name: r, path: /, upstream: a, token: swap}]",
        &[("routes[0].token", 4, "needs a provider with `users.cells`")],
    ),
    (
        "users of a list",
        "upstreams: [{name: a, servers: ['http://127.0.0.1:8080']}]
state: {path: s, key_file: k}
provider: {issuer: 'https://op.example/', access_tokens: {audience: [x]}}
users: {static: [{login: a, password_hash: '$argon2id$v=19$m=19456,t=2,p=1$Y2VsbGdhdGUtbm9ib2R5$ANmNo4dUQ5FtnTd5b1xkkW1y7l9F7lS3mYd0sB3o2pY'}]}
routes: [{name: r, path: /, upstream: a, token: swap}]",
        &[("routes[0].token", 6, "users of a list have no token of Cells")],
    ),
    (
        "another upstream, another port, no TLS, and none at all",
        "upstreams: [{name: a, servers: ['http://127.0.0.1:8081']}, {name: b, servers: ['https://127.0.0.1:8080'], server_name: a.example}, {name: c, servers: ['http://127.0.0.1:8080']}]
state: {path: s, key_file: k}
provider: {issuer: 'https://op.example/', access_tokens: {audience: [x]}}
users: {cells: {url: 'http://127.0.0.1:8080/'}}
routes:
  - {name: a, path: /a/, upstream: a, token: swap}
  - {name: b, path: /b/, upstream: b, token: swap}
  - {name: c, path: /c/, upstream: c, token: swap}
  - {name: d, path: /d/, whoami: true, token: swap}",
        &[
            ("routes[0].token", 7, "which is not the Cells of `users.cells`"),
            ("routes[1].token", 8, "which is not the Cells of `users.cells`"),
            ("routes[3].token", 10, "needs an `upstream`"),
        ],
    ),
    (
        "nothing to swap, others' tokens, and what passes where a token is needed",
        "upstreams: [{name: a, servers: ['http://127.0.0.1:8080']}]
state: {path: s, key_file: k}
provider: {issuer: 'https://op.example/', access_tokens: {audience: [x]}}
users: {cells: {url: 'http://127.0.0.1:8080/'}}
routes:
  - {name: a, path: /a/, upstream: a, token: swap, authentication: anonymous}
  - {name: b, path: /b/, upstream: a, token: swap, issuers: ['https://op.example/']}
  - {name: c, path: /c/, upstream: a, token: swap, other_tokens: pass}
  - {name: d, path: /d/, upstream: a, token: pass, other_tokens: pass}
  - {name: e, path: /e/, upstream: a, token: swap, other_tokens: pass, authentication: optional}",
        &[
            ("routes[0].token", 7, "has nothing to swap"),
            ("routes[1].issuers", 8, "contradicts `token: swap`"),
            ("routes[2].other_tokens", 9, "would forbid"),
            ("routes[3].other_tokens", 10, "is of no use without `token: swap`"),
        ],
    ),
];
