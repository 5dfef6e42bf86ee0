//! Provider and state, and what belongs to them.

use std::path::Path;

use super::clients::with_clients;
use super::{assert_refused, assert_refused_at, whole};

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
            &[("users", 4, "has neither `static` nor `cells` nor `http`")],
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
        let file = whole(&provider(language));
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

/// The applications of Cells have the path of the provider built in, and accounts in Cells.
#[test]
fn applications_of_cells_are_refused_where_they_would_not_work() {
    let provider = |rest: &str| {
        format!("state: {{}}\nusers: {{cells: {{url: 'https://c/'}}}}\nprovider:\n  {rest}")
    };
    let own_users = "state: {}\nusers: {static: [{login: a, password_hash: \
        '$argon2id$v=19$m=19456,t=2,p=1$GgRVKxkJPDUMmH5nkr3rBg$0pCw2ReYz8V6L/VLmvMIQ1Jqmqa6YyKfWc/acViJsKs'}]}\n\
        provider: {issuer: 'https://f.example/oidc/', cells_clients: [sync]}"
        .to_owned();
    for (row, file, expected) in [
        (
            "another path",
            provider("issuer: https://f.example/id/\n  cells_clients: [mobile]"),
            (
                "provider.cells_clients",
                6,
                "look for the provider below `/oidc`",
            ),
        ),
        (
            "twice",
            provider("issuer: https://f.example/oidc/\n  cells_clients: [client, client]"),
            ("provider.cells_clients[1]", 6, "is the same as"),
        ),
        (
            "an id that is taken",
            provider(
                "issuer: https://f.example/oidc/\n  cells_clients: [sync]\n  \
                 clients: [{id: cells-sync, authentication: none, redirect_uris: ['https://a/']}]",
            ),
            (
                "provider.clients[0].id",
                7,
                "is that of an application in `provider.cells_clients`",
            ),
        ),
        (
            "users of a list",
            own_users,
            ("provider.cells_clients", 4, "needs `users.cells`"),
        ),
    ] {
        assert_refused_at(row, &whole(&file), Path::new(""), &[expected]);
    }
}
