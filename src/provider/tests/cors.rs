//! Calls from scripts of other origins (the Fetch standard, "CORS protocol").

use bytes::Bytes;
use http::Method;

use super::support::{Answer, TestProvider};
use crate::model::WebOrigin;

const PUBLIC: [&str; 2] = [
    "/oidc/.well-known/openid-configuration",
    "/oidc/.well-known/jwks.json",
];

/// With the methods that a preflight is told.
const FOR_APPLICATIONS: [(&str, &str); 3] = [
    ("/oidc/oauth2/token", "POST"),
    ("/oidc/oauth2/revoke", "POST"),
    ("/oidc/userinfo", "GET, HEAD, POST"),
];

async fn call(op: &TestProvider, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = http::Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    op.send(request.body(Bytes::new()).unwrap()).await
}

async fn preflight(op: &TestProvider, path: &str, origin: &str, method: &str) -> Answer {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", method),
        ("access-control-request-headers", "authorization"),
    ];
    call(op, Method::OPTIONS, path, &headers).await
}

#[tokio::test]
async fn public_documents_are_for_scripts_of_any_origin() {
    let op = TestProvider::start().await;

    for path in PUBLIC {
        for origin in ["https://spa.example", "null"] {
            let answer = call(&op, Method::GET, path, &[("origin", origin)]).await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
            assert_eq!(answer.header("access-control-allow-credentials"), None);
            let asked = preflight(&op, path, origin, "GET").await;
            assert_eq!(asked.status, 204);
            assert_eq!(
                asked.header("access-control-allow-methods"),
                Some("GET, HEAD")
            );
        }
    }
}

/// Origins of redirection URIs and listed ones.
#[tokio::test]
async fn what_takes_tokens_is_for_scripts_of_registered_origins() {
    let op = TestProvider::start_with(|settings| {
        let listed = WebOrigin::parse("http://localhost:5173").unwrap();
        settings.clients[0].allowed_origins = vec![listed];
    })
    .await;

    for (path, methods) in FOR_APPLICATIONS {
        for origin in ["https://app.example", "http://localhost:5173"] {
            let asked = preflight(&op, path, origin, "POST").await;
            assert_eq!(asked.status, 204, "{path}");
            for (name, value) in [
                ("access-control-allow-origin", origin),
                ("access-control-allow-methods", methods),
                (
                    "access-control-allow-headers",
                    "Authorization, Cache-Control, Content-Type",
                ),
                ("access-control-max-age", "3600"),
                ("vary", "Origin"),
            ] {
                assert_eq!(asked.header(name), Some(value), "{path} {origin}");
            }
            let answer = call(&op, Method::POST, path, &[("origin", origin)]).await;
            assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
            assert_eq!(answer.header("vary"), Some("Origin"), "{path}");
            assert_eq!(answer.header("access-control-allow-credentials"), None);
        }
    }
}

#[tokio::test]
async fn scripts_of_other_origins_read_nothing_where_tokens_are_taken() {
    let op = TestProvider::start().await;

    for (path, _) in FOR_APPLICATIONS {
        for origin in [
            "https://spa.example",
            "https://app.example.evil.example",
            "https://app.example:8443",
            "http://app.example",
            "HTTPS://APP.EXAMPLE",
            "https://app.example/",
            "cellsauth://callback",
            "cellsauth:",
            "null",
            "",
        ] {
            let asked = preflight(&op, path, origin, "POST").await;
            let answer = call(&op, Method::POST, path, &[("origin", origin)]).await;
            for answer in [asked, answer] {
                for name in [
                    "access-control-allow-origin",
                    "access-control-allow-methods",
                    "access-control-allow-headers",
                    "access-control-max-age",
                ] {
                    assert_eq!(answer.header(name), None, "{path} {origin}");
                }
                assert_eq!(answer.header("vary"), Some("Origin"), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn a_preflight_for_a_method_that_is_not_there_is_not_granted() {
    let op = TestProvider::start().await;

    for method in ["DELETE", "GET", "post"] {
        let asked = preflight(&op, "/oidc/oauth2/token", "https://app.example", method).await;
        assert_eq!(
            asked.header("access-control-allow-methods"),
            None,
            "{method}"
        );
        assert_eq!(asked.header("access-control-max-age"), None, "{method}");
    }
}
