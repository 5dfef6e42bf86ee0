//! Which server a request goes to, and what happens when it is not there.

use tokio::net::TcpListener;

use super::harness::TestGateway;
use super::recorder::Recorder;
use crate::outbound::testing::Dead;

#[tokio::test]
async fn servers_take_turns() {
    let (a, b) = (Recorder::start().await, Recorder::start().await);
    let servers = [a.address.to_string(), b.address.to_string()];
    let gateway =
        TestGateway::with(|settings| settings.upstreams[0].servers = servers.to_vec()).await;
    for _ in 0..4 {
        assert_eq!(gateway.get("/public/x", &[]).await.status, 200);
    }

    assert_eq!((a.requests().len(), b.requests().len()), (2, 2));
}

#[tokio::test]
async fn a_request_that_could_not_be_sent_goes_to_another_server() {
    let dead = Dead::hold();
    let gateway = TestGateway::with(|settings| {
        let alive = settings.upstreams[0].servers[0].clone();
        settings.upstreams[0].servers = vec![dead.address.to_string(), alive];
    })
    .await;
    for _ in 0..4 {
        assert_eq!(gateway.get("/public/x", &[]).await.status, 200);
    }
}

#[tokio::test]
async fn without_retries_a_dead_server_is_a_bad_gateway() {
    let dead = Dead::hold();
    let gateway = TestGateway::with(|settings| {
        settings.upstreams[0].servers = vec![dead.address.to_string()];
        settings.upstreams[0].retries = 0;
    })
    .await;
    let answer = gateway.get("/public/x", &[]).await;

    assert_eq!(answer.status, 502);
    assert!(!answer.head.contains("Pingora"));
}

#[tokio::test]
async fn an_upstream_without_a_known_server_is_unavailable() {
    let gateway = TestGateway::with(|settings| {
        settings.upstreams[0].servers = vec!["name.invalid:80".to_owned()];
    })
    .await;
    let answer = gateway.get("/public/x", &[]).await;

    assert_eq!(answer.status, 503);
    assert!(answer.field("retry-after").is_some());
}

#[tokio::test]
async fn an_upstream_that_does_not_answer_is_a_gateway_timeout() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let gateway = TestGateway::with(|settings| {
        settings.upstreams[0].servers = vec![address];
        settings.upstreams[0].read_timeout = std::time::Duration::from_millis(100);
    })
    .await;

    assert_eq!(gateway.get("/public/x", &[]).await.status, 504);
}

#[tokio::test]
async fn an_upstream_can_have_a_host_of_its_own() {
    let gateway = TestGateway::with(|settings| {
        settings.upstreams[0].host = Some("inside.test:8080".to_owned());
    })
    .await;
    gateway.get("/public/x", &[]).await;

    assert_eq!(
        gateway.upstream.field("host").as_deref(),
        Some("inside.test:8080")
    );
    assert_eq!(
        gateway.upstream.field("x-forwarded-host").as_deref(),
        Some("a.test")
    );
}

/// J10: what a new configuration does not have is gone for the next request, on the same
/// connection as well.
#[tokio::test]
async fn a_reload_serves_the_next_request_by_the_new_settings() {
    let mut gateway = TestGateway::start().await;
    let mut connection = gateway.connect().await;
    let request = "GET /public/x HTTP/1.1\r\nHost: a.test\r\n\r\n";
    assert_eq!(connection.exchange(request).await.status, 200);

    gateway.reload(|settings, _| settings.routes.retain(|route| route.name != "public"));

    assert_eq!(
        connection.exchange(request).await.status,
        404,
        "denied by default"
    );
}
