//! A token of the users' backend in the place of ours: where it stands, and when there is none.

mod sessions;

use std::time::Duration;

use http::HeaderName;

use super::forward_auth;
use super::harness::{Answer, NOW, TestGateway};
use super::support::{policy, route};
use crate::gateway::ProxyKind;
use crate::gateway::settings::{
    Action, Authentication, OtherTokens, Policy, Route, TokenPlaces, TokenUse,
};
use crate::users::UpstreamSite;

/// A gateway with the routes `/cells/`, which needs a token and takes it from everywhere, `/open/`,
/// which lets the backend judge whoever has none of ours, and `/a/`.
struct Edge {
    gateway: TestGateway,
    site: UpstreamSite,
}

impl Edge {
    async fn start() -> Self {
        let site = UpstreamSite::signed_in_at(NOW).await;
        let swapping = |name: &str, path: &str| Route {
            policy: policy(),
            action: Action::Upstream("u".to_owned()),
            token_use: TokenUse::Swap(OtherTokens::Refuse),
            token_places: TokenPlaces {
                authorization: true,
                cookie: Some("app_token".to_owned()),
                header: Some(HeaderName::from_static("x-pydio-bearer")),
                query: Some("pydio_jwt".to_owned()),
            },
            ..route(name).path(path).build()
        };
        let mut gateway = TestGateway::with(|settings| {
            settings.routes.push(swapping("cells", "/cells/"));
            settings.routes.push(swapping("api", "/a/"));
            settings.routes.push(Route {
                token_places: TokenPlaces::default(),
                ..swapping("rest", "/rest/")
            });
            settings.routes.push(Route {
                policy: Policy {
                    authentication: Authentication::Optional,
                    ..policy()
                },
                token_use: TokenUse::Swap(OtherTokens::Pass),
                ..swapping("open", "/open/")
            });
        })
        .await;
        let sessions = site.sessions.clone();
        gateway.reload(|_, parts| parts.upstream_sessions = Some(sessions));
        Self { gateway, site }
    }

    /// A token that `grant` brought.
    fn token(&self, grant: &str) -> String {
        self.gateway.token(|claims| {
            claims["grant_id"] = grant.into();
            claims["jti"] = grant.into();
        })
    }

    /// `GET target` with the token of the user who signed in.
    async fn get(&self, target: &str) -> Answer {
        let bearer = format!("Bearer {}", self.token("grant"));
        self.gateway
            .get(target, &[("Authorization", &bearer)])
            .await
    }

    fn advance(&self, secs: u64) {
        let step = Duration::from_secs(secs);
        self.gateway.clock.advance(step);
        self.site.clock.advance(step);
    }

    /// The last request that the upstream got.
    fn last(&self) -> String {
        self.gateway.upstream.requests().pop().unwrap()
    }
}

#[tokio::test]
async fn the_backends_token_stands_where_ours_stood_if_the_backend_looks_there() {
    let edge = Edge::start().await;
    let token = edge.token("grant");
    let bearer = format!("Bearer {token}");
    let cookie = format!("a=1; app_token={token}");
    for (row, target, field, expected, line) in [
        (
            "Authorization",
            "/cells/x?a=1".to_owned(),
            Some(("Authorization", bearer.as_str())),
            Some("authorization: Bearer token-0"),
            "GET /cells/x?a=1 ",
        ),
        (
            "field",
            "/cells/x".to_owned(),
            Some(("X-Pydio-Bearer", token.as_str())),
            Some("x-pydio-bearer: token-0"),
            "GET /cells/x ",
        ),
        (
            "query",
            format!("/cells/x?a=1&pydio_jwt={token}&b=2"),
            None,
            None,
            "GET /cells/x?a=1&b=2&pydio_jwt=token-0 ",
        ),
        (
            "query alone, spelled otherwise",
            format!("/cells/x?pydi%6F_jwt={token}"),
            None,
            None,
            "GET /cells/x?pydio_jwt=token-0 ",
        ),
        (
            "a cookie, where the backend does not look",
            "/cells/x".to_owned(),
            Some(("Cookie", cookie.as_str())),
            Some("authorization: Bearer token-0"),
            "GET /cells/x ",
        ),
    ] {
        let fields: Vec<_> = field.into_iter().collect();
        let answer = edge.gateway.get(&target, &fields).await;

        assert_eq!(answer.status, 200, "{row}: {answer:?}");
        let request = edge.last();
        assert!(request.starts_with(line), "{row}: {request}");
        assert_eq!(request.matches("token-0").count(), 1, "{row}: {request}");
        assert!(!request.contains(&token), "{row}: {request}");
        let lower = request.to_ascii_lowercase();
        let expected = expected.map(str::to_ascii_lowercase);
        assert!(
            expected.is_none_or(|expected| lower.contains(&expected)),
            "{row}: {request}"
        );
        assert!(lower.contains("x-auth-user: alice"), "{row}: {request}");
    }
}

