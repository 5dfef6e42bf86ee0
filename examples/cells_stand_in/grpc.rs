//! Calls of gRPC, over HTTP/2, as Cells' desktop clients make them (fact sheet D.2 and E.3): whoever has a
//! token in the metadata `x-pydio-bearer` is told whose it is, in a message or in several.

use bytes::{BufMut as _, Bytes, BytesMut};
use h2::server::{self, SendResponse};
use hyper::{HeaderMap, Request, Response, StatusCode};
use tokio::net::TcpStream;

use super::{Shared, lock};

/// What a connection of HTTP/2 begins with (RFC 9113 §3.4), as far as it has to be looked at.
const PREFACE: &[u8] = b"PRI ";

/// Not signed in.
const UNAUTHENTICATED: &str = "16";

/// Whether a connection is one of HTTP/2. Nothing of it is read.
pub(super) async fn is_grpc(stream: &TcpStream) -> bool {
    let mut beginning = [0; PREFACE.len()];
    let n = stream.peek(&mut beginning).await.unwrap_or_default();
    beginning.get(..n).is_some_and(|it| it == PREFACE)
}

/// Answers calls until the connection ends.
pub(super) async fn serve(stream: TcpStream, shared: Shared) {
    let Ok(mut connection) = server::handshake(stream).await else {
        return;
    };
    while let Some(Ok((request, respond))) = connection.accept().await {
        // A caller that goes away in the middle is no concern of a stand-in.
        tokio::spawn(answer(Shared::clone(&shared), request, respond));
    }
}

async fn answer(
    shared: Shared,
    request: Request<h2::RecvStream>,
    mut respond: SendResponse<Bytes>,
) -> Option<()> {
    let (head, mut body) = request.into_parts();
    let mut n_bytes = 0;
    while let Some(Ok(data)) = body.data().await {
        n_bytes += data.len();
        body.flow_control().release_capacity(data.len()).ok()?;
    }
    let holder = {
        let mut state = lock(&shared);
        state.last_fields = head.headers.clone();
        let token = head.headers.get("x-pydio-bearer");
        let token = token.and_then(|token| token.to_str().ok());
        token.and_then(|token| state.accounts.holder(token))
    };
    let (n_messages, status) = match (head.uri.path(), holder) {
        (_, None) => (0, UNAUTHENTICATED),
        ("/tree.NodeProvider/ListNodes", Some(_)) => (3, "0"),
        _ => (1, "0"),
    };
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::OK;
    let kind = "application/grpc".parse().ok()?;
    response.headers_mut().insert("content-type", kind);
    let mut stream = respond.send_response(response, false).ok()?;
    for n in 0..n_messages {
        let text = format!("{} {n} {n_bytes}", holder.unwrap_or_default());
        stream.send_data(message(&text), false).ok()?;
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", status.parse().ok()?);
    stream.send_trailers(trailers).ok()
}

/// A message with one text in its first field, in its frame.
fn message(text: &str) -> Bytes {
    let mut frame = BytesMut::new();
    let length = u8::try_from(text.len()).unwrap_or_default();
    frame.put_u8(0);
    frame.put_u32(u32::from(length) + 2);
    frame.put_u8(0x0a);
    frame.put_u8(length);
    frame.put_slice(text.as_bytes());
    frame.freeze()
}
