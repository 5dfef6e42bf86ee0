//! Paths, methods and origins: what is answered at all, and to whose scripts.

use bytes::Bytes;
use http::Method;

use super::support::{Answer, TestProvider};

const CROSS_ORIGIN: [&str; 5] = [
    "/oidc/.well-known/openid-configuration",
    "/oidc/.well-known/jwks.json",
    "/oidc/oauth2/token",
    "/oidc/oauth2/revoke",
    "/oidc/userinfo",
];

const SAME_ORIGIN: [&str; 6] = [
    "/oidc/oauth2/auth",
    "/oidc/oauth2/introspect",
    "/oidc/oauth2/sessions/logout",
    "/oidc/sign-in",
    "/oidc/sign-out",
    "/oidc/assets/style.css",
];

async fn call(op: &TestProvider, method: Method, path: &str) -> Answer {
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("origin", "https://spa.example")
        .header("access-control-request-method", "POST")
        .body(Bytes::new());
    op.send(request.unwrap()).await
}

/// RFC 9700 §2.6: the authorization endpoint does not take part in CORS.
#[tokio::test]
async fn scripts_of_other_origins_may_not_call_pages() {
    let op = TestProvider::start().await;

    for path in SAME_ORIGIN {
        let preflight = call(&op, Method::OPTIONS, path).await;
        assert_eq!(preflight.status, 405, "{path}");
        for method in [Method::GET, Method::POST, Method::OPTIONS] {
            let answer = call(&op, method, path).await;
            assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
        }
    }
}

/// RFC 9110 §15.5.6.
#[tokio::test]
async fn another_method_is_refused_with_those_allowed() {
    let op = TestProvider::start().await;
    for (method, path, allow) in [
        (
            Method::POST,
            "/oidc/.well-known/jwks.json",
            "GET, HEAD, OPTIONS",
        ),
        (Method::GET, "/oidc/oauth2/token", "POST, OPTIONS"),
        (Method::GET, "/oidc/oauth2/revoke", "POST, OPTIONS"),
        (Method::GET, "/oidc/oauth2/introspect", "POST"),
        (Method::DELETE, "/oidc/userinfo", "GET, HEAD, POST, OPTIONS"),
        (Method::PUT, "/oidc/oauth2/auth", "GET, HEAD, POST"),
        (Method::GET, "/oidc/sign-out", "POST"),
        (Method::TRACE, "/oidc/sign-in", "GET, HEAD, POST"),
    ] {
        let answer = call(&op, method, path).await;
        assert_eq!(answer.status, 405, "{path}");
        assert_eq!(answer.header("allow"), Some(allow), "{path}");
    }
}

/// RFC 9110 §9.3.2.
#[tokio::test]
async fn head_says_what_get_would_without_a_body() {
    let op = TestProvider::start().await;
    for path in [
        "/oidc/.well-known/openid-configuration",
        "/oidc/assets/style.css",
        "/oidc/oauth2/auth",
    ] {
        let get = call(&op, Method::GET, path).await;
        let head = call(&op, Method::HEAD, path).await;

        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.body, "", "{path}");
        assert_eq!(head.header("content-length"), get.header("content-length"));
        assert_eq!(head.header("content-type"), get.header("content-type"));
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let op = TestProvider::start().await;

    for path in [
        "/oidc/",
        "/oidc/admin/clients",
        "/oidc/oauth2",
        "/oidc/oauth2/token/",
    ] {
        op.get(path).await.assert_page(404, "Page not found");
    }
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_keep_it_safe() {
    let op = TestProvider::start().await;
    let paths = CROSS_ORIGIN.into_iter().chain(SAME_ORIGIN);

    for path in paths.chain(["/oidc/nowhere"]) {
        for method in [Method::GET, Method::POST, Method::OPTIONS, Method::PATCH] {
            let answer = call(&op, method, path).await;
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", "DENY"),
                ("referrer-policy", "no-referrer"),
            ] {
                assert_eq!(answer.header(name), Some(value), "{path}");
            }
            let policy = answer.header("content-security-policy").unwrap();
            assert!(policy.contains("default-src 'none'"), "{path}");
            assert!(policy.contains("frame-ancestors 'none'"), "{path}");
            assert!(answer.header("cache-control").is_some(), "{path}");
        }
    }
}
