//! Failures of clients at proving who they are, counted for each address.

use std::net::IpAddr;
use std::time::Duration;

use super::support::{Answer, SERVICE_SECRET, TestProvider, basic, form_request};
use crate::provider::ClientAuthenticationPolicy;

const NEAR: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));
const FAR: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 1));

/// A provider where an address may fail three times in ten minutes.
async fn provider() -> TestProvider {
    TestProvider::start_with(|settings| {
        settings.client_authentication = ClientAuthenticationPolicy {
            failures_per_address: 3,
            address_window: Duration::from_secs(600),
            ..ClientAuthenticationPolicy::default()
        };
    })
    .await
}

/// Revokes something, with this secret or none.
async fn ask(op: &TestProvider, from: IpAddr, id: &str, secret: Option<&str>) -> Answer {
    let header = secret.map(|secret| basic(id, secret));
    let form = [("client_id", id), ("token", "unknown")];
    let request = form_request("/oidc/oauth2/revoke", header.as_deref(), &form);
    op.send_from(from, request).await
}

async fn fail(op: &TestProvider, times: usize) {
    for _ in 0..times {
        ask(op, NEAR, "service", Some("wrong"))
            .await
            .assert_refused(401, "invalid_client");
    }
}

/// Not even the right secret is looked at, or guessing would go on.
#[tokio::test]
async fn an_address_that_failed_too_often_must_wait() {
    let op = provider().await;
    fail(&op, 2).await;
    ask(&op, NEAR, "nobody", Some("x"))
        .await
        .assert_refused(401, "invalid_client");

    for secret in ["wrong", SERVICE_SECRET] {
        let answer = ask(&op, NEAR, "service", Some(secret)).await;
        answer.assert_refused(429, "temporarily_unavailable");
        assert_eq!(answer.header("retry-after"), Some("600"), "{secret}");
    }

    op.advance_s(600);
    let answer = ask(&op, NEAR, "service", Some(SERVICE_SECRET)).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn who_proves_nothing_and_who_is_elsewhere_need_not_wait() {
    let op = provider().await;
    fail(&op, 3).await;

    assert_eq!(ask(&op, NEAR, "app", None).await.status, 200);
    let far = ask(&op, FAR, "service", Some(SERVICE_SECRET)).await;
    assert_eq!(far.status, 200);
}

#[tokio::test]
async fn what_is_right_does_not_count() {
    let op = provider().await;
    for _ in 0..5 {
        let answer = ask(&op, NEAR, "service", Some(SERVICE_SECRET)).await;
        assert_eq!(answer.status, 200);
    }

    fail(&op, 3).await;
}

/// A single-page application with a stale id must not lock out what is behind the same address.
#[tokio::test]
async fn a_name_alone_does_not_count() {
    let op = provider().await;
    for _ in 0..5 {
        ask(&op, NEAR, "nobody", None)
            .await
            .assert_refused(401, "invalid_client");
    }

    let answer = ask(&op, NEAR, "service", Some(SERVICE_SECRET)).await;
    assert_eq!(answer.status, 200);
}
