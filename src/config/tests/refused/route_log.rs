//! What a route adds to its access lines.

use super::{Row, assert_refused};

#[test]
fn credentials_and_what_is_never_there_cannot_be_logged() {
    assert_refused(LOG);
}

const LOG: &[Row] = &[
    (
        "credentials of requests and answers, in any spelling",
        "routes:\n  - name: r\n    path: /\n    whoami: true\n    authentication: anonymous\n    log:\n      request_headers:\n        - Authorization\n        - cookie\n        - Proxy-Authorization\n        - X-Api-Key\n        - X_Access_Token\n        - Referer\n        - X-Tenant\n      response_headers:\n        - Set-Cookie\n        - Location\n        - X-Cache",
        &[
            ("routes[0].log.request_headers[0]", 9, "holds credentials"),
            ("routes[0].log.request_headers[1]", 10, "holds credentials"),
            ("routes[0].log.request_headers[2]", 11, "holds credentials"),
            ("routes[0].log.request_headers[3]", 12, "holds credentials"),
            ("routes[0].log.request_headers[4]", 13, "holds credentials"),
            ("routes[0].log.request_headers[5]", 14, "holds credentials"),
            ("routes[0].log.response_headers[0]", 17, "holds credentials"),
            ("routes[0].log.response_headers[1]", 18, "holds credentials"),
        ],
    ),
    (
        "the header that another route takes a token from",
        "trusted_issuers: [{issuer: 'https://i.example/', algorithms: [ES256], discovery: openid}]\nroutes:\n  - {name: a, path: /a, whoami: true, audience: [x], token_from: {header: X-Pass}}\n  - {name: b, path: /b, whoami: true, authentication: anonymous, log: {request_headers: [x-pass]}}",
        &[("routes[1].log.request_headers[0]", 5, "holds credentials")],
    ),
    (
        "no names, a name twice, claims of nobody",
        "routes: [{name: r, path: /, whoami: true, authentication: anonymous, log: {request_headers: ['x y'], response_headers: [X-A, x-a], claims: [groups, groups, '/a//b']}}]",
        &[
            ("routes[0].log.request_headers[0]", 2, "is not the name"),
            (
                "routes[0].log.response_headers[1]",
                2,
                "is the same as routes[0].log.response_headers[0]",
            ),
            ("routes[0].log.claims", 2, "would never be there"),
            ("routes[0].log.claims[1]", 2, "is the same as"),
            ("routes[0].log.claims[2]", 2, "has an empty name in it"),
        ],
    ),
];
