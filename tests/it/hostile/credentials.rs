//! D: one credential, in one place, in one spelling.

use super::{Fixture, field};

#[tokio::test]
async fn credentials_that_can_be_read_two_ways_are_refused() {
    let fixture = Fixture::start().await;
    let good = fixture.edge.sign_in("alice").tokens().await.access_token;
    let bearer = format!("Authorization: Bearer {good}");
    let twice = format!("Authorization: Bearer {good}, Bearer {good}");
    let two_spaces = format!("Authorization: Bearer  {good}");
    let tab = format!("Authorization: Bearer\t{good}");
    let in_query = format!("GET /read/x?access_token={good} HTTP/1.1");
    for (row, line, fields, statuses) in [
        (
            "D01 two lines",
            "GET /read/x HTTP/1.1",
            &[bearer.as_str(), "Authorization: Bearer forged"][..],
            &[400][..],
        ),
        (
            "D01 the other way",
            "GET /read/x HTTP/1.1",
            &["Authorization: Bearer forged", bearer.as_str()],
            &[400],
        ),
        (
            "D02 a list",
            "GET /read/x HTTP/1.1",
            &[twice.as_str()],
            &[400, 401],
        ),
        (
            "D03 header and query",
            in_query.as_str(),
            &[bearer.as_str()],
            &[400],
        ),
        (
            "D04 two spaces",
            "GET /read/x HTTP/1.1",
            &[two_spaces.as_str()],
            &[400, 401],
        ),
        (
            "D04 a tab",
            "GET /read/x HTTP/1.1",
            &[tab.as_str()],
            &[400, 401],
        ),
        ("D09 the query alone", in_query.as_str(), &[], &[400, 401]),
    ] {
        let answer = fixture.send(line, fields).await;

        fixture.assert_refused(row, &answer, statuses);
    }
}

#[tokio::test]
async fn a_credential_that_is_none_is_refused_on_optional_routes_too() {
    let fixture = Fixture::start().await;
    for (row, credential) in [
        ("D05 no token", "Authorization: Bearer"),
        ("D05 a comma", "Authorization: Bearer ,"),
        ("D05 no scheme", "Authorization: abc.def.ghi"),
        ("D05 nothing", "Authorization:"),
        ("D06 Basic", "Authorization: Basic YWxpY2U6eA=="),
        ("D07 bad base64", "Authorization: Basic ***"),
        ("D08 Negotiate", "Authorization: Negotiate abc"),
        ("D08 Digest", "Authorization: Digest username=x"),
        (
            "D16 a bad token",
            "Authorization: Bearer eyJhbGciOiJub25lIn0.e30.",
        ),
    ] {
        for path in ["/opt/x", "/read/x"] {
            let answer = fixture
                .send(&format!("GET {path} HTTP/1.1"), &[credential])
                .await;

            fixture.assert_refused(&format!("{row} on {path}"), &answer, &[400, 401]);
            assert!(
                answer
                    .head
                    .to_ascii_lowercase()
                    .contains("www-authenticate: bearer"),
                "{row}: {answer:?}"
            );
        }
    }
}

/// D15: the cap comes before any cryptography.
#[tokio::test]
async fn an_overlong_token_is_refused_by_its_length() {
    let fixture = Fixture::start().await;
    for n in [17_000, 64_000, 900_000] {
        let token = format!("Authorization: Bearer {}", "a".repeat(n));

        let answer = fixture.send("GET /read/x HTTP/1.1", &[&token]).await;

        fixture.assert_refused(&format!("{n} bytes"), &answer, &[400, 401, 431]);
    }
}

/// D04: the scheme is case-insensitive (RFC 9110 §11.1).
#[tokio::test]
async fn the_scheme_may_be_written_in_any_case() {
    let fixture = Fixture::start().await;
    let good = fixture.edge.sign_in("alice").tokens().await.access_token;
    for scheme in ["bearer", "BEARER", "bEaReR"] {
        let answer = fixture
            .send(
                "GET /read/x HTTP/1.1",
                &[&format!("Authorization: {scheme} {good}")],
            )
            .await;

        assert_eq!(answer.status, 200, "{scheme}: {answer:?}");
        fixture.upstream.take_one();
    }
}

/// D10, D13, D14: places where a token is not looked for, and which tell the upstream nothing.
#[tokio::test]
async fn tokens_elsewhere_are_no_credentials() {
    let fixture = Fixture::start().await;
    let good = fixture.edge.sign_in("alice").tokens().await.access_token;
    for (row, field) in [
        ("D14", format!("Proxy-Authorization: Bearer {good}")),
        ("D13", format!("Sec-WebSocket-Protocol: bearer, {good}")),
        ("a cookie", format!("Cookie: access_token={good}")),
        ("another header", format!("X-Access-Token: {good}")),
    ] {
        let answer = fixture.send("GET /read/x HTTP/1.1", &[&field]).await;

        fixture.assert_refused(row, &answer, &[401]);
    }
}

/// D17, D18: only an access token is one.
#[tokio::test]
async fn tokens_of_other_kinds_are_refused() {
    let fixture = Fixture::start().await;
    let tokens = fixture.edge.sign_in("alice").tokens().await;
    for (row, token) in [
        ("D17 ID token", tokens.id_token.unwrap()),
        ("D18 refresh token", tokens.refresh_token.unwrap()),
    ] {
        let answer = fixture
            .send(
                "GET /read/x HTTP/1.1",
                &[&format!("Authorization: Bearer {token}")],
            )
            .await;

        fixture.assert_refused(row, &answer, &[401]);
    }
}

/// The token stays at the gateway unless the route passes it.
#[tokio::test]
async fn the_token_is_stripped_or_passed_as_the_route_says() {
    let fixture = Fixture::start().await;
    let good = fixture.edge.sign_in("alice").tokens().await.access_token;
    let bearer = format!("Authorization: Bearer {good}");

    fixture.send("GET /read/x HTTP/1.1", &[&bearer]).await;
    assert_eq!(field(&fixture.upstream.take_one(), "authorization"), None);
    fixture.send("GET /passed/x HTTP/1.1", &[&bearer]).await;
    assert_eq!(
        field(&fixture.upstream.take_one(), "authorization"),
        Some(format!("Bearer {good}").as_str())
    );
    fixture.send("GET /public/x HTTP/1.1", &[&bearer]).await;
    assert_eq!(field(&fixture.upstream.take_one(), "authorization"), None);
}

/// D12, RFC 9113 §8.2.3: cookies arrive as one line.
#[tokio::test]
async fn several_cookie_lines_become_one() {
    let fixture = Fixture::start().await;

    let answer = fixture
        .send("GET /public/x HTTP/1.1", &["Cookie: a=1", "Cookie: b=2"])
        .await;

    if answer.status == 200 {
        let head = fixture.upstream.take_one();
        assert_eq!(
            head.to_ascii_lowercase().matches("cookie:").count(),
            1,
            "{head}"
        );
        assert_eq!(field(&head, "cookie"), Some("a=1; b=2"));
    } else {
        fixture.assert_refused("D12", &answer, &[400]);
    }
}
