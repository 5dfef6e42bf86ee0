//! Requests in a time: RFC 6585 §4.

use std::time::Duration;

use super::{limit, limited, rate};
use crate::gateway::RouteLimits;
use crate::gateway::tests::harness::TestGateway;
use crate::telemetry::log::testing::Captured;

async fn status_from(gateway: &TestGateway, address: &str) -> u16 {
    let fields = [("X-Forwarded-For", address)];
    gateway.get("/public/x", &fields).await.status
}

#[tokio::test]
async fn an_address_gets_so_many_requests_and_is_told_when_to_come_back() {
    let lines = Captured::start();
    let limits = RouteLimits {
        per_address: rate(3),
        ..RouteLimits::default()
    };
    let gateway = limited("public", limits).await;
    for _ in 0..3 {
        assert_eq!(status_from(&gateway, "192.0.2.1").await, 200);
    }

    let fields = [("X-Forwarded-For", "192.0.2.1")];
    let refused = gateway.get("/public/x", &fields).await;

    assert_eq!(refused.status, 429);
    // A third of ten seconds, rounded up.
    assert_eq!(refused.field("retry-after"), Some("4"));
    assert_eq!(
        refused.field("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(refused.json()["status"], 429);
    assert_eq!(gateway.upstream.requests().len(), 3);
    assert_eq!(status_from(&gateway, "192.0.2.2").await, 200, "another one");
    gateway.clock.advance(Duration::from_secs(4));
    assert_eq!(status_from(&gateway, "192.0.2.1").await, 200);
    assert_eq!(status_from(&gateway, "192.0.2.1").await, 429);
    let metrics = gateway.gateway.metrics().render();
    let series = r#"cellgate_requests_limited_total{limit="rate_per_address",route="public"} 2"#;
    assert!(metrics.contains(series), "{metrics}");
    let refusals = lines.access();
    let refusals = refusals
        .iter()
        .filter(|line| line["reason"] == "rate_per_address");
    assert_eq!(refusals.count(), 2);
}

/// One customer has a /64 whole, and may use any of its addresses.
#[tokio::test]
async fn addresses_of_one_ipv6_network_are_one() {
    let limits = RouteLimits {
        per_address: rate(1),
        ..RouteLimits::default()
    };
    let gateway = limited("public", limits).await;
    assert_eq!(status_from(&gateway, "2001:db8::1").await, 200);

    assert_eq!(status_from(&gateway, "2001:db8::2").await, 429);
    assert_eq!(status_from(&gateway, "2001:db8::ffff:0:0:1").await, 429);
    assert_eq!(status_from(&gateway, "2001:db8:0:1::1").await, 200);
    assert_eq!(status_from(&gateway, "::ffff:192.0.2.1").await, 200);
    assert_eq!(status_from(&gateway, "192.0.2.1").await, 429);
}

/// What is refused for its token has come as well, and before that it is looked at.
#[tokio::test]
async fn guessing_tokens_is_limited_with_everything_else() {
    let limits = RouteLimits {
        per_address: rate(2),
        ..RouteLimits::default()
    };
    let gateway = limited("api-read", limits).await;
    let forged = format!("Bearer {}", gateway.forged());
    let good = gateway.bearer();
    for status in [401, 401, 429] {
        let answer = gateway
            .get("/api/x", &[("Authorization", forged.as_str())])
            .await;
        assert_eq!(answer.status, status);
    }

    let answer = gateway
        .get("/api/x", &[("Authorization", good.as_str())])
        .await;
    assert_eq!(answer.status, 429, "the same address");
    assert_eq!(answer.field("www-authenticate"), None);
}

#[tokio::test]
async fn a_client_and_a_subject_have_counts_of_their_own() {
    let limits = RouteLimits {
        per_client: rate(3),
        per_subject: rate(2),
        ..RouteLimits::default()
    };
    let gateway = limited("api-read", limits).await;
    let get = async |subject: &str, client: &str, scope: &str| {
        let token = gateway.token(|claims| {
            claims["sub"] = subject.into();
            claims["client_id"] = client.into();
            claims["scope"] = scope.into();
        });
        let bearer = format!("Bearer {token}");
        let fields = [("Authorization", bearer.as_str())];
        let answer = gateway.get("/api/x", &fields).await;
        (answer.status, answer.field("retry-after").is_some())
    };
    for _ in 0..5 {
        assert_eq!(
            get("alice", "app", "").await,
            (403, false),
            "not let through"
        );
    }
    assert_eq!(get("alice", "app", "read").await, (200, false));
    assert_eq!(get("alice", "app", "read").await, (200, false));
    assert_eq!(get("alice", "app", "read").await, (429, true), "alice");
    // The third of the client was spent on the request that alice's count refused.
    assert_eq!(get("bob", "app", "read").await, (429, true), "the client");
    assert_eq!(get("bob", "other", "read").await, (200, false));
}

#[tokio::test]
async fn where_nobody_is_known_nobody_is_counted() {
    let limits = RouteLimits {
        per_client: rate(1),
        per_subject: rate(1),
        at_once_per_subject: Some(1),
        ..RouteLimits::default()
    };
    let gateway = limited("opt", limits).await;
    let bearer = gateway.bearer();
    for _ in 0..3 {
        assert_eq!(gateway.get("/opt/x", &[]).await.status, 200);
    }
    let known = [("Authorization", bearer.as_str())];
    assert_eq!(gateway.get("/opt/x", &known).await.status, 200);
    assert_eq!(gateway.get("/opt/x", &known).await.status, 429);
}

#[tokio::test]
async fn a_reload_keeps_the_count_of_a_limit_that_is_the_same() {
    let limits = |requests: u32, at_once: usize| RouteLimits {
        per_address: rate(requests),
        at_once: Some(at_once),
        ..RouteLimits::default()
    };
    let mut gateway = limited("public", limits(1, 10)).await;
    assert_eq!(gateway.get("/public/x", &[]).await.status, 200);

    gateway.reload(|settings, _| limit(settings, "public", limits(1, 20)));
    assert_eq!(
        gateway.get("/public/x", &[]).await.status,
        429,
        "another limit of the route changed"
    );

    gateway.reload(|settings, _| limit(settings, "public", limits(2, 20)));
    assert_eq!(gateway.get("/public/x", &[]).await.status, 200, "a new one");
}

#[tokio::test]
async fn a_limit_of_one_route_is_no_other_routes() {
    let limits = RouteLimits {
        per_address: rate(1),
        ..RouteLimits::default()
    };
    let gateway = limited("public", limits).await;
    assert_eq!(gateway.get("/public/x", &[]).await.status, 200);
    assert_eq!(gateway.get("/public/x", &[]).await.status, 429);

    for _ in 0..5 {
        assert_eq!(gateway.get("/opt/x", &[]).await.status, 200);
    }
}
