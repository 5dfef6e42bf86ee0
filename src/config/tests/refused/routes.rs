//! Routes, their policies, and where tokens may be.

use std::path::Path;

use super::{Row, assert_refused, whole};
use crate::config::Config;

#[test]
fn routes_that_lead_nowhere_or_never_match_are_refused() {
    assert_refused(ROUTES);
}

const ROUTES: &[Row] = &[
    (
        "no routes",
        "listeners: [{name: e, address: '127.0.0.1:0'}]\nroutes:\nlog: {}",
        &[("routes", 2, "has no value")],
    ),
    (
        "a route without name, path and action",
        "routes: [{authentication: anonymous}]",
        &[
            ("routes[0].name", 2, "is missing"),
            ("routes[0].path", 2, "is missing"),
            (
                "routes[0].upstream",
                2,
                "is missing: nothing says where requests go",
            ),
        ],
    ),
    (
        "two actions",
        "upstreams: [{name: a, servers: ['http://a']}]\nroutes: [{name: r, path: /, whoami: true, upstream: a, authentication: anonymous}]",
        &[("routes[0].whoami", 3, "excludes `upstream`")],
    ),
    (
        "WebSockets with nobody to talk to, and for pages that are none",
        "upstreams: [{name: a, servers: ['http://a']}]\nroutes:\n  - {name: w, path: /w, whoami: true, authentication: anonymous, websockets: allow}\n  - {name: o, path: /o, upstream: a, authentication: anonymous, websockets: allow, websocket_origins: ['https://a.example/']}\n  - {name: u, path: /u, upstream: a, authentication: anonymous, websocket_origins: ['https://a.example']}",
        &[
            ("routes[0].websockets", 4, "excludes `whoami`"),
            ("routes[1].websocket_origins[0]", 5, "is not an origin"),
            (
                "routes[2].websocket_origins",
                6,
                "is of no use without `websockets: allow`",
            ),
        ],
    ),
    (
        "messages with tokens that nobody swaps",
        "upstreams: [{name: a, servers: ['http://a']}]\nroutes: [{name: w, path: /w, upstream: a, authentication: anonymous, websockets: subscribe}]",
        &[(
            "routes[0].websockets",
            3,
            "`subscribe` is for routes to Cells",
        )],
    ),
    (
        "an unknown upstream",
        "routes: [{name: r, path: /, upstream: api, authentication: anonymous}]",
        &[(
            "routes[0].upstream",
            2,
            "no upstream is called `api`. Add it under `upstreams:`",
        )],
    ),
    (
        "two routes for the same requests",
        "routes:\n  - {name: a, path: /x, whoami: true, authentication: anonymous}\n  - {name: b, path: /x, whoami: true, authentication: anonymous}",
        &[(
            "routes[1]",
            4,
            "matches the same requests as routes[0] in line 3",
        )],
    ),
    (
        "a method in two routes of one place",
        "routes:\n  - {name: a, path: /x, methods: [GET, HEAD], whoami: true, authentication: anonymous}\n  - {name: b, path: /x, methods: [PUT, HEAD], whoami: true, authentication: anonymous}",
        &[(
            "routes[1].methods[1]",
            4,
            "HEAD belongs to routes[0] in line 3 already",
        )],
    ),
    (
        "methods that never match",
        "routes: [{name: a, path: /, methods: [get, GET, GET, 'A B'], whoami: true, authentication: anonymous}]",
        &[
            ("routes[0].methods[0]", 2, "Write `GET`."),
            ("routes[0].methods[2]", 2, "is the same as"),
            ("routes[0].methods[3]", 2, "is not a method"),
        ],
    ),
    (
        "hosts that never match",
        "routes:\n  - {name: a, host: 'a.example:443', path: /, whoami: true, authentication: anonymous}\n  - {name: b, host: A.example, path: /, whoami: true, authentication: anonymous}\n  - {name: c, host: '*', path: /, whoami: true, authentication: anonymous}",
        &[
            ("routes[0].host", 3, "has a port"),
            ("routes[1].host", 4, "write `a.example`"),
            ("routes[2].host", 5, "wildcard"),
        ],
    ),
    (
        "paths that never match",
        "routes:\n  - {name: a, path: /a//b, whoami: true, authentication: anonymous}\n  - {name: b, path: '/%7euser', whoami: true, authentication: anonymous}\n  - {name: c, path: '/c?x', whoami: true, authentication: anonymous}",
        &[
            ("routes[0].path", 3, "has an empty segment"),
            ("routes[1].path", 4, "write `/~user`"),
            ("routes[2].path", 5, "`?`"),
        ],
    ),
];

