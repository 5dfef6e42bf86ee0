//! Rows A, B and C of the corpus, over the wire: what is refused reaches nobody, what is
//! forwarded arrives in its canonical form.

use proptest::prelude::*;

use super::harness::TestGateway;

#[tokio::test]
async fn ambiguous_targets_are_refused_and_nothing_is_forwarded() {
    let gateway = TestGateway::start().await;
    for (row, target, status) in [
        ("A01 dot segments", &b"/public/../admin/x"[..], 400),
        ("A02 encoded dots", b"/public/%2e%2e/admin/x", 400),
        ("A03 double escape", b"/public/%252e%252e/admin", 400),
        ("A04 double slash", b"//admin/x", 400),
        ("A05 authority", b"//evil.test/admin", 400),
        ("A06 single dot", b"/public/./../admin", 400),
        ("A07 parameters", b"/public/..;/admin/x", 400),
        ("A07 unknown path", b"/admin;x=1/y", 404),
        ("A08 escaped slash", b"/public/a%2fb", 400),
        (
            "A08 dots behind it, where slashes are taken",
            b"/slash/x%2F..%2Fadmin",
            400,
        ),
        ("A09 backslash", b"/public\\..\\admin", 400),
        ("A10 case", b"/PUBLIC/x", 404),
        ("A11 NUL", b"/public/x%00", 400),
        ("A11 raw NUL", b"/public/\0", 400),
        ("A13 hash", b"/public/x#/admin", 400),
        ("A16 not a segment", b"/publicity", 404),
        ("A16 without the slash", b"/public", 404),
        ("A19 overlong", b"/public/%c0%ae", 400),
        ("A19 raw overlong", b"/public/\xc0\xae", 400),
        ("A20 full-width", "/public/％２ｅ".as_bytes(), 400),
        ("A21 bare percent", b"/public/%", 400),
        ("A24 asterisk", b"*", 400),
        ("A26 space", b"/public/a b", 400),
        ("A27 second line", b"/public/ HTTP/1.1 /admin", 400),
        ("relative", b"public/", 400),
        ("opaque", b"foo:admin", 400),
        ("ambiguous authority", b"http:/\\a.test/public/", 400),
    ] {
        let request = [b"GET ", target, b" HTTP/1.1\r\nHost: a.test\r\n\r\n"].concat();
        let answer = gateway.send(request).await;
        assert_eq!(answer.status, status, "{row}: {answer:?}");
        assert!(!answer.head.contains("Pingora"), "{row}");
        gateway.assert_nothing_forwarded(row);
    }
    let long = format!("/public/{}", "a".repeat(20_000));
    assert_eq!(gateway.get(&long, &[]).await.status, 414, "A28");
    gateway.assert_nothing_forwarded("A28");
}

#[tokio::test]
async fn what_is_forwarded_arrives_in_its_canonical_form() {
    for (row, target, forwarded) in [
        ("A10 unreserved", "/%70ublic/%7ex", "/public/~x"),
        ("A14 escaped hash", "/public/x%23y", "/public/x%23y"),
        (
            "A15 escaped question mark",
            "/public/x%3fy",
            "/public/x%3Fy",
        ),
        (
            "A12 query untouched",
            "/public/x?y=/../%2e",
            "/public/x?y=/../%2e",
        ),
        (
            "A25 absolute-form",
            "http://a.test/public/x?y",
            "/public/x?y",
        ),
        ("encoded slash on its route", "/slash/a%2fb", "/slash/a%2Fb"),
        (
            "D09 token in an anonymous query",
            "/public/x?a=1&access_token=s&b=2",
            "/public/x?a=1&b=2",
        ),
        (
            "D09 only a token",
            "/public/x?%61ccess_token=s",
            "/public/x",
        ),
    ] {
        let gateway = TestGateway::start().await;
        let answer = gateway.get(target, &[]).await;
        assert_eq!(answer.status, 200, "{row}: {answer:?}");
        let request = gateway.upstream.request();
        let line = format!("GET {forwarded} HTTP/1.1\r\n");
        assert!(request.starts_with(&line), "{row}: {request}");
    }
}

