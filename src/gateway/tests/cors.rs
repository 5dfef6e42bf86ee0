//! Pages from elsewhere: the Fetch standard, §3.2 (CORS protocol).

use std::sync::Arc;

use http::{HeaderName, Method};

use super::harness::{Answer, TestGateway};
use crate::gateway::{Cors, CorsOrigins};
use crate::model::WebOrigin;

const APP: &str = "https://app.test";

fn cors() -> Cors {
    Cors {
        origins: CorsOrigins::These(vec![
            WebOrigin::parse(APP).unwrap(),
            WebOrigin::parse("https://other.test:8443").unwrap(),
        ]),
        headers: ["authorization", "content-type"]
            .map(HeaderName::from_static)
            .to_vec(),
        exposed_headers: vec![HeaderName::from_static("x-total")],
        max_age_s: 600,
        ..Cors::default()
    }
}

async fn gateway(cors: Cors) -> TestGateway {
    let cors = Arc::new(cors);
    TestGateway::with(|settings| {
        let with_cors = ["api-read", "api-write", "public", "whoami"];
        for route in &mut settings.routes {
            let has = with_cors.contains(&route.name.as_str());
            route.cors = has.then(|| Arc::clone(&cors));
        }
    })
    .await
}

async fn preflight(gateway: &TestGateway, target: &str, (origin, method): (&str, &str)) -> Answer {
    preflight_for(gateway, target, (origin, method), "").await
}

async fn preflight_for(
    gateway: &TestGateway,
    target: &str,
    (origin, method): (&str, &str),
    fields: &str,
) -> Answer {
    gateway
        .send(format!(
            "OPTIONS {target} HTTP/1.1\r\nHost: a.test\r\nOrigin: {origin}\r\n\
             Access-Control-Request-Method: {method}\r\n{fields}\r\n"
        ))
        .await
}

fn allowed_origin(answer: &Answer) -> Option<&str> {
    answer.field("access-control-allow-origin")
}

/// Every value of a field, also over several lines.
fn all(answer: &Answer, name: &str) -> String {
    let lines = answer.head.lines().filter_map(|line| line.split_once(": "));
    let values = lines.filter(|(field, _)| field.eq_ignore_ascii_case(name));
    let values: Vec<&str> = values.map(|(_, value)| value).collect();
    values.join(", ")
}

#[tokio::test]
async fn a_preflight_is_answered_without_a_token_and_sent_to_nobody() {
    let gateway = gateway(cors()).await;
    let fields = "Access-Control-Request-Headers: authorization, Content-Type\r\n";
    for method in ["GET", "POST"] {
        let answer = preflight_for(&gateway, "/api/x", (APP, method), fields).await;

        assert_eq!(answer.status, 204, "{method}");
        for (name, value) in [
            ("access-control-allow-origin", Some(APP)),
            ("access-control-allow-methods", Some(method)),
            (
                "access-control-allow-headers",
                Some("authorization, content-type"),
            ),
            ("access-control-max-age", Some("600")),
            ("access-control-allow-credentials", None),
        ] {
            assert_eq!(answer.field(name), value, "{method} {name}");
        }
        assert!(all(&answer, "vary").contains("Origin"), "{}", answer.head);
    }
    gateway.assert_nothing_forwarded("preflight");
}

#[tokio::test]
async fn a_preflight_for_what_is_not_allowed_is_refused() {
    let gateway = gateway(Cors {
        methods: vec![Method::GET],
        ..cors()
    })
    .await;
    for (origin, method, fields) in [
        ("https://app.test.evil.test", "GET", ""),
        ("https://app.test:443", "GET", ""),
        ("http://app.test", "GET", ""),
        ("https://APP.test", "GET", ""),
        ("null", "GET", ""),
        ("*", "GET", ""),
        (APP, "POST", ""),
        (
            APP,
            "GET",
            "Access-Control-Request-Headers: x-auth-user\r\n",
        ),
        (
            APP,
            "GET",
            "Access-Control-Request-Headers: authorization\r\nAccess-Control-Request-Headers: x-y\r\n",
        ),
    ] {
        let answer = preflight_for(&gateway, "/api/x", (origin, method), fields).await;
        let row = format!("{origin} {method} {fields}");
        assert_eq!(answer.status, 403, "{row}");
        let expected = (origin == APP).then_some(APP);
        assert_eq!(allowed_origin(&answer), expected, "{row}");
        assert_eq!(answer.field("access-control-allow-methods"), None, "{row}");
    }
    gateway.assert_nothing_forwarded("refused preflights");
}