#[test]
fn policies_that_nobody_or_everybody_could_meet_are_refused() {
    assert_refused(POLICIES);
}

const POLICIES: &[Row] = &[
    (
        "a token without an issuer to accept",
        "routes:\n  - {name: a, path: /a, whoami: true}\n  - {name: b, path: /b, whoami: true, authentication: optional}",
        &[
            (
                "routes[0].authentication",
                3,
                "there is no issuer to accept one from",
            ),
            (
                "routes[1].authentication",
                4,
                "there is no issuer to accept one from",
            ),
        ],
    ),
    (
        "conditions on an anonymous route",
        "routes: [{name: a, path: /, whoami: true, authentication: anonymous, scopes: {all: [x]}, audience: [y]}]",
        &[
            (
                "routes[0].scopes",
                2,
                "on an anonymous route tokens are not looked at",
            ),
            (
                "routes[0].audience",
                2,
                "on an anonymous route tokens are not looked at",
            ),
        ],
    ),
    (
        "empty values",
        "routes: [{name: a, path: /, whoami: true, authentication: anonymous, scopes: {all: [''], any: ['']}, audience: [''], issuers: ['']}]",
        &[
            ("routes[0].scopes", 2, "on an anonymous route"),
            ("routes[0].scopes.all[0]", 2, "is an empty text"),
            ("routes[0].scopes.any[0]", 2, "is an empty text"),
            ("routes[0].audience", 2, "on an anonymous route"),
            ("routes[0].audience[0]", 2, "is an empty text"),
            ("routes[0].issuers", 2, "on an anonymous route"),
            ("routes[0].issuers[0]", 2, "is an empty text"),
        ],
    ),
    (
        "header names that others mean something by",
        "identity:\n  headers: {Host: sub, X_User: sub, X-User: ''}\n  also_strip: [x-user, Remote-User, remote-user]",
        &[
            (
                "identity.headers.Host",
                3,
                "HTTP or the gateway itself needs",
            ),
            ("identity.headers.X_User", 3, "letters, digits and hyphens"),
            ("identity.headers.X-User", 3, "has no claim"),
            (
                "identity.also_strip[0]",
                4,
                "is the same as identity.headers.X-User",
            ),
            (
                "identity.also_strip[2]",
                4,
                "is the same as identity.also_strip[1]",
            ),
        ],
    ),
];

/// Exact places and methods differ, so each of them has requests of its own.
#[test]
fn routes_that_share_a_place_but_not_their_requests_are_taken() {
    let text = whole(
        "routes:
  - {name: a, path: /x, methods: [GET], whoami: true, authentication: anonymous}
  - {name: b, path: /x, whoami: true, authentication: anonymous}
  - {name: c, path: /x/, whoami: true, authentication: anonymous}
  - {name: d, path: /x, host: a.example, whoami: true, authentication: anonymous}
  - {name: e, path: /x, host: '*.example', whoami: true, authentication: anonymous}",
    );

    let config = Config::parse(&text, Path::new("")).unwrap();

    assert_eq!(config.gateway.routes.len(), 5);
}

#[test]
fn places_for_tokens_that_lead_nowhere_are_refused() {
    assert_refused(TOKEN_PLACES);
}

