//! Users, and the way to Cells.

use std::path::Path;

use super::{Row, assert_refused_at, whole};
use crate::config::Config;

#[test]
fn users_that_could_be_mistaken_are_refused() {
    const HASH: &str =
        "'$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'";
    let text = |users: &str| {
        whole(&format!(
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
        whole(&format!(
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
    let parse = |cells: &str| Config::parse(&text(cells), Path::new("")).unwrap();

    let allowed = parse("{url: 'http://cells.internal/', danger_plain_http: true}");
    let local = parse("{url: 'http://127.0.0.1:8080/', danger_plain_http: true}");

    assert_eq!(
        allowed.dangers,
        ["users.cells.danger_plain_http: passwords travel over plain http to cells.internal"]
    );
    assert!(local.dangers.is_empty());
}

/// `users.http`: what an answer means has to be said, and about the user.
#[test]
fn an_application_whose_answers_could_mean_anything_is_refused() {
    let file = |http: &str| {
        whole(&format!(
            "state: {{}}\nprovider: {{issuer: 'https://f.example/'}}\nusers: {{http: {{{http}}}}}"
        ))
    };
    for (row, http, expected) in APPLICATIONS {
        let expected = [(expected.0, 4, expected.1)];
        assert_refused_at(row, &file(http), Path::new(""), &expected);
    }
    let both = whole(
        "state: {}\nprovider: {issuer: 'https://f.example/'}\n\
         users: {http: {url: 'https://a/'}, cells: {url: 'https://c/'}}",
    );
    let expected = [("users", 4, "has both `cells` and `http`")];
    assert_refused_at("two backends", &both, Path::new(""), &expected);
}

/// What is written under `users.http`, where the mistake is, and what it is.
const APPLICATIONS: &[(&str, &str, (&str, &str))] = &[
    (
        "no address",
        "timeout_s: 5",
        ("users.http.url", "is missing"),
    ),
    (
        "a password in the address",
        "url: 'https://a:b@c/'",
        ("users.http.url", "is not the address of an endpoint"),
    ),
    (
        "another scheme",
        "url: 'ldap://c/'",
        ("users.http.url", "is not the address of an endpoint"),
    ),
    (
        "plain http",
        "url: 'http://app.internal/login'",
        ("users.http.url", "sends passwords over plain http"),
    ),
    (
        "a host that is none",
        "url: 'https://c/', host: 'a b'",
        ("users.http.host", ""),
    ),
    (
        "a user who is never gone",
        "url: 'https://c/', standing: {url: 'https://c/u/{login}'}",
        ("users.http.standing", "says nothing by which"),
    ),
    (
        "an address of no user",
        "url: 'https://c/', standing: {url: 'https://c/u', ended_statuses: [404]}",
        ("users.http.standing.url", "is not the address of a user"),
    ),
    (
        "users of another application",
        "url: 'https://c/', standing: {url: 'https://d/u/{login}', ended_statuses: [404]}",
        ("users.http.standing.url", "is not at the host"),
    ),
    (
        "a status that is a fault",
        "url: 'https://c/', standing: {url: 'https://c/u/{login}', ended_statuses: [404, 503]}",
        (
            "users.http.standing.ended_statuses[1]",
            "says nothing about a user",
        ),
    ),
    (
        "no pointer",
        "url: 'https://c/', standing: {url: 'https://c/u/{login}', active: active}",
        ("users.http.standing.active", "is no JSON pointer"),
    ),
    (
        "two tokens",
        "url: 'https://c/', standing: {url: 'https://c/u/{login}', ended_statuses: [404], token_file: a, token_env: B}",
        ("users.http.standing.token_env", "is a second token"),
    ),
    (
        "nothing is wrong",
        "url: 'https://c/', denied_statuses: []",
        (
            "users.http.denied_statuses",
            "no password would ever be wrong",
        ),
    ),
    (
        "a success that is a refusal",
        "url: 'https://c/', denied_statuses: [401, 200]",
        ("users.http.denied_statuses[1]", "says nothing about a user"),
    ),
    (
        "an outage that is a lock",
        "url: 'https://c/', locked_statuses: [503]",
        ("users.http.locked_statuses[0]", "says nothing about a user"),
    ),
    (
        "a rate limit that is a wrong password",
        "url: 'https://c/', denied_statuses: [429]",
        ("users.http.denied_statuses[0]", "says nothing about a user"),
    ),
    (
        "wrong and locked at once",
        "url: 'https://c/', locked_statuses: [401]",
        ("users.http.locked_statuses[0]", "is the same as"),
    ),
    (
        "no pointer",
        "url: 'https://c/', user: {subject: id}",
        ("users.http.user.subject", "is no JSON pointer"),
    ),
    (
        "a broken escape",
        "url: 'https://c/', user: {groups: /a~2}",
        ("users.http.user.groups", "is no JSON pointer"),
    ),
    (
        "one name for two",
        "url: 'https://c/', login_field: password",
        ("users.http.password_field", "is the same as `login_field`"),
    ),
    (
        "a constant over the password",
        "url: 'https://c/', constants: {password: x}",
        (
            "users.http.password_field",
            "is the name of one of `constants`",
        ),
    ),
    (
        "a body with Basic",
        "url: 'https://c/', credentials: basic, constants: {a: x}",
        (
            "users.http.constants",
            "is of no use with `credentials: basic`",
        ),
    ),
    (
        "less time than to connect",
        "url: 'https://c/', timeout_s: 1",
        ("users.http.timeout_s", "is less than `connect_timeout_s`"),
    ),
];

#[test]
fn a_client_at_cells_that_could_not_work_is_refused() {
    let text = |keys: &str| {
        whole(&format!(
            "state: {{}}\nprovider: {{issuer: 'https://f.example/'}}\nusers: {{cells: {{url: 'https://cells.internal/', {keys}}}}}\n"
        ))
    };
    for (row, keys, key, fragment) in [
        (
            "of no use",
            "client: {id: a, redirect_uri: 'https://a.example/c'}",
            "users.cells.client",
            "is of no use without `sessions: challenge`",
        ),
        (
            "no name",
            "sessions: challenge, client: {redirect_uri: 'https://a.example/c'}",
            "users.cells.client.id",
            "is missing",
        ),
        (
            "a redirection that Cells would spoil",
            "sessions: challenge, client: {id: a, redirect_uri: 'https://a.example/?x=1'}",
            "users.cells.client.redirect_uri",
            "is not an absolute URI without a query",
        ),
        (
            "two secrets",
            "sessions: challenge, client: {id: a, redirect_uri: 'https://a.example/c', secret_file: a, secret_env: B}",
            "users.cells.client.secret_env",
            "is a second secret",
        ),
    ] {
        let problems = Config::parse(&text(keys), Path::new(""))
            .unwrap_err()
            .to_string();
        assert!(
            problems.contains(key) && problems.contains(fragment),
            "{row}: {problems}"
        );
    }
    let cells = |keys: &str| match Config::parse(&text(keys), Path::new("")).unwrap().users {
        Some(crate::users::Settings::Cells(cells)) => cells.client.map(|client| client.id),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        cells("sessions: challenge").as_deref(),
        Some("cells-client")
    );
    assert_eq!(cells("sessions: session"), None);
}