/// Only the route of the announced method says what pages may; other `OPTIONS` are requests.
#[tokio::test]
async fn what_is_no_preflight_is_routed_as_ever() {
    let gateway = gateway(cors()).await;
    let opt = preflight(&gateway, "/opt/x", (APP, "GET")).await;
    assert_eq!(
        (opt.status, allowed_origin(&opt)),
        (200, None),
        "no cors there"
    );
    let method = preflight(&gateway, "/api/x", (APP, "DELETE")).await;
    assert_eq!(method.status, 405);
    assert_eq!(allowed_origin(&method), None);
    let plain = "OPTIONS /public/x HTTP/1.1\r\nHost: a.test\r\nOrigin: https://app.test\r\n\r\n";
    let plain = gateway.send(plain).await;
    assert_eq!((plain.status, allowed_origin(&plain)), (200, Some(APP)));
    let requests = gateway.upstream.requests();
    assert_eq!(requests.len(), 2, "{requests:#?}");
}

#[tokio::test]
async fn answers_have_our_fields_and_none_of_the_upstreams() {
    let gateway = gateway(cors()).await;
    gateway.upstream.answers(
        b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nVary: Accept\r\n\
          Access-Control-Allow-Credentials: true\r\nAccess-Control-Allow-Private-Network: true\r\n\
          Access-Control-Expose-Headers: x-secret\r\nContent-Length: 2\r\n\r\nok",
    );
    let bearer = gateway.bearer();
    for (origin, allowed) in [
        (Some(APP), Some(APP)),
        (
            Some("https://other.test:8443"),
            Some("https://other.test:8443"),
        ),
        (Some("https://evil.test"), None),
        (Some("null"), None),
        (None, None),
    ] {
        let mut fields = vec![("Authorization", bearer.as_str())];
        fields.extend(origin.map(|origin| ("Origin", origin)));
        let answer = gateway.get("/api/x", &fields).await;

        assert_eq!(answer.status, 200, "{origin:?}");
        assert_eq!(
            all(&answer, "access-control-allow-origin"),
            allowed.unwrap_or("")
        );
        let exposed = "www-authenticate, retry-after, x-request-id, x-total";
        let expected = allowed.map(|_| exposed);
        assert_eq!(answer.field("access-control-expose-headers"), expected);
        for theirs in ["credentials", "private-network"] {
            let name = format!("access-control-allow-{theirs}");
            assert_eq!(answer.field(&name), None, "{origin:?}");
        }
        let vary = all(&answer, "vary");
        assert!(vary.contains("Origin") && vary.contains("Accept"), "{vary}");
    }
}

/// RFC 6750 §3: the challenge is for whoever asked, which may be a script.
#[tokio::test]
async fn a_page_can_read_why_it_was_refused() {
    let gateway = gateway(cors()).await;
    let weak = format!(
        "Bearer {}",
        gateway.token(|claims| claims["scope"] = "".into())
    );
    for (credential, status) in [(None, 401), (Some(weak.as_str()), 403)] {
        let mut fields = vec![("Origin", APP)];
        fields.extend(credential.map(|credential| ("Authorization", credential)));
        let answer = gateway.get("/api/x", &fields).await;

        assert_eq!(answer.status, status);
        assert_eq!(allowed_origin(&answer), Some(APP), "{status}");
        assert!(answer.field("www-authenticate").is_some(), "{status}");
        let exposed = answer.field("access-control-expose-headers").unwrap();
        assert!(exposed.contains("www-authenticate"), "{status}");
    }
    let stranger = gateway
        .get("/api/x", &[("Origin", "https://evil.test")])
        .await;
    assert_eq!((stranger.status, allowed_origin(&stranger)), (401, None));
    let whoami = gateway.get("/whoami", &[("Origin", APP)]).await;
    assert_eq!((whoami.status, allowed_origin(&whoami)), (200, Some(APP)));
}

#[tokio::test]
async fn credentials_are_allowed_by_name_and_everybody_only_without() {
    let gateway = gateway(Cors {
        credentials: true,
        ..cors()
    })
    .await;
    let answer = gateway.get("/public/x", &[("Origin", APP)]).await;
    assert_eq!(allowed_origin(&answer), Some(APP));
    assert_eq!(
        answer.field("access-control-allow-credentials"),
        Some("true")
    );
    let evil = gateway
        .get("/public/x", &[("Origin", "https://evil.test")])
        .await;
    assert_eq!(evil.field("access-control-allow-credentials"), None);

    let open = self::gateway(Cors {
        origins: CorsOrigins::Any,
        ..cors()
    })
    .await;
    let answer = open
        .get("/public/x", &[("Origin", "https://evil.test")])
        .await;
    assert_eq!(allowed_origin(&answer), Some("*"));
    assert_eq!(answer.field("access-control-allow-credentials"), None);
    assert_eq!(answer.field("vary"), None, "the same for all");
}

#[tokio::test]
async fn without_cors_the_upstreams_own_fields_pass() {
    let gateway = gateway(cors()).await;
    gateway.upstream.answers(
        b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: https://x.test\r\nContent-Length: 0\r\n\r\n",
    );
    let answer = gateway.get("/opt/x", &[("Origin", "https://x.test")]).await;

    assert_eq!(allowed_origin(&answer), Some("https://x.test"));
}