const TOKEN_PLACES: &[Row] = &[
    (
        "on an anonymous route",
        "routes: [{name: a, path: /, whoami: true, authentication: anonymous, token_from: {cookie: t}}]",
        &[("routes[0].token_from.cookie", 2, "on an anonymous route")],
    ),
    (
        "no place, a query that is to go on, a header that is removed, a cookie of ours",
        "trusted_issuers: [{issuer: 'https://a.example/', discovery: openid, algorithms: [RS256], audience: [x]}]
routes:
  - {name: a, path: /a/, whoami: true, token_from: {authorization: false}}
  - {name: b, path: /b/, whoami: true, token: pass, token_from: {query: t}}
  - {name: c, path: /c/, whoami: true, token_from: {header: X-Forwarded-Token}}
  - {name: d, path: /d/, whoami: true, token_from: {header: Cookie}}
  - {name: e, path: /e/, whoami: true, token_from: {cookie: __Host-cellgate-session}}
  - {name: f, path: /f/, whoami: true, token_from: {cookie: 'a b'}}",
        &[
            ("routes[0].token_from.authorization", 4, "leaves no place"),
            ("routes[1].token_from.query", 5, "never goes on"),
            ("routes[2].token_from.header", 6, "is removed from every request"),
            ("routes[3].token_from.header", 7, "HTTP or the gateway itself"),
            ("routes[4].token_from.cookie", 8, "only cookies of Cellgate"),
            ("routes[5].token_from.cookie", 9, "is not the name of a cookie"),
        ],
    ),
];

#[test]
fn a_route_shows_opaque_tokens_to_one_issuer() {
    // Any variable that is there will do for a secret.
    const TEXT: &str = "trusted_issuers:
  - {issuer: 'https://a.example/', audience: [x], introspection: {url: 'https://a.example/i', client_id: c, client_secret_env: PATH}}
  - {issuer: 'https://b.example/', audience: [x], introspection: {url: 'https://b.example/i', client_id: c, client_secret_env: PATH}}
routes:
  - {name: a, path: /a/, whoami: true, issuers: ['https://a.example/']}
  - {name: b, path: /b/, whoami: true}";
    assert_refused(&[(
        "two issuers with introspection",
        TEXT,
        &[("routes[1].issuers", 7, "must not be shown to anybody else")],
    )]);
}

#[test]
fn routes_that_browsers_cannot_sign_in_on_are_refused() {
    assert_refused(SIGN_IN);
}

