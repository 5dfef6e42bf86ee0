//! A: what a path may not do. No spelling of a path reaches `/admin` without its policy, and the
//! upstream gets exactly the path that was judged.

use super::Fixture;

#[tokio::test]
async fn no_spelling_of_a_path_passes_the_policy_by() {
    let fixture = Fixture::start().await;
    for (row, target) in [
        ("A01 dot segments", "/public/../admin/x"),
        ("A02 encoded dots", "/public/%2e%2e/admin/x"),
        ("A02 encoded dots in capitals", "/public/%2E%2e/admin/x"),
        ("A02 half encoded", "/public/.%2e/admin/x"),
        ("A02 half encoded the other way", "/public/%2e./admin/x"),
        ("A03 encoded twice", "/public/%252e%252e/admin"),
        ("A04 empty segment first", "//admin/x"),
        ("A04 two of them", "///admin"),
        ("A04 empty segment, then dots", "/public//../admin"),
        ("A05 looks like an authority", "//evil.test/admin"),
        ("A06 one dot", "/./admin/x"),
        ("A06 one dot, then two", "/public/./../admin"),
        ("A07 parameter before dots", "/public;/../admin"),
        ("A07 dots with a parameter", "/public/..;/admin/x"),
        ("A08 encoded slashes", "/public%2f..%2fadmin"),
        ("A08 in capitals", "/public/x%2F..%2F..%2Fadmin"),
        ("A08 an encoded slash alone", "/public/a%2Fb"),
        ("A09 backslashes", "/public\\..\\admin"),
        ("A09 encoded backslashes", "/public/%5c..%5cadmin"),
        ("A11 encoded NUL", "/public/x%00"),
        ("A13 fragment", "/public/x#/admin"),
        ("A19 overlong UTF-8", "/public/%c0%ae%c0%ae/admin"),
        ("A20 %u escapes", "/public/%uff0e%uff0e/"),
        ("A21 a percent alone", "/public/%"),
        ("A21 one digit", "/public/%2"),
        ("A21 no digits", "/public/%zz"),
        ("A26 a raw space", "/public/a b"),
        ("encoded DEL", "/public/%7f"),
        ("encoded line break", "/public/%0d%0aX:y"),
    ] {
        let answer = fixture.send(&format!("GET {target} HTTP/1.1"), &[]).await;

        fixture.assert_refused(row, &answer, &[400, 404]);
    }
}

#[tokio::test]
async fn raw_bytes_in_a_path_are_refused() {
    let fixture = Fixture::start().await;
    for (row, target) in [
        ("A11 raw NUL", &b"/public/x\0"[..]),
        ("A19 raw overlong UTF-8", b"/public/\xc0\xae\xc0\xae/admin"),
        ("A20 raw full-width percent", "/public/％２ｅ".as_bytes()),
        ("raw tab", b"/public/\t"),
    ] {
        let mut request = b"GET ".to_vec();
        request.extend_from_slice(target);
        request.extend_from_slice(
            format!(" HTTP/1.1\r\nHost: {}\r\n\r\n", fixture.edge.address).as_bytes(),
        );

        let answer = fixture.send_bytes(&request).await;

        fixture.assert_refused(row, &answer, &[400]);
    }
}

/// A10, A14–A16, A27: one spelling, one route; what matches no route is refused.
#[tokio::test]
async fn a_path_has_the_policy_of_its_canonical_form() {
    let fixture = Fixture::start().await;
    for (row, target, status) in [
        ("A10 encoded letter", "/%61dmin/x", 401),
        ("A10 encoded letters", "/adm%69n/x", 401),
        ("A10 capitals are another path", "/ADMIN/x", 404),
        ("A07 a parameter makes another segment", "/admin;x=1/y", 404),
        ("A16 the prefix without its slash", "/public", 404),
        ("A16 a longer word", "/publicity", 404),
        ("A16 a longer word than /admin", "/administrators", 404),
        ("A16 the whole path", "/admin", 401),
        ("A12 the query is no path", "/admin/x?y=/public/", 401),
    ] {
        let answer = fixture.send(&format!("GET {target} HTTP/1.1"), &[]).await;

        fixture.assert_refused(row, &answer, &[status]);
    }
}

