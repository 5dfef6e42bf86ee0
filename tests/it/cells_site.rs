//! A whole site of Pydio Cells by one line, `cells: {}`: the real program in front of a stand-in for Cells
//! (fact sheet E.3 and E.4).

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::cells::stand_in::{StandIn, Switches};
use crate::cells::yaml;
use crate::support::{Edge, Tokens};
use crate::websockets;

/// The users of `cells`, and its site in one line with `more` behind it.
pub(crate) fn configuration(cells: &StandIn, more: &str) -> String {
    let yaml = yaml(cells, "", ", timeout_s: 2");
    let (before, _) = yaml.split_once("\nroutes:").expect("it has routes");
    format!("{before}\ncells: {{}}\n{more}")
}

pub(crate) async fn site(more: &str) -> (StandIn, Edge) {
    let cells = StandIn::start(Switches::default()).await.expect("a port");
    let edge = Edge::start(&configuration(&cells, more));
    (cells, edge)
}

/// A token that Cells gave itself, past the edge.
pub(crate) async fn own_token(cells: &StandIn, edge: &Edge, login: &str) -> String {
    let credentials = json!({"AuthInfo":
        {"type": "credentials", "login": login, "password": "cells-demo-password"}});
    let url = format!("{}a/frontend/session", cells.url());
    let session = edge.send(edge.http.post(url).json(&credentials)).await;
    let token = session.json()["Token"]["AccessToken"].clone();
    token.as_str().expect("a token").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_line_lets_through_what_cells_serves() {
    let (cells, edge) = site("").await;
    let Tokens { access_token, .. } = edge.sign_in("alice").tokens().await;

    // E.4: whom Cells lets in by itself.
    let boot = edge.get("/a/frontend/bootconf").await.assert_status(200);
    assert_eq!(boot.json()["ENDPOINT_REST_API"], "/a");
    // Tokens of the edge are swapped.
    let seen = edge.get_with("/a/user/alice", &access_token).await;
    assert_eq!(seen.assert_status(200).json()["Login"], "alice");
    for path in ["/io/a/b.txt", "/data/a%2Fb.txt"] {
        let field = ("X-Pydio-Bearer", &access_token);
        let request = edge.http.get(edge.url(path)).header(field.0, field.1);
        let file = edge.send(request).await.assert_status(200);
        assert_eq!(
            file.json(),
            json!({"user": "alice", "place": "X-Pydio-Bearer"})
        );
    }
    // Those of Cells pass.
    let own = own_token(&cells, &edge, "bob").await;
    let seen = edge.get_with("/a/user/bob", &own).await.assert_status(200);
    assert_eq!(seen.json()["Login"], "bob");
    // Logins may have a slash (fact sheet, section I).
    let dave = edge.sign_in("dept/dave").tokens().await.access_token;
    let seen = edge.get_with("/a/user/dept%2Fdave", &dave).await;
    assert_eq!(seen.assert_status(200).json()["Login"], "dept/dave");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_may_is_refused() {
    let (_cells, edge) = site("").await;
    let Tokens { access_token, .. } = edge.sign_in("alice").tokens().await;

    for path in [
        "/oidc/admin/oauth2/introspect",
        "/oidc/admin",
        "/oidc/%61dmin/clients",
        "/oidc/oauth2/fallbacks/consent",
    ] {
        edge.get(path).await.assert_status(404);
        edge.get_with(path, &access_token).await.assert_status(404);
    }
    edge.get("/oidc/../oidc/admin").await.assert_status(404);
    // An encoded slash would let one path pass for another.
    let smuggled = edge.get("/a/frontend%2Fsession").await;
    smuggled.assert_status(400);
    for path in ["/io/x", "/data/x", "/a/frontend/bootconf", "/", "/dav/x"] {
        for agent in [
            "pydio.sync.client.s3",
            "Mozilla/5.0 Pydio.Sync.Client.S3/1.0",
        ] {
            let request = edge.http.get(edge.url(path)).header("user-agent", agent);
            edge.send(request).await.assert_status(403);
        }
    }
    edge.wait_for("\"reason\":\"user_agent\"");
}

/// E.3: `Host` unchanged, one client address, and the scheme.
#[tokio::test(flavor = "multi_thread")]
async fn cells_is_told_the_truth_about_where_requests_come_from() {
    let (cells, edge) = site("").await;

    let request = edge
        .http
        .get(edge.url("/a/frontend/bootconf"))
        .header("x-forwarded-for", "203.0.113.9")
        .header("x-forwarded-proto", "https")
        .header("x-real-ip", "203.0.113.9");
    edge.send(request).await.assert_status(200);

    assert_eq!(cells.last_field("x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(cells.last_field("x-forwarded-proto"), ["http"]);
    assert!(cells.last_field("x-real-ip").is_empty());
    assert!(edge.url("/").contains(&cells.last_field("host")[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_upload_streams_and_waits_for_100_continue() {
    let (_cells, edge) = site("").await;
    let Tokens { access_token, .. } = edge.sign_in("alice").tokens().await;
    let n_bytes = 96 * 1024 * 1024;
    let authority = edge.url("/").replace("http://", "");
    let authority = authority.trim_end_matches('/');

    let mut connection = TcpStream::connect(authority).await.expect("it listens");
    let head = format!(
        "PUT /io/large HTTP/1.1\r\nHost: {authority}\r\nX-Pydio-Bearer: {access_token}\r\n\
         Content-Length: {n_bytes}\r\nExpect: 100-continue\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = vec![0; 1024];
    let n = connection.read(&mut answer).await.expect("an answer");
    let text = String::from_utf8_lossy(&answer[..n]).into_owned();
    assert!(text.starts_with("HTTP/1.1 100 "), "{text}");
    let chunk = vec![7; 1024 * 1024];
    for _ in 0..n_bytes / chunk.len() {
        connection.write_all(&chunk).await.expect("it is taken");
    }
    let mut text = String::new();
    while !text.contains('}') {
        let n = connection.read(&mut answer).await.expect("an answer");
        assert!(n > 0, "{text}");
        text.push_str(&String::from_utf8_lossy(&answer[..n]));
    }

    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
    assert!(text.contains(&format!("\"bytes\":{n_bytes}")), "{text}");
    // A body that nobody may send is not waited for.
    let refused = edge.http.put(edge.url("/io/large"));
    let refused = refused.header("x-pydio-bearer", "a.b.c").body("x");
    edge.send(refused).await.assert_status(401);
}

/// An operator's own routes win where they are more specific, or the same.
#[tokio::test(flavor = "multi_thread")]
async fn own_routes_win() {
    let (_cells, edge) = site(
        "routes:
  - { name: mine, host: 127.0.0.1, path: /a/frontend/bootconf, whoami: true, authentication: anonymous }
  - { name: links, host: 127.0.0.1, path: /public, whoami: true }
",
    )
    .await;

    let mine = edge.get("/a/frontend/bootconf").await.assert_status(200);
    assert!(mine.body.contains("principal"), "{mine:?}");
    edge.get("/public/x").await.assert_status(401);
    edge.get("/a/frontend/state").await.assert_status(200);
}

/// E.1 and E.3: the message by which pages of Cells say who they are; Cells 2 reads 2048 bytes of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_web_socket_says_who_it_is_by_a_token_of_the_edge() {
    let (cells, edge) = site("").await;
    let Tokens { access_token, .. } = edge.sign_in("alice").tokens().await;
    let open = async || {
        let stream = TcpStream::connect(edge.address).await.expect("it listens");
        let url = format!("ws://{}/ws/event", edge.address);
        websockets::open(stream, &url, None)
            .await
            .expect("a socket")
    };
    let subscription = |more: &str| {
        let said = json!({"@type": "subscribe", "jwt": access_token, "more": more});
        Message::text(said.to_string())
    };

    let mut socket = open().await;
    socket.send(subscription("")).await.expect("sent");
    let heard = socket.next().await.expect("an event").expect("a message");
    let heard: Value = serde_json::from_str(heard.to_text().expect("a text")).expect("JSON");
    assert_eq!(heard, json!({"@type": "event", "user": "alice"}));
    assert!(!cells.last_message().contains(&access_token));
    // What Cells would not read to its end is not sent.
    socket
        .send(subscription(&"x".repeat(2048)))
        .await
        .expect("sent");
    let closed = socket.next().await.expect("the end").expect("a frame");
    let Message::Close(Some(closed)) = closed else {
        panic!("{closed:?}");
    };
    assert_eq!(u16::from(closed.code), 1009);
    assert_eq!(cells.n_long_messages(), 0);

    // Signed out, and every socket of the session with it.
    let mut socket = open().await;
    socket.send(subscription("")).await.expect("sent");
    socket.next().await.expect("an event").expect("a message");
    edge.post_form(
        "/oidc/oauth2/revoke",
        &[("client_id", "demo-app"), ("token", &access_token)],
    )
    .await
    .assert_status(200);
    let closed = socket.next().await.expect("the end").expect("a frame");
    let Message::Close(Some(closed)) = closed else {
        panic!("{closed:?}");
    };
    assert_eq!(u16::from(closed.code), 1008);
}