/// What the backend would take for a token, but the route did not judge, is another identity.
#[tokio::test]
async fn what_was_not_judged_does_not_go_on_beside_it() {
    let edge = Edge::start().await;
    let bearer = format!("Bearer {}", edge.token("grant"));
    let fields = [
        ("Authorization", bearer.as_str()),
        ("X-Pydio-Bearer", "mallory.s"),
    ];

    let answer = edge
        .gateway
        .get("/rest/x?pydio_jwt=mallory.q&a=1", &fields)
        .await;

    assert_eq!(answer.status, 200, "{answer:?}");
    let request = edge.last();
    assert!(request.starts_with("GET /rest/x?a=1 "), "{request}");
    assert!(!request.contains("mallory"), "{request}");
    assert!(request.contains("Bearer token-0"), "{request}");
}

#[tokio::test]
async fn tokens_of_the_backend_itself_pass_untouched_only_where_the_route_says_so() {
    let edge = Edge::start().await;
    let signature = "AWS4-HMAC-SHA256 Credential=pat_1/20240101/us-east-1/s3/aws4_request, \
                     SignedHeaders=host, Signature=00";
    for (row, target, field, kept) in [
        ("none at all", "x", None, "GET /open/x "),
        (
            "an opaque token",
            "x",
            Some(("Authorization", "Bearer opaque.token")),
            "Bearer opaque.token",
        ),
        (
            "in the field",
            "x",
            Some(("X-Pydio-Bearer", "opaque.token")),
            "opaque.token",
        ),
        (
            "in the query",
            "x?pydio_jwt=opaque.token&a=1",
            None,
            "GET /open/x?pydio_jwt=opaque.token&a=1 ",
        ),
        (
            "a signature",
            "x",
            Some(("Authorization", signature)),
            signature,
        ),
    ] {
        let fields: Vec<_> = field.into_iter().collect();

        let answer = edge.gateway.get(&format!("/open/{target}"), &fields).await;
        let refused = edge.gateway.get(&format!("/cells/{target}"), &fields).await;

        assert_eq!(answer.status, 200, "{row}: {answer:?}");
        assert_eq!(refused.status, 401, "{row}: {refused:?}");
        let request = edge.last();
        assert!(request.contains(kept), "{row}: {request}");
        assert!(!request.contains("token-0"), "{row}: {request}");
        assert!(!request.contains("x-auth-user"), "{row}: {request}");
    }
}

#[tokio::test]
async fn the_key_of_a_signature_is_replaced_by_the_backends_token() {
    let edge = Edge::start().await;
    let token = edge.token("grant");
    let signed = |key: &str| format!("AWS4-HMAC-SHA256 Credential={key}/x, Signature=00");

    for target in ["/cells/x", "/open/x"] {
        let field = ("Authorization", signed(&token));
        let answer = edge.gateway.get(target, &[(field.0, &field.1)]).await;

        assert_eq!(answer.status, 200, "{target}: {answer:?}");
        let request = edge.last();
        assert!(request.contains(&signed("token-0")), "{request}");
        assert!(!request.contains(&token), "{request}");
    }
}

