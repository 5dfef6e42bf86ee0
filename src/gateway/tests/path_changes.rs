//! Paths that are changed on the way upstream: rows of A of the corpus, behind a change.

use super::harness::TestGateway;
use crate::gateway::PathChange;

async fn gateway(route: &str, from: &str, to: &str) -> TestGateway {
    TestGateway::with(|settings| {
        let mut routes = settings.routes.iter_mut();
        let route = routes.find(|known| known.name == route).unwrap();
        route.path_change = Some(PathChange::new(from, to));
    })
    .await
}

/// The request line that the upstream got for `target`.
async fn line(gateway: &TestGateway, target: &str) -> String {
    assert_eq!(gateway.get(target, &[]).await.status, 200, "{target}");
    let request = gateway.upstream.requests().pop().unwrap();
    request.lines().next().unwrap().to_owned()
}

#[tokio::test]
async fn a_prefix_is_taken_off_and_the_application_is_told() {
    let gateway = gateway("public", "/public", "/").await;
    for (target, expected) in [
        ("/public/x?y=/public/", "GET /x?y=/public/ HTTP/1.1"),
        ("/public/", "GET / HTTP/1.1"),
        ("/public/public/x", "GET /public/x HTTP/1.1"),
        ("/public/%78%20y", "GET /x%20y HTTP/1.1"),
        ("http://a.test/public/x", "GET /x HTTP/1.1"),
        ("/public/x?access_token=secret&z", "GET /x?z HTTP/1.1"),
    ] {
        assert_eq!(line(&gateway, target).await, expected, "{target}");
    }
    let gateway = self::gateway("public", "/public", "/").await;
    let forged = [("X-Forwarded-Prefix", "/forged")];
    assert_eq!(gateway.get("/public/x", &forged).await.status, 200);
    assert_eq!(
        gateway.upstream.field("x-forwarded-prefix").as_deref(),
        Some("/public")
    );
}

#[tokio::test]
async fn a_prefix_is_replaced() {
    let gateway = gateway("public", "/public", "/in/v2").await;
    assert_eq!(
        line(&gateway, "/public/x?y").await,
        "GET /in/v2/x?y HTTP/1.1"
    );
    assert_eq!(gateway.upstream.field("x-forwarded-prefix"), None);
}

/// Nothing reaches what is beside or above the upstream's own prefix, however it is spelled.
#[tokio::test]
async fn nothing_reaches_beyond_what_takes_the_place() {
    let gateway = gateway("slash", "/slash", "/in").await;
    for target in [
        "/slash/../admin",
        "/slash/%2e%2e/admin",
        "/slash/%2E%2E%2Fadmin",
        "/slash/..%2fadmin",
        "/slash/..;/admin",
        "/slash//evil.test/x",
        "/slash/%2Fevil.test/x",
        "/slash%2F..%2Fadmin",
        "/slash/%5c..%5cadmin",
        "/slash/%252e%252e/admin",
    ] {
        let status = gateway.get(target, &[]).await.status;
        assert!([400, 404].contains(&status), "{target}: {status}");
        gateway.assert_nothing_forwarded(target);
    }
    assert_eq!(
        line(&gateway, "/slash/a%2Fb").await,
        "GET /in/a%2Fb HTTP/1.1"
    );
}

/// What the upstream answers is its own: nobody knows where else its paths stand.
#[tokio::test]
async fn answers_are_not_changed() {
    let gateway = gateway("public", "/public", "/").await;
    gateway.upstream.answers(
        b"HTTP/1.1 302 Found\r\nLocation: /x\r\nSet-Cookie: a=1; Path=/x\r\n\
          Content-Length: 0\r\n\r\n",
    );
    let answer = gateway.get("/public/x", &[]).await;

    assert_eq!(answer.field("location"), Some("/x"));
    assert_eq!(answer.field("set-cookie"), Some("a=1; Path=/x"));
}