#[tokio::test]
async fn methods_are_case_sensitive_and_those_of_the_route() {
    let gateway = TestGateway::start().await;
    let bearer = gateway.bearer();
    for (row, method, target, allow) in [
        ("A22 lower case", "get", "/public/x", "GET, HEAD"),
        ("A22 other method", "DELETE", "/api/x", "GET, HEAD, POST"),
        ("TRACE", "TRACE", "/public/x", "GET, HEAD"),
        ("F08 CONNECT", "CONNECT", "a.test:443", "GET, HEAD"),
    ] {
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: a.test\r\nAuthorization: {bearer}\r\n\r\n"
        );
        let answer = gateway.send(request).await;
        assert_eq!(answer.status, 405, "{row}: {answer:?}");
        assert!(answer.field("allow").unwrap().starts_with(allow), "{row}");
        gateway.assert_nothing_forwarded(row);
    }
}

#[tokio::test]
async fn a_request_has_one_host() {
    let gateway = TestGateway::start().await;
    for (row, fields) in [
        ("B02 two", "Host: a.test\r\nHost: a.test\r\n"),
        ("B02 list", "Host: a.test, b.test\r\n"),
        ("B04 none", ""),
        ("B05 user", "Host: a.test@evil.test\r\n"),
        ("B05 path", "Host: a.test/../b\r\n"),
        ("B05 hash", "Host: a.test#\r\n"),
        ("B05 bracket", "Host: [::1\r\n"),
        ("B05 space", "Host: a test\r\n"),
        ("empty", "Host:\r\n"),
        ("port", "Host: a.test:http\r\n"),
    ] {
        let answer = gateway
            .send(format!("GET /public/x HTTP/1.1\r\n{fields}\r\n"))
            .await;
        assert_eq!(answer.status, 400, "{row}");
        assert!(!answer.head.contains("Pingora"), "{row}");
    }
    let other = "GET http://b.test/public/ HTTP/1.1\r\nHost: a.test\r\n\r\n";
    assert_eq!(gateway.send(other).await.status, 400, "B03");
    gateway.assert_nothing_forwarded("B02 to B05");
}

#[tokio::test]
async fn spellings_of_one_host_take_one_route_and_arrive_as_one() {
    for (host, forwarded) in [
        ("A.TEST", "a.test"),
        ("a.test.", "a.test"),
        ("a.test:443", "a.test:443"),
        ("a.test.:80", "a.test:80"),
    ] {
        let gateway = TestGateway::start().await;
        let bearer = gateway.bearer();
        let request =
            format!("GET /api/x HTTP/1.1\r\nHost: {host}\r\nAuthorization: {bearer}\r\n\r\n");
        assert_eq!(gateway.send(request).await.status, 200, "B01 {host}");
        assert_eq!(gateway.upstream.field("host").as_deref(), Some(forwarded));
        assert_eq!(
            gateway.upstream.field("x-forwarded-host").as_deref(),
            Some(forwarded)
        );
    }
}

