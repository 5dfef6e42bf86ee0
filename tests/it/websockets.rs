//! WebSockets, with a stock library at both ends.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, accept_async, client_async};

use crate::support::Edge;

type Socket<S> = WebSocketStream<S>;

/// An upstream that says hello as soon as a WebSocket is open, and repeats what it hears.
pub(crate) async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut socket = accept_async(stream).await.unwrap();
                socket.send(Message::text("hello")).await.unwrap();
                while let Some(Ok(message)) = socket.next().await {
                    let is_said = message.is_text() || message.is_binary();
                    if is_said && socket.send(message).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

/// `yaml` with WebSockets to `upstream`: `/live/` for everybody, `/ws/` for who has `demo.read`.
pub(crate) fn with_websockets(yaml: &str, upstream: SocketAddr) -> String {
    let routes = format!(
        "\nupstreams:\n  - name: live\n    servers: [\"http://{upstream}\"]\n\
         routes:\n  - name: live\n    path: /live/\n    upstream: live\n    \
         authentication: anonymous\n    websockets: allow\n\
         \x20 - name: ws\n    path: /ws/\n    upstream: live\n    \
         scopes: {{ all: [demo.read] }}\n    websockets: allow"
    );
    yaml.replacen("\nroutes:", &routes, 1)
}

fn edge(upstream: SocketAddr) -> Edge {
    Edge::start(&with_websockets(
        include_str!("../../config/demo.yaml"),
        upstream,
    ))
}

/// Opens a WebSocket over `stream`.
pub(crate) async fn open<S>(stream: S, url: &str, token: Option<&str>) -> Result<Socket<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut request = url.into_client_request()?;
    if let Some(token) = token {
        let bearer = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
    }
    Ok(client_async(request, stream).await?.0)
}

async fn open_at(edge: &Edge, path: &str, token: Option<&str>) -> Result<Socket<TcpStream>, Error> {
    let stream = TcpStream::connect(edge.address).await.unwrap();
    open(stream, &format!("ws://{}{path}", edge.address), token).await
}

/// The status of the close frame that comes next.
async fn close_status(socket: &mut Socket<TcpStream>) -> u16 {
    match socket.next().await {
        Some(Ok(Message::Close(Some(frame)))) => frame.code.into(),
        other => panic!("no close frame: {other:?}"),
    }
}

/// A greeting that is sent with the answer to the handshake is what breaks tunnels that are torn
/// down too early.
#[tokio::test]
async fn of_two_thousand_handshakes_none_is_lost() {
    let edge = edge(echo().await);
    for n in 0..2000 {
        let mut socket = open_at(&edge, "/live/x", None).await.unwrap();
        let hello = socket.next().await.unwrap().unwrap();
        assert_eq!(hello, Message::text("hello"), "{n}");
        let said = Message::text(n.to_string());
        socket.send(said.clone()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), said, "{n}");
    }
}

#[tokio::test]
async fn sixteen_mebibytes_arrive_in_both_directions() {
    const MESSAGES: u8 = 16;
    let edge = edge(echo().await);
    let socket = open_at(&edge, "/live/x", None).await.unwrap();
    let (mut say, mut hear) = socket.split();
    hear.next().await.unwrap().unwrap();
    let saying = tokio::spawn(async move {
        for n in 0..MESSAGES {
            let message = Message::binary(vec![n; 1 << 20]);
            say.send(message).await.unwrap();
        }
        say
    });
    for n in 0..MESSAGES {
        let heard = hear.next().await.unwrap().unwrap().into_data();
        assert_eq!(heard.len(), 1 << 20, "{n}");
        assert!(heard.iter().all(|byte| *byte == n), "{n}");
    }
    saying.await.unwrap().close().await.unwrap();
    assert!(hear.next().await.unwrap().unwrap().is_close());
}

#[tokio::test]
async fn only_who_may_pass_the_route_gets_a_websocket() {
    let edge = edge(echo().await);
    for (path, token, status) in [
        ("/ws/x", None, 401),
        ("/ws/x", Some("a.b.c"), 401),
        ("/api/x", None, 401),
        ("/nowhere", None, 404),
    ] {
        match open_at(&edge, path, token).await {
            Err(Error::Http(answer)) => assert_eq!(answer.status(), status, "{path} {token:?}"),
            other => panic!("{path} {token:?}: {other:?}"),
        }
    }
}

/// The access token is revoked at the provider of the same process.
#[tokio::test]
async fn a_revocation_closes_the_websocket_of_the_token_and_no_other() {
    let edge = edge(echo().await);
    let revoked = edge.sign_in("alice").scope("demo.read").tokens().await;
    let kept = edge.sign_in("bob").scope("demo.read").tokens().await;
    let mut closed = open_at(&edge, "/ws/x", Some(&revoked.access_token))
        .await
        .unwrap();
    let mut open = open_at(&edge, "/ws/x", Some(&kept.access_token))
        .await
        .unwrap();
    for socket in [&mut closed, &mut open] {
        socket.next().await.unwrap().unwrap();
    }

    let form = [
        ("client_id", "demo-app"),
        ("token", revoked.access_token.as_str()),
    ];
    edge.post_form("/oidc/oauth2/revoke", &form)
        .await
        .assert_status(200);

    assert_eq!(close_status(&mut closed).await, 1008);
    open.send(Message::text("still here")).await.unwrap();
    let heard = open.next().await.unwrap().unwrap();
    assert_eq!(heard, Message::text("still here"));
    let line = edge.wait_for("exchange_ended");
    assert!(line.contains("\"revoked\""), "{line}");
}

#[tokio::test]
async fn sigterm_says_goodbye_and_waits_for_nobody() {
    let mut edge = edge(echo().await);
    let mut socket = open_at(&edge, "/live/x", None).await.unwrap();
    socket.next().await.unwrap().unwrap();

    edge.signal("TERM");

    assert_eq!(close_status(&mut socket).await, 1001);
    drop(socket);
    assert_eq!(edge.wait(), Some(0));
}
