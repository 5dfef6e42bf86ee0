//! Provider, state, clients and users.

use super::refused::{Row, assert_refused, assert_refused_at};
use std::path::Path;

/// A file with a good provider in lines 2 to 5, whose clients follow from line 6 on.
fn with_clients(clients: &str) -> String {
    super::refused::whole(&format!(
        "state: {{}}
users: {{cells: {{url: 'https://cells.internal/'}}}}
provider:
  issuer: https://files.example/oidc/
  clients:
{clients}"
    ))
}

#[track_caller]
pub(super) fn assert_clients_refused(rows: &[Row]) {
    for (sentence, clients, expected) in rows {
        assert_refused_at(sentence, &with_clients(clients), Path::new(""), expected);
    }
}

#[test]
fn sections_that_belong_together_are_asked_for_together() {
    assert_refused(&[
        (
            "a provider alone",
            "provider: {issuer: 'https://files.example/oidc/'}",
            &[
                ("state", 1, "is missing: with `provider`"),
                ("users", 1, "is missing: with `provider`"),
            ],
        ),
        (
            "state and users without a provider",
            "state: {}\nusers: {cells: {url: 'https://c/'}}",
            &[
                ("state", 2, "is of no use without `provider`"),
                ("users", 3, "is of no use without `provider`"),
            ],
        ),
        (
            "two users' backends",
            "state: {}\nprovider: {issuer: 'https://f.example/'}\nusers: {cells: {url: 'https://c/'}, static: [{login: a}]}",
            &[("users", 4, "has both `static` and `cells`")],
        ),
        (
            "no users' backend",
            "state: {}\nprovider: {issuer: 'https://f.example/'}\nusers: {}",
            &[("users", 4, "has neither `static` nor `cells`")],
        ),
    ]);
}

#[test]
fn a_language_that_pages_cannot_be_in_is_refused() {
    let provider = |language: &str| {
        format!(
            "state: {{}}\nusers: {{cells: {{url: 'https://c/'}}}}\n\
             provider: {{issuer: 'https://f.example/', language: {language}}}"
        )
    };
    for language in ["sv", "french", "en_US"] {
        let file = super::refused::whole(&provider(language));
        let expected = [(
            "provider.language",
            4,
            "is no language that the pages can be in",
        )];
        assert_refused_at(language, &file, Path::new(""), &expected);
    }
}

#[test]
fn issuers_that_applications_could_not_trust_are_refused() {
    for (issuer, fragment) in [
        (
            "http://files.example/oidc/",
            "must begin with https:// (http:// is accepted",
        ),
        ("https://Files.example/", "as a browser normalises it"),
        ("https://files.example/?x", "must not have a query"),
        ("files.example", "is not an absolute URL"),
    ] {
        let text = with_clients("    []").replace("https://files.example/oidc/", issuer);
        assert_refused_at(
            issuer,
            &text,
            Path::new(""),
            &[("provider.issuer", 5, fragment)],
        );
    }
}

#[test]
fn lifetimes_and_attempts_out_of_proportion_are_refused() {
    assert_refused(&[(
        "a session, a code and attempts without measure",
        "state: {}
users: {cells: {url: 'https://c/', timeout_s: 2}}
provider:
  issuer: https://f.example/
  templates_dir: /nonexistent
  codes: {lifetime_s: 601}
  access_tokens: {lifetime_s: 0, audience: [a, a]}
  sessions: {lifetime_s: 100, idle_lifetime_s: 200}
  keys: {rotation_days: 1}
  sign_in: {ceiling: 10, failures_before_pause: 11}",
        &[
            (
                "users.cells.timeout_s",
                3,
                "is less than `connect_timeout_s`",
            ),
            ("provider.templates_dir", 6, "is not a folder"),
            ("provider.codes.lifetime_s", 7, "from 1 to 600"),
            ("provider.access_tokens.lifetime_s", 8, "from 1 to 86400"),
            ("provider.access_tokens.audience[1]", 8, "is the same as"),
            (
                "provider.sessions.idle_lifetime_s",
                9,
                "is more than `sessions.lifetime_s`",
            ),
            (
                "provider.keys.publish_before_s",
                10,
                "is not less than `rotation_days`",
            ),
            ("provider.sign_in.ceiling", 11, "Cells locks for good at 10"),
            (
                "provider.sign_in.failures_before_pause",
                11,
                "is more than `ceiling`",
            ),
        ],
    )]);
}