#[tokio::test]
async fn what_downstream_says_about_itself_is_replaced_by_what_we_know() {
    let gateway = TestGateway::start().await;
    let forged = [
        ("X-Forwarded-For", "10.1.2.3"),
        ("X-Forwarded-Host", "b.test"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Port", "443"),
        ("Forwarded", "host=b.test;proto=https;for=1.2.3.4"),
        ("X-Real-IP", "1.2.3.4"),
        ("X-Original-URL", "/admin"),
        ("X-Rewrite-URL", "/admin"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("X-Request-Id", "forged"),
        ("X-Auth-User", "admin"),
        ("x_auth_user", "admin"),
        ("X.Auth.User", "admin"),
        ("X-Auth-Groups", "admins"),
        ("X-Gw-Assertion", "forged"),
        ("Cookie", "a=1; __Host-cellgate-session=secret; b=2"),
        ("Upgrade", "websocket"),
    ];
    let answer = gateway.get("/public/x", &forged).await;

    assert_eq!(answer.status, 200);
    let upstream = &gateway.upstream;
    assert_eq!(
        upstream.field("x-forwarded-for").as_deref(),
        Some("127.0.0.1"),
        "B12"
    );
    assert_eq!(
        upstream.field("x-forwarded-host").as_deref(),
        Some("a.test"),
        "B08"
    );
    assert_eq!(
        upstream.field("x-forwarded-proto").as_deref(),
        Some("http"),
        "B11"
    );
    assert_eq!(upstream.field("cookie").as_deref(), Some("a=1; b=2"));
    let id = upstream.field("x-request-id").unwrap();
    assert_eq!(answer.field("x-request-id"), Some(id.as_str()));
    let request = upstream.request();
    for word in [
        "forged",
        "admin",
        "1.2.3.4",
        "443",
        "b.test",
        "DELETE",
        "secret",
        "websocket",
    ] {
        assert!(!request.contains(word), "{word}: {request}");
    }
}

#[tokio::test]
async fn identity_headers_are_ours_or_absent() {
    let forged = ["X-Auth-User", "X-AUTH-USER", "x_auth_user", "X-Auth-Groups"];
    for (row, groups, expected) in [
        (
            "C05 replaced",
            serde_json::json!(["staff", "a,b"]),
            Some("staff,a%2Cb"),
        ),
        ("C06 absent", serde_json::json!(null), None),
        (
            "C16 injection",
            serde_json::json!("x\r\nX-Auth-User: root"),
            Some("x%0D%0AX-Auth-User: root"),
        ),
    ] {
        let gateway = TestGateway::start().await;
        let token = gateway.token(|claims| claims["groups"] = groups);
        let bearer = format!("Bearer {token}");
        let mut fields: Vec<_> = forged.iter().map(|name| (*name, "admins")).collect();
        fields.push(("Authorization", &bearer));
        let answer = gateway.get("/api/x", &fields).await;
        assert_eq!(answer.status, 200, "{row}: {answer:?}");
        assert_eq!(
            gateway.upstream.field("x-auth-user").as_deref(),
            Some("alice"),
            "{row}"
        );
        assert_eq!(
            gateway.upstream.field("x-auth-groups").as_deref(),
            expected,
            "{row}"
        );
        assert!(!gateway.upstream.request().contains("admins"), "{row}");
    }
}

#[tokio::test]
async fn connection_cannot_take_a_field_away_that_we_judged() {
    let gateway = TestGateway::start().await;
    let bearer = gateway.bearer();
    for name in [
        "X-Auth-User, close",
        "authorization",
        "cookie",
        "\"X-Auth-User\"",
        ":authority",
        "host",
    ] {
        let fields = [("Connection", name), ("Authorization", &bearer)];
        let answer = gateway.get("/pass/x", &fields).await;
        assert_eq!(answer.status, 400, "C09 to C13 {name}");
        gateway.assert_nothing_forwarded(name);
    }
}

#[tokio::test]
async fn hop_by_hop_fields_end_here() {
    let gateway = TestGateway::start().await;
    let fields = [
        ("Connection", "keep-alive, X-Hop"),
        ("X-Hop", "1"),
        ("Keep-Alive", "timeout=5"),
        ("TE", "trailers"),
        ("Proxy-Authorization", "Bearer x"),
        ("X-End-To-End", "2"),
    ];
    assert_eq!(gateway.get("/public/x", &fields).await.status, 200);

    for name in [
        "connection",
        "x-hop",
        "keep-alive",
        "te",
        "proxy-authorization",
    ] {
        assert_eq!(gateway.upstream.field(name), None, "{name}");
    }
    assert_eq!(gateway.upstream.field("x-end-to-end").as_deref(), Some("2"));
}

#[tokio::test]
async fn too_large_a_head_is_refused_with_431() {
    let gateway = TestGateway::start().await;
    let large = "a".repeat(100_000);
    let answer = gateway.get("/public/x", &[("X-Large", &large)]).await;
    assert_eq!(answer.status, 431, "E22 one field");
    let answer = gateway.get("/public/x", &vec![("X", "1"); 300]).await;
    assert_eq!(answer.status, 431, "E22 many fields");
    gateway.assert_nothing_forwarded("E22");
}

#[tokio::test]
async fn whoami_shows_what_an_upstream_would_get() {
    let gateway = TestGateway::start().await;
    let bearer = gateway.bearer();
    let fields = [
        ("Authorization", bearer.as_str()),
        ("X-Auth-User", "admin"),
        ("Cookie", "a=1"),
    ];
    let document = gateway.get("/whoami/%41?q=1", &fields).await.json();

    assert_eq!(document["method"], "GET");
    assert_eq!(document["path"], "/whoami/A");
    assert_eq!(document["query"], "q=1");
    assert_eq!(document["headers"]["x-auth-user"], "alice");
    assert_eq!(document["headers"]["x-forwarded-for"], "127.0.0.1");
    assert_eq!(
        document["headers"]["authorization"],
        serde_json::Value::Null
    );
    assert_eq!(document["headers"]["cookie"], serde_json::Value::Null);
    assert_eq!(document["principal"]["kind"], "user");
    assert_eq!(document["principal"]["subject"], "alice");
    assert_eq!(document["principal"]["scope"], serde_json::json!(["read"]));
    let nobody = gateway.get("/whoami", &[]).await.json();
    assert_eq!(nobody["principal"], serde_json::Value::Null);
}

/// A token of the client credentials grant is nobody's.
#[tokio::test]
async fn whoami_shows_a_client_that_asks_for_itself_as_a_client() {
    let gateway = TestGateway::start().await;
    let token = gateway.token(|claims| claims["sub"] = claims["client_id"].clone());
    let bearer = format!("Bearer {token}");

    let document = gateway
        .get("/whoami", &[("Authorization", &bearer)])
        .await
        .json();

    let principal = &document["principal"];
    assert_eq!(principal["kind"], "client");
    assert!(principal["client_id"].is_string(), "{document}");
    assert_eq!(principal["subject"], principal["client_id"]);
    let user = &document["headers"]["x-auth-user"];
    assert_eq!(
        *user,
        serde_json::Value::Null,
        "no upstream takes it for a user"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// A30: what arrives is what was judged, whatever was sent.
    #[test]
    fn the_upstream_gets_the_canonical_target_or_nothing(
        tail in prop::collection::vec(prop::sample::select(vec![
            "/", ".", "..", "%2e", "%2F", "%5C", "%25", "%", ";", "a", "%c3%a9", "[", "\\", "?", "#", " ",
        ]), 0..8)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let target = format!("/slash/{}", tail.concat());
        runtime.block_on(async {
            let gateway = TestGateway::start().await;
            let answer = gateway.get(&target, &[]).await;
            let requests = gateway.upstream.requests();
            if answer.status == 200 {
                let line = requests[0].lines().next().unwrap().to_owned();
                let sent = line.split(' ').nth(1).unwrap().to_owned();
                let again = TestGateway::start().await;
                assert_eq!(again.get(&sent, &[]).await.status, 200, "{target} {sent}");
                let request = again.upstream.request();
                assert_eq!(request.lines().next().unwrap(), line, "{target}");
            } else {
                assert!(requests.is_empty(), "{target} {requests:?}");
            }
        });
    }
}

/// They are between downstream and upstream where nothing is traced here.
#[tokio::test]
async fn the_trace_context_of_a_client_goes_on_as_it_came() {
    let gateway = TestGateway::start().await;
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let fields = [("Traceparent", parent), ("Tracestate", "a=1,b=2")];
    gateway.get("/public/x", &fields).await;

    let upstream = &gateway.upstream;
    assert_eq!(upstream.field("traceparent").as_deref(), Some(parent));
    assert_eq!(upstream.field("tracestate").as_deref(), Some("a=1,b=2"));
}