/// A30: the upstream receives the canonical path, and the query as it came.
#[tokio::test]
async fn the_upstream_gets_what_was_judged() {
    let fixture = Fixture::start().await;
    let authority = fixture.edge.address;
    for (target, forwarded) in [
        ("/public/x", "/public/x"),
        ("/%70ublic/%7Euser", "/public/~user"),
        ("/public/a%23b", "/public/a%23b"),
        ("/public/a%3fb", "/public/a%3Fb"),
        ("/public/caf%c3%a9", "/public/caf%C3%A9"),
        ("/public/x?a=%2e%2e/&b=//c", "/public/x?a=%2e%2e/&b=//c"),
        (
            &format!("http://{authority}/public/absolute?q"),
            "/public/absolute?q",
        ),
    ] {
        let answer = fixture.send(&format!("GET {target} HTTP/1.1"), &[]).await;

        assert_eq!(answer.status, 200, "{target}: {answer:?}");
        let head = fixture.upstream.take_one();
        assert!(
            head.starts_with(&format!("GET {forwarded} HTTP/1.1\r\n")),
            "{target}: {head}"
        );
    }
}

#[tokio::test]
async fn methods_and_targets_that_are_none_are_refused() {
    let fixture = Fixture::start().await;
    for (row, line, statuses) in [
        (
            "A22 lower case",
            "get /public/x HTTP/1.1",
            &[400, 405, 501][..],
        ),
        (
            "A22 a method of no route",
            "GETX /public/x HTTP/1.1",
            &[200, 405, 501],
        ),
        ("A24 asterisk", "GET * HTTP/1.1", &[400]),
        ("no slash", "GET public/x HTTP/1.1", &[400]),
        (
            "a scheme without authority",
            "GET foo:admin HTTP/1.1",
            &[400],
        ),
        (
            "A27 two targets",
            "GET /public/x HTTP/1.1 /admin HTTP/1.1",
            &[400],
        ),
        ("TRACE", "TRACE /public/x HTTP/1.1", &[405]),
        ("CONNECT", "CONNECT a.test:443 HTTP/1.1", &[405]),
    ] {
        let answer = fixture.send(line, &[]).await;
        if row == "A22 a method of no route" && answer.status == 200 {
            // Extension methods are legal (RFC 9110 §16.1) where a route names no methods.
            fixture.upstream.take_one();
            continue;
        }

        fixture.assert_refused(row, &answer, statuses);
    }
}

/// A23: a method cannot be smuggled past a route's list in a header.
#[tokio::test]
async fn method_overrides_do_not_reach_the_upstream() {
    let fixture = Fixture::start().await;

    let fields = [
        "X-HTTP-Method-Override: DELETE",
        "X-HTTP-Method: DELETE",
        "X-Method-Override: DELETE",
    ];
    let answer = fixture.send("GET /public/x HTTP/1.1", &fields).await;

    assert_eq!(answer.status, 200);
    let head = fixture.upstream.take_one();
    assert!(
        !head.to_ascii_lowercase().contains("override") && !head.contains("DELETE"),
        "{head}"
    );
}

/// A28: 414, and in linear time.
#[tokio::test]
async fn an_overlong_target_is_refused() {
    let fixture = Fixture::start().await;
    for (row, target) in [
        ("20 kB", format!("/public/{}", "a".repeat(20_000))),
        ("2000 segments", format!("/public{}", "/aaaa".repeat(2_000))),
        ("3000 escapes", format!("/public/{}", "%41".repeat(3_000))),
    ] {
        let answer = fixture.send(&format!("GET {target} HTTP/1.1"), &[]).await;

        fixture.assert_refused(row, &answer, &[414]);
    }
}