#[test]
fn clients_that_contradict_themselves_are_refused() {
    assert_clients_refused(CLIENTS);
}

const CLIENTS: &[Row] = &[
    (
        "an origin with a path",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/'], allowed_origins: ['https://a/', 'https://b', 'https://b']}",
        &[
            (
                "provider.clients[0].allowed_origins[0]",
                7,
                "is not an origin",
            ),
            (
                "provider.clients[0].allowed_origins[2]",
                7,
                "is the same as",
            ),
        ],
    ),
    (
        "introspection by a client that cannot prove who it is",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/'], introspection: {any: true, audiences: [x]}}",
        &[
            (
                "provider.clients[0].introspection",
                7,
                "is of no use with `authentication: none`",
            ),
            (
                "provider.clients[0].introspection.audiences",
                7,
                "is of no use beside `any: true`",
            ),
        ],
    ),
    (
        "two of one id",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/']}\n    - {id: a, authentication: none, redirect_uris: ['https://a/']}",
        &[(
            "provider.clients[1].id",
            8,
            "is the same as provider.clients[0].id in line 7",
        )],
    ),
    (
        "a public client with a secret",
        "    - {id: a, authentication: none, secret_env: X, redirect_uris: ['https://a/']}",
        &[(
            "provider.clients[0].secret_env",
            7,
            "a public client (`authentication: none`) has no secret",
        )],
    ),
    (
        "a confidential client without a secret",
        "    - {id: a, redirect_uris: ['https://a/']}",
        &[(
            "provider.clients[0]",
            7,
            "`cellgate hash-secret --generate` makes one",
        )],
    ),
    (
        "a client that signs, without keys",
        "    - {id: a, authentication: private_key_jwt, redirect_uris: ['https://a/']}",
        &[(
            "provider.clients[0]",
            7,
            "has no keys, but authenticates by `private_key_jwt`",
        )],
    ),
    (
        "a client that signs, with two sets of keys",
        "    - {id: a, authentication: private_key_jwt, jwks_file: a.json, jwks_uri: 'https://a/jwks', redirect_uris: ['https://a/']}",
        &[("provider.clients[0].jwks_uri", 7, "is a second set of keys")],
    ),
    (
        "a client that signs, with a secret",
        "    - {id: a, authentication: private_key_jwt, secret_env: X, jwks_uri: 'https://a/jwks', redirect_uris: ['https://a/']}",
        &[(
            "provider.clients[0].secret_env",
            7,
            "with `authentication: private_key_jwt`, it has no secret",
        )],
    ),
    (
        "keys at an address that cannot be called safely",
        "    - {id: a, authentication: private_key_jwt, jwks_uri: 'http://a.example/jwks', redirect_uris: ['https://a/']}",
        &[(
            "provider.clients[0].jwks_uri",
            7,
            "must begin with https://",
        )],
    ),
    (
        "keys of a client that does not sign",
        "    - {id: a, authentication: none, jwks_uri: 'https://a/jwks', token_endpoint_auth_signing_alg: ES256, redirect_uris: ['https://a/']}",
        &[
            (
                "provider.clients[0].jwks_uri",
                7,
                "is of no use without `authentication: private_key_jwt`",
            ),
            (
                "provider.clients[0].token_endpoint_auth_signing_alg",
                7,
                "is of no use without `authentication: private_key_jwt`",
            ),
        ],
    ),
    (
        "two secrets",
        "    - {id: a, secret_env: X, secret_file: y, redirect_uris: ['https://a/']}",
        &[("provider.clients[0].secret_env", 7, "is a second secret")],
    ),
    (
        "a secret in the clear where its hash belongs",
        "    - {id: a, secret_hash: open-sesame, redirect_uris: ['https://a/']}",
        &[(
            "provider.clients[0].secret_hash",
            7,
            "is neither `sha256:…` nor `$argon2id$…`",
        )],
    ),
    (
        "a secret under a key of its own",
        "    - {id: a, secret: open-sesame, redirect_uris: ['https://a/']}",
        &[
            ("provider.clients[0]", 7, "has no secret"),
            ("provider.clients[0].secret", 7, "Possible here: "),
        ],
    ),
    (
        "an empty environment variable",
        "    - {id: a, secret_env: CELLGATE_NO_SUCH_VARIABLE, redirect_uris: ['https://a/']}",
        &[(
            "provider.clients[0].secret_env",
            7,
            "the environment has no variable CELLGATE_NO_SUCH_VARIABLE",
        )],
    ),
    (
        "redirect URIs that would send codes astray",
        "    - {id: a, authentication: none, redirect_uris: ['http://a.example/', 'https://a/#x', 'https://*.a/'], post_logout_redirect_uris: ['/']}",
        &[
            (
                "provider.clients[0].redirect_uris[0]",
                7,
                "must begin with https://",
            ),
            (
                "provider.clients[0].redirect_uris[1]",
                7,
                "must not have a fragment",
            ),
            (
                "provider.clients[0].redirect_uris[2]",
                7,
                "must not have a wildcard",
            ),
            (
                "provider.clients[0].post_logout_redirect_uris[0]",
                7,
                "is not an absolute URI",
            ),
        ],
    ),
    (
        "addresses that nobody can be told at",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/'], backchannel_logout_uri: 'http://a/', frontchannel_logout_uri: 'https://b/', initiate_login_uri: 'http://localhost/'}\n    - {id: b, authentication: none, redirect_uris: ['https://a/'], backchannel_logout_session_required: true, frontchannel_logout_session_required: true}",
        &[
            (
                "provider.clients[0].backchannel_logout_uri",
                7,
                "must begin with https://",
            ),
            (
                "provider.clients[0].frontchannel_logout_uri",
                7,
                "has not the scheme, host and port",
            ),
            (
                "provider.clients[0].initiate_login_uri",
                7,
                "must begin with https://",
            ),
            (
                "provider.clients[1].backchannel_logout_session_required",
                8,
                "there is no `backchannel_logout_uri`",
            ),
            (
                "provider.clients[1].frontchannel_logout_session_required",
                8,
                "there is no `frontchannel_logout_uri`",
            ),
        ],
    ),
    (
        "no redirect URI for codes",
        "    - {id: a, authentication: none}",
        &[(
            "provider.clients[0].redirect_uris",
            7,
            "is missing: with `authorization_code`",
        )],
    ),
    (
        "a grant type that cannot begin",
        "    - {id: a, authentication: none, grant_types: [refresh_token]}",
        &[(
            "provider.clients[0].grant_types",
            7,
            "is without `authorization_code`",
        )],
    ),
    (
        "a client that cannot ask for itself",
        "    - {id: a, authentication: none, grant_types: [client_credentials]}",
        &[(
            "provider.clients[0].grant_types",
            7,
            "has no secret to prove who it is",
        )],
    ),
    (
        "a resource that is none",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/'], resources: ['https://b/#c', 'https://b/', 'https://b/']}",
        &[
            ("provider.clients[0].resources[0]", 7, "without a fragment"),
            ("provider.clients[0].resources[2]", 7, ""),
        ],
    ),
    (
        "a scope that cannot be used",
        "    - {id: a, authentication: none, redirect_uris: ['https://a/'], scope: 'a  b'}\n    - {id: b, authentication: none, redirect_uris: ['https://a/'], scope: openid offline_access, grant_types: [authorization_code]}",
        &[
            ("provider.clients[0].scope", 7, "one space apart"),
            ("provider.clients[1].scope", 8, "has `offline_access`"),
        ],
    ),
    (
        "ids and lists of nothing",
        "    - {id: 'é', authentication: none, redirect_uris: []}\n    - {id: '', authentication: none, redirect_uris: ['']}",
        &[
            ("provider.clients[0].id", 7, "printable ASCII"),
            ("provider.clients[0].redirect_uris", 7, "is an empty list"),
            ("provider.clients[1].id", 8, "is an empty text"),
            (
                "provider.clients[1].redirect_uris[0]",
                8,
                "is an empty text",
            ),
        ],
    ),
];