const SIGN_IN: &[Row] = &[
    (
        "nobody to sign in at",
        "routes: [{name: r, host: a.example, path: /, whoami: true, authentication: sign_in, audience: [x]}]\ntrusted_issuers: [{issuer: 'https://i.example/', algorithms: [ES256], jwks_url: 'https://i.example/keys'}]",
        &[(
            "routes[0].authentication",
            2,
            "is `sign_in`, but there is no provider here",
        )],
    ),
    (
        "anywhere",
        "state: {}\nusers: {cells: {url: 'https://c.example/'}}\nprovider: {issuer: 'https://op.example/'}\nroutes:\n  - {name: r, path: /, whoami: true, authentication: sign_in}\n  - {name: w, host: '*.example', path: /, whoami: true, authentication: sign_in}",
        &[
            ("routes[0].host", 6, "must be one host"),
            ("routes[1].host", 7, "must be one host"),
        ],
    ),
    (
        "without TLS, where others could read the way back",
        "state: {}\nusers: {cells: {url: 'https://c.example/'}}\nprovider: {issuer: 'http://127.0.0.1:9480/'}\nroutes:\n  - {name: r, host: a.example, path: /, whoami: true, authentication: sign_in}",
        &[("routes[0].host", 6, "cannot be signed in to")],
    ),
    (
        "below what is reserved, and a client in the way",
        "state: {}\nusers: {cells: {url: 'https://c.example/'}}\nprovider:\n  issuer: https://op.example/\n  clients: [{id: 'https://a.example', authentication: none, redirect_uris: ['https://b.example/']}]\nroutes:\n  - {name: r, host: a.example, path: /.cellgate/x, whoami: true, authentication: sign_in}",
        &[
            ("provider.clients[0].id", 6, "on which browsers sign in"),
            ("routes[0].path", 8, "is below `/.cellgate`"),
        ],
    ),
    (
        "a client for nobody, one that is not there, and two at one host",
        "state: {}\ntrusted_issuers: [{issuer: 'https://i.example/', algorithms: [ES256], discovery: openid, sign_in_clients: [{name: web, client_id: c, client_secret_env: PATH}]}]\nroutes:\n  - {name: r, path: /r, whoami: true, sign_in_client: web}\n  - {name: s, host: a.example, path: /, whoami: true, authentication: sign_in, sign_in_client: wep, audience: [x]}\n  - {name: t, host: a.example, path: /t, whoami: true, authentication: sign_in, sign_in_client: web}",
        &[
            ("routes", 5, "has two ways to sign in at a.example"),
            ("routes[0].sign_in_client", 5, "is of no use"),
            ("routes[1].sign_in_client", 6, "Did you mean `web`?"),
        ],
    ),
    (
        "an issuer that says where nobody signs in, a client without openid, and nowhere to keep it",
        "trusted_issuers: [{issuer: 'https://i.example/', algorithms: [ES256], jwks_url: 'https://i.example/keys', sign_in_clients: [{name: web, client_id: c, scopes: [email]}]}]",
        &[
            ("state", 1, "is missing: with `sign_in_clients`"),
            (
                "trusted_issuers[0].sign_in_clients",
                2,
                "nothing says where users sign in",
            ),
            ("trusted_issuers[0].sign_in_clients[0]", 2, "has no secret"),
            (
                "trusted_issuers[0].sign_in_clients[0].scopes",
                2,
                "has no `openid`",
            ),
        ],
    ),
    (
        "a way to reach the site that is none",
        "browser_sessions: {reached_as: 'http://a.example'}",
        &[("browser_sessions.reached_as", 2, "must begin with https://")],
    ),
    (
        "sessions that idle longer than they live",
        "browser_sessions: {lifetime_s: 600, idle_lifetime_s: 601}",
        &[(
            "browser_sessions.idle_lifetime_s",
            2,
            "is more than `browser_sessions.lifetime_s`",
        )],
    ),
];

#[test]
fn client_certificates_that_nobody_could_show_are_refused() {
    assert_refused(&[
        (
            "nobody is asked",
            "routes: [{name: r, path: /, whoami: true, client_certificate: required, authentication: anonymous}]",
            &[("routes[0].client_certificate", 2, "needs a listener")],
        ),
        (
            "conditions of nothing, with mistakes",
            "routes:\n  - name: r\n    path: /\n    whoami: true\n    authentication: anonymous\n    client_certificate_of: {dns_names: [A.test], thumbprints: [ab:cd]}",
            &[
                ("routes[0].client_certificate_of", 7, "is of no use without"),
                (
                    "routes[0].client_certificate_of.dns_names[0]",
                    7,
                    "never match",
                ),
                (
                    "routes[0].client_certificate_of.thumbprints[0]",
                    7,
                    "SHA-256",
                ),
            ],
        ),
        (
            "of a proxy's connection, of anybody",
            "forward_auth: {proxies: [{networks: [192.0.2.1], kind: nginx}]}\nroutes:\n  - {name: r, path: /, forward_auth: true, authentication: anonymous, client_certificate: required, client_certificate_of: {}}",
            &[
                ("routes[0].client_certificate", 4, "excludes `forward_auth`"),
                ("routes[0].client_certificate_of", 4, "asks nothing"),
            ],
        ),
    ]);
}
