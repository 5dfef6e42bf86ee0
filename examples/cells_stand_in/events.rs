//! `/ws/event`: what happens, for whoever has said in a message who it is (fact sheet E.1, E.3).

use futures_util::{SinkExt as _, StreamExt as _};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use hyper::upgrade::{self, OnUpgrade};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::json;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::answers::{self, Answer};
use super::{Shared, lock};

/// Cells 2: what a message may have at most (E.3).
const MESSAGE_BYTES: usize = 2048;

pub(super) fn is_events(path: &str) -> bool {
    path == "/ws/event"
}

/// Cells: the members are found in any case of letters; this is how they are sent.
#[derive(Deserialize)]
struct Said {
    #[serde(rename = "@type")]
    kind: String,
    #[serde(default)]
    jwt: String,
}

/// Answers a handshake, and talks from then on.
pub(super) fn answer(shared: &Shared, request: &mut Request<Incoming>) -> Answer {
    let key = request.headers().get(SEC_WEBSOCKET_KEY);
    let accept = key.map(|key| derive_accept_key(key.as_bytes()));
    let Some(accept) = accept.and_then(|accept| HeaderValue::from_str(&accept).ok()) else {
        return answers::text(StatusCode::BAD_REQUEST, "Bad request.");
    };
    tokio::spawn(talk(Shared::clone(shared), upgrade::on(request)));
    let mut answer = answers::text(StatusCode::SWITCHING_PROTOCOLS, "");
    let headers = answer.headers_mut();
    headers.clear();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    answer
}

async fn talk(shared: Shared, upgraded: OnUpgrade) {
    let Ok(upgraded) = upgraded.await else {
        return;
    };
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_BYTES))
        .max_frame_size(Some(MESSAGE_BYTES));
    let io = TokioIo::new(upgraded);
    let mut socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(limits)).await;
    loop {
        let text = match socket.next().await {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_))) => continue,
            Some(Err(Error::Capacity(_))) => {
                lock(&shared).n_long_messages += 1;
                return;
            }
            _ => return,
        };
        lock(&shared).last_message = text.to_string();
        let Ok(said) = serde_json::from_str::<Said>(&text) else {
            return;
        };
        if said.kind != "subscribe" {
            continue;
        }
        let holder = lock(&shared).accounts.holder(&said.jwt);
        let told = match holder {
            Some(login) => json!({"@type": "event", "user": login}),
            None if said.jwt.is_empty() => json!({"@type": "event"}),
            None => json!({"@type": "error", "error": "unauthorized"}),
        };
        if socket.send(Message::text(told.to_string())).await.is_err() {
            return;
        }
    }
}