#[test]
fn users_that_could_be_mistaken_are_refused() {
    const HASH: &str =
        "'$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'";
    let text = |users: &str| {
        super::refused::whole(&format!(
            "state: {{}}\nprovider: {{issuer: 'https://f.example/'}}\nusers:\n  static:\n{}",
            users.replace("HASH", HASH)
        ))
    };
    let rows: &[Row] = &[
        (
            "logins that differ in case only, and one subject for two",
            "    - {login: alice, password_hash: HASH, subject: s}\n    - {login: Alice, password_hash: HASH, subject: s}",
            &[
                (
                    "users.static[1].login",
                    7,
                    "is the same as users.static[0].login",
                ),
                (
                    "users.static[1].subject",
                    7,
                    "is the same as users.static[0].subject",
                ),
            ],
        ),
        (
            "a password in the clear, and one hashed too fast",
            "    - {login: a, password_hash: secret}\n    - {login: b, password_hash: 'sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'}",
            &[
                (
                    "users.static[0].password_hash",
                    6,
                    "is not an argon2id hash",
                ),
                ("users.static[1].password_hash", 7, "is a SHA-256"),
            ],
        ),
        (
            "logins, subjects, groups and addresses that are none",
            "    - {login: ' a', password_hash: HASH}\n    - {login: 'zoë', password_hash: HASH}\n    - {login: c, password_hash: HASH, groups: [''], email: nobody}",
            &[
                ("users.static[0].login", 6, "has white space around it"),
                (
                    "users.static[1].subject",
                    7,
                    "must be given when the login cannot serve",
                ),
                ("users.static[2].groups[0]", 8, "is an empty text"),
                ("users.static[2].email", 8, "is not an e-mail address"),
            ],
        ),
    ];
    for (sentence, users, expected) in rows {
        assert_refused_at(sentence, &text(users), Path::new(""), expected);
    }
}

#[test]
fn passwords_do_not_travel_in_the_clear_unless_told_to() {
    let text = |cells: &str| {
        super::refused::whole(&format!(
            "state: {{}}\nprovider: {{issuer: 'https://f.example/'}}\nusers: {{cells: {cells}}}"
        ))
    };
    for (cells, fragment) in [
        (
            "{url: 'http://cells.internal/'}",
            "sends passwords over plain http",
        ),
        (
            "{url: 'https://cells.internal/a'}",
            "is not the root of a site",
        ),
        ("{url: 'cells.internal'}", "is not the root of a site"),
        ("{}", "is missing"),
    ] {
        assert_refused_at(
            cells,
            &text(cells),
            Path::new(""),
            &[("users.cells.url", 4, fragment)],
        );
    }
    let parse = |cells: &str| crate::config::Config::parse(&text(cells), Path::new("")).unwrap();

    let allowed = parse("{url: 'http://cells.internal/', danger_plain_http: true}");
    let local = parse("{url: 'http://127.0.0.1:8080/', danger_plain_http: true}");

    assert_eq!(
        allowed.dangers,
        ["users.cells.danger_plain_http: passwords travel over plain http to cells.internal"]
    );
    assert!(local.dangers.is_empty());
}