#[tokio::test]
async fn nothing_else_passes_for_a_token_of_the_backend() {
    let edge = Edge::start().await;
    let forged = format!("Bearer {}", edge.gateway.forged());
    let signed_by_jwt = format!(
        "AWS4-HMAC-SHA256 Credential={}/20240101/us-east-1/s3/aws4_request, Signature=00",
        edge.gateway.forged()
    );
    let signature = "AWS4-HMAC-SHA256 Credential=pat_1/x, Signature=00";
    for (row, fields, status) in [
        (
            "a forged token of ours",
            vec![("Authorization", forged.as_str())],
            401,
        ),
        (
            "a token of nobody",
            vec![("Authorization", "Bearer a.b.c")],
            401,
        ),
        ("a password", vec![("Authorization", "Basic YTpi")], 401),
        (
            "a signature by a forged token of ours",
            vec![("Authorization", signed_by_jwt.as_str())],
            401,
        ),
        (
            "a signature and a token",
            vec![
                ("Authorization", signature),
                ("X-Pydio-Bearer", "opaque.token"),
            ],
            400,
        ),
        (
            "two tokens",
            vec![
                ("Authorization", "Bearer opaque.token"),
                ("X-Pydio-Bearer", "opaque.token"),
            ],
            400,
        ),
        (
            "one in a cookie",
            vec![("Cookie", "app_token=opaque.token")],
            401,
        ),
    ] {
        let answer = edge.gateway.get("/open/x", &fields).await;

        assert_eq!(answer.status, status, "{row}: {answer:?}");
        edge.gateway.assert_nothing_forwarded(row);
    }
}

#[tokio::test]
async fn a_client_without_a_user_is_forbidden_and_not_anonymous() {
    let edge = Edge::start().await;
    let bearer = edge.gateway.bearer();
    for path in ["/cells/x", "/open/x"] {
        let answer = edge.gateway.get(path, &[("Authorization", &bearer)]).await;

        assert_eq!(answer.status, 403, "{path}: {answer:?}");
        edge.gateway.assert_nothing_forwarded(path);
    }
}

#[tokio::test]
async fn no_endpoint_that_gives_out_tokens_is_reached_with_one_of_ours() {
    let edge = Edge::start().await;
    for path in [
        "/a/frontend/session",
        "/a/frontend/%73ession",
        "/a/auth/token/document",
    ] {
        let answer = edge.get(path).await;

        assert_eq!(answer.status, 403, "{path}: {answer:?}");
        edge.gateway.assert_nothing_forwarded(path);
    }
    assert_eq!(edge.get("/a/frontend/state").await.status, 200);
}

#[tokio::test]
async fn the_cookie_of_a_session_at_the_backend_does_not_come_back() {
    let edge = Edge::start().await;
    edge.gateway.upstream.answers(
        b"HTTP/1.1 200 OK\r\nSet-Cookie: pydio=secret; Path=/a/frontend\r\n\
         Set-Cookie: pydio-4f=secret\r\nSet-Cookie: other=1\r\nContent-Length: 0\r\n\r\n",
    );

    let swapped = edge.get("/cells/x").await;
    let own = edge.gateway.get("/open/x", &[]).await;

    assert!(!swapped.head.contains("secret"), "{swapped:?}");
    assert!(swapped.head.contains("other=1"), "{swapped:?}");
    assert!(
        own.head.contains("pydio=secret"),
        "a browser's own: {own:?}"
    );
}

/// What a proxy forwards by itself would go without a token of the backend, as nobody's.
#[tokio::test]
async fn a_proxy_that_only_asks_cannot_forward_where_tokens_are_swapped() {
    let mut edge = Edge::start().await;
    let kind = ProxyKind::Traefik;
    edge.gateway
        .reload(|settings, _| settings.forward_auth = forward_auth::asking(kind));
    assert_eq!(edge.get("/cells/x").await.status, 200);
    let fields = format!("Authorization: Bearer {}\r\n", edge.token("grant"));

    for (target, status) in [("/cells/x", 403), ("/api/x", 200)] {
        let asked = ("GET", "a.test", target);
        let told = forward_auth::ask(&edge.gateway, kind, asked, &fields).await;
        assert_eq!(told.status, status, "{target}");
    }
}
