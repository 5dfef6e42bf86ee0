//! Heads in HTTP/1.1, written without anybody in between.

use std::time::Duration;

use http::{HeaderMap, request, response};
use pingora::protocols::Stream;
use pingora::{Error, ErrorType};
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

/// A request without a body, as it goes to an upstream.
pub(super) fn request(parts: &request::Parts) -> Vec<u8> {
    let target = parts.uri.path_and_query().map_or("/", |it| it.as_str());
    head(&[parts.method.as_str(), target, "HTTP/1.1"], &parts.headers)
}

/// The head of an answer.
pub(super) fn response(parts: &response::Parts) -> Vec<u8> {
    let reason = parts.status.canonical_reason().unwrap_or_default();
    head(&["HTTP/1.1", parts.status.as_str(), reason], &parts.headers)
}

fn head(first_line: &[&str], headers: &HeaderMap) -> Vec<u8> {
    let mut bytes = first_line.join(" ").into_bytes();
    bytes.extend_from_slice(b"\r\n");
    for (name, value) in headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            bytes.extend_from_slice(part);
        }
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// Sends `bytes`, which may take `patience`; without any, for ever.
///
/// # Errors
///
/// Pingora's, of neither side.
pub(super) async fn send(
    stream: &mut Stream,
    bytes: &[u8],
    patience: Option<Duration>,
) -> pingora::Result<()> {
    let sending = async {
        stream.write_all(bytes).await?;
        stream.flush().await
    };
    timeout(patience.unwrap_or(Duration::MAX), sending)
        .await
        .map_err(|_| Error::new(ErrorType::WriteTimedout))?
        .map_err(|error| Error::because(ErrorType::WriteError, "a head", error))
}
