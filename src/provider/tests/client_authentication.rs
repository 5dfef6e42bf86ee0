//! Client authentication at the token endpoint (RFC 6749 §2.3, §3.2.1 and §5.2).

use super::support::{Authorize, SERVICE_SECRET, TestProvider, Tokens, basic};

/// What a request presents.
struct Presented {
    name: &'static str,
    /// Client and secret of a Basic header, or a header as it is.
    header: Header,
    form: &'static [(&'static str, &'static str)],
    accepted: bool,
}

enum Header {
    None,
    Basic(&'static str, &'static str),
    Raw(&'static str),
}

const SECRET: (&str, &str) = ("client_secret", SERVICE_SECRET);

const ASSERTION_TYPE: (&str, &str) = (
    "client_assertion_type",
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
);

const fn row(
    name: &'static str,
    header: Header,
    form: &'static [(&'static str, &'static str)],
    accepted: bool,
) -> Presented {
    Presented {
        name,
        header,
        form,
        accepted,
    }
}

const ROWS: [Presented; 22] = [
    row("basic", Header::Basic("service", SERVICE_SECRET), &[], true),
    row(
        "basic with its own id",
        Header::Basic("service", SERVICE_SECRET),
        &[("client_id", "service")],
        true,
    ),
    row(
        "basic with another id",
        Header::Basic("service", SERVICE_SECRET),
        &[("client_id", "app")],
        false,
    ),
    row(
        "basic and post",
        Header::Basic("service", SERVICE_SECRET),
        &[("client_id", "service"), SECRET],
        false,
    ),
    row(
        "basic, wrong secret",
        Header::Basic("service", "wrong"),
        &[],
        false,
    ),
    row("basic, no secret", Header::Basic("service", ""), &[], false),
    row(
        "basic, unknown client",
        Header::Basic("nobody", SERVICE_SECRET),
        &[],
        false,
    ),
    row(
        "basic client by post",
        Header::None,
        &[("client_id", "service"), SECRET],
        false,
    ),
    row(
        "basic client by name alone",
        Header::None,
        &[("client_id", "service")],
        false,
    ),
    row(
        "post",
        Header::None,
        &[("client_id", "poster"), ("client_secret", "poster-secret")],
        true,
    ),
    row(
        "post, wrong secret",
        Header::None,
        &[("client_id", "poster"), ("client_secret", "x")],
        false,
    ),
    row(
        "post client by basic",
        Header::Basic("poster", "poster-secret"),
        &[],
        false,
    ),
    row(
        "unknown by post",
        Header::None,
        &[("client_id", "nobody"), SECRET],
        false,
    ),
    row(
        "unknown by name",
        Header::None,
        &[("client_id", "nobody")],
        false,
    ),
    row(
        "public with a secret",
        Header::None,
        &[("client_id", "app"), SECRET],
        false,
    ),
    row(
        "another scheme",
        Header::Raw("Bearer abc"),
        &[("client_id", "service")],
        false,
    ),
    row(
        "no base64",
        Header::Raw("Basic %%%"),
        &[("client_id", "service")],
        false,
    ),
    row(
        "no colon",
        Header::Raw("Basic c2VydmljZQ=="),
        &[("client_id", "service")],
        false,
    ),
    row("nothing", Header::None, &[], false),
    row(
        "basic and an assertion",
        Header::Basic("service", SERVICE_SECRET),
        &[("client_assertion", "a.b.c"), ASSERTION_TYPE],
        false,
    ),
    row(
        "post and an assertion",
        Header::None,
        &[
            ("client_id", "poster"),
            ("client_secret", "poster-secret"),
            ("client_assertion", "a.b.c"),
        ],
        false,
    ),
    row(
        "the type of an assertion alone",
        Header::Basic("service", SERVICE_SECRET),
        &[ASSERTION_TYPE],
        false,
    ),
];

/// Each client by its one method; the challenge only when the header was tried.
#[tokio::test]
async fn a_client_authenticates_by_the_method_it_was_registered_for() {
    let op = TestProvider::start().await;
    for row in ROWS {
        let header = match row.header {
            Header::None => None,
            Header::Basic(client_id, secret) => Some(basic(client_id, secret)),
            Header::Raw(text) => Some(text.to_owned()),
        };
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", "unknown"),
        ];
        form.extend_from_slice(row.form);

        let answer = op
            .post("/oidc/oauth2/token", header.as_deref(), &form)
            .await;

        let (status, error) = if row.accepted {
            (400, "invalid_grant")
        } else {
            (401, "invalid_client")
        };
        assert_eq!(answer.json()["error"], error, "{}", row.name);
        answer.assert_refused(status, error);
        let challenge = answer.header("www-authenticate").unwrap_or_default();
        let expected = !row.accepted && header.is_some();
        assert_eq!(challenge.starts_with("Basic "), expected, "{}", row.name);
    }
}

/// Cells' clients say with an empty secret that they have none.
#[tokio::test]
async fn a_public_client_may_send_an_empty_secret() {
    let op = TestProvider::start().await;
    let code = Authorize::app().code(&op, "alice").await;

    let answer = op
        .post("/oidc/oauth2/token", Some(&basic("app", "")), &code.form())
        .await;

    Tokens::of(&answer);
}

#[tokio::test]
async fn an_unknown_client_and_a_wrong_secret_cannot_be_told_apart() {
    let op = TestProvider::start().await;
    let answer = async |client_id: &str| {
        let header = basic(client_id, "wrong");
        let form = [("grant_type", "refresh_token"), ("refresh_token", "x")];
        op.post("/oidc/oauth2/token", Some(&header), &form).await
    };

    let (known, unknown) = (answer("service").await, answer("nobody").await);

    assert_eq!(known.body, unknown.body);
    assert_eq!(known.headers, unknown.headers);
}
