//! Tokens in other places than `Authorization`: what is forwarded, and what is logged.

use http::HeaderName;

use super::harness::TestGateway;
use super::support::{policy, route};
use crate::gateway::settings::{Action, Route, TokenPlaces, TokenUse};

/// A gateway with a route `/strip/` and a route `/pass/`, which take tokens from everywhere.
pub(crate) async fn gateway() -> TestGateway {
    TestGateway::with(|settings| {
        let everywhere = |name: &str, path: &str| Route {
            policy: policy(),
            action: Action::Upstream("u".to_owned()),
            token_places: TokenPlaces {
                authorization: true,
                cookie: Some("app_token".to_owned()),
                header: Some(HeaderName::from_static("x-api-token")),
                query: Some("access_token".to_owned()),
            },
            ..route(name).path(path).build()
        };
        settings.routes.push(everywhere("strip-all", "/strip/"));
        settings.routes.push(Route {
            token_use: TokenUse::Pass,
            ..everywhere("pass-all", "/pass-all/")
        });
    })
    .await
}

#[tokio::test]
async fn a_token_passes_from_each_place_and_is_not_handed_on() {
    let gateway = gateway().await;
    let token = gateway.token(|_| {});
    let cookie = format!("a=1; app_token={token}; b=2");
    for (row, target, fields, forwarded) in [
        (
            "header",
            "/strip/x?a=1".to_owned(),
            vec![("X-Api-Token", token.as_str())],
            "GET /strip/x?a=1 ",
        ),
        (
            "cookie",
            "/strip/x".to_owned(),
            vec![("Cookie", cookie.as_str())],
            "GET /strip/x ",
        ),
        (
            "query",
            format!("/strip/x?a=1&access_token={token}&b=2"),
            vec![],
            "GET /strip/x?a=1&b=2 ",
        ),
        (
            "query alone",
            format!("/strip/x?access_token={token}"),
            vec![],
            "GET /strip/x ",
        ),
        (
            "query where tokens go on",
            format!("/pass-all/x?access_token={token}"),
            vec![],
            "GET /pass-all/x ",
        ),
    ] {
        let answer = gateway.get(&target, &fields).await;
        assert_eq!(answer.status, 200, "{row}: {answer:?}");
        let requests = gateway.upstream.requests();
        let request = requests.last().unwrap();
        assert!(request.starts_with(forwarded), "{row}: {request}");
        assert!(!request.contains(&token), "{row}: {request}");
        assert!(request.contains("x-auth-user: alice"), "{row}: {request}");
    }
    let requests = gateway.upstream.requests();
    let with_cookie = requests.iter().find(|it| it.contains("ookie: ")).unwrap();
    assert!(
        with_cookie.contains("a=1; b=2"),
        "the others stay: {with_cookie}"
    );
}

#[tokio::test]
async fn a_route_can_hand_on_what_came_in_header_and_cookie() {
    let gateway = gateway().await;
    let token = gateway.token(|_| {});
    let cookie = format!("app_token={token}");
    for (name, value) in [("x-api-token", &token), ("cookie", &cookie)] {
        gateway.get("/pass-all/x", &[(name, value)]).await;
        let requests = gateway.upstream.requests();
        let field = format!("\r\n{name}: {value}\r\n");
        assert!(requests.last().unwrap().contains(&field), "{requests:#?}");
    }
}

#[tokio::test]
async fn d03_d11_two_credentials_are_400_in_whatever_places() {
    let gateway = gateway().await;
    let token = gateway.token(|_| {});
    let bearer = format!("Bearer {token}");
    let two = format!("app_token={token}; app_token=x");
    for (row, target, fields) in [
        (
            "field and header",
            "/strip/x".to_owned(),
            vec![("Authorization", bearer.as_str()), ("X-Api-Token", &token)],
        ),
        (
            "two cookies",
            "/strip/x".to_owned(),
            vec![("Cookie", two.as_str())],
        ),
        (
            "field and query",
            format!("/strip/x?access_token={token}"),
            vec![("Authorization", bearer.as_str())],
        ),
    ] {
        let answer = gateway.get(&target, &fields).await;
        assert_eq!(answer.status, 400, "{row}");
    }
    gateway.assert_nothing_forwarded("D03, D11");
}

#[tokio::test]
async fn a_cookie_that_another_site_made_the_browser_send_changes_nothing() {
    let gateway = gateway().await;
    let token = gateway.token(|_| {});
    let post = |field: &str| {
        format!(
            "POST /strip/x HTTP/1.1\r\nHost: a.test\r\nCookie: app_token={token}\r\n\
             {field}\r\nContent-Length: 0\r\n\r\n"
        )
    };

    for field in ["Sec-Fetch-Site: cross-site", "Origin: https://evil.test"] {
        let answer = gateway.send(post(field)).await;
        assert_eq!(answer.status, 403, "{field}");
        assert_eq!(
            answer.field("www-authenticate"),
            None,
            "another token is no help"
        );
    }
    gateway.assert_nothing_forwarded("CSRF");
    for field in ["Sec-Fetch-Site: same-origin", "Origin: http://a.test"] {
        assert_eq!(gateway.send(post(field)).await.status, 200, "{field}");
    }
}

/// No cache sees a token that is not in `Authorization`, so that none keeps answers by itself
/// (RFC 9111 §3.5).
#[tokio::test]
async fn l27_answers_to_a_token_that_no_cache_sees_are_not_for_shared_caches() {
    let gateway = gateway().await;
    let token = gateway.token(|_| {});
    let cookie = format!("app_token={token}");
    for (said, is_private) in [
        ("Age: 1", true),
        ("Cache-Control: max-age=60", true),
        ("Cache-Control: max-age=60, Private", true),
        ("Cache-Control: max-age=60, public", false),
        ("Cache-Control: S-MaxAge=60", false),
        ("Cache-Control: no-store", false),
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{said}\r\n\r\n");
        gateway.upstream.answers(answer.as_bytes());

        let answer = gateway.get("/strip/x", &[("Cookie", &cookie)]).await;

        let head = answer.head.to_ascii_lowercase();
        assert_eq!(
            head.matches("private").count(),
            usize::from(is_private),
            "{said}: {head}"
        );
        let vary = answer.field("vary");
        assert_eq!(vary, Some("Authorization, Cookie, x-api-token"), "{said}");
    }
}
