//! What is going on ends when what it was admitted for does: rows F09 and F12 of the corpus.

use std::sync::Arc;
use std::time::Duration;

use http::Request;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};

use super::harness::{Connection, NOW, Protocol, TestGateway};
use super::played::{LIFETIME, begin_events, played, revocable, revoke, send_event, until};
use crate::issuers::TrustedIssuer;
use crate::issuers::tests::script::{self, INTROSPECTION, World, introspecting};
use crate::jose::TokenVerifier;
use crate::telemetry::log::testing::Captured;

/// Asks for a stream of events with the token of this id, and gets the first.
async fn subscribe(
    gateway: &TestGateway,
    listener: &TcpListener,
    target: &str,
    token_id: &str,
) -> (Connection, TcpStream) {
    let token = gateway.token(|claims| claims["jti"] = token_id.into());
    subscribe_with(gateway, listener, target, &token).await
}

/// The same with this token.
async fn subscribe_with(
    gateway: &TestGateway,
    listener: &TcpListener,
    target: &str,
    token: &str,
) -> (Connection, TcpStream) {
    let mut client = gateway.connect().await;
    let head = format!("GET {target} HTTP/1.1\r\nHost: a.test\r\nAuthorization: Bearer {token}");
    client.write(format!("{head}\r\n\r\n")).await;
    let mut upstream = begin_events(listener).await;
    send_event(&mut upstream, "data: 1\n\n").await;
    client.until(b"data: 1\n\n").await;
    (client, upstream)
}

/// The connection was closed, and not by an orderly end of the answer.
async fn assert_cut_off(client: &mut Connection) {
    let rest = client.everything().await;
    assert_eq!(rest, "\r\n", "what ends the chunk that was seen");
}

#[tokio::test]
async fn a_stream_of_events_ends_when_its_token_expires() {
    let (gateway, listener) = played().await;
    let (mut client, mut upstream) = subscribe(&gateway, &listener, "/api/events", "t").await;

    gateway.clock.advance(LIFETIME);

    assert_cut_off(&mut client).await;
    let mut nothing = Vec::new();
    drop(upstream.read_to_end(&mut nothing).await);
    assert!(
        nothing.is_empty(),
        "the upstream is told by the end as well"
    );
}

#[tokio::test]
async fn a_stream_of_events_ends_when_its_token_is_revoked() {
    let lines = Captured::start();
    let (gateway, listener, store) = revocable(Protocol::Http1).await;
    let (mut client, _upstream) = subscribe(&gateway, &listener, "/api/events", "t1").await;
    let (mut other, mut others) = subscribe(&gateway, &listener, "/api/events", "t2").await;

    revoke(&store, "t1").await;

    assert_cut_off(&mut client).await;
    send_event(&mut others, "data: 2\n\n").await;
    other.until(b"data: 2\n\n").await;
    let audit = lines.audit();
    assert_eq!(audit.len(), 1, "{audit:#?}");
    for (field, value) in [
        ("event", "exchange_ended"),
        ("reason", "revoked"),
        ("route.name", "api-read"),
        ("user.subject", "alice"),
        ("client.id", "app"),
    ] {
        assert_eq!(audit[0][field], value, "{field}");
    }
    let access = lines.access();
    assert_eq!(access[0]["reason"], "revoked");
    assert_eq!(access[0]["http.status"], 200);
    assert_eq!(access[0]["request.id"], audit[0]["request.id"]);
}

#[tokio::test]
async fn a_route_may_let_exchanges_outlive_their_token_but_not_a_revocation() {
    let (mut gateway, listener, store) = revocable(Protocol::Http1).await;
    gateway.reload(|settings, _| {
        for route in &mut settings.routes {
            route.outlives_token = route.name == "pass";
        }
    });
    let (mut held, _held) = subscribe(&gateway, &listener, "/api/events", "t1").await;
    let (mut free, mut upstream) = subscribe(&gateway, &listener, "/pass/events", "t2").await;

    gateway.clock.advance(LIFETIME);
    assert_cut_off(&mut held).await;
    send_event(&mut upstream, "data: 2\n\n").await;
    free.until(b"data: 2\n\n").await;

    revoke(&store, "t2").await;
    assert_cut_off(&mut free).await;
}

