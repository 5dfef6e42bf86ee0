//! Sessions at the backend: renewed when their token ends, and ended with the sign-in.

use std::sync::atomic::Ordering;

use super::Edge;
use crate::gateway::tests::harness::NOW;
use crate::model::SessionId;
use crate::users::RenewalError;

#[tokio::test]
async fn a_sign_in_without_a_session_at_the_backend_is_refused_and_ends() {
    let edge = Edge::start().await;
    edge.site.sign_in("bare", "bare-grant").await;
    let bearer = format!("Bearer {}", edge.token("bare-grant"));

    let answer = edge
        .gateway
        .get("/open/x", &[("Authorization", &bearer)])
        .await;

    assert_eq!(answer.status, 401, "{answer:?}");
    let challenge = answer.field("www-authenticate").unwrap();
    assert!(challenge.contains("invalid_token"), "{challenge}");
    edge.gateway.assert_nothing_forwarded("none at the backend");
    let revocations = edge.site.store.revocations();
    assert!(!revocations.is_empty(), "the grant is revoked");
}

#[tokio::test]
async fn a_token_that_has_ended_is_renewed_while_the_request_waits() {
    let edge = Edge::start().await;
    assert_eq!(edge.get("/cells/x").await.status, 200);

    edge.advance(599);
    edge.get("/cells/x").await;
    edge.site.backend.renewed.notified().await;
    edge.advance(1);
    let renewed = edge.gateway.token(|claims| {
        claims["grant_id"] = "grant".into();
        claims["exp"] = (NOW.as_secs() + 3600).into();
    });
    let bearer = format!("Bearer {renewed}");
    let answer = edge
        .gateway
        .get("/cells/y", &[("Authorization", &bearer)])
        .await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(edge.last().contains("Bearer token-1"), "{}", edge.last());
}

#[tokio::test]
async fn a_refused_renewal_is_401_and_a_backend_that_is_away_503() {
    for (row, failure, status) in [
        ("refused", RenewalError::Refused("locked"), 401),
        ("away", RenewalError::Unavailable("down"), 503),
        ("silent", RenewalError::Unanswered("no answer in time"), 503),
    ] {
        let edge = Edge::start().await;
        edge.site
            .backend
            .failures
            .lock()
            .unwrap()
            .push_back(failure);
        let token = edge.gateway.token(|claims| {
            claims["grant_id"] = "grant".into();
            claims["exp"] = (NOW.as_secs() + 3600).into();
        });
        edge.advance(600);

        let bearer = format!("Bearer {token}");
        let answer = edge
            .gateway
            .get("/cells/x", &[("Authorization", &bearer)])
            .await;

        assert_eq!(answer.status, status, "{row}: {answer:?}");
        let has_hint = answer.field("retry-after").is_some();
        assert_eq!(has_hint, status == 503, "{row}: {answer:?}");
        edge.gateway.assert_nothing_forwarded(row);
    }
}

#[tokio::test]
async fn a_token_that_the_backend_refused_is_renewed_and_never_told() {
    let edge = Edge::start().await;
    edge.get("/cells/x").await;
    edge.advance(60);
    edge.gateway
        .upstream
        .answers(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");

    let answer = edge.get("/cells/x").await;

    assert_eq!(answer.status, 401);
    assert!(!answer.head.contains("token-"), "{answer:?}");
    edge.site.backend.renewed.notified().await;
    assert_eq!(edge.site.backend.n_asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn after_the_sign_out_nothing_goes_on() {
    let mut edge = Edge::start().await;
    let revocations = edge.site.store.revocations().clone();
    edge.gateway
        .reload(|_, parts| parts.revocations = Some(revocations));
    assert_eq!(edge.get("/cells/x").await.status, 200);

    let session = SessionId::new("session");
    edge.site.store.end_session(&session, NOW).await.unwrap();

    assert_eq!(edge.get("/cells/x").await.status, 401);
    assert_eq!(edge.gateway.upstream.requests().len(), 1);
}
