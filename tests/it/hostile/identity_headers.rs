//! C: nobody but the gateway tells an upstream who asks.

use super::{Fixture, field};

const NAMES: [&str; 5] = [
    "x-auth-request-user",
    "x-auth-request-email",
    "x-auth-request-preferred-username",
    "x-auth-request-groups",
    "x-forwarded-user",
];

/// Whether a name would be read as `wanted` by some upstream: CGI folds `-`, `_` and `.`.
fn folds_to(name: &str, wanted: &str) -> bool {
    let fold = |text: &str| -> String {
        text.chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect()
    };
    fold(name) == fold(wanted)
}

#[tokio::test]
async fn a_forged_identity_reaches_no_upstream_in_any_spelling() {
    let fixture = Fixture::start().await;
    for (row, forged) in [
        ("C01 plain", "X-Auth-Request-User: admin"),
        ("C02 underscores", "X_Auth_Request_User: admin"),
        ("C03 dots", "X.Auth.Request.User: admin"),
        ("C04 mixed", "X_Auth-Request.User: admin"),
        ("C05 capitals", "X-AUTH-REQUEST-GROUPS: admin"),
        ("C08 tilde", "X~Auth~Request~User: admin"),
        ("C08 bang", "X!Auth!Request!User: admin"),
        ("C08 quote", "X'Auth'Request'User: admin"),
        ("C08 plus", "X+Auth+Request+User: admin"),
        ("another's convention", "X-Forwarded-Email: admin"),
        ("remote user", "Remote-User: admin"),
        (
            "C05 empty first",
            "X-Auth-Request-User:\r\nX-Auth-Request-User: admin",
        ),
    ] {
        for path in ["/public/x", "/opt/x"] {
            let answer = fixture
                .send(&format!("GET {path} HTTP/1.1"), &[forged])
                .await;

            if answer.status == 400 {
                fixture.upstream.assert_untouched(row);
                continue;
            }
            assert_eq!(answer.status, 200, "{row}: {answer:?}");
            let head = fixture.upstream.take_one();
            let leaked =
                head.lines()
                    .filter_map(|line| line.split_once(':'))
                    .any(|(name, value)| {
                        value.contains("admin") && NAMES.iter().any(|wanted| folds_to(name, wanted))
                    });
            assert!(!leaked, "{row}: {head}");
            if !row.starts_with("C08") {
                assert!(!head.contains("admin"), "{row}: {head}");
            }
        }
    }
}

/// C05, C06: with a token the headers are exactly ours, and a claim that is not there is no header.
#[tokio::test]
async fn with_a_token_the_identity_is_that_of_the_token() {
    let fixture = Fixture::start().await;
    let token = fixture
        .edge
        .sign_in("alice")
        .scope("openid demo.read profile")
        .tokens()
        .await
        .access_token;
    let bearer = format!("Authorization: Bearer {token}");

    let forged = [
        "X-Auth-Request-User: admin",
        "X-Auth-Request-Groups: admins",
        "X_Auth_Request_Email: admin",
        &bearer,
    ];
    let answer = fixture.send("GET /read/x HTTP/1.1", &forged).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    let head = fixture.upstream.take_one();
    assert_eq!(
        field(&head, "x-auth-request-preferred-username"),
        Some("alice"),
        "{head}"
    );
    assert_eq!(
        head.to_ascii_lowercase()
            .matches("x-auth-request-user:")
            .count(),
        1,
        "{head}"
    );
    assert_eq!(
        field(&head, "x-auth-request-groups"),
        None,
        "the scope has no groups: {head}"
    );
    assert!(!head.contains("admin"), "{head}");
}

/// C09–C13: a header that we read or set cannot be declared hop-by-hop.
#[tokio::test]
async fn connection_cannot_nominate_what_we_read_or_set() {
    let fixture = Fixture::start().await;
    let token = fixture.edge.sign_in("alice").tokens().await.access_token;
    let bearer = format!("Authorization: Bearer {token}");
    for nominated in [
        "authorization",
        "cookie",
        "dpop",
        "content-length",
        "transfer-encoding",
        "host",
        "destination",
        "x-real-ip",
        "x-request-id",
        "content-type",
        "x-forwarded-for",
        ":authority",
    ] {
        let connection = format!("Connection: {nominated}");
        let answer = fixture
            .send("GET /passed/x HTTP/1.1", &[&connection, &bearer])
            .await;

        fixture.assert_refused(nominated, &answer, &[400]);
    }
    let many = format!(
        "Connection: {}",
        (0..300)
            .map(|n| format!("x-{n}"))
            .collect::<Vec<_>>()
            .join(", ")
    );
    fixture.assert_refused(
        "C13",
        &fixture.send("GET /public/x HTTP/1.1", &[&many]).await,
        &[400],
    );
    let quoted = fixture
        .send(
            "GET /public/x HTTP/1.1",
            &["Connection: \"X-Auth-Request-User\""],
        )
        .await;
    fixture.assert_refused("C10 a malformed token", &quoted, &[400]);
}

/// C09: nominating an identity header takes nothing away from what we set.
#[tokio::test]
async fn nominating_an_identity_header_does_not_remove_it() {
    let fixture = Fixture::start().await;
    let token = fixture.edge.sign_in("alice").tokens().await.access_token;
    let bearer = format!("Authorization: Bearer {token}");
    for connection in [
        "Connection: X-Auth-Request-User, close",
        "Connection: x-auth-request-user",
    ] {
        let answer = fixture
            .send("GET /read/x HTTP/1.1", &[connection, &bearer])
            .await;

        if answer.status == 400 {
            fixture.upstream.assert_untouched(connection);
        } else {
            let head = fixture.upstream.take_one();
            assert!(field(&head, "x-auth-request-user").is_some(), "{head}");
        }
    }
}

/// C22: an upstream cannot set cookies of ours, nor speak in our name.
#[tokio::test]
async fn an_upstream_cannot_set_our_cookies() {
    let upstream = crate::support::Recorder::answering(
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nServer: app\r\nSet-Cookie: __Host-cellgate-session=evil; Path=/\r\n\
         Set-Cookie: cellgate-session=evil\r\nSet-Cookie: theirs=fine\r\nX-Auth-Request-User: evil\r\n\r\nok",
    )
    .await;
    let yaml = include_str!("../../../config/demo.yaml").replacen(
        "\nroutes:",
        &format!(
            "\nupstreams:\n  - name: app\n    servers: [http://{}]\nroutes:\n  - name: app\n    path: /app/\n    authentication: anonymous\n    upstream: app",
            upstream.address
        ),
        1,
    );
    let edge = crate::support::Edge::start(&yaml);

    let answer = edge.get("/app/x").await.assert_status(200);

    let cookies: Vec<_> = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect();
    assert_eq!(cookies, ["theirs=fine"]);
    assert_eq!(answer.header("x-auth-request-user"), "");
}