#[tokio::test]
async fn an_upload_ends_with_its_token_before_it_is_answered() {
    let (gateway, listener, store) = revocable(Protocol::Http1).await;
    let token = gateway.token(|claims| claims["scope"] = "write".into());
    let mut client = gateway.connect().await;
    client
        .write(format!(
            "POST /api/file HTTP/1.1\r\nHost: a.test\r\nAuthorization: Bearer {token}\r\n\
             Content-Length: 1000000\r\n\r\nbegun"
        ))
        .await;
    let (mut upstream, _) = listener.accept().await.unwrap();
    until(&mut upstream, "begun").await;

    revoke(&store, "jti-1").await;

    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_stream_for_everybody_ends_with_nobodys_token() {
    let (gateway, listener) = played().await;
    let (mut client, mut upstream) = subscribe(&gateway, &listener, "/public/events", "t").await;
    let (mut held, _held) = subscribe(&gateway, &listener, "/api/events", "t").await;

    gateway.clock.advance(LIFETIME);

    assert_cut_off(&mut held).await;
    send_event(&mut upstream, "data: 2\n\n").await;
    client.until(b"data: 2\n\n").await;
}

/// A gateway whose routes take the opaque tokens of this issuer.
async fn opaque(
    change: impl FnOnce(&mut TrustedIssuer),
    said: &Value,
) -> (TestGateway, TcpListener, World) {
    let (mut gateway, listener) = played().await;
    let mut settings = introspecting(script::ISSUER);
    change(&mut settings);
    let world = World::of(&[settings]);
    world.script.show(INTROSPECTION, said);
    gateway.reload(|settings, parts| {
        parts.verifier = Arc::new(TokenVerifier::new(None, &[], 0).unwrap());
        parts.issuers = Arc::clone(&world.issuers);
        for route in &mut settings.routes {
            route.policy.issuers = vec![Arc::from(script::ISSUER)];
            route.outlives_token = route.name == "pass";
        }
    });
    (gateway, listener, world)
}

fn active() -> Value {
    json!({"active": true, "sub": "alice", "aud": "api", "scope": "read"})
}

/// What an issuer says without naming an end has none: it is only asked again.
#[tokio::test]
async fn a_stream_on_an_opaque_token_ends_when_its_issuer_takes_its_word_back() {
    let (gateway, listener, world) = opaque(|_| {}, &active()).await;
    let (mut client, mut upstream) =
        subscribe_with(&gateway, &listener, "/api/events", "opaque").await;

    for n in 2..4 {
        gateway.clock.advance(Duration::from_secs(31));
        world.script.until_asked(INTROSPECTION, n).await;
        send_event(&mut upstream, "data: 2\n\n").await;
        client.until(b"data: 2\n\n").await;
    }
    world.script.take_down(INTROSPECTION);
    gateway.clock.advance(Duration::from_secs(31));
    world.script.until_asked(INTROSPECTION, 4).await;
    send_event(&mut upstream, "data: 3\n\n").await;
    client.until(b"data: 3\n\n").await;

    let inactive = json!({"active": false});
    world.script.show(INTROSPECTION, &inactive);
    gateway.clock.advance(Duration::from_secs(31));

    assert_cut_off(&mut client).await;
}

/// An answer that counts for this one request lets it pass, and what it begins goes on.
#[tokio::test]
async fn an_answer_that_is_not_remembered_admits_and_ends_nothing() {
    let forgetful = |settings: &mut TrustedIssuer| {
        settings.introspection.as_mut().unwrap().remember = Duration::ZERO;
    };
    let (gateway, listener, world) = opaque(forgetful, &active()).await;
    let (mut client, mut upstream) =
        subscribe_with(&gateway, &listener, "/api/events", "opaque").await;

    gateway.clock.advance(Duration::from_secs(11));
    world.script.until_asked(INTROSPECTION, 2).await;

    send_event(&mut upstream, "data: 2\n\n").await;
    client.until(b"data: 2\n\n").await;
}

/// Its clock may differ from ours by as much as its JWTs' may.
#[tokio::test]
async fn the_leeway_of_an_issuer_without_keys_counts_for_what_is_open() {
    let lenient = |settings: &mut TrustedIssuer| settings.terms.leeway = Duration::from_secs(60);
    let mut said = active();
    said["exp"] = (NOW.as_secs() + 600).into();
    let (gateway, listener, world) = opaque(lenient, &said).await;
    let (mut client, mut upstream) =
        subscribe_with(&gateway, &listener, "/api/events", "opaque").await;
    let (mut free, mut others) =
        subscribe_with(&gateway, &listener, "/pass/events", "opaque").await;

    gateway.clock.advance(Duration::from_secs(659));
    world.script.until_asked(INTROSPECTION, 2).await;
    send_event(&mut upstream, "data: 2\n\n").await;
    client.until(b"data: 2\n\n").await;
    world.script.show(INTROSPECTION, &json!({"active": false}));
    gateway.clock.advance(Duration::from_secs(1));

    assert_cut_off(&mut client).await;
    send_event(&mut others, "data: 2\n\n").await;
    free.until(b"data: 2\n\n").await;
}

/// Over HTTP/2 the stream ends, and the connection with its other streams goes on.
#[tokio::test]
async fn over_http_2_only_the_stream_of_the_token_ends() {
    let (gateway, listener, store) = revocable(Protocol::Http2).await;
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    let driving = tokio::spawn(connection);
    let mut bodies = Vec::new();
    let mut upstreams = Vec::new();
    for id in ["t1", "t2"] {
        let token = gateway.token(|claims| claims["jti"] = id.into());
        let request = Request::get("http://a.test/api/events")
            .header("authorization", format!("Bearer {token}"))
            .body(())
            .unwrap();
        let (response, _) = client.send_request(request, true).unwrap();
        upstreams.push(begin_events(&listener).await);
        bodies.push(response.await.unwrap().into_body());
    }

    revoke(&store, "t1").await;

    let reset = bodies[0].data().await.unwrap().unwrap_err();
    assert_eq!(
        reset.reason(),
        Some(h2::Reason::CANCEL),
        "not an orderly end"
    );
    send_event(&mut upstreams[1], "data: 2\n\n").await;
    assert_eq!(bodies[1].data().await.unwrap().unwrap(), "data: 2\n\n");
    driving.abort();
}
